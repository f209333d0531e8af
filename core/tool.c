/* SPDX-License-Identifier: MIT */
/* The life of a tool: options, run, one error line, exit code. Help texts are in tool_help.c. */
#include "core/tool.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/closest.h"
#include "core/file.h"
#include "core/log.h"
#include "core/parse.h"
#include "core/sig.h"
#include "core/tool_help.h"

/* getopt value of option i: KEY_BASE + i; of its --no- form: NEGATE_BASE + i */
#define KEY_BASE    1000
#define NEGATE_BASE 3000
#define MAX_OPTIONS 128
#define COMMAND_MAX 8192

static int choice_of(const char *text, const char *const *choices, int *out, struct err *e)
{
    struct buf list;
    buf_init(&list, 512);
    for (int i = 0; choices[i]; i++) {
        if (strcmp(text, choices[i]) == 0) {
            *out = i;
            buf_release(&list);
            return 0;
        }
        (void)buf_printf(&list, e, "%s%s", i ? ", " : "", choices[i]);
    }
    (void)err_set(e, ERR_USAGE, "'%s' is none of %s", text, list.p);
    buf_release(&list);
    return -1;
}

static int list_add(struct opt_list *l, const char *value, struct err *e)
{
    if (l->n == OPT_LIST_MAX) {
        return err_set(e, ERR_USAGE, "given more than %d times", OPT_LIST_MAX);
    }
    l->v[l->n++] = value;
    return 0;
}

static int assign(const struct opt *o, const char *value, struct err *e)
{
    bool bounded = o->min != 0 || o->max != 0;
    double lo = bounded ? o->min : -1e300;
    double hi = bounded ? o->max : 1e300;
    int64_t ilo = bounded ? (int64_t)o->min : INT64_MIN;
    /* a double cannot hold INT64_MAX: what reaches it means no upper bound */
    int64_t ihi = bounded && o->max < 9.2e18 ? (int64_t)o->max : INT64_MAX;
    switch (o->type) {
    case OPT_STR:
        *(const char **)o->to = value;
        return 0;
    case OPT_LIST:
        return list_add(o->to, value, e);
    case OPT_CHOICE:
        return choice_of(value, o->choices, o->to, e);
    case OPT_COUNT:
        return parse_count(value, ilo, ihi, o->to, e);
    case OPT_F64:
        return parse_f64(value, lo, hi, o->to, e);
    case OPT_LENGTH:
        return parse_length_m(value, lo, hi, o->to, e);
    case OPT_SECONDS:
        return parse_seconds(value, lo, hi, o->to, e);
    case OPT_END:
    case OPT_GROUP:
    case OPT_FLAG:
        break;
    }
    return 0;
}

/* The table in getopt_long's form. names holds the "no-x" strings. */
struct parser {
    struct option longs[2 * MAX_OPTIONS + 16];
    char shorts[2 * MAX_OPTIONS + 8];
    char negated[MAX_OPTIONS][40];
    int n_longs, n_shorts;
};

static void add_long(struct parser *p, const char *name, int has_arg, int key)
{
    p->longs[p->n_longs++] = (struct option){name, has_arg, NULL, key};
}

static void add_short(struct parser *p, char letter, bool has_arg)
{
    p->shorts[p->n_shorts++] = letter;
    if (has_arg) {
        p->shorts[p->n_shorts++] = ':';
    }
}

static void parser_build(struct parser *p, const struct tool *t)
{
    *p = (struct parser){0};
    p->shorts[p->n_shorts++] = ':'; /* tell a missing value from an unknown option */
    for (int i = 0; i < MAX_OPTIONS && t->options[i].type != OPT_END; i++) {
        const struct opt *o = &t->options[i];
        if (o->type == OPT_GROUP) {
            continue;
        }
        bool flag = o->type == OPT_FLAG;
        add_long(p, o->name, flag ? no_argument : required_argument, KEY_BASE + i);
        if (flag) {
            (void)snprintf(p->negated[i], sizeof p->negated[i], "no-%s", o->name);
            add_long(p, p->negated[i], no_argument, NEGATE_BASE + i);
        }
        if (o->letter) {
            add_short(p, o->letter, !flag);
        }
    }
    if (!t->no_catalog) {
        add_long(p, "catalog", required_argument, 'C');
    }
    add_long(p, "quiet", no_argument, 'q');
    add_long(p, "verbose", no_argument, 'v');
    add_long(p, "progress", required_argument, 'P');
    add_long(p, "help", no_argument, 'h');
    add_long(p, "version", no_argument, 'V');
    add_long(p, "man", no_argument, 'M');
    add_short(p, 'q', false);
    add_short(p, 'v', false);
    add_short(p, 'h', false);
}

/* The table index that getopt's key stands for; a short option's key is its letter. */
static int index_of(const struct tool *t, int key)
{
    if (key >= NEGATE_BASE) {
        return key - NEGATE_BASE;
    }
    if (key >= KEY_BASE) {
        return key - KEY_BASE;
    }
    int i = 0;
    while (t->options[i].letter != key) {
        i++;
    }
    return i;
}

static int set_option(const struct tool *t, int key, const char *value, struct err *e)
{
    const struct opt *o = &t->options[index_of(t, key)];
    if (o->given) {
        *o->given = true;
    }
    if (o->type == OPT_FLAG) {
        *(bool *)o->to = key < NEGATE_BASE;
        return 0;
    }
    if (assign(o, value, e) != 0) {
        (void)err_ctx(e, "--%s", o->name);
        e->kind = ERR_USAGE;
        return -1;
    }
    return 0;
}

/* What is wrong with an option that getopt does not take; key is 0 for what no table has. */
static void refuse_option(const struct parser *p, const char *arg, int key, struct err *e)
{
    if (strncmp(arg, "--", 2) != 0) {
        (void)err_set(e, ERR_USAGE, "unknown option '-%c'", key);
        return;
    }
    const size_t n = strcspn(arg + 2, "=");
    const char *begun[2] = {NULL, NULL};
    struct closest c = closest_start(arg + 2, n);
    for (int i = 0; i < p->n_longs; i++) {
        const char *name = p->longs[i].name;
        if (strncmp(name, arg + 2, n) == 0) {
            begun[begun[0] ? 1 : 0] = name;
        }
        closest_try(&c, name);
    }
    if (key != 0) {
        (void)err_set(e, ERR_USAGE, "option '%.*s' takes no value", (int)n + 2, arg);
    } else if (begun[1]) {
        (void)err_set(e, ERR_USAGE, "option '%s' could be '--%s' or '--%s'", arg, begun[0],
                      begun[1]);
    } else if (c.best) {
        (void)err_set(e, ERR_USAGE, "unknown option '%s': did you mean '--%s'?", arg, c.best);
    } else {
        (void)err_set(e, ERR_USAGE, "unknown option '%s'", arg);
    }
}

enum { CONTINUE = -1 };

/* Options into their targets. CONTINUE, or the exit code of --help and its like. */
static int parse(const struct tool *t, int argc, char **argv, struct cli *cli, int *verbosity,
                 struct err *e)
{
    static struct parser p; /* getopt_long keeps no copy of the names */
    int progress = PROGRESS_AUTO;
    int key = 0;
    parser_build(&p, t);
    opterr = 0;
    /* Options are parsed before any thread starts. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    while ((key = getopt_long(argc, argv, p.shorts, p.longs, NULL)) != -1) {
        switch (key) {
        case 'h':
            tool_help(t, stdout);
            return 0;
        case 'V':
            tool_version(t, stdout);
            return 0;
        case 'M':
            tool_man(t, stdout);
            return 0;
        case 'q':
            *verbosity = -1;
            break;
        case 'v':
            *verbosity = 1;
            break;
        case 'C':
            cli->catalog = optarg;
            break;
        case 'P':
            if (choice_of(optarg, tool_progress_names, &progress, e) != 0) {
                (void)err_ctx(e, "--progress");
                return ERR_USAGE;
            }
            break;
        case ':':
            (void)err_set(e, ERR_USAGE, "option '%s' needs a value", argv[optind - 1]);
            return ERR_USAGE;
        case '?':
            refuse_option(&p, argv[optind > 1 ? optind - 1 : 1], optopt, e);
            return ERR_USAGE;
        default:
            if (set_option(t, key, optarg, e) != 0) {
                return ERR_USAGE;
            }
        }
    }
    cli->progress = (enum progress_mode)progress;
    cli->args = (const char *const *)argv + optind;
    cli->n_args = argc - optind;
    if (cli->n_args < t->min_args) {
        (void)err_set(e, ERR_USAGE, "needs %s %s",
                      t->min_args == 1 ? "an argument:" : "arguments:", t->synopsis);
        return ERR_USAGE;
    }
    if (t->max_args >= 0 && cli->n_args > t->max_args) {
        (void)err_set(e, ERR_USAGE, "unexpected argument '%s'", cli->args[t->max_args]);
        return ERR_USAGE;
    }
    return CONTINUE;
}

/* The command line as one string; cut when absurdly long. */
static char *join(int argc, char **argv)
{
    struct err ignored = {0};
    struct buf b;
    buf_init(&b, COMMAND_MAX);
    for (int i = 1; i < argc; i++) {
        if (buf_printf(&b, &ignored, "%s%s", i > 1 ? " " : "", argv[i]) != 0) {
            break;
        }
    }
    if (!b.p) {
        (void)buf_add_str(&b, "", &ignored);
    }
    return buf_take(&b);
}

static void say_error(const struct tool *t, const struct err *e)
{
    log_error("%s", e->msg);
    if (e->kind == ERR_USAGE) {
        (void)fprintf(stderr, "try '%s --help'\n", t->name);
    }
}

static int finish(const struct tool *t, int rc, struct err *e)
{
    if (rc == 0) {
        rc = stdout_finish(e);
    } else {
        (void)fflush(stdout);
    }
    log_summary();
    if (rc == 0) {
        return 0;
    }
    if (e->msg[0]) {
        say_error(t, e);
    }
    if (e->kind == ERR_INTERRUPTED) {
        sig_reraise(sig_caught());
        return 128 + sig_caught();
    }
    return e->kind == ERR_NONE ? ERR_SYSTEM : (int)e->kind;
}

int tool_main(const struct tool *t, int argc, char **argv)
{
    struct err e = {0};
    int verbosity = 0;
    char *command_line = join(argc, argv);
    struct cli cli = {.tool = t->name, .catalog = TOOL_CATALOG, .command_line = command_line};
    log_init(t->name, 0);
    int code = parse(t, argc, argv, &cli, &verbosity, &e);
    if (code == CONTINUE) {
        log_init(t->name, verbosity);
        sig_install();
        code = finish(t, t->run(&cli, &e), &e);
    } else {
        code = finish(t, code == 0 ? 0 : -1, &e);
    }
    free(command_line);
    return code;
}
