/* SPDX-License-Identifier: MIT */
/* A run's configuration: see config.h. */
#include "train/config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/hash.h"

static json_t *augment_json(const struct augment_prefs *a)
{
    return json_pack("{s:f, s:f, s:f, s:f, s:f}", "crop_min_area", a->crop_min_area, "brightness",
                     a->brightness, "contrast", a->contrast, "colour", a->colour, "erase",
                     a->erase);
}

int config_text(const struct train_prefs *p, const struct dataset *d, const struct pack *pack,
                const char *backend, char **text, struct err *e)
{
    char weights[SHA256_HEX_SIZE] = "";
    const bool classes = d->task == TASK_CLASSIFICATION;
    if (p->weights && sha256_hex_file(p->weights, weights, e) != 0) {
        return -1;
    }
    json_t *j = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:i, s:i, s:s*, s:s, s:s, s:I, s:I, s:I, s:f, s:f, s:f, s:s,"
        " s:s, s:f, s:I, s:f, s:f, s:f, s:f, s:o, s:I}",
        "arch", p->arch, "task", task_name(d->task), "split", p->split,
        classes ? "grid" : "projection", classes ? p->grid : p->projection, "data", d->sha256,
        "size_px", pack_size_px(pack), "fast_decode", pack_form(pack)->fast, "jpeg_quality",
        pack_form(pack)->quality, "n_views", pack_n_views(pack), "weights",
        p->weights ? weights : NULL, "backend", backend, "precision",
        prefs_precisions[p->precision], "epochs", (json_int_t)p->epochs, "batch",
        (json_int_t)p->batch, "unfreeze_epoch", (json_int_t)p->unfreeze_epoch, "lr_head",
        p->lr_head, "lr_backbone", p->lr_backbone, "weight_decay", p->weight_decay, "optimiser",
        prefs_optimisers[p->optimiser], "scheduler", prefs_schedulers[p->scheduler], "factor",
        p->factor, "patience", (json_int_t)p->patience, "min_lr", p->min_lr, "warmup_epochs",
        p->warmup_epochs, "smooth_km", p->smooth_km, "label_smoothing", p->label_smoothing,
        "augment", p->augment ? augment_json(&p->how) : json_null(), "seed", (json_int_t)p->seed);
    *text = j ? json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(j);
    return *text ? 0 : err_nomem(e, "a configuration");
}

/* A value in a message: digests are cut, what is absent is none. */
static int add_value(const json_t *v, struct buf *out, struct err *e)
{
    int rc = -1;
    char *text = v ? json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6)) : NULL;
    if (!v || json_is_null(v)) {
        rc = buf_add_str(out, "none", e);
    } else if (!text) {
        rc = err_nomem(e, "a configuration");
    } else if (json_is_string(v) && json_string_length(v) == SHA256_HEX_SIZE - 1) {
        rc = buf_printf(out, e, "%.8s...", json_string_value(v));
    } else {
        rc = buf_add_str(out, text, e);
    }
    free(text);
    return rc;
}

static int add_difference(const char *key, const json_t *was, const json_t *is, struct buf *out,
                          struct err *e)
{
    int rc = -1;
    TRY(buf_printf(out, e, "%s%s was ", out->n > 0 ? "; " : "", key));
    TRY(add_value(was, out, e));
    TRY(buf_add_str(out, ", is ", e));
    TRY(add_value(is, out, e));
out:
    return rc;
}

/* What differs or is only in one. */
static int compare(json_t *was, json_t *is, struct buf *out, struct err *e)
{
    int rc = 0;
    const char *key = NULL;
    json_t *v = NULL;
    json_object_foreach(was, key, v)
    {
        const json_t *other = json_object_get(is, key);
        if (!other || !json_equal(v, other)) {
            TRY(add_difference(key, v, other, out, e));
        }
    }
    json_object_foreach(is, key, v)
    {
        if (!json_object_get(was, key)) {
            TRY(add_difference(key, NULL, v, out, e));
        }
    }
out:
    return rc;
}

int config_diff(const char *was, const char *is, struct buf *out, struct err *e)
{
    json_t *a = json_loads(was, 0, NULL);
    json_t *b = json_loads(is, 0, NULL);
    int rc = json_is_object(a) && json_is_object(b)
                 ? compare(a, b, out, e)
                 : err_set(e, ERR_INPUT, "the recorded configuration is not JSON");
    json_decref(a);
    json_decref(b);
    return rc;
}
