/* SPDX-License-Identifier: MIT */
/*
 * The shape of every tool: one table drives parsing, --help and the man page, and tool_main does
 * what all tools do alike (signals, messages, exit codes, a checked standard output).
 *
 *     static struct split_prefs prefs = SPLIT_PREFS_DEFAULT;
 *     static const struct opt options[] = {
 *         {OPT_GROUP, .help = "Parts"},
 *         {OPT_STR, "ratios", 0, "A/B/C", &prefs.ratios, .help = "train, val and test shares"},
 *         {OPT_COUNT, "seed", 0, "N", &prefs.seed, .max = INT64_MAX, .help = "..."},
 *         {OPT_END},
 *     };
 *     static int run(const struct cli *cli, struct err *e) { return split_run(cli, &prefs, e); }
 *     int main(int argc, char **argv)
 *     {
 *         static const struct tool tool = {.name = "gdje-split", ..., .run = run};
 *         return tool_main(&tool, argc, argv);
 *     }
 *
 * Options come as --name VALUE or --name=VALUE, may be cut to what is unambiguous, and are
 * followed by arguments; `--` ends them. A flag also has --no-name. The default that --help shows
 * is what the target holds when tool_main starts. Every tool has --catalog (unless no_catalog),
 * --quiet, --verbose, --progress, --help, --version.
 */
#ifndef CORE_TOOL_H
#define CORE_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/progress.h"

enum opt_type {
    OPT_END,
    OPT_GROUP,  /* a heading in --help: .help */
    OPT_FLAG,   /* bool */
    OPT_STR,    /* const char *; NULL by default means "not given". View of argv. */
    OPT_LIST,   /* struct opt_list: may be given several times */
    OPT_CHOICE, /* int: index into .choices */
    OPT_COUNT,  /* int64_t in min..max, suffixes k M G */
    OPT_F64,    /* double in min..max */
    OPT_LENGTH, /* double, metres in min..max; suffixes m, km */
    OPT_SECONDS /* double, seconds in min..max; suffixes ms s m h */
};

#define OPT_LIST_MAX 64

struct opt_list {
    const char *v[OPT_LIST_MAX];
    int n;
};

struct opt {
    enum opt_type type;
    const char *name;
    char letter;     /* 0: none */
    const char *arg; /* its name in --help; NULL for flags */
    void *to;
    double min, max;            /* both 0: no bounds */
    const char *const *choices; /* NULL-terminated */
    const char *help;           /* one sentence, no full stop; the default is appended */
    bool *given;                /* NULL, or set when the option was on the command line */
};

/* What run gets. */
struct cli {
    const char *tool;
    const char *catalog; /* path */
    enum progress_mode progress;
    const char *const *args;
    int n_args;
    const char *command_line; /* the options as given, for the record; secrets are never options */
};

struct tool {
    const char *name;     /* "gdje-split" */
    const char *purpose;  /* one sentence */
    const char *synopsis; /* what follows the options: "[FILE...]", or "" */
    const char *details;  /* paragraphs for --help and the man page; NULL */
    const char *examples; /* three or so lines: "  gdje-split --ratios 80/10/10\n" */
    const struct opt *options;
    int min_args, max_args; /* max -1: any */
    bool no_catalog;
    const char *libraries; /* for --version: "libcurl 7.88.1"; NULL */
    int (*run)(const struct cli *cli, struct err *e);
};

/* tool_main - parse, run, report. Returns the exit code; does not return when a signal ended it. */
int tool_main(const struct tool *t, int argc, char **argv);

#endif
