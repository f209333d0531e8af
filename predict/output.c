/* SPDX-License-Identifier: MIT */
/* Lines of CSV and JSON. */
#include "predict/output.h"

#include "predict/markup.h"
#include "predict/places.h"

void output_header(const struct output *o)
{
    if (o->format == ANSWER_JSONL) {
        return;
    }
    (void)fputs("uuid,latitude,longitude", o->f);
    for (size_t k = 1; k <= o->n_top; k++) {
        (void)fprintf(o->f, ",class_%zu,probability_%zu", k, k);
    }
    (void)fputc('\n', o->f);
}

static void csv_answer(const struct output *o, const char *uuid, struct lonlat at,
                       const struct top_class *top, size_t n)
{
    places_put_field(o->f, uuid);
    (void)fprintf(o->f, ",%.7f,%.7f", at.lat, at.lon);
    for (size_t k = 0; k < o->n_top; k++) {
        if (k < n) {
            (void)fprintf(o->f, ",%u,%.6f", top[k].number, top[k].probability);
        } else {
            (void)fputs(",,", o->f);
        }
    }
    (void)fputc('\n', o->f);
}

void output_answer(const struct output *o, const char *uuid, struct lonlat at,
                   const struct top_class *top, size_t n)
{
    if (o->format == ANSWER_CSV) {
        csv_answer(o, uuid, at, top, n);
        return;
    }
    (void)fputs("{\"uuid\": ", o->f);
    json_text(o->f, uuid);
    (void)fprintf(o->f, ", \"latitude\": %.7f, \"longitude\": %.7f", at.lat, at.lon);
    if (o->n_top > 0) {
        (void)fputs(", \"top\": [", o->f);
        for (size_t k = 0; k < o->n_top && k < n; k++) {
            (void)fprintf(o->f, "%s[%u, %.6f]", k ? ", " : "", top[k].number, top[k].probability);
        }
        (void)fputc(']', o->f);
    }
    (void)fputs("}\n", o->f);
}
