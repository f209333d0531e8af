/* SPDX-License-Identifier: MIT */
/* A CSV reader that cuts a text in memory into fields, in place: separators become NULs, quoted
 * fields are moved together. Encodings other than UTF-8 are refused, never guessed. */
#include "core/csv.h"

#include <string.h>
#include <strings.h>

static bool is_blank(char ch, char separator)
{
    return ch == ' ' || (ch == '\t' && separator != '\t');
}

static bool ends_row(const struct csv *c, const char *p)
{
    return p >= c->end || *p == '\n' || *p == '\r';
}

/* The commonest of the three separators in the first row, outside of quotes. */
static char find_separator(const char *p, const char *end)
{
    size_t n_comma = 0;
    size_t n_semicolon = 0;
    size_t n_tab = 0;
    bool quoted = false;
    for (; p < end && (quoted || (*p != '\n' && *p != '\r')); p++) {
        quoted ^= *p == '"';
        n_comma += !quoted && *p == ',';
        n_semicolon += !quoted && *p == ';';
        n_tab += !quoted && *p == '\t';
    }
    if (n_tab > n_comma && n_tab > n_semicolon) {
        return '\t';
    }
    return n_semicolon > n_comma ? ';' : ',';
}

/* A field that starts with a quote at c->p; leaves c->p behind the field. NULL: never closed. */
static char *cut_quoted(struct csv *c)
{
    char *field = c->p;
    char *to = c->p;
    char *from = c->p + 1;
    for (;; from++) {
        if (from >= c->end) {
            return NULL;
        }
        if (*from == '"') {
            if (from + 1 >= c->end || from[1] != '"') {
                break;
            }
            from++; /* a doubled quote is one */
        }
        c->next_line += *from == '\n';
        *to++ = *from;
    }
    from++;
    while (!ends_row(c, from) && is_blank(*from, c->separator)) {
        from++;
    }
    if (!ends_row(c, from) && *from != c->separator) {
        c->problem = "text behind a closing quote";
        while (!ends_row(c, from) && *from != c->separator) {
            from++;
        }
    }
    *to = '\0'; /* at or before the closing quote */
    c->p = from;
    return field;
}

static char *cut_plain(struct csv *c, char **end_of_field)
{
    char *field = c->p;
    while (!ends_row(c, c->p) && *c->p != c->separator) {
        c->p++;
    }
    char *tail = c->p;
    while (tail > field && is_blank(tail[-1], c->separator)) {
        tail--;
    }
    *end_of_field = tail;
    return field;
}

/* One row into field[], at least one field. c->p stands at its start, inside the text. */
static int cut_row(struct csv *c, struct err *e)
{
    c->n_fields = 0;
    c->problem = NULL;
    c->line = c->next_line;
    for (;;) {
        char *end_of_field = NULL;
        char *field = NULL;
        while (!ends_row(c, c->p) && is_blank(*c->p, c->separator)) {
            c->p++;
        }
        if (c->p < c->end && *c->p == '"') {
            field = cut_quoted(c);
            if (!field) {
                return err_set(e, ERR_INPUT, "'%s' line %zu: a quote is never closed", c->name,
                               c->line);
            }
        } else {
            field = cut_plain(c, &end_of_field);
        }
        bool last = ends_row(c, c->p);
        bool crlf = last && c->p + 1 < c->end && c->p[0] == '\r' && c->p[1] == '\n';
        if (c->n_fields == CSV_MAX_FIELDS) {
            return err_set(e, ERR_INPUT, "'%s' line %zu: more than %d fields", c->name, c->line,
                           CSV_MAX_FIELDS);
        }
        c->field[c->n_fields++] = field;
        if (c->p < c->end) {
            c->p += crlf ? 2 : 1;
        }
        if (end_of_field) {
            *end_of_field = '\0'; /* only now: it may be the separator or line end just passed */
        }
        if (last) {
            c->next_line++;
            return 0;
        }
    }
}

int csv_init(struct csv *c, const char *name, char *text, size_t n, struct err *e)
{
    *c = (struct csv){.name = name, .p = text, .end = text + n, .next_line = 1};
    if (n >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0)) {
        return err_set(e, ERR_INPUT, "'%s' is UTF-16: save it as UTF-8", name);
    }
    if (memchr(text, '\0', n)) {
        return err_set(e, ERR_INPUT, "'%s' is not a text: it has NUL bytes", name);
    }
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        c->p += 3;
    }
    bool row = false;
    while (c->p < c->end && (*c->p == '\n' || *c->p == '\r')) {
        c->next_line += *c->p++ == '\n';
    }
    c->separator = find_separator(c->p, c->end);
    if (csv_next(c, &row, e) != 0) {
        return -1;
    }
    if (!row) {
        return err_set(e, ERR_INPUT, "'%s' is empty", name);
    }
    if (c->problem) {
        return err_set(e, ERR_INPUT, "'%s' line %zu: %s", name, c->line, c->problem);
    }
    memcpy(c->column, c->field, sizeof c->column);
    c->n_columns = c->n_fields;
    return 0;
}

int csv_next(struct csv *c, bool *row, struct err *e)
{
    *row = false;
    while (c->p < c->end && !*row) {
        if (cut_row(c, e) != 0) {
            return -1;
        }
        *row = c->n_fields > 1 || c->field[0][0] != '\0' || c->problem;
    }
    return 0;
}

int csv_column(const struct csv *c, const char *name)
{
    for (int i = 0; i < c->n_columns; i++) {
        if (strcmp(c->column[i], name) == 0) {
            return i;
        }
    }
    for (int i = 0; i < c->n_columns; i++) {
        if (strcasecmp(c->column[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

const char *csv_field(const struct csv *c, int column)
{
    return column >= 0 && column < c->n_fields ? c->field[column] : "";
}
