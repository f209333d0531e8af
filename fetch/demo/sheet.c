/* SPDX-License-Identifier: MIT */
/* The pictures are rendered at the service's size and shrunk as the training pictures are. */
#include "fetch/demo/sheet.h"

#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/image.h"
#include "fetch/demo/panorama.h"
#include "fetch/demo/render.h"

#define SIDE    128
#define GAP     2
#define GUTTER  10
#define COLUMNS 2
#define N_VIEWS 4
#define QUALITY 76
#define DRAWN   640 /* a view is drawn so large, then made smaller */

/* From north-west to south-east, by rows of two. */
static const struct lonlat places[] = {
    {13.66, 45.23}, /* Istria, near Porec */
    {16.45, 46.35}, /* Medimurje, near Cakovec */
    {14.36, 45.02}, /* the island of Cres */
    {16.10, 45.80}, /* east of Zagreb */
    {14.92, 44.98}, /* Senj, below Velebit */
    {17.40, 45.75}, /* Bilogora, near Virovitica */
    {15.55, 44.65}, /* Lika, near Korenica */
    {18.70, 45.50}, /* Slavonia, near Osijek */
    {15.25, 44.13}, /* Zadar */
    {16.50, 43.18}, /* the island of Hvar */
    {16.50, 43.51}, /* Split */
    {18.15, 42.64}, /* Dubrovnik */
};
enum { N_PLACES = sizeof places / sizeof places[0], ROWS = N_PLACES / COLUMNS };

static void paste(struct image *sheet, const uint8_t *tile, int left, int top)
{
    for (int y = 0; y < SIDE; y++) {
        uint8_t *to = sheet->rgb + ((size_t)(top + y) * (size_t)sheet->width + (size_t)left) * 3;
        memcpy(to, tile + (size_t)y * SIDE * 3, (size_t)SIDE * 3);
    }
}

static int draw_place(const struct country *c, int place, struct image *sheet, struct err *e)
{
    struct panorama pano;
    struct scene scene;
    uint8_t tile[SIDE * SIDE * 3];
    int column = place % COLUMNS;
    int row = place / COLUMNS;
    panorama_here(c, places[place], &pano);
    panorama_scene(c, &pano, &scene);
    for (int i = 0; i < N_VIEWS; i++) {
        struct view v = {90.0 * i, 90, 0, DRAWN, DRAWN};
        struct image img = {0};
        if (render_view(c, &scene, &v, &img, e) != 0) {
            return -1;
        }
        int rc = image_resize(&img, SIDE, SIDE, tile, e);
        image_release(&img);
        if (rc != 0) {
            return -1;
        }
        paste(sheet, tile, (column * N_VIEWS + i) * (SIDE + GAP) + column * GUTTER,
              row * (SIDE + GAP));
    }
    return 0;
}

int sheet_draw(const struct country *c, struct image *img, struct err *e)
{
    int rc = -1;
    struct image sheet = {0};
    TRY(image_new(&sheet, COLUMNS * N_VIEWS * (SIDE + GAP) - GAP + (COLUMNS - 1) * GUTTER,
                  ROWS * (SIDE + GAP) - GAP, e));
    memset(sheet.rgb, 255, (size_t)sheet.width * (size_t)sheet.height * 3);
    for (int i = 0; i < N_PLACES; i++) {
        TRY(draw_place(c, i, &sheet, e));
    }
    *img = sheet;
    sheet = (struct image){0};
out:
    image_release(&sheet);
    return rc;
}

int sheet_write(const struct country *c, const char *path, struct err *e)
{
    int rc = -1;
    struct image sheet = {0};
    uint8_t *data = NULL;
    size_t n = 0;
    TRY(sheet_draw(c, &sheet, e));
    TRY(image_encode(&sheet, QUALITY, &data, &n, e));
    TRY(file_write(path, data, n, e));
out:
    image_release(&sheet);
    free(data);
    return rc;
}
