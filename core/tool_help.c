/* SPDX-License-Identifier: MIT */
/* Help, version and man page from one table, so that they cannot disagree with the parser. */
#include "core/tool_help.h"

#include <ctype.h>
#include <string.h>

#ifndef GDJE_VERSION
#error "GDJE_VERSION comes from the Makefile"
#endif

#define COLUMN 30 /* where the descriptions start */
#define WIDTH  96

/* The options that every tool has. Their targets are in tool.c. */
const char *const tool_progress_names[] = {"auto", "tty", "plain", "json", "none", NULL};
static const char *catalog_default = TOOL_CATALOG;
static int progress_default;
static const struct opt catalog_option = {OPT_STR, "catalog",        0,
                                          "FILE",  &catalog_default, .help = "the catalog"};
static const struct opt common[] = {
    {OPT_CHOICE, "progress", 0, "HOW", &progress_default, .choices = tool_progress_names,
     .help = "progress on standard error"},
    {OPT_FLAG, "quiet", 'q', NULL, NULL, .help = "only warnings and errors"},
    {OPT_FLAG, "verbose", 'v', NULL, NULL, .help = "notes too"},
    {OPT_FLAG, "help", 'h', NULL, NULL, .help = "this text"},
    {OPT_FLAG, "version", 0, NULL, NULL, .help = "versions"},
    {OPT_END},
};

static void trim_number(char *text, size_t size, double v, const char *unit)
{
    (void)snprintf(text, size, "%.10g%s", v, unit);
}

/* "(default: 500 m)", or "" where nothing is a default worth a word. */
static void default_text(const struct opt *o, char *out, size_t size)
{
    char v[256] = "";
    if (o->to) {
        switch (o->type) {
        case OPT_STR:
            if (*(const char *const *)o->to) {
                (void)snprintf(v, sizeof v, "%s", *(const char *const *)o->to);
            }
            break;
        case OPT_CHOICE:
            (void)snprintf(v, sizeof v, "%s", o->choices[*(const int *)o->to]);
            break;
        case OPT_COUNT:
            (void)snprintf(v, sizeof v, "%lld", (long long)*(const int64_t *)o->to);
            break;
        case OPT_F64:
            trim_number(v, sizeof v, *(const double *)o->to, "");
            break;
        case OPT_LENGTH:
            trim_number(v, sizeof v, *(const double *)o->to, " m");
            break;
        case OPT_SECONDS:
            trim_number(v, sizeof v, *(const double *)o->to, " s");
            break;
        case OPT_FLAG:
            (void)snprintf(v, sizeof v, "%s", *(const bool *)o->to ? "on" : "");
            break;
        case OPT_END:
        case OPT_GROUP:
        case OPT_LIST:
            break;
        }
    }
    out[0] = '\0';
    if (v[0]) {
        (void)snprintf(out, size, " (default: %s)", v);
    }
}

/* "one of a, b, c" for a choice. */
static void choices_text(const struct opt *o, char *out, size_t size)
{
    out[0] = '\0';
    if (o->type != OPT_CHOICE) {
        return;
    }
    size_t n = (size_t)snprintf(out, size, ": ");
    for (int i = 0; o->choices[i] && n < size; i++) {
        n += (size_t)snprintf(out + n, size - n, "%s%s", i ? ", " : "", o->choices[i]);
    }
}

/* Words of text from column `at`, wrapped, continued at COLUMN. */
static void wrap(FILE *f, const char *text, int at)
{
    const char *gap = "";
    while (*text) {
        /* "(default: auto)" stays in one piece: it is the last */
        const bool last = strncmp(text, "(default: ", 10) == 0;
        const int len = (int)(last ? strlen(text) : strcspn(text, " "));
        if (at + (int)strlen(gap) + len > WIDTH && at > COLUMN) {
            (void)fprintf(f, "\n%*s", COLUMN, "");
            at = COLUMN;
            gap = "";
        }
        at += fprintf(f, "%s%.*s", gap, len, text);
        text += len;
        text += strspn(text, " ");
        gap = " ";
    }
    (void)fputc('\n', f);
}

static void describe(const struct opt *o, char *out, size_t size)
{
    char def[300];
    char choices[300];
    default_text(o, def, sizeof def);
    choices_text(o, choices, sizeof choices);
    (void)snprintf(out, size, "%s%s%s", o->help, choices, def);
}

static void help_option(FILE *f, const struct opt *o)
{
    char text[1400];
    int at = o->letter ? fprintf(f, "  -%c, --%s", o->letter, o->name)
                       : fprintf(f, "      --%s", o->name);
    if (o->arg) {
        at += fprintf(f, " %s", o->arg);
    }
    if (at + 2 > COLUMN) {
        (void)fputc('\n', f);
        at = 0;
    }
    (void)fprintf(f, "%*s", COLUMN - at, "");
    describe(o, text, sizeof text);
    wrap(f, text, COLUMN);
}

void tool_help(const struct tool *t, FILE *f)
{
    (void)fprintf(f, "Usage: %s [OPTION...]%s%s\n\n%s.\n", t->name, t->synopsis[0] ? " " : "",
                  t->synopsis, t->purpose);
    if (t->details) {
        bool ended = t->details[strlen(t->details) - 1] == '\n';
        (void)fprintf(f, "\n%s%s", t->details, ended ? "" : "\n");
    }
    if (t->options[0].type != OPT_GROUP && t->options[0].type != OPT_END) {
        (void)fprintf(f, "\nOptions:\n");
    }
    for (const struct opt *o = t->options; o->type != OPT_END; o++) {
        if (o->type == OPT_GROUP) {
            (void)fprintf(f, "\n%s:\n", o->help);
        } else {
            help_option(f, o);
        }
    }
    (void)fprintf(f, "\nEvery tool:\n");
    if (!t->no_catalog) {
        help_option(f, &catalog_option);
    }
    for (const struct opt *o = common; o->type != OPT_END; o++) {
        help_option(f, o);
    }
    (void)fprintf(f, "\nExamples:\n%s", t->examples);
    (void)fprintf(f,
                  "\nExit codes: 0 done, 1 incomplete, 2 usage, 3 bad input, 4 system, 5 remote, "
                  "6 device.\n");
}

void tool_version(const struct tool *t, FILE *f)
{
    (void)fprintf(f, "%s (gdje) %s\n", t->name, GDJE_VERSION);
    if (t->libraries) {
        (void)fprintf(f, "%s\n", t->libraries);
    }
}

/* Text for troff: backslashes and leading dots are its own. */
static void man_text(FILE *f, const char *text)
{
    bool start = true;
    for (const char *p = text; *p; p++) {
        if (*p == '\\') {
            (void)fputs("\\e", f);
        } else if (*p == '-') {
            (void)fputs("\\-", f);
        } else if (start && (*p == '.' || *p == '\'')) {
            (void)fprintf(f, "\\&%c", *p);
        } else {
            (void)fputc(*p, f);
        }
        start = *p == '\n';
    }
}

static void man_option(FILE *f, const struct opt *o)
{
    char text[1400];
    (void)fprintf(f, ".TP\n.B ");
    if (o->letter) {
        (void)fprintf(f, "\\-%c, ", o->letter);
    }
    (void)fputs("\\-\\-", f);
    man_text(f, o->name);
    if (o->arg) {
        (void)fprintf(f, " \\fI%s\\fR", o->arg);
    }
    (void)fputc('\n', f);
    describe(o, text, sizeof text);
    man_text(f, text);
    (void)fputs(".\n", f);
}

void tool_man(const struct tool *t, FILE *f)
{
    (void)fputs(".TH ", f);
    for (const char *p = t->name; *p; p++) {
        (void)fputc(toupper((unsigned char)*p), f);
    }
    (void)fprintf(f, " 1 \"\" \"gdje %s\"\n.SH NAME\n", GDJE_VERSION);
    man_text(f, t->name);
    (void)fputs(" \\- ", f);
    man_text(f, t->purpose);
    (void)fputs("\n.SH SYNOPSIS\n.B ", f);
    man_text(f, t->name);
    (void)fputs(" [\\fIOPTION\\fR...] ", f);
    man_text(f, t->synopsis);
    (void)fputc('\n', f);
    if (t->details) {
        (void)fputs(".SH DESCRIPTION\n", f);
        man_text(f, t->details);
    }
    (void)fputs(".SH OPTIONS\n", f);
    for (const struct opt *o = t->options; o->type != OPT_END; o++) {
        if (o->type == OPT_GROUP) {
            (void)fprintf(f, ".SS %s\n", o->help);
        } else {
            man_option(f, o);
        }
    }
    (void)fputs(".SS Every tool\n", f);
    if (!t->no_catalog) {
        man_option(f, &catalog_option);
    }
    for (const struct opt *o = common; o->type != OPT_END; o++) {
        man_option(f, o);
    }
    (void)fputs(".SH EXAMPLES\n.nf\n", f);
    man_text(f, t->examples);
    (void)fputs(".fi\n.SH EXIT STATUS\n0 done, 1 finished but incomplete, 2 usage, 3 bad input, 4 "
                "system, 5 remote, 6 device or backend unavailable.\n",
                f);
}
