/* SPDX-License-Identifier: MIT */
/*
 * Antialiased resizing: a separable triangle filter whose support grows with the reduction.
 *
 * Weights as in Pillow's documentation of BILINEAR: the result pixel with centre c = (x + 1/2) s,
 * where s is the reduction, takes the source pixels i with |i + 1/2 - c| < max(s, 1), weighted by
 * 1 - |i + 1/2 - c| / max(s, 1) and normalised.
 *
 * Rows are pulled as they are needed and kept in a ring. Vertical first: whole rows in 16-bit
 * integers, in a form that compilers turn into vector code; then each line horizontally, by pairs
 * of pixels, where far fewer samples are left. Integers throughout: no result depends on the
 * instruction set.
 */
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "core/image_parts.h"

#define MAX_SIDE     65535
#define CHANNELS     3
#define GROUP        3  /* rows added in one go */
#define CHUNK        24 /* rows whose weights sum up to at most one in 16 bits; of whole groups */
#define MIN_SHIFT    16 /* of the vertical weights */
#define MAX_SHIFT    30
#define LINE_POINT   7 /* 255 << 7 fits an int16_t */
#define LANES        4 /* a pair of pixels: red, green, blue and nothing, of both */
#define PAIR         ((size_t)2 * LANES)
#define ACROSS_SHIFT 15

/* The filter along one axis: result i takes n_taps sources from first[i] on, all of them there;
 * where fewer have a weight, the others' is zero. */
struct filter {
    int *first; /* [n_out] */
    float *w;   /* [n_out, n_taps] */
    int n_taps;
};

static void filter_release(struct filter *f)
{
    free(f->first);
    free(f->w);
    *f = (struct filter){0};
}

static double triangle(double x)
{
    x = x < 0 ? -x : x;
    return x < 1 ? 1 - x : 0;
}

/* The sources lo .. hi - 1 of result i. */
static void filter_support(int i, int n_in, int n_out, int *lo, int *hi)
{
    double s = (double)n_in / n_out;
    double radius = s > 1 ? s : 1;
    double centre = (i + 0.5) * s;
    *lo = centre - radius < 0 ? 0 : (int)(centre - radius + 0.5);
    *hi = (int)(centre + radius + 0.5);
    *hi = *hi > n_in ? n_in : *hi;
}

static int filter_init(struct filter *f, int n_in, int n_out, struct err *e)
{
    double s = (double)n_in / n_out;
    double radius = s > 1 ? s : 1;
    int lo = 0;
    int hi = 0;
    *f = (struct filter){.n_taps = 1};
    for (int i = 0; i < n_out; i++) {
        filter_support(i, n_in, n_out, &lo, &hi);
        f->n_taps = hi - lo > f->n_taps ? hi - lo : f->n_taps;
    }
    f->first = calloc((size_t)n_out, sizeof *f->first);
    f->w = calloc((size_t)n_out * (size_t)f->n_taps, sizeof *f->w);
    if (!f->first || !f->w) {
        filter_release(f);
        return err_nomem(e, "a resize filter");
    }
    for (int i = 0; i < n_out; i++) {
        double centre = (i + 0.5) * s;
        double sum = 0;
        filter_support(i, n_in, n_out, &lo, &hi);
        f->first[i] = lo + f->n_taps > n_in ? n_in - f->n_taps : lo;
        float *w = f->w + (size_t)i * (size_t)f->n_taps + (lo - f->first[i]);
        for (int k = lo; k < hi; k++) {
            sum += triangle((k + 0.5 - centre) / radius);
        }
        for (int k = lo; k < hi; k++) {
            w[k - lo] = (float)(triangle((k + 0.5 - centre) / radius) / sum);
        }
    }
    return 0;
}

/* Weights as integers, one being 2^shift: rounded so that running sums are right and the whole is
 * exactly one, so that a flat picture stays what it is; but none is larger than max. */
static void quantise(const float *w, int n_taps, int shift, int max, uint16_t *q)
{
    double sum = 0;
    int done = 0;
    int one = 1 << shift;
    for (int k = 0; k < n_taps; k++) {
        sum += (double)w[k];
        int upto = sum > 1 - 1e-5 ? one : (int)(sum * one + 0.5);
        q[k] = (uint16_t)(upto - done > max ? max : upto - done);
        done = upto;
    }
}

/* Vertical -------------------------------------------------------------------------------------- */

/* Everything on the way from rows to a result. */
struct resizer {
    resize_row_fn *row;
    void *ctx;
    int w_in, w_out;
    struct filter down, across;
    int shift;       /* the vertical weights' one is 2^shift */
    int n_pulled;    /* rows so far */
    uint8_t *ring;   /* [down.n_taps, 3, w_in] the latest of them: row y at y % n_taps */
    uint16_t *acc;   /* [3, w_in] sums of a chunk */
    uint32_t *total; /* [3, w_in] sums of all chunks */
    int16_t *line;   /* [(w_in + 1) / 2 + 1, LANES, 2] in units of 2^-LINE_POINT */
    uint16_t *q;     /* [down.n_taps rounded up to whole groups] one result's weights */
    int16_t *pairs;  /* [w_out, n_pairs, 2] weights of the line's pairs of pixels */
    int n_pairs;
    size_t *start; /* [w_out] where in the line their windows begin */
};

/* The finest unit in which the weights of any CHUNK rows still fit 16 bits. */
static int choose_shift(const struct filter *f, int n_out)
{
    int shift = MIN_SHIFT;
    float largest = 0;
    for (size_t i = 0; i < (size_t)n_out * (size_t)f->n_taps; i++) {
        largest = f->w[i] > largest ? f->w[i] : largest;
    }
    while (f->n_taps > CHUNK && shift < MAX_SHIFT &&
           (double)largest * CHUNK * (double)(2 << (shift - MIN_SHIFT)) <= 1) {
        shift++;
    }
    return shift;
}

/* v * 2^8 * w / 2^16, in the form that compilers know as one instruction. What is cut off is half a
 * unit in the mean, which sums start with. */
static inline uint16_t weigh(uint8_t v, uint16_t w)
{
    return (uint16_t)(((uint32_t)(uint16_t)(v << 8) * w) >> 16);
}

IMAGE_KERNEL
static void add_group(uint16_t *restrict acc, const uint8_t *restrict a, const uint8_t *restrict b,
                      const uint8_t *restrict c, const uint16_t *w, size_t n)
{
    uint16_t wa = w[0];
    uint16_t wb = w[1];
    uint16_t wc = w[2];
    for (size_t i = 0; i < n; i++) {
        acc[i] = (uint16_t)(acc[i] + weigh(a[i], wa) + weigh(b[i], wb) + weigh(c[i], wc));
    }
}

IMAGE_KERNEL
static void set_all(uint16_t *restrict acc, uint16_t v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        acc[i] = v;
    }
}

IMAGE_KERNEL
static void add_chunk(uint32_t *restrict total, const uint16_t *restrict acc, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        total[i] += acc[i];
    }
}

IMAGE_KERNEL
static void narrow(uint16_t *restrict acc, const uint32_t *restrict total, int shift, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        acc[i] = (uint16_t)(total[i] >> shift);
    }
}

/* From [3, n] to pairs of pixels [n / 2, LANES, 2], as the horizontal pass wants them. */
IMAGE_KERNEL
static void pair_up(const uint16_t *restrict acc, int16_t *restrict line, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        for (size_t c = 0; c < CHANNELS; c++) {
            line[PAIR * i + 2 * c] = (int16_t)(acc[c * n + 2 * i] >> (8 - LINE_POINT));
            line[PAIR * i + 2 * c + 1] = (int16_t)(acc[c * n + 2 * i + 1] >> (8 - LINE_POINT));
        }
    }
}

/* r->acc is the weighted sum of the filter's rows from .. upto - 1 below source row first. */
static void sum_chunk(struct resizer *r, int first, int from, int upto)
{
    size_t n = (size_t)r->w_in * CHANNELS;
    set_all(r->acc, (uint16_t)((upto - from) / 2), n);
    for (int k = from; k < upto; k += GROUP) {
        const uint8_t *p[GROUP] = {0};
        for (int j = 0; j < GROUP; j++) { /* past the filter's end: any row, times nothing */
            p[j] = r->ring + (size_t)((first + k + j) % r->down.n_taps) * n;
        }
        add_group(r->acc, p[0], p[1], p[2], r->q + k, n);
    }
}

/* One line of the result's height, from the source rows under the filter. */
static void resize_down(struct resizer *r, int y)
{
    const struct filter *f = &r->down;
    size_t width = (size_t)r->w_in;
    size_t n = width * CHANNELS;
    for (; r->n_pulled < f->first[y] + f->n_taps; r->n_pulled++) {
        r->row(r->ctx, r->n_pulled, r->ring + (size_t)(r->n_pulled % f->n_taps) * n);
    }
    quantise(f->w + (size_t)y * (size_t)f->n_taps, f->n_taps, r->shift, UINT16_MAX, r->q);
    if (f->n_taps <= CHUNK) {
        sum_chunk(r, f->first[y], 0, f->n_taps);
    } else {
        memset(r->total, 0, n * sizeof *r->total);
        for (int from = 0; from < f->n_taps; from += CHUNK) {
            int upto = from + CHUNK < f->n_taps ? from + CHUNK : f->n_taps;
            sum_chunk(r, f->first[y], from, upto);
            add_chunk(r->total, r->acc, n);
        }
        narrow(r->acc, r->total, r->shift - MIN_SHIFT, n);
    }
    pair_up(r->acc, r->line, width);
    for (size_t c = 0; width % 2 == 1 && c < CHANNELS; c++) { /* the last has no neighbour */
        r->line[PAIR * (width / 2) + 2 * c] =
            (int16_t)(r->acc[c * width + width - 1] >> (8 - LINE_POINT));
    }
}

/* Horizontal ------------------------------------------------------------------------------------ */

/* One register, on any machine (gcc and clang). */
typedef int16_t vec8 __attribute__((vector_size(16)));
typedef int32_t vec4 __attribute__((vector_size(16)));

/* Sums of the products of neighbours. */
static inline vec4 multiply_add(vec8 a, vec8 b)
{
#ifdef __SSE2__
    return (vec4)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
    vec4 sum;
    for (int i = 0; i < 4; i++) {
        sum[i] = a[2 * i] * b[2 * i] + a[2 * i + 1] * b[2 * i + 1];
    }
    return sum;
#endif
}

/* The lowest bytes of the first three lanes, which are 0..255. */
static inline void store_pixel(uint8_t *dst, vec4 v)
{
#ifdef __SSE2__
    __m128i words = _mm_packs_epi32((__m128i)v, (__m128i)v);
    int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
    memcpy(dst, &bytes, CHANNELS);
#else
    for (int c = 0; c < CHANNELS; c++) {
        dst[c] = (uint8_t)v[c];
    }
#endif
}

/* line to dst[w_out, 3] with windows of n pairs. */
static inline void across(const struct resizer *r, int n, uint8_t *dst)
{
    const int32_t half = 1 << (ACROSS_SHIFT + LINE_POINT - 1);
    const int16_t *w = r->pairs;
    for (int x = 0; x < r->w_out; x++, dst += CHANNELS) {
        const int16_t *p = r->line + r->start[x];
        vec4 sum = {half, half, half, half};
        for (int k = 0; k < n; k++, p += PAIR, w += 2) {
            vec8 pixels;
            int32_t both; /* weights, for all channels */
            memcpy(&pixels, p, sizeof pixels);
            memcpy(&both, w, sizeof both);
            sum += multiply_add(pixels, (vec8)(vec4){both, both, both, both});
        }
        store_pixel(dst, sum >> (ACROSS_SHIFT + LINE_POINT));
    }
}

/* The usual numbers of pairs, for compilers to unroll. */
static void resize_across(const struct resizer *r, uint8_t *dst)
{
    switch (r->n_pairs) {
    case 2:
        across(r, 2, dst);
        break;
    case 3:
        across(r, 3, dst);
        break;
    case 4:
        across(r, 4, dst);
        break;
    default:
        across(r, r->n_pairs, dst);
    }
}

/* The horizontal filter's weights where windows begin at even pixels. */
static int make_pairs(struct resizer *r, struct err *e)
{
    const struct filter *f = &r->across;
    int rc = -1;
    r->n_pairs = f->n_taps / 2 + 1;
    r->start = calloc((size_t)r->w_out, sizeof *r->start);
    r->pairs = calloc((size_t)r->w_out * (size_t)r->n_pairs * 2, sizeof *r->pairs);
    uint16_t *q = calloc((size_t)f->n_taps, sizeof *q);
    if (!r->start || !r->pairs || !q) {
        rc = err_nomem(e, "a resize filter");
        goto out;
    }
    for (int x = 0; x < r->w_out; x++) {
        r->start[x] = (size_t)(f->first[x] / 2) * PAIR;
        int16_t *w = r->pairs + ((size_t)x * (size_t)r->n_pairs * 2 + (size_t)(f->first[x] % 2));
        quantise(f->w + (size_t)x * (size_t)f->n_taps, f->n_taps, ACROSS_SHIFT, INT16_MAX, q);
        for (int k = 0; k < f->n_taps; k++) {
            w[k] = (int16_t)q[k];
        }
    }
    rc = 0;
out:
    free(q);
    return rc;
}

/* All of it ------------------------------------------------------------------------------------- */

static int resizer_init(struct resizer *r, int h_in, int h_out, struct err *e)
{
    size_t n = (size_t)r->w_in * CHANNELS;
    size_t n_pairs = ((size_t)r->w_in + 1) / 2 + 1; /* windows may end behind the last one */
    if (filter_init(&r->down, h_in, h_out, e) != 0 ||
        filter_init(&r->across, r->w_in, r->w_out, e) != 0 || make_pairs(r, e) != 0) {
        return -1;
    }
    r->shift = choose_shift(&r->down, h_out);
    r->ring = calloc((size_t)r->down.n_taps, n);
    r->acc = calloc(n, sizeof *r->acc);
    r->total = malloc(n * sizeof *r->total);
    r->line = calloc(n_pairs * PAIR, sizeof *r->line);
    r->q = calloc((size_t)r->down.n_taps + GROUP, sizeof *r->q);
    if (!r->ring || !r->acc || !r->total || !r->line || !r->q) {
        return err_nomem(e, "image lines");
    }
    return 0;
}

static void resizer_release(struct resizer *r)
{
    filter_release(&r->down);
    filter_release(&r->across);
    free(r->start);
    free(r->pairs);
    free(r->ring);
    free(r->acc);
    free(r->total);
    free(r->line);
    free(r->q);
}

int resize_rows(resize_row_fn *row, void *ctx, int w_in, int h_in, int w_out, int h_out,
                uint8_t *dst, struct err *e)
{
    int rc = -1;
    struct resizer r = {.row = row, .ctx = ctx, .w_in = w_in, .w_out = w_out};
    if (w_in < 1 || h_in < 1 || w_out < 1 || h_out < 1 || w_out > MAX_SIDE || h_out > MAX_SIDE) {
        return err_set(e, ERR_INPUT, "cannot resize %d x %d pixels to %d x %d", w_in, h_in, w_out,
                       h_out);
    }
    TRY(resizer_init(&r, h_in, h_out, e));
    for (int y = 0; y < h_out; y++) {
        resize_down(&r, y);
        resize_across(&r, dst + (size_t)y * (size_t)w_out * CHANNELS);
    }
    rc = 0;
out:
    resizer_release(&r);
    return rc;
}

static void image_row(void *ctx, int y, uint8_t *rgb)
{
    const struct raster *r = ctx;
    raster_row(r, y, 0, r->width, NULL, rgb);
}

int image_resize(const struct image *src, int width, int height, uint8_t *dst, struct err *e)
{
    struct raster r = raster_of(src);
    return resize_rows(image_row, &r, r.width, r.height, width, height, dst, e);
}
