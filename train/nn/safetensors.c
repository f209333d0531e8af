/* SPDX-License-Identifier: MIT */
/*
 * Safetensors files, read and written whole: see safetensors.h.
 *
 *     0        8                8 + L                      end
 *     +--------+----------------+--------------------------+
 *     | L, u64 | JSON header    | tensors, without holes   |
 *     | little | { ... } spaces | F32: little-endian       |
 *     +--------+----------------+--------------------------+
 *
 * The header is outside input. Like the format's own reader this one accepts only files whose
 * tensors cover the bytes behind the header exactly: overlap, holes and a rest are all refused.
 * Files are read, not mapped: one that is cut short meanwhile is an error, not a signal.
 */
#include "train/nn/safetensors.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "core/file.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors bytes are little-endian and are copied as they are"
#endif

/* Room for some 100,000 tensors; the largest header seen in practice is below 1 MiB. */
#define MAX_HEADER ((size_t)16 << 20)
#define PREFIX     8 /* bytes of the length in front */
#define MAX_FILE   ((size_t)64 << 30)

struct safetensors {
    uint8_t *bytes; /* owned; NULL when they are borrowed */
    json_t *header;
    json_t *metadata; /* view into header; NULL: none */
    struct st_tensor *tensor;
    size_t n_tensors;
};

static size_t dtype_size(const char *dtype)
{
    static const struct {
        const char *name;
        size_t size;
    } dtypes[] = {{"F32", 4}, {"F16", 2}, {"BF16", 2}, {"F64", 8},     {"I64", 8},
                  {"I32", 4}, {"I16", 2}, {"I8", 1},   {"U8", 1},      {"U16", 2},
                  {"U32", 4}, {"U64", 8}, {"BOOL", 1}, {"F8_E5M2", 1}, {"F8_E4M3", 1}};
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        if (strcmp(dtype, dtypes[i].name) == 0) {
            return dtypes[i].size;
        }
    }
    return 0;
}

/* --- reading the header -------------------------------------------------------------------------- */

/* get_size - a JSON number that is a whole one and not negative. */
static bool get_size(const json_t *j, size_t *size)
{
    if (!json_is_integer(j) || json_integer_value(j) < 0) {
        return false;
    }
    *size = (size_t)json_integer_value(j);
    return true;
}

/* parse_shape - dim and n; false when it is no list of sizes or its product overflows. */
static bool parse_shape(const json_t *shape, struct st_tensor *t)
{
    if (!json_is_array(shape) || json_array_size(shape) > ST_MAX_DIMS) {
        return false;
    }
    t->n_dims = (int)json_array_size(shape);
    t->n = 1;
    for (int i = 0; i < t->n_dims; i++) {
        if (!get_size(json_array_get(shape, (size_t)i), &t->dim[i]) ||
            (t->dim[i] != 0 && t->n > SIZE_MAX / t->dim[i])) {
            return false;
        }
        t->n *= t->dim[i];
    }
    return true;
}

/* parse_tensor - one entry of the header; its bytes must lie within data[n_data]. */
static int parse_tensor(const char *name, const json_t *j, const uint8_t *data, size_t n_data,
                        struct st_tensor *t, struct err *e)
{
    const char *dtype = json_string_value(json_object_get(j, "dtype"));
    const json_t *offsets = json_object_get(j, "data_offsets");
    const size_t size = dtype ? dtype_size(dtype) : 0;
    size_t begin = 0;
    size_t end = 0;
    if (size == 0) {
        return err_set(e, ERR_INPUT, "tensor '%s' has an unknown dtype", name);
    }
    if (!parse_shape(json_object_get(j, "shape"), t)) {
        return err_set(e, ERR_INPUT, "tensor '%s' has an impossible shape", name);
    }
    if (json_array_size(offsets) != 2 || !get_size(json_array_get(offsets, 0), &begin) ||
        !get_size(json_array_get(offsets, 1), &end) || begin > end || end > n_data) {
        return err_set(e, ERR_INPUT, "tensor '%s' lies outside the file", name);
    }
    if (t->n > SIZE_MAX / size || t->n * size != end - begin) {
        return err_set(e, ERR_INPUT, "tensor '%s' has a shape that does not fit its %zu bytes",
                       name, end - begin);
    }
    t->name = name;
    (void)snprintf(t->dtype, sizeof t->dtype, "%s", dtype);
    t->data = data + begin;
    return 0;
}

static const uint8_t *end_of(const struct st_tensor *t)
{
    return t->data + t->n * dtype_size(t->dtype);
}

/* By place in the file; empty tensors before the one that begins where they are. */
static int by_place(const void *a, const void *b)
{
    const struct st_tensor *x = a;
    const struct st_tensor *y = b;
    if (x->data != y->data) {
        return x->data < y->data ? -1 : 1;
    }
    return (end_of(x) > end_of(y)) - (end_of(x) < end_of(y));
}

/* parse_metadata - must map strings to strings. */
static int parse_metadata(struct safetensors *st, json_t *metadata, struct err *e)
{
    const char *key = NULL;
    json_t *value = NULL;
    bool good = json_is_object(metadata);
    json_object_foreach(metadata, key, value)
    {
        good = good && json_is_string(value);
    }
    if (!good) {
        return err_set(e, ERR_INPUT, "__metadata__ is not a table of texts");
    }
    st->metadata = metadata;
    return 0;
}

/* parse_header - fill st from its JSON object and the n_data bytes behind it. */
static int parse_header(struct safetensors *st, const uint8_t *data, size_t n_data, struct err *e)
{
    const char *name = NULL;
    json_t *j = NULL;
    const uint8_t *at = data;
    st->tensor = calloc(json_object_size(st->header) + 1, sizeof *st->tensor);
    if (!st->tensor) {
        return err_nomem(e, "a table of tensors");
    }
    json_object_foreach(st->header, name, j)
    {
        if (strcmp(name, "__metadata__") == 0) {
            if (parse_metadata(st, j, e) != 0) {
                return -1;
            }
        } else if (parse_tensor(name, j, data, n_data, &st->tensor[st->n_tensors], e) != 0) {
            return -1;
        } else {
            st->n_tensors++;
        }
    }
    qsort(st->tensor, st->n_tensors, sizeof *st->tensor, by_place);
    for (size_t i = 0; i < st->n_tensors; i++) {
        if (st->tensor[i].data != at) {
            return err_set(e, ERR_INPUT, "tensor '%s' %s", st->tensor[i].name,
                           st->tensor[i].data < at ? "overlaps the one before it"
                                                   : "has unused bytes before it");
        }
        at = end_of(&st->tensor[i]);
    }
    if (at != data + n_data) {
        return err_set(e, ERR_INPUT, "%zu bytes follow the last tensor",
                       (size_t)(data + n_data - at));
    }
    return 0;
}

static int parse(struct safetensors *st, const uint8_t *data, size_t n, struct err *e)
{
    uint64_t length = 0;
    json_error_t why;
    if (n < PREFIX) {
        return err_set(e, ERR_INPUT, "%zu bytes are too few", n);
    }
    memcpy(&length, data, PREFIX);
    if (length > MAX_HEADER || length > n - PREFIX) {
        return err_set(e, ERR_INPUT, "a header of %llu bytes does not fit",
                       (unsigned long long)length);
    }
    st->header =
        json_loadb((const char *)data + PREFIX, (size_t)length, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(st->header)) {
        return err_set(e, ERR_INPUT, "bad header: %s", st->header ? "not an object" : why.text);
    }
    return parse_header(st, data + PREFIX + length, n - PREFIX - (size_t)length, e);
}

int st_open_memory(const uint8_t *data, size_t n, const char *name, struct safetensors **st,
                   struct err *e)
{
    struct safetensors *s = calloc(1, sizeof *s);
    if (!s) {
        return err_nomem(e, "a safetensors file");
    }
    if (parse(s, data, n, e) != 0) {
        st_close(s);
        return err_ctx(e, "cannot read '%s' as safetensors", name);
    }
    *st = s;
    return 0;
}

/* The length in front tells most files of another kind before all of them is read. */
static int check_prefix(const char *path, struct err *e)
{
    uint8_t prefix[PREFIX];
    uint64_t length = 0;
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        return err_set(e, ERR_INPUT, "cannot read '%s': not a regular file", path);
    }
    FILE *f = fopen(path, "rbe");
    if (!f) {
        return err_sys(e, errno, "cannot open '%s'", path);
    }
    const size_t n = fread(prefix, 1, PREFIX, f);
    (void)fclose(f);
    if (n == PREFIX) {
        memcpy(&length, prefix, PREFIX);
    }
    return length <= MAX_HEADER ? 0
                                : err_set(e, ERR_INPUT,
                                          "cannot read '%s' as safetensors: a header"
                                          " of %llu bytes does not fit",
                                          path, (unsigned long long)length);
}

int st_open(const char *path, struct safetensors **st, struct err *e)
{
    int rc = -1;
    uint8_t *bytes = NULL;
    size_t n = 0;
    TRY(check_prefix(path, e));
    TRY(file_read(path, MAX_FILE, &bytes, &n, e));
    TRY(st_open_memory(bytes, n, path, st, e));
    (*st)->bytes = bytes;
    bytes = NULL;
out:
    free(bytes);
    return rc;
}

void st_close(struct safetensors *st)
{
    if (st) {
        json_decref(st->header);
        free(st->tensor);
        free(st->bytes);
        free(st);
    }
}

size_t st_count(const struct safetensors *st)
{
    return st->n_tensors;
}

const struct st_tensor *st_tensor_at(const struct safetensors *st, size_t i)
{
    return &st->tensor[i];
}

const struct st_tensor *st_find(const struct safetensors *st, const char *name)
{
    for (size_t i = 0; i < st->n_tensors; i++) {
        if (strcmp(st->tensor[i].name, name) == 0) {
            return &st->tensor[i];
        }
    }
    return NULL;
}

const char *st_metadata(const struct safetensors *st, const char *key)
{
    return json_string_value(json_object_get(st->metadata, key));
}

/* --- reading numbers ----------------------------------------------------------------------------- */

static float f32_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
static float f32_of_f16(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
    const uint32_t exponent = (h >> 10) & 31u;
    const uint32_t fraction = h & 1023u;
    if (exponent == 0) {
        const float x = ldexpf((float)fraction, -24); /* zero and subnormal numbers */
        return sign ? -x : x;
    }
    const uint32_t wide = exponent == 31 ? 255u : exponent + 127u - 15u;
    return f32_of_bits(sign | wide << 23 | fraction << 13);
}

int st_read_f32(const struct st_tensor *t, float *to, size_t n, struct err *e)
{
    if (t->n != n) {
        return err_set(e, ERR_INPUT, "tensor '%s' has %zu elements, not %zu", t->name, t->n, n);
    }
    if (strcmp(t->dtype, "F32") == 0) {
        memcpy(to, t->data, n * sizeof *to);
    } else if (strcmp(t->dtype, "F16") == 0 || strcmp(t->dtype, "BF16") == 0) {
        for (size_t i = 0; i < n; i++) {
            uint16_t h;
            memcpy(&h, t->data + i * sizeof h, sizeof h);
            to[i] = t->dtype[0] == 'F' ? f32_of_f16(h) : f32_of_bits((uint32_t)h << 16);
        }
    } else if (strcmp(t->dtype, "F64") == 0) {
        for (size_t i = 0; i < n; i++) {
            double x;
            memcpy(&x, t->data + i * sizeof x, sizeof x);
            to[i] = (float)x;
        }
    } else {
        return err_set(e, ERR_INPUT, "tensor '%s' is %s, not floating point", t->name, t->dtype);
    }
    return 0;
}

/* --- a graph's parameters ------------------------------------------------------------------------ */

static void shape_text(const size_t *dim, int n_dims, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "[");
    for (int i = 0; i < n_dims && used < size; i++) {
        used += (size_t)snprintf(text + used, size - used, "%s%zu", i ? ", " : "", dim[i]);
    }
    if (used < size) {
        (void)snprintf(text + used, size - used, "]");
    }
}

/* tensor_for - the file's tensor for p, of p's shape and of a dtype that can be read; or NULL. */
static const struct st_tensor *tensor_for(const struct safetensors *st, const struct param *p,
                                          struct err *e)
{
    const struct st_tensor *t = st_find(st, p->name);
    if (!t) {
        (void)err_set(e, ERR_INPUT, "no tensor '%s'", p->name);
        return NULL;
    }
    if (t->n_dims != p->n_dims || memcmp(t->dim, p->dim, (size_t)p->n_dims * sizeof *p->dim) != 0) {
        char has[256];
        char want[256];
        shape_text(t->dim, t->n_dims, has, sizeof has);
        shape_text(p->dim, p->n_dims, want, sizeof want);
        (void)err_set(e, ERR_INPUT, "tensor '%s' has shape %s, the network needs %s", p->name, has,
                      want);
        return NULL;
    }
    if (strcmp(t->dtype, "F32") != 0 && strcmp(t->dtype, "F16") != 0 &&
        strcmp(t->dtype, "BF16") != 0 && strcmp(t->dtype, "F64") != 0) {
        (void)err_set(e, ERR_INPUT, "tensor '%s' is %s, not floating point", p->name, t->dtype);
        return NULL;
    }
    return t;
}

/* check_part - every tensor of the backbone, or of the head. */
static int check_part(const struct safetensors *st, const struct graph *g, bool backbone,
                      struct err *e)
{
    for (int i = 0; i < g->n_params; i++) {
        const struct param *p = &g->param[i];
        if (p->is_backbone == backbone && !tensor_for(st, p, e)) {
            return -1;
        }
    }
    return 0;
}

static bool is_batch_count(const char *name)
{
    static const char suffix[] = ".num_batches_tracked";
    const size_t n = strlen(name);
    return n >= sizeof suffix && strcmp(name + n - (sizeof suffix - 1), suffix) == 0;
}

int st_load_graph(const struct safetensors *st, const struct graph *g, bool replace_head,
                  float *value, bool *head_loaded, size_t *n_ignored, struct err *e)
{
    struct err head_error = {0};
    size_t n_unknown = 0;
    if (check_part(st, g, true, e) != 0) {
        return -1;
    }
    const bool has_head = check_part(st, g, false, &head_error) == 0;
    if (!has_head && !replace_head) {
        *e = head_error;
        return -1;
    }
    for (int i = 0; i < g->n_params; i++) {
        const struct param *p = &g->param[i];
        if (!p->is_backbone && !has_head) {
            continue;
        }
        const struct st_tensor *t = tensor_for(st, p, e);
        if (!t || st_read_f32(t, value + p->offset, p->n, e) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < st->n_tensors; i++) {
        const char *name = st->tensor[i].name;
        n_unknown += graph_find_param(g, name) < 0 && !is_batch_count(name);
    }
    *head_loaded = has_head;
    *n_ignored = n_unknown;
    return 0;
}

/* --- writing ------------------------------------------------------------------------------------- */

static size_t count_of(const struct st_out *t)
{
    size_t n = 1;
    for (int i = 0; i < t->n_dims; i++) {
        n *= t->dim[i];
    }
    return n;
}

/* add_tensor - header[t->name] = {...}, its bytes at begin; *end is where they end. */
static int add_tensor(json_t *header, const struct st_out *t, size_t begin, size_t *end,
                      struct err *e)
{
    json_t *shape = json_array();
    for (int i = 0; i < t->n_dims; i++) {
        if (json_array_append_new(shape, json_integer((json_int_t)t->dim[i])) != 0) {
            json_decref(shape);
            return err_nomem(e, "a header");
        }
    }
    *end = begin + count_of(t) * sizeof *t->data;
    json_t *j = json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape", shape, "data_offsets",
                          (json_int_t)begin, (json_int_t)*end);
    if (!j) {
        return err_nomem(e, "a header");
    }
    if (json_object_get(header, t->name)) {
        json_decref(j);
        return err_set(e, ERR_USAGE, "two tensors are named '%s'", t->name);
    }
    if (json_object_set_new(header, t->name, j) != 0) {
        return err_set(e, ERR_USAGE, "the name of tensor '%s' is not UTF-8", t->name);
    }
    return 0;
}

/* header_text - the JSON header, padded with spaces so that the tensors begin at a multiple of 8.
 * *text is owned: free. */
static int header_text(const struct st_out *t, size_t n, const struct st_pair *meta, size_t n_meta,
                       char **text, size_t *length, struct err *e)
{
    json_t *header = json_object();
    json_t *metadata = json_object();
    char *dump = NULL;
    size_t at = 0;
    int rc = -1;
    for (size_t i = 0; i < n_meta; i++) {
        if (json_object_set_new(metadata, meta[i].key, json_string(meta[i].value)) != 0) {
            err_set(e, ERR_USAGE, "metadata '%s' is not UTF-8", meta[i].key);
            goto out;
        }
    }
    if (n_meta > 0 && json_object_set(header, "__metadata__", metadata) != 0) {
        err_nomem(e, "a header");
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        TRY(add_tensor(header, &t[i], at, &at, e));
    }
    rc = -1;
    dump = json_dumps(header, JSON_COMPACT);
    const size_t used = dump ? strlen(dump) : 0;
    const size_t padded = (used + 7) / 8 * 8;
    char *p = dump ? realloc(dump, padded + 1) : NULL;
    if (!p) {
        err_nomem(e, "a header");
        goto out;
    }
    memset(p + used, ' ', padded - used);
    p[padded] = '\0';
    dump = NULL;
    *text = p;
    *length = padded;
    rc = 0;
out:
    free(dump);
    json_decref(metadata);
    json_decref(header);
    return rc;
}

int st_write(const char *path, const struct st_out *t, size_t n, const struct st_pair *meta,
             size_t n_meta, struct err *e)
{
    struct out o = {0};
    char *text = NULL;
    size_t length = 0;
    int rc = -1;
    TRY(header_text(t, n, meta, n_meta, &text, &length, e));
    TRY(out_open(&o, path, e));
    const uint64_t prefix = length;
    bool good = fwrite(&prefix, PREFIX, 1, o.f) == 1 && fwrite(text, 1, length, o.f) == length;
    for (size_t i = 0; good && i < n; i++) {
        const size_t count = count_of(&t[i]);
        good = count == 0 || fwrite(t[i].data, sizeof *t[i].data, count, o.f) == count;
    }
    if (!good) {
        rc = err_sys(e, errno, "cannot write '%s'", path);
        goto out;
    }
    TRY(out_commit(&o, e));
out:
    out_release(&o);
    free(text);
    return rc;
}

int st_write_graph(const char *path, const struct graph *g, const float *value,
                   const struct st_pair *meta, size_t n_meta, struct err *e)
{
    struct st_out *t = calloc((size_t)g->n_params, sizeof *t);
    if (!t) {
        return err_nomem(e, "a table of tensors");
    }
    for (int i = 0; i < g->n_params; i++) {
        const struct param *p = &g->param[i];
        t[i] = (struct st_out){.name = p->name, .n_dims = p->n_dims, .data = value + p->offset};
        memcpy(t[i].dim, p->dim, sizeof p->dim);
    }
    const int rc = st_write(path, t, (size_t)g->n_params, meta, n_meta, e);
    free(t);
    return rc;
}
