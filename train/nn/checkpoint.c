/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints: a .safetensors file with the weights by name, two flat tensors of moments when a
 * resume is wanted, and the metadata keys
 *
 *     gdje        {"format": 1, "arch": ..., "task": ..., "classes": [[id, lon, lat, clipped lon,
 *                 clipped lat, n_train], ...], "config": {...}, ...}
 *     gdje.state  the trainer's own JSON object
 *
 * Everything in a file is outside input: sizes are compared with the bytes that are there before
 * anything is allocated for them, and numbers are checked for their ranges.
 */
#include "train/nn/checkpoint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "train/nn/safetensors.h"

#define FORMAT        1
#define KEY           "gdje"
#define KEY_STATE     "gdje.state"
#define MOMENT1       "optimiser.moment1" /* [n_floats] in the graph's layout */
#define MOMENT2       "optimiser.moment2"
#define CLASS_ITEMS   6
#define STATISTIC_MAX 1e6 /* of values that are 0 to 1 in any sane file */

static const char *const task_names[] = {"classification", "regression"};

const char *task_name(enum task t)
{
    return task_names[t];
}

struct image_form checkpoint_form(const struct checkpoint *c)
{
    return (struct image_form){
        .size_px = c->size_px, .fast = c->fast_decode, .quality = c->jpeg_quality};
}

/* --- saving --------------------------------------------------------------------------------------- */

static json_t *pack_classes(const struct checkpoint *c)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < c->n_classes; i++) {
        const struct class_point *p = &c->cls[i];
        json_t *row = json_pack("[I, f, f, f, f, I]", (json_int_t)p->id, p->data.lon, p->data.lat,
                                p->clipped.lon, p->clipped.lat, (json_int_t)p->n_train);
        (void)json_array_append_new(list, row); /* NULL makes it fail, and the count tells */
    }
    return list;
}

/* A real, or null when it is not finite. */
static json_t *real_or_null(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *pack_meta(const struct checkpoint *c)
{
    json_t *config = c->config ? json_loads(c->config, 0, NULL) : json_null();
    json_t *meta = json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:i, s:b, s:i, s:i, s:i, s:[f, f, f], s:[f, f, f], s:s, s:[f, f, f, f],"
        " s:s, s:o, s:i, s:o, s:o}",
        "format", FORMAT, "version", c->version, "run", c->run, "arch", c->arch, "task",
        task_name(c->task), "size_px", c->size_px, "fast_decode", c->fast_decode, "jpeg_quality",
        c->jpeg_quality, "n_views", c->n_views, "n_out", c->graph->n_out, "mean",
        (double)c->mean[0], (double)c->mean[1], (double)c->mean[2], "std", (double)c->std[0],
        (double)c->std[1], (double)c->std[2], "crs", c->crs, "scale", c->scale.min_x,
        c->scale.min_y, c->scale.max_x, c->scale.max_y, "border_sha256", c->border_sha256,
        "classes", pack_classes(c), "epoch", c->epoch, "val_km", real_or_null(c->val_km), "config",
        config);
    if (meta && json_array_size(json_object_get(meta, "classes")) != (size_t)c->n_classes) {
        json_decref(meta);
        meta = NULL;
    }
    return meta;
}

static void add_graph(const struct graph *g, const float *value, struct st_out *t)
{
    for (int i = 0; i < g->n_params; i++) {
        const struct param *p = &g->param[i];
        t[i] = (struct st_out){.name = p->name, .n_dims = p->n_dims, .data = value + p->offset};
        memcpy(t[i].dim, p->dim, sizeof p->dim);
    }
}

int checkpoint_save(const char *path, const struct checkpoint *c, struct err *e)
{
    int rc = -1;
    size_t n = (size_t)c->graph->n_params;
    size_t n_meta = 1;
    char *text = NULL;
    json_t *meta = pack_meta(c);
    struct st_out *t = calloc(n + 2, sizeof *t);
    if (!meta || !t || !(text = json_dumps(meta, JSON_COMPACT))) {
        rc = err_set(e, ERR_SYSTEM,
                     "cannot describe checkpoint '%s': no memory, or a number is not finite", path);
        goto out;
    }
    add_graph(c->graph, c->value, t);
    if (c->moment1) {
        t[n++] = (struct st_out){MOMENT1, 1, {c->graph->n_floats}, c->moment1};
    }
    if (c->moment2) {
        t[n++] = (struct st_out){MOMENT2, 1, {c->graph->n_floats}, c->moment2};
    }
    struct st_pair pair[2] = {{KEY, text}, {KEY_STATE, c->state}};
    n_meta += c->state != NULL;
    TRY(st_write(path, t, n, pair, n_meta, e));
out:
    free(text);
    free(t);
    json_decref(meta);
    return rc;
}

/* --- loading: the description ---------------------------------------------------------------------- */

static int bad(struct err *e, const char *key)
{
    return err_set(e, ERR_INPUT, "its '%s' is missing or makes no sense", key);
}

static int get_text(const json_t *j, const char *key, char *to, size_t size, struct err *e)
{
    const char *s = json_string_value(json_object_get(j, key));
    if (!s || strlen(s) >= size) {
        return bad(e, key);
    }
    memcpy(to, s, strlen(s) + 1);
    return 0;
}

static int get_int(const json_t *j, const char *key, int min, int max, int *to, struct err *e)
{
    const json_t *v = json_object_get(j, key);
    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max) {
        return bad(e, key);
    }
    *to = (int)json_integer_value(v);
    return 0;
}

/* n finite numbers */
static int get_reals(const json_t *j, const char *key, size_t n, double *to, struct err *e)
{
    const json_t *list = json_object_get(j, key);
    if (!json_is_array(list) || json_array_size(list) != n) {
        return bad(e, key);
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        to[i] = json_number_value(v);
        if (!json_is_number(v) || !isfinite(to[i])) {
            return bad(e, key);
        }
    }
    return 0;
}

static int get_statistics(const json_t *j, struct checkpoint *c, struct err *e)
{
    double mean[3];
    double std[3];
    if (get_reals(j, "mean", 3, mean, e) != 0 || get_reals(j, "std", 3, std, e) != 0) {
        return -1;
    }
    for (int i = 0; i < 3; i++) {
        if (fabs(mean[i]) > STATISTIC_MAX) {
            return bad(e, "mean");
        }
        if (std[i] < 0 || std[i] > STATISTIC_MAX) {
            return bad(e, "std");
        }
        c->mean[i] = (float)mean[i];
        c->std[i] = (float)std[i];
    }
    return 0;
}

static int get_class(const json_t *row, struct class_point *p)
{
    double v[CLASS_ITEMS];
    if (!json_is_array(row) || json_array_size(row) != CLASS_ITEMS) {
        return -1;
    }
    for (size_t i = 0; i < CLASS_ITEMS; i++) {
        const json_t *x = json_array_get(row, i);
        if (!json_is_number(x)) {
            return -1;
        }
        v[i] = json_number_value(x);
    }
    p->id = json_integer_value(json_array_get(row, 0));
    p->data = (struct lonlat){v[1], v[2]};
    p->clipped = (struct lonlat){v[3], v[4]};
    p->n_train = json_integer_value(json_array_get(row, CLASS_ITEMS - 1));
    return geo_valid(p->data) && geo_valid(p->clipped) && p->n_train >= 0 ? 0 : -1;
}

static int get_classes(const json_t *j, struct checkpoint *c, struct err *e)
{
    const json_t *list = json_object_get(j, "classes");
    const size_t n = json_array_size(list);
    if (!json_is_array(list) || n == 0) {
        return bad(e, "classes");
    }
    c->cls = calloc(n, sizeof *c->cls);
    if (!c->cls) {
        return err_nomem(e, "a checkpoint's classes");
    }
    c->n_classes = (int64_t)n;
    for (size_t i = 0; i < n; i++) {
        if (get_class(json_array_get(list, i), &c->cls[i]) != 0) {
            return bad(e, "classes");
        }
    }
    return 0;
}

static int get_scale(const json_t *j, struct checkpoint *c, struct err *e)
{
    double v[4];
    if (get_reals(j, "scale", 4, v, e) != 0) {
        return -1;
    }
    c->scale = (struct bbox){v[0], v[1], v[2], v[3]};
    bool used = c->task == TASK_REGRESSION;
    if (used && (!(c->scale.max_x > c->scale.min_x) || !(c->scale.max_y > c->scale.min_y))) {
        return bad(e, "scale");
    }
    return used && c->crs[0] == '\0' ? bad(e, "crs") : 0;
}

static int get_config(const json_t *j, struct checkpoint *c, struct err *e)
{
    const json_t *config = json_object_get(j, "config");
    if (json_is_null(config)) {
        return 0;
    }
    if (!json_is_object(config)) {
        return bad(e, "config");
    }
    c->config = json_dumps(config, JSON_COMPACT);
    return c->config ? 0 : err_nomem(e, "a checkpoint's configuration");
}

static int get_task(const json_t *j, struct checkpoint *c, struct err *e)
{
    char name[32];
    if (get_text(j, "task", name, sizeof name, e) != 0) {
        return -1;
    }
    for (int i = 0; i < 2; i++) {
        if (strcmp(name, task_names[i]) == 0) {
            c->task = (enum task)i;
            return 0;
        }
    }
    return bad(e, "task");
}

/* How pictures are made: whole and as they are where nothing is said. */
static int get_form(const json_t *j, struct checkpoint *c, struct err *e)
{
    const json_t *fast = json_object_get(j, "fast_decode");
    if (fast && !json_is_boolean(fast)) {
        return bad(e, "fast_decode");
    }
    c->fast_decode = json_is_true(fast);
    return json_object_get(j, "jpeg_quality")
               ? get_int(j, "jpeg_quality", 0, 100, &c->jpeg_quality, e)
               : 0;
}

static int get_fields(const json_t *j, struct checkpoint *c, int *n_out, struct err *e)
{
    int rc = -1;
    const json_t *km = json_object_get(j, "val_km");
    TRY(get_text(j, "version", c->version, sizeof c->version, e));
    TRY(get_text(j, "run", c->run, sizeof c->run, e));
    TRY(get_text(j, "arch", c->arch, sizeof c->arch, e));
    TRY(get_text(j, "crs", c->crs, sizeof c->crs, e));
    TRY(get_text(j, "border_sha256", c->border_sha256, sizeof c->border_sha256, e));
    TRY(get_task(j, c, e));
    TRY(get_int(j, "size_px", 1, INT32_MAX, &c->size_px, e));
    TRY(get_form(j, c, e));
    TRY(get_int(j, "n_views", 1, INT32_MAX, &c->n_views, e));
    TRY(get_int(j, "n_out", 1, INT32_MAX, n_out, e));
    TRY(get_int(j, "epoch", 0, INT32_MAX, &c->epoch, e));
    TRY(get_statistics(j, c, e));
    TRY(get_scale(j, c, e));
    TRY(get_config(j, c, e));
    c->val_km = json_is_number(km) ? json_number_value(km) : (double)NAN;
    if (c->task == TASK_CLASSIFICATION) {
        TRY(get_classes(j, c, e));
    }
    const int64_t want = c->task == TASK_CLASSIFICATION ? c->n_classes : 2;
    rc = *n_out == want ? 0 : bad(e, "n_out");
out:
    return rc;
}

/* get_meta - parse the description; the format is looked at first, so that a newer one is named. */
static int get_meta(const char *text, struct checkpoint *c, int *n_out, struct err *e)
{
    int rc = -1;
    json_error_t where;
    json_t *j = json_loads(text, 0, &where);
    if (!json_is_object(j)) {
        rc = err_set(e, ERR_INPUT, "its description is not JSON: %s", where.text);
        goto out;
    }
    int format = 0;
    TRY(get_int(j, "format", 1, INT32_MAX, &format, e));
    if (format != FORMAT) {
        rc = err_set(e, ERR_INPUT, "it has format %d, this gdje knows %d", format, FORMAT);
        goto out;
    }
    TRY(get_fields(j, c, n_out, e));
out:
    json_decref(j);
    return rc;
}

/* --- loading: the numbers --------------------------------------------------------------------------- */

static int get_graph(const struct safetensors *st, struct checkpoint *c, int n_out, struct err *e)
{
    struct arch_spec spec = {c->arch, c->size_px, c->n_views, n_out};
    size_t there = 0;
    if (graph_new_arch(&c->graph, &spec, e) != 0) {
        e->kind = e->kind == ERR_USAGE ? ERR_INPUT : e->kind;
        return -1;
    }
    for (size_t i = 0; i < st_count(st); i++) {
        there += st_tensor_at(st, i)->n;
    }
    if (there < c->graph->n_floats) { /* before memory is asked for what the header only claims */
        return err_set(e, ERR_INPUT, "it holds %zu numbers, network '%s' has %zu", there, c->arch,
                       c->graph->n_floats);
    }
    bool head = false;
    size_t ignored = 0;
    c->value = calloc(c->graph->n_floats, sizeof *c->value);
    return c->value ? st_load_graph(st, c->graph, false, c->value, &head, &ignored, e)
                    : err_nomem(e, "a network's weights");
}

static int get_moment(const struct safetensors *st, const char *name, const struct graph *g,
                      float **to, struct err *e)
{
    const struct st_tensor *t = st_find(st, name);
    if (!t) {
        return 0;
    }
    if (t->n != g->n_floats) {
        return err_set(e, ERR_INPUT, "tensor '%s' has %zu numbers, not %zu", name, t->n,
                       g->n_floats);
    }
    *to = calloc(g->n_floats, sizeof **to);
    return *to ? st_read_f32(t, *to, g->n_floats, e) : err_nomem(e, "an optimiser's moments");
}

static int load(const struct safetensors *st, struct checkpoint *c, struct err *e)
{
    int rc = -1;
    int n_out = 0;
    const char *text = st_metadata(st, KEY);
    const char *state = st_metadata(st, KEY_STATE);
    if (!text) {
        return err_set(e, ERR_INPUT, "it is not a checkpoint: it has no '" KEY "' metadata");
    }
    TRY(get_meta(text, c, &n_out, e));
    TRY(get_graph(st, c, n_out, e));
    TRY(get_moment(st, MOMENT1, c->graph, &c->moment1, e));
    TRY(get_moment(st, MOMENT2, c->graph, &c->moment2, e));
    if (state && !(c->state = strdup(state))) {
        rc = err_nomem(e, "a checkpoint's state");
    }
out:
    return rc;
}

int checkpoint_load(const char *path, struct checkpoint *c, struct err *e)
{
    int rc = -1;
    struct safetensors *st = NULL;
    struct checkpoint got = {0};
    TRY(st_open(path, &st, e));
    if (load(st, &got, e) != 0) {
        rc = err_ctx(e, "cannot load checkpoint '%s'", path);
        goto out;
    }
    *c = got;
    got = (struct checkpoint){0};
    rc = 0;
out:
    checkpoint_release(&got);
    st_close(st);
    return rc;
}

void checkpoint_release(struct checkpoint *c)
{
    graph_free(c->graph);
    free(c->value);
    free(c->moment1);
    free(c->moment2);
    free(c->state);
    free(c->config);
    free(c->cls);
    *c = (struct checkpoint){0};
}
