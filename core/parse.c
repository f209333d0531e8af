/* SPDX-License-Identifier: MIT */
/* Strict numbers: see parse.h. Hexadecimal, leading blanks, "nan" and "inf" are refused. */
#include "core/parse.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int number(const char *text, const char **end, double *out, struct err *e)
{
    char *stop = NULL;
    if (strspn(text, "+-.0123456789") == 0 || strpbrk(text, "xX")) {
        return err_set(e, ERR_INPUT, "'%s' is not a number", text);
    }
    double v = strtod(text, &stop);
    if (stop == text || !isfinite(v)) {
        return err_set(e, ERR_INPUT, "'%s' is not a finite number", text);
    }
    *end = stop;
    *out = v;
    return 0;
}

static int check_range(const char *text, double v, double min, double max, double *out,
                       struct err *e)
{
    if (!(v >= min && v <= max)) {
        return err_set(e, ERR_INPUT, "'%s' is not in the range %g to %g", text, min, max);
    }
    *out = v;
    return 0;
}

int parse_f64(const char *text, double min, double max, double *out, struct err *e)
{
    const char *end = NULL;
    double v = 0;
    if (number(text, &end, &v, e) != 0) {
        return -1;
    }
    if (*end == ',') {
        return err_set(e, ERR_INPUT, "'%s' has a comma; decimals are written with a point", text);
    }
    if (*end != '\0') {
        return err_set(e, ERR_INPUT, "'%s' is not a number", text);
    }
    return check_range(text, v, min, max, out, e);
}

static int integer(const char *text, const char **end, int64_t *out, struct err *e)
{
    char *stop = NULL;
    if (strspn(text, "+-0123456789") == 0) {
        return err_set(e, ERR_INPUT, "'%s' is not a whole number", text);
    }
    errno = 0;
    long long v = strtoll(text, &stop, 10);
    if (stop == text) {
        return err_set(e, ERR_INPUT, "'%s' is not a whole number", text);
    }
    if (errno == ERANGE) {
        return err_set(e, ERR_INPUT, "'%s' is too large", text);
    }
    *end = stop;
    *out = v;
    return 0;
}

int parse_i64(const char *text, int64_t min, int64_t max, int64_t *out, struct err *e)
{
    const char *end = NULL;
    int64_t v = 0;
    if (integer(text, &end, &v, e) != 0) {
        return -1;
    }
    if (*end != '\0') {
        return err_set(e, ERR_INPUT, "'%s' is not a whole number", text);
    }
    if (v < min || v > max) {
        return err_set(e, ERR_INPUT, "'%s' is not in the range %lld to %lld", text, (long long)min,
                       (long long)max);
    }
    *out = v;
    return 0;
}

int parse_count(const char *text, int64_t min, int64_t max, int64_t *out, struct err *e)
{
    static const struct {
        const char *suffix;
        int64_t factor;
    } unit[] = {{"", 1}, {"k", 1000}, {"M", 1000000}, {"G", 1000000000}};
    const char *end = NULL;
    int64_t v = 0;
    if (integer(text, &end, &v, e) != 0) {
        return -1;
    }
    for (size_t i = 0; i < sizeof unit / sizeof unit[0]; i++) {
        if (strcmp(end, unit[i].suffix) == 0) {
            if (v > INT64_MAX / unit[i].factor || v < INT64_MIN / unit[i].factor ||
                v * unit[i].factor < min || v * unit[i].factor > max) {
                return err_set(e, ERR_INPUT, "'%s' is not in the range %lld to %lld", text,
                               (long long)min, (long long)max);
            }
            *out = v * unit[i].factor;
            return 0;
        }
    }
    return err_set(e, ERR_INPUT, "'%s' is not a count (a whole number, or with k, M, G)", text);
}

struct scale {
    const char *suffix;
    double factor;
};

static int scaled(const char *text, const struct scale *unit, const char *what, double min,
                  double max, double *out, struct err *e)
{
    const char *end = NULL;
    double v = 0;
    if (number(text, &end, &v, e) != 0) {
        return -1;
    }
    for (; unit->suffix; unit++) {
        if (strcmp(end, unit->suffix) == 0) {
            return check_range(text, v * unit->factor, min, max, out, e);
        }
    }
    return err_set(e, ERR_INPUT, "'%s' is not a %s", text, what);
}

int parse_length_m(const char *text, double min_m, double max_m, double *out, struct err *e)
{
    static const struct scale unit[] = {{"", 1}, {"m", 1}, {"km", 1000}, {NULL, 0}};
    return scaled(text, unit, "length (metres, or with m, km)", min_m, max_m, out, e);
}

int parse_seconds(const char *text, double min_s, double max_s, double *out, struct err *e)
{
    static const struct scale unit[] = {{"", 1},   {"ms", 1e-3}, {"s", 1},
                                        {"m", 60}, {"h", 3600},  {NULL, 0}};
    return scaled(text, unit, "duration (seconds, or with ms, s, m, h)", min_s, max_s, out, e);
}
