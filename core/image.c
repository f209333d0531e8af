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

#include "core/image_parts.h"

/* Encoders write about ten scans. A scan that says nothing costs few bytes but a pass over all
 * coefficients: both bounds together keep that under a second or two. */
#define MAX_SCANS       100
#define MAX_SCAN_PIXELS 2000000000u

/* Every 8x8 block takes at least one bit of a Huffman-coded file: a file with fewer bits than
 * blocks / 4 (odd sampling factors included) cannot be whole. */
#define MAX_BLOCKS_PER_BYTE 32

/* Arithmetic coding can say "nothing here" in less than a bit; no photograph is so empty. */
#define MAX_BLOCKS_PER_BYTE_ARITHMETIC 256

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
    struct raster raster;
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

/* Decoding -------------------------------------------------------------------------------------- */

static int find_orientation(const struct jpeg_decompress_struct *lib)
{
    for (jpeg_saved_marker_ptr m = lib->marker_list; m; m = m->next) {
        if (m->marker == JPEG_APP0 + 1 && m->data_length >= 6 &&
            memcmp(m->data, "Exif\0", 6) == 0) {
            return image_orientation(m->data, m->data_length);
        }
    }
    return 1;
}

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
    if (blocks >
        (uint64_t)n * (lib->arith_code ? MAX_BLOCKS_PER_BYTE_ARITHMETIC : MAX_BLOCKS_PER_BYTE)) {
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

/* All pixels as RGB into the raster. Jumps on errors and damage. */
static int read_rgb(struct decoder *d, struct err *e)
{
    struct jpeg_decompress_struct *lib = &d->lib;
    struct raster *r = &d->raster;
    bool cmyk = lib->out_color_space == JCS_CMYK;
    (void)jpeg_start_decompress(lib);
    r->kind = RASTER_RGB;
    r->stride[0] = (size_t)lib->output_width * 3;
    r->memory = malloc(r->stride[0] * lib->output_height);
    d->row = malloc((size_t)lib->output_width * 4);
    if (!r->memory || !d->row) {
        return err_nomem(e, "an image");
    }
    r->plane[0] = r->memory;
    while (lib->output_scanline < lib->output_height) {
        uint8_t *rgb = r->memory + lib->output_scanline * r->stride[0];
        JSAMPROW line = cmyk ? d->row : rgb;
        (void)jpeg_read_scanlines(lib, &line, 1);
        if (cmyk) {
            cmyk_row(d->row, lib->output_width, lib->saw_Adobe_marker != FALSE, rgb);
        }
    }
    return 0;
}

/* Samples of one component per pixel of the output along an axis, halved: 2 is one each. */
static int density(int samp, int max_samp, int dct, int min_dct)
{
    return samp * dct * 2 % (max_samp * min_dct) == 0 ? samp * dct * 2 / (max_samp * min_dct) : 0;
}

/* Whether the library's planes are a raster as they are. Needs the dimensions of the output. */
static bool find_planes(const struct jpeg_decompress_struct *lib, enum raster_kind *kind)
{
    if (lib->jpeg_color_space != JCS_YCbCr || lib->num_components != 3) {
        return false;
    }
    for (int i = 0; i < 3; i++) {
        const jpeg_component_info *c = &lib->comp_info[i];
        int dct = c->DCT_scaled_size;
        int min_dct = lib->min_DCT_scaled_size;
        int across = density(c->h_samp_factor, lib->max_h_samp_factor, dct, min_dct);
        int down = density(c->v_samp_factor, lib->max_v_samp_factor, dct, min_dct);
        if (i == 1) {
            *kind = across == 2 ? RASTER_YCC : RASTER_YCC_420;
        }
        if (across != down || across != (i > 0 && *kind == RASTER_YCC_420 ? 1 : 2)) {
            return false;
        }
    }
    return true;
}

/* Rows of all planes that come at a time: one row of MCUs. */
#define MAX_MCU_ROWS (MAX_SAMP_FACTOR * DCTSIZE)

/* All samples as they are stored. Jumps on errors and damage. */
static int read_planes(struct decoder *d, struct err *e)
{
    struct jpeg_decompress_struct *lib = &d->lib;
    struct raster *r = &d->raster;
    size_t at[4] = {0};
    JSAMPROW row[3][MAX_MCU_ROWS];
    JSAMPARRAY plane[3] = {row[0], row[1], row[2]};
    lib->raw_data_out = TRUE;
    (void)jpeg_start_decompress(lib);
    for (int i = 0; i < 3; i++) { /* whole blocks, and whole rows of MCUs */
        const jpeg_component_info *c = &lib->comp_info[i];
        size_t height =
            (size_t)lib->total_iMCU_rows * (size_t)c->v_samp_factor * (size_t)c->DCT_scaled_size;
        r->stride[i] = (size_t)c->width_in_blocks * (size_t)c->DCT_scaled_size;
        at[i + 1] = at[i] + r->stride[i] * height;
    }
    r->memory = malloc(at[3]);
    if (!r->memory) {
        return err_nomem(e, "an image");
    }
    for (int i = 0; i < 3; i++) {
        r->plane[i] = r->memory + at[i];
    }
    for (size_t mcu = 0; lib->output_scanline < lib->output_height; mcu++) {
        for (int i = 0; i < 3; i++) {
            const jpeg_component_info *c = &lib->comp_info[i];
            size_t n = (size_t)c->v_samp_factor * (size_t)c->DCT_scaled_size;
            for (size_t k = 0; k < n; k++) {
                row[i][k] = r->plane[i] + (mcu * n + k) * r->stride[i];
            }
        }
        (void)jpeg_read_raw_data(lib, plane,
                                 (JDIMENSION)(lib->max_v_samp_factor * lib->min_DCT_scaled_size));
    }
    return 0;
}

/* All of the picture into d->raster, in whatever form is least work unless it must be RGB. Jumps
 * on errors and damage. */
static int read_pixels(struct decoder *d, int min_px, bool rgb, struct err *e)
{
    struct jpeg_decompress_struct *lib = &d->lib;
    bool cmyk = lib->jpeg_color_space == JCS_CMYK || lib->jpeg_color_space == JCS_YCCK;
    d->progress.progress_monitor = on_progress;
    lib->progress = &d->progress;
    lib->out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
    choose_scale(lib, min_px);
    jpeg_calc_output_dimensions(lib);
    d->raster.width = (int)lib->output_width;
    d->raster.height = (int)lib->output_height;
    if ((!rgb && find_planes(lib, &d->raster.kind) ? read_planes(d, e) : read_rgb(d, e)) != 0) {
        return -1;
    }
    (void)jpeg_finish_decompress(lib);
    return 0;
}

/* Either kind of decoding. out is untouched on failure. */
static int decode(const uint8_t *data, size_t n, int min_px, bool rgb, struct raster *out,
                  struct err *e)
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
        rc = read_header(&d, data, n, e);
        if (rc == 0) {
            d.raster.orientation = find_orientation(&d.lib);
            rc = -1; /* until all pixels are there */
            rc = read_pixels(&d, min_px, rgb, e);
        }
    }
    if (rc == 0) {
        *out = d.raster;
    } else {
        raster_release(&d.raster);
    }
    free(d.row);
    jpeg_destroy_decompress(&d.lib);
    return rc;
}

int raster_decode(const uint8_t *data, size_t n, int min_px, struct raster *r, struct err *e)
{
    return decode(data, n, min_px, false, r, e);
}

void raster_release(struct raster *r)
{
    free(r->memory);
    *r = (struct raster){0};
}

int image_decode(const uint8_t *data, size_t n, int min_px, struct image *img, struct err *e)
{
    struct raster r;
    if (decode(data, n, min_px, true, &r, e) != 0) {
        return -1;
    }
    struct image out = {r.memory, r.width, r.height};
    if (image_orient(&out, r.orientation, e) != 0) {
        image_release(&out);
        return -1;
    }
    *img = out;
    return 0;
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
