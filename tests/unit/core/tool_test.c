/* SPDX-License-Identifier: MIT */
/* The option table: parsing, help, exit codes. Each case runs tool_main in a child process. */
#include "tests/unit/core/core_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file.h"
#include "core/sig.h"
#include "core/tool.h"

#define MAX_ARGS 8

static bool flag = true;
static int64_t count = 7;
static double length_m = 500;
static const char *text;
static int choice;
static struct opt_list list;
static bool count_given;
static const char *const colours[] = {"red", "green", NULL};

static const struct opt options[] = {
    {OPT_GROUP, .help = "Shapes"},
    {OPT_FLAG, "flag", 'f', NULL, &flag, .help = "a flag"},
    {OPT_COUNT, "count", 'n', "N", &count, .min = 1, .max = 1000, .help = "how many",
     .given = &count_given},
    {OPT_LENGTH, "length", 0, "M", &length_m, .min = 0, .max = 1e6, .help = "how long"},
    {OPT_STR, "text", 0, "TEXT", &text, .help = "some text"},
    {OPT_CHOICE, "colour", 0, "NAME", &choice, .choices = colours, .help = "one of them"},
    {OPT_LIST, "item", 0, "X", &list, .help = "may repeat"},
    {OPT_END},
};

static int run(const struct cli *cli, struct err *e)
{
    if (text && strcmp(text, "fail") == 0) {
        return err_set(e, ERR_INPUT, "cannot read 'x'");
    }
    if (text && strcmp(text, "misuse") == 0) {
        return err_set(e, ERR_USAGE, "'x' exists: give --force");
    }
    if (text && strcmp(text, "signal") == 0) {
        (void)raise(SIGINT);
        return sig_check(e);
    }
    (void)printf("%d %d %.1f %s %s %d %d %s %d\n", flag, (int)count, length_m, text ? text : "-",
                 colours[choice], list.n, cli->n_args, cli->catalog, count_given);
    return 0;
}

static const struct tool tool = {.name = "gdje-test",
                                 .purpose = "Tests the table",
                                 .synopsis = "[FILE...]",
                                 .examples = "  gdje-test -n 3\n",
                                 .options = options,
                                 .max_args = 2,
                                 .run = run};

static char out[8192];
static char err[4096];

static void slurp(const char *path, char *to, size_t size)
{
    struct err e = {0};
    uint8_t *data = NULL;
    size_t n = 0;
    assert_int_equal(file_read(path, size - 1, &data, &n, &e), 0);
    memcpy(to, data, n + 1);
    free(data);
}

/* Exit code of the tool, or minus the signal that ended it; its words in out and err. */
static int call_to(const char *stdout_path, const char *const *args)
{
    char *argv[MAX_ARGS + 2] = {strdup("gdje-test")};
    char dir[] = "/tmp/gdje-tool.XXXXXX";
    char path[2][64];
    int argc = 1;
    int status = 0;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path[0], sizeof path[0], "%s/out", dir);
    (void)snprintf(path[1], sizeof path[1], "%s/err", dir);
    for (; args[argc - 1]; argc++) {
        argv[argc] = strdup(args[argc - 1]);
    }
    (void)fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (!freopen(stdout_path ? stdout_path : path[0], "w", stdout) ||
            !freopen(path[1], "w", stderr)) {
            _exit(99);
        }
        int code = tool_main(&tool, argc, argv);
        (void)fflush(NULL);
        _exit(code);
    }
    assert_true(waitpid(pid, &status, 0) == pid);
    out[0] = '\0';
    if (!stdout_path) {
        slurp(path[0], out, sizeof out);
    }
    slurp(path[1], err, sizeof err);
    (void)unlink(path[0]);
    (void)unlink(path[1]);
    (void)rmdir(dir);
    for (int i = 0; i < argc; i++) {
        free(argv[i]);
    }
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

#define CALL(...) call_to(NULL, (const char *const[]){__VA_ARGS__, NULL})

static void test_values(void **state)
{
    (void)state;
    assert_int_equal(call_to(NULL, (const char *const[]){NULL}), 0);
    assert_string_equal(out, "1 7 500.0 - red 0 0 work/catalog.gpkg 0\n");
    assert_int_equal(CALL("--no-flag", "-n", "12", "--length=2km", "--text", "x", "a", "b"), 0);
    assert_string_equal(out, "0 12 2000.0 x red 0 2 work/catalog.gpkg 1\n");
    assert_int_equal(CALL("--item", "1", "--item", "2", "--catalog", "c", "--colour=green"), 0);
    assert_string_equal(out, "1 7 500.0 - green 2 0 c 0\n");
    assert_int_equal(CALL("--len", "3", "--", "--flag"), 0); /* abbreviated; -- ends options */
    assert_string_equal(out, "1 7 3.0 - red 0 1 work/catalog.gpkg 0\n");
}

static void test_usage_errors(void **state)
{
    (void)state;
    assert_int_equal(CALL("--nonsense"), 2);
    assert_non_null(strstr(err, "gdje-test: error: unknown option '--nonsense'\n"));
    assert_non_null(strstr(err, "try 'gdje-test --help'"));
    assert_int_equal(CALL("--cuont", "3"), 2);
    assert_non_null(strstr(err, "unknown option '--cuont': did you mean '--count'?"));
    assert_int_equal(CALL("--no-flga"), 2);
    assert_non_null(strstr(err, "did you mean '--no-flag'?"));
    assert_int_equal(CALL("--co", "3"), 2);
    assert_non_null(strstr(err, "option '--co' could be '--count' or '--colour'"));
    assert_int_equal(CALL("--flag=3"), 2);
    assert_non_null(strstr(err, "option '--flag' takes no value"));
    assert_int_equal(CALL("-fx"), 2);
    assert_non_null(strstr(err, "unknown option '-x'"));
    assert_int_equal(CALL("--count"), 2);
    assert_non_null(strstr(err, "needs a value"));
    assert_int_equal(CALL("--count", "0"), 2);
    assert_non_null(strstr(err, "--count: '0' is not in the range 1 to 1000"));
    assert_int_equal(CALL("--count", "many"), 2);
    assert_int_equal(CALL("--colour", "blue"), 2);
    assert_non_null(strstr(err, "'blue' is none of red, green"));
    assert_int_equal(CALL("a", "b", "c"), 2);
    assert_non_null(strstr(err, "unexpected argument 'c'"));
    assert_int_equal(CALL("--progress", "loud"), 2);
    assert_string_equal(out, "");
}

static void test_help(void **state)
{
    (void)state;
    assert_int_equal(CALL("--help"), 0);
    assert_string_equal(err, "");
    assert_non_null(strstr(out, "Usage: gdje-test [OPTION...] [FILE...]"));
    assert_non_null(strstr(out, "Shapes:"));
    assert_non_null(strstr(out, "how many (default: 7)"));
    assert_non_null(strstr(out, "how long (default: 500 m)"));
    assert_non_null(strstr(out, "one of them: red, green (default: red)"));
    assert_non_null(strstr(out, "--catalog"));
    assert_non_null(strstr(out, "Exit codes:"));
    assert_int_equal(CALL("--man"), 0);
    assert_non_null(strstr(out, ".TH GDJE-TEST 1"));
    assert_int_equal(CALL("--version"), 0);
    assert_non_null(strstr(out, "gdje-test (gdje) " GDJE_VERSION));
}

static void test_exit_codes(void **state)
{
    (void)state;
    assert_int_equal(CALL("--text", "fail"), ERR_INPUT);
    assert_string_equal(err, "gdje-test: error: cannot read 'x'\n");
    assert_int_equal(CALL("--text", "misuse"), ERR_USAGE);
    assert_string_equal(err,
                        "gdje-test: error: 'x' exists: give --force\ntry 'gdje-test --help'\n");
    assert_int_equal(CALL("--text", "signal"), -SIGINT);
}

static void test_full_standard_output(void **state)
{
    (void)state;
    assert_int_equal(call_to("/dev/full", (const char *const[]){NULL}), ERR_SYSTEM);
    assert_non_null(strstr(err, "cannot write standard output: No space left on device"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_usage_errors),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_exit_codes),
        cmocka_unit_test(test_full_standard_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
