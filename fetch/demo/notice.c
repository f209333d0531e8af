/* SPDX-License-Identifier: MIT */
/* One sentence in a face of 5 x 9 dots, drawn for the fifteen characters it needs. */
#include "fetch/demo/notice.h"

#include <string.h>

#define GLYPH_W 5
#define GLYPH_H 9
#define ADVANCE 6

static const char sentence[] = "Sorry, we have no imagery here.";

static const struct {
    char character;
    const char *row[GLYPH_H];
} glyphs[] = {
    {'S', {" ### ", "#   #", "#    ", " ### ", "    #", "#   #", " ### ", "", ""}},
    {'a', {"", "", " ### ", "    #", " ####", "#   #", " ####", "", ""}},
    {'e', {"", "", " ### ", "#   #", "#####", "#    ", " ### ", "", ""}},
    {'g', {"", "", " ####", "#   #", "#   #", " ####", "    #", "    #", " ### "}},
    {'h', {"#    ", "#    ", "# ## ", "##  #", "#   #", "#   #", "#   #", "", ""}},
    {'i', {"  #  ", "", " ##  ", "  #  ", "  #  ", "  #  ", " ### ", "", ""}},
    {'m', {"", "", "## # ", "# # #", "# # #", "# # #", "# # #", "", ""}},
    {'n', {"", "", "# ## ", "##  #", "#   #", "#   #", "#   #", "", ""}},
    {'o', {"", "", " ### ", "#   #", "#   #", "#   #", " ### ", "", ""}},
    {'r', {"", "", "# ## ", "##  #", "#    ", "#    ", "#    ", "", ""}},
    {'v', {"", "", "#   #", "#   #", "#   #", " # # ", "  #  ", "", ""}},
    {'w', {"", "", "#   #", "# # #", "# # #", "# # #", " # # ", "", ""}},
    {'y', {"", "", "#   #", "#   #", "#   #", " ####", "    #", "    #", " ### "}},
    {',', {"", "", "", "", "", " ##  ", " ##  ", "  #  ", " #   "}},
    {'.', {"", "", "", "", "", " ##  ", " ##  ", "", ""}},
};

static void dot(struct image *img, int x, int y, int side)
{
    for (int dy = 0; dy < side; dy++) {
        uint8_t *p = img->rgb + ((size_t)(y + dy) * (size_t)img->width + (size_t)x) * 3;
        memset(p, 142, (size_t)side * 3);
    }
}

static void draw_glyph(struct image *img, char character, int x, int y, int side)
{
    for (size_t i = 0; i < sizeof glyphs / sizeof glyphs[0]; i++) {
        for (int row = 0; glyphs[i].character == character && row < GLYPH_H; row++) {
            for (int col = 0; glyphs[i].row[row][col]; col++) {
                if (glyphs[i].row[row][col] == '#') {
                    dot(img, x + col * side, y + row * side, side);
                }
            }
        }
    }
}

int notice_draw(int width, int height, struct image *img, struct err *e)
{
    static const uint8_t grey[3] = {228, 227, 223};
    const int n = (int)sizeof sentence - 1;
    if (image_new(img, width, height, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < (size_t)width * (size_t)height; i++) {
        memcpy(img->rgb + 3 * i, grey, 3);
    }
    int side = width / (n * ADVANCE + 2 * ADVANCE) >= 2 ? 2 : 1;
    int x = (width - n * ADVANCE * side) / 2;
    int y = (height - GLYPH_H * side) / 2;
    for (int i = 0; x >= 0 && y >= 0 && i < n; i++) {
        draw_glyph(img, sentence[i], x + i * ADVANCE * side, y, side);
    }
    return 0;
}
