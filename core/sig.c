/* SPDX-License-Identifier: MIT */
/* The handler only sets a flag; SA_RESETHAND makes the second signal the default action. */
#include "core/sig.h"

#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static volatile sig_atomic_t caught;

static void on_signal(int s)
{
    caught = s;
}

void sig_install(void)
{
    static const int list[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction sa = {.sa_handler = on_signal};
    sa.sa_flags = (int)SA_RESETHAND;
    (void)sigemptyset(&sa.sa_mask);
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct sigaction old = {0};
        /* What the parent told us to ignore (nohup) stays ignored. */
        if (sigaction(list[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
            (void)sigaction(list[i], &sa, NULL);
        }
    }
    sa.sa_handler = SIG_IGN;
    sa.sa_flags = 0;
    (void)sigaction(SIGPIPE, &sa, NULL);
}

int sig_caught(void)
{
    return caught;
}

int sig_check(struct err *e)
{
    return caught ? err_set(e, ERR_INTERRUPTED, "interrupted") : 0;
}

void sig_no_core(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* a core_pattern that is a pipe heeds no limit */
}

void sig_reraise(int s)
{
    struct sigaction sa = {.sa_handler = SIG_DFL};
    (void)sigemptyset(&sa.sa_mask);
    (void)sigaction(s, &sa, NULL);
    (void)raise(s);
}
