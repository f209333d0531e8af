/* SPDX-License-Identifier: MIT */
/*
 * JPEG in and out through libjpeg-turbo. The library reports errors by longjmp and damage by
 * warnings; both end in one struct err here. Headers are judged before anything is allocated, and
 * the number of scans is bounded, so that no input costs more than its size justifies.
 *
 * No colour management: an embedded ICC profile is ignored, as by every training pipeline.
 */
#include "core/image.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

/* jerror.h's message codes alone: one of its macros names a banned function. */
#define JERROR_H
#define JMAKE_ENUM_LIST
#define JMESSAGE(code, string) code,
#include <jerror.h>

#include "core/file.h"

/* Encoders write about ten scans. A scan that says nothing costs few bytes but a pass over all
 * coefficients: both bounds together keep that under a second or two. */
#define MAX_SCANS       100
#define MAX_SCAN_PIXELS 2000000000u

/* Every 8x8 block takes at least one bit of a Huffman-coded file: a file with fewer bits than
 * blocks / 4 (odd sampling factors included) cannot be whole. */
#define MAX_BLOCKS_PER_BYTE 32

#define EXIF_ORIENTATION 0x0112
#define EXIF_SHORT       3

/* What every call into the library needs around it. lib.err points to error. */
struct codec {
    struct jpeg_error_mgr error; /* first: the handlers cast back */
    jmp_buf jump;
    struct err *e;
};

struct decoder {
    struct codec codec;
    struct jpeg_decompress_struct lib;
    struct jpeg_progress_mgr progress;
    uint8_t *rgb; /* [height, width, 3], as stored */
    uint8_t *row; /* one CMYK scanline */
    size_t size;  /* bytes of the file */
};

/* The library's text as the end of one of our sentences. */
static void codec_fail(j_common_ptr lib, const char *what)
{
    struct codec *c = (struct codec *)(void *)lib->err;
    char text[JMSG_LENGTH_MAX];
    c->error.format_message(lib, text);
    if (isupper((unsigned char)text[0]) && islower((unsigned char)text[1])) {
        text[0] = (char)tolower((unsigned char)text[0]);
    }
    enum err_kind kind = c->error.msg_code == JERR_OUT_OF_MEMORY ? ERR_SYSTEM : ERR_INPUT;
    (void)err_set(c->e, kind, "%s%s", what, text);
    longjmp(c->jump, 1);
}

static void on_error(j_common_ptr lib)
{
    codec_fail(lib, "");
}

/* Warnings are damage, but for what says nothing about the pixels: junk between segments, an
 * unknown JFIF version or Adobe code. */
static void on_message(j_common_ptr lib, int level)
{
    if (level >= 0) {
        return; /* trace */
    }
    switch (lib->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_ADOBE_XFORM:
        return;
    case JWRN_JPEG_EOF:
        codec_fail(lib, "truncated: ");
        return;
    default:
        codec_fail(lib, "damaged: ");
    }
}

static void on_progress(j_common_ptr lib)
{
    j_decompress_ptr d = (j_decompress_ptr)(void *)lib;
    struct codec *c = (struct codec *)(void *)lib->err;
    uint64_t scans = (uint64_t)d->input_scan_number;
    if (scans > MAX_SCANS || scans * d->image_width * d->image_height > MAX_SCAN_PIXELS) {
        (void)err_set(c->e, ERR_INPUT, "too many scans for its size: more than %d",
                      d->input_scan_number - 1);
        longjmp(c->jump, 1);
    }
}

static void codec_init(struct codec *c, struct err *e)
{
    (void)jpeg_std_error(&c->error);
    c->error.error_exit = on_error;
    c->error.emit_message = on_message;
    c->e = e;
}

/* EXIF orientation ------------------------------------------------------------------------------ */

/* A TIFF block in either byte order; reads outside it give 0. */
struct tiff {
    const uint8_t *p;
    size_t n;
    bool big;
};

static uint32_t tiff_get(const struct tiff *t, size_t at, size_t n_bytes)
{
    uint32_t v = 0;
    if (at > t->n || t->n - at < n_bytes) {
        return 0;
    }
    for (size_t i = 0; i < n_bytes; i++) {
        v = v << 8 | t->p[at + (t->big ? i : n_bytes - 1 - i)];
    }
    return v;
}

/* Orientation in the first directory of an APP1 segment, or 1. */
static int orientation_of(const uint8_t *p, size_t n)
{
    if (n < 14 || memcmp(p, "Exif\0", 6) != 0) {
        return 1;
    }
    struct tiff t = {.p = p + 6, .n = n - 6, .big = p[6] == 'M'};
    if (!(t.p[0] == 'I' && t.p[1] == 'I') && !(t.p[0] == 'M' && t.p[1] == 'M')) {
        return 1;
    }
    size_t dir = tiff_get(&t, 4, 4);
    uint32_t n_entries = tiff_get(&t, dir, 2);
    for (uint32_t i = 0; i < n_entries; i++) {
        size_t entry = dir + 2 + (size_t)12 * i;
        if (entry + 12 > t.n) {
            return 1;
        }
        if (tiff_get(&t, entry, 2) == EXIF_ORIENTATION &&
            tiff_get(&t, entry + 2, 2) == EXIF_SHORT) {
            uint32_t v = tiff_get(&t, entry + 8, 2);
            return v >= 1 && v <= 8 ? (int)v : 1;
        }
    }
    return 1;
}

static int find_orientation(const struct jpeg_decompress_struct *lib)
{
    for (jpeg_saved_marker_ptr m = lib->marker_list; m; m = m->next) {
        if (m->marker == JPEG_APP0 + 1 && m->data_length >= 6 &&
            memcmp(m->data, "Exif\0", 6) == 0) {
            return orientation_of(m->data, m->data_length);
        }
    }
    return 1;
}

/* Source pixel (x, y) of each orientation's output, as the EXIF 2.3 standard (4.6.4, tag 274)
 * names where row 0 and column 0 of what is stored belong. */
static int orient(struct image *img, int orientation, struct err *e)
{
    bool swap = orientation >= 5;
    bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    struct image out = {0};
    if (orientation == 1) {
        return 0;
    }
    if (image_new(&out, swap ? img->height : img->width, swap ? img->width : img->height, e) != 0) {
        return -1;
    }
    uint8_t *dst = out.rgb;
    for (int y = 0; y < out.height; y++) {
        for (int x = 0; x < out.width; x++, dst += 3) {
            int sx = swap ? y : x;
            int sy = swap ? x : y;
            sx = flip_x ? img->width - 1 - sx : sx;
            sy = flip_y ? img->height - 1 - sy : sy;
            memcpy(dst, img->rgb + 3 * ((size_t)sy * (size_t)img->width + (size_t)sx), 3);
        }
    }
    image_release(img);
    *img = out;
    return 0;
}

/* Decoding -------------------------------------------------------------------------------------- */

static int check_start(const uint8_t *data, size_t n, struct err *e)
{
    if (n == 0) {
        return err_set(e, ERR_INPUT, "empty file");
    }
    if (n > IMAGE_MAX_BYTES) {
        return err_set(e, ERR_INPUT, "more than %u bytes", IMAGE_MAX_BYTES);
    }
    if (n < 4) {
        return err_set(e, ERR_INPUT, "not a JPEG: %zu bytes long", n);
    }
    if (data[0] != 0xff || data[1] != 0xd8) {
        return err_set(e, ERR_INPUT, "not a JPEG: starts with %02x %02x %02x %02x", data[0],
                       data[1], data[2], data[3]);
    }
    return 0;
}

/* Headers up to the first scan, and what can be told from them. Jumps on errors. */
static int read_header(struct decoder *d, const uint8_t *data, size_t n, struct err *e)
{
    struct jpeg_decompress_struct *lib = &d->lib;
    jpeg_mem_src(lib, data, n);
    jpeg_save_markers(lib, JPEG_APP0 + 1, 0xffff);
    (void)jpeg_read_header(lib, TRUE);
    uint64_t w = lib->image_width;
    uint64_t h = lib->image_height;
    if (w * h > IMAGE_MAX_PIXELS) {
        return err_set(e, ERR_INPUT, "claims %u x %u pixels, more than %d million",
                       lib->image_width, lib->image_height, IMAGE_MAX_PIXELS / 1000000);
    }
    uint64_t blocks = ((w + 7) / 8) * ((h + 7) / 8);
    if (!lib->arith_code && blocks > (uint64_t)n * MAX_BLOCKS_PER_BYTE) {
        return err_set(e, ERR_INPUT, "truncated: claims %u x %u pixels in %zu bytes",
                       lib->image_width, lib->image_height, n);
    }
    if (lib->jpeg_color_space == JCS_UNKNOWN) {
        return err_set(e, ERR_INPUT, "unknown colour space of %d components", lib->num_components);
    }
    return 0;
}

int image_read_info(const uint8_t *data, size_t n, struct image_info *info, struct err *e)
{
    struct decoder d = {.size = n};
    volatile int rc = -1; /* set before a longjmp */
    if (check_start(data, n, e) != 0) {
        return -1;
    }
    codec_init(&d.codec, e);
    d.lib.err = &d.codec.error;
    if (setjmp(d.codec.jump) == 0) {
        jpeg_create_decompress(&d.lib);
        if (read_header(&d, data, n, e) == 0) {
            *info = (struct image_info){
                .width = (int)d.lib.image_width,
                .height = (int)d.lib.image_height,
                .n_components = d.lib.num_components,
                .progressive = d.lib.progressive_mode != FALSE,
                .orientation = find_orientation(&d.lib),
            };
            rc = 0;
        }
    }
    jpeg_destroy_decompress(&d.lib);
    return rc;
}

/* The strongest reduction in the DCT domain that keeps both sides >= min_px. */
static void choose_scale(struct jpeg_decompress_struct *lib, int min_px)
{
    lib->scale_num = 1;
    lib->scale_denom = 1;
    for (unsigned denom = 2; min_px > 0 && denom <= 8; denom *= 2) {
        if (lib->image_width / denom >= (unsigned)min_px &&
            lib->image_height / denom >= (unsigned)min_px) {
            lib->scale_denom = denom;
        }
    }
}

/* One line of CMYK to RGB without profiles. Adobe's files hold the inverse: 255 is no ink. */
static void cmyk_row(const uint8_t *cmyk, size_t width, bool inverted, uint8_t *rgb)
{
    unsigned flip = inverted ? 0 : 255;
    for (size_t x = 0; x < width; x++) {
        unsigned k = cmyk[4 * x + 3] ^ flip;
        for (size_t c = 0; c < 3; c++) {
            rgb[3 * x + c] = (uint8_t)(((cmyk[4 * x + c] ^ flip) * k + 127) / 255);
        }
    }
}

/* All pixels into d->rgb. Jumps on errors and damage. */
static int read_pixels(struct decoder *d, int min_px, struct err *e)
{
    struct jpeg_decompress_struct *lib = &d->lib;
    bool cmyk = lib->jpeg_color_space == JCS_CMYK || lib->jpeg_color_space == JCS_YCCK;
    lib->out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
    choose_scale(lib, min_px);
    d->progress.progress_monitor = on_progress;
    lib->progress = &d->progress;
    (void)jpeg_start_decompress(lib);
    size_t width = lib->output_width;
    d->rgb = malloc(width * lib->output_height * 3);
    d->row = malloc(width * 4);
    if (!d->rgb || !d->row) {
        return err_nomem(e, "an image");
    }
    while (lib->output_scanline < lib->output_height) {
        uint8_t *rgb = d->rgb + lib->output_scanline * width * 3;
        JSAMPROW line = cmyk ? d->row : rgb;
        (void)jpeg_read_scanlines(lib, &line, 1);
        if (cmyk) {
            cmyk_row(d->row, width, lib->saw_Adobe_marker != FALSE, rgb);
        }
    }
    (void)jpeg_finish_decompress(lib);
    return 0;
}

int image_decode(const uint8_t *data, size_t n, int min_px, struct image *img, struct err *e)
{
    struct decoder d = {.size = n};
    struct image out = {0};
    volatile int orientation = 1; /* both set before a longjmp */
    volatile int rc = -1;
    if (check_start(data, n, e) != 0) {
        return -1;
    }
    codec_init(&d.codec, e);
    d.lib.err = &d.codec.error;
    if (setjmp(d.codec.jump) == 0) {
        jpeg_create_decompress(&d.lib);
        rc = read_header(&d, data, n, e);
        if (rc == 0) {
            orientation = find_orientation(&d.lib);
            rc = -1; /* until all pixels are there */
            rc = read_pixels(&d, min_px, e);
        }
    }
    if (rc == 0) {
        out = (struct image){d.rgb, (int)d.lib.output_width, (int)d.lib.output_height};
        d.rgb = NULL;
        rc = orient(&out, orientation, e);
    }
    if (rc == 0) {
        *img = out;
    } else {
        image_release(&out);
    }
    free(d.rgb);
    free(d.row);
    jpeg_destroy_decompress(&d.lib);
    return rc;
}

int image_new(struct image *img, int width, int height, struct err *e)
{
    uint8_t *rgb = calloc((size_t)width * (size_t)height, 3);
    if (!rgb) {
        return err_nomem(e, "an image");
    }
    img->rgb = rgb;
    img->width = width;
    img->height = height;
    return 0;
}

void image_release(struct image *img)
{
    free(img->rgb);
    *img = (struct image){0};
}

/*
 * Decoded in full: reducing by the DCT first would be up to a third faster, but changes results by
 * up to 4 grey levels at 2x oversampling (1024x768 to 64), and by more where the sides are no
 * multiples of 8, as the library then stretches the picture.
 */
int image_load_fit(const char *path, int size_px, uint8_t *dst, struct err *e)
{
    int rc = -1;
    uint8_t *data = NULL;
    size_t n = 0;
    struct image img = {0};
    if (file_read(path, IMAGE_MAX_BYTES, &data, &n, e) != 0) {
        return -1;
    }
    if (image_decode(data, n, 0, &img, e) != 0) {
        rc = err_ctx(e, "'%s'", path);
        goto out;
    }
    TRY(image_fit(&img, size_px, dst, e));
out:
    image_release(&img);
    free(data);
    return rc;
}

/* Encoding -------------------------------------------------------------------------------------- */

struct encoder {
    struct codec codec;
    struct jpeg_compress_struct lib;
    unsigned char *data; /* the library's, grown by it with malloc */
    unsigned long n;
};

int image_encode(const struct image *img, int quality, uint8_t **data, size_t *n, struct err *e)
{
    struct encoder enc = {0};
    struct jpeg_compress_struct *lib = &enc.lib;
    volatile int rc = -1; /* set before a longjmp */
    if (img->width < 1 || img->height < 1 || img->width > JPEG_MAX_DIMENSION ||
        img->height > JPEG_MAX_DIMENSION) {
        return err_set(e, ERR_INPUT, "cannot encode %d x %d pixels", img->width, img->height);
    }
    codec_init(&enc.codec, e);
    lib->err = &enc.codec.error;
    if (setjmp(enc.codec.jump) == 0) {
        jpeg_create_compress(lib);
        jpeg_mem_dest(lib, &enc.data, &enc.n);
        lib->image_width = (JDIMENSION)img->width;
        lib->image_height = (JDIMENSION)img->height;
        lib->input_components = 3;
        lib->in_color_space = JCS_RGB;
        jpeg_set_defaults(lib); /* YCbCr 4:2:0, the standard Huffman tables */
        jpeg_set_quality(lib, quality, TRUE);
        jpeg_start_compress(lib, TRUE);
        while (lib->next_scanline < lib->image_height) {
            JSAMPROW line = img->rgb + (size_t)lib->next_scanline * (size_t)img->width * 3;
            (void)jpeg_write_scanlines(lib, &line, 1);
        }
        jpeg_finish_compress(lib);
        rc = 0;
    }
    jpeg_destroy_compress(lib);
    if (rc != 0) {
        free(enc.data);
        return -1;
    }
    *data = enc.data;
    *n = enc.n;
    return 0;
}
