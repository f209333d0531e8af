/* SPDX-License-Identifier: MIT */
#include "prep/split_parts.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/parse.h"

#define BUFFER "buffer"

static int check_name(const char *name, enum err_kind kind, struct err *e)
{
    size_t n = strlen(name);
    if (n == 0 || n >= SPLIT_NAME_SIZE) {
        return err_set(e, kind, "a part's name '%.40s' has %zu bytes, not 1 to %d", name, n,
                       SPLIT_NAME_SIZE - 1);
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c <= ' ' || c == 127) {
            return err_set(e, kind, "a part's name has a blank or a control character");
        }
    }
    return 0;
}

static int find(const struct split_parts *p, const char *name)
{
    for (int i = 0; i < p->n; i++) {
        if (strcmp(p->name[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

/* The caller has seen that there is room, and that the name is good. */
static void append(struct split_parts *p, const char *name, double share)
{
    (void)snprintf(p->name[p->n], SPLIT_NAME_SIZE, "%.*s", SPLIT_NAME_SIZE - 1, name);
    p->share[p->n] = share;
    if (strcmp(name, "train") == 0) {
        p->train = p->n;
    }
    p->n++;
}

static void normalise(struct split_parts *p)
{
    double sum = 0;
    for (int i = 0; i < p->n; i++) {
        sum += p->share[i];
    }
    for (int i = 0; i < p->n; i++) {
        p->share[i] /= sum;
    }
}

int split_parts_ratios(const char *text, struct split_parts *p, struct err *e)
{
    static const char *const name[3] = {"train", "val", "test"};
    char field[64];
    const char *at = text;
    *p = (struct split_parts)SPLIT_PARTS_NONE;
    for (int i = 0; i < 3; i++) {
        double share = 0;
        size_t n = strcspn(at, "/");
        bool last = at[n] == '\0';
        if (n >= sizeof field || last != (i == 2)) {
            return err_set(e, ERR_USAGE, "--ratios '%s': three numbers are needed, like 80/10/10",
                           text);
        }
        (void)snprintf(field, sizeof field, "%.*s", (int)n, at);
        if (parse_f64(field, 0, 1e12, &share, e) != 0 || share <= 0) {
            return err_set(e, ERR_USAGE, "--ratios '%s': '%s' is not a positive number", text,
                           field);
        }
        append(p, name[i], share);
        at += n + 1;
    }
    normalise(p);
    return 0;
}

/* One "name=share" of --parts. */
static int add_share(struct split_parts *p, char *field, struct err *e)
{
    double share = 0;
    char *text = strchr(field, '=');
    if (!text) {
        return err_set(e, ERR_USAGE, "--parts: '%s' is not name=share", field);
    }
    *text++ = '\0';
    if (check_name(field, ERR_USAGE, e) != 0) {
        return err_ctx(e, "--parts");
    }
    if (parse_f64(text, 0, 1e12, &share, e) != 0 || share <= 0) {
        return err_set(e, ERR_USAGE, "--parts: '%s' is not a positive number", text);
    }
    if (strcmp(field, BUFFER) == 0 || find(p, field) >= 0) {
        return err_set(e, ERR_USAGE, "--parts: '%s' cannot be the name of %s", field,
                       strcmp(field, BUFFER) == 0 ? "a part with a share" : "two parts");
    }
    if (p->n == SPLIT_MAX_PARTS) {
        return err_set(e, ERR_USAGE, "--parts: more than %d parts", SPLIT_MAX_PARTS);
    }
    append(p, field, share);
    return 0;
}

int split_parts_list(const char *text, struct split_parts *p, struct err *e)
{
    char copy[4096];
    *p = (struct split_parts)SPLIT_PARTS_NONE;
    if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy) {
        return err_set(e, ERR_USAGE, "--parts: too long");
    }
    for (char *at = copy; at;) {
        char *comma = strchr(at, ',');
        if (comma) {
            *comma = '\0';
        }
        if (add_share(p, at, e) != 0) {
            return -1;
        }
        at = comma ? comma + 1 : NULL;
    }
    if (p->train < 0) {
        return err_set(e, ERR_USAGE, "--parts '%s': one of the parts must be 'train'", text);
    }
    normalise(p);
    return 0;
}

void split_parts_folds(int k, struct split_parts *p)
{
    *p = (struct split_parts)SPLIT_PARTS_NONE;
    for (int i = 0; i < k; i++) {
        char name[SPLIT_NAME_SIZE];
        (void)snprintf(name, sizeof name, "fold%d", i);
        append(p, name, 1.0 / k);
    }
}

int split_parts_add(struct split_parts *p, const char *name, uint8_t *part, struct err *e)
{
    int i = find(p, name);
    if (strcmp(name, BUFFER) == 0) {
        *part = SPLIT_IN_BUFFER;
        return 0;
    }
    if (i < 0) {
        if (check_name(name, ERR_INPUT, e) != 0) {
            return -1;
        }
        if (p->n == SPLIT_MAX_PARTS) {
            return err_set(e, ERR_INPUT, "more than %d parts", SPLIT_MAX_PARTS);
        }
        i = p->n;
        append(p, name, 0);
    }
    *part = (uint8_t)i;
    return 0;
}

const char *split_parts_name(const struct split_parts *p, uint8_t part)
{
    return part < p->n ? p->name[part] : BUFFER;
}

uint8_t split_parts_at(const struct split_parts *p, double u)
{
    double end = 0;
    for (int i = 0; i + 1 < p->n; i++) {
        end += p->share[i];
        if (u < end) {
            return (uint8_t)i;
        }
    }
    return (uint8_t)(p->n - 1);
}
