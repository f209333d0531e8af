/* SPDX-License-Identifier: MIT */
#include "fetch/demo/query.h"

#include <stdlib.h>
#include <string.h>

#include "core/parse.h"

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Percent-decode in place; a plus is a space. False for a broken or a NUL escape. */
static bool decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from == '%') {
            int high = hex_digit(from[1]);
            int low = high >= 0 ? hex_digit(from[2]) : -1;
            if (low < 0 || (high == 0 && low == 0)) {
                return false;
            }
            *to++ = (char)(high << 4 | low);
            from += 2;
        } else {
            *to++ = *from == '+' ? ' ' : *from;
        }
    }
    *to = '\0';
    return true;
}

/* q->text holds the raw query: cut it into pairs. False when it is malformed. */
static bool split(struct query *q)
{
    char *at = q->text;
    while (*at) {
        size_t len = strcspn(at, "&");
        char *next = at[len] ? at + len + 1 : at + len;
        at[len] = '\0';
        if (*at) {
            char *value = strchr(at, '=');
            if (!value || q->n == QUERY_PAIRS_MAX) {
                return false;
            }
            *value++ = '\0';
            if (!decode(at) || !decode(value)) {
                return false;
            }
            q->pair[q->n].name = at;
            q->pair[q->n].value = value;
            q->n++;
        }
        at = next;
    }
    return true;
}

int query_read(const char *target, struct query *q, struct err *e)
{
    const char *mark = strchr(target, '?');
    *q = (struct query){.text = strdup(mark ? mark + 1 : "")};
    if (!q->text) {
        return err_nomem(e, "a query");
    }
    q->well_formed = split(q);
    return 0;
}

void query_release(struct query *q)
{
    free(q->text);
    *q = (struct query){0};
}

const char *query_value(const struct query *q, const char *name)
{
    for (int i = 0; i < q->n; i++) {
        if (strcmp(q->pair[i].name, name) == 0) {
            return q->pair[i].value;
        }
    }
    return NULL;
}

bool query_f64(const struct query *q, const char *name, double min, double max, double *out)
{
    struct err ignored = {0};
    const char *text = query_value(q, name);
    return !text || parse_f64(text, min, max, out, &ignored) == 0;
}

bool query_i64(const struct query *q, const char *name, int64_t min, int64_t max, int64_t *out)
{
    struct err ignored = {0};
    const char *text = query_value(q, name);
    return !text || parse_i64(text, min, max, out, &ignored) == 0;
}

bool query_one_of(const char *text, const char *a, const char *b)
{
    return !text || strcmp(text, a) == 0 || strcmp(text, b) == 0;
}

bool query_bbox(const char *text, struct bbox *box)
{
    struct err ignored = {0};
    double side[4];
    char number[40];
    for (int i = 0; i < 4; i++) {
        double limit = i % 2 ? 90 : 180;
        size_t len = strcspn(text, ",");
        if (len >= sizeof number || (text[len] == ',') != (i < 3)) {
            return false;
        }
        memcpy(number, text, len);
        number[len] = '\0';
        if (parse_f64(number, -limit, limit, &side[i], &ignored) != 0) {
            return false;
        }
        text += len + (i < 3);
    }
    *box = (struct bbox){side[0], side[1], side[2], side[3]};
    return box->min_x < box->max_x && box->min_y < box->max_y;
}

const char *query_stranger(const struct query *q, const char *const *names)
{
    for (int i = 0; i < q->n; i++) {
        const char *const *name = names;
        while (*name && strcmp(*name, q->pair[i].name) != 0) {
            name++;
        }
        if (!*name) {
            return q->pair[i].name;
        }
    }
    return NULL;
}
