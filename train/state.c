/* SPDX-License-Identifier: MIT */
/* A run's state as JSON: see state.h. */
#include "train/state.h"

#include <math.h>
#include <stdlib.h>

#include <jansson.h>

int state_new(struct train_state *s, int n_blocks, struct err *e)
{
    *s = (struct train_state){.n_blocks = n_blocks, .best_km = INFINITY};
    s->steps = calloc((size_t)n_blocks, sizeof *s->steps);
    return s->steps ? 0 : err_nomem(e, "a run's state");
}

void state_release(struct train_state *s)
{
    free(s->steps);
    *s = (struct train_state){0};
}

/* JSON has no infinity: "nothing yet" is null. */
static json_t *finite_or_null(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

int state_text(const struct train_state *s, char **text, struct err *e)
{
    json_t *steps = json_array();
    for (int i = 0; i < s->n_blocks; i++) {
        (void)json_array_append_new(steps, json_integer(s->steps[i]));
    }
    json_t *j =
        json_pack("{s:i, s:o, s:f, s:f, s:o, s:I, s:i, s:o}", "epoch", s->epoch, "steps", steps,
                  "lr_head", s->lr_head, "lr_backbone", s->lr_backbone, "plateau_best",
                  finite_or_null(s->plateau.best), "plateau_bad", (json_int_t)s->plateau.n_bad,
                  "best_epoch", s->best_epoch, "best_km", finite_or_null(s->best_km));
    *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    return *text ? 0 : err_nomem(e, "a run's state");
}

static int parse_steps(const json_t *list, struct train_state *s)
{
    if (!json_is_array(list) || json_array_size(list) != (size_t)s->n_blocks) {
        return -1;
    }
    for (int i = 0; i < s->n_blocks; i++) {
        const json_t *v = json_array_get(list, (size_t)i);
        s->steps[i] = json_integer_value(v);
        if (!json_is_integer(v) || s->steps[i] < 0) {
            return -1;
        }
    }
    return 0;
}

static double number_or_infinity(const json_t *v)
{
    return json_is_number(v) ? json_number_value(v) : (double)INFINITY;
}

int state_parse(const char *text, struct train_state *s, struct err *e)
{
    json_t *j = json_loads(text, 0, NULL);
    const json_t *head = json_object_get(j, "lr_head");
    const json_t *backbone = json_object_get(j, "lr_backbone");
    const json_t *epoch = json_object_get(j, "epoch");
    int rc = json_is_number(head) && json_is_number(backbone) && json_is_integer(epoch) &&
                     json_integer_value(epoch) >= 0 && json_integer_value(epoch) < INT32_MAX &&
                     parse_steps(json_object_get(j, "steps"), s) == 0
                 ? 0
                 : err_set(e, ERR_INPUT, "its training state makes no sense");
    if (rc == 0) {
        s->epoch = (int)json_integer_value(epoch);
        s->lr_head = json_number_value(head);
        s->lr_backbone = json_number_value(backbone);
        s->plateau.best = number_or_infinity(json_object_get(j, "plateau_best"));
        s->plateau.n_bad = json_integer_value(json_object_get(j, "plateau_bad"));
        s->best_epoch = (int)json_integer_value(json_object_get(j, "best_epoch"));
        s->best_km = number_or_infinity(json_object_get(j, "best_km"));
    }
    json_decref(j);
    return rc;
}
