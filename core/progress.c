/* SPDX-License-Identifier: MIT */
/* The progress line: see progress.h. Redrawn at most six times a second. */
#include "core/progress.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "core/log.h"

#define TTY_INTERVAL_S   (1.0 / 6)
#define JSON_INTERVAL_S  1.0
#define PLAIN_INTERVAL_S 30.0

double time_monotonic_s(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void time_utc(char out[21])
{
    time_t now = time(NULL);
    struct tm tm = {0};
    (void)gmtime_r(&now, &tm);
    (void)strftime(out, 21, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static bool on_terminal(void)
{
    return isatty(STDERR_FILENO) && tcgetpgrp(STDERR_FILENO) == getpgrp();
}

void progress_init(struct progress *p, enum progress_mode mode, const char *unit, uint64_t total)
{
    if (mode == PROGRESS_AUTO) {
        mode = on_terminal() ? PROGRESS_TTY : PROGRESS_PLAIN;
    }
    if (log_verbosity() < 0 && mode != PROGRESS_JSON) {
        mode = PROGRESS_NONE;
    }
    *p = (struct progress){.mode = mode, .unit = unit, .total = total};
    (void)pthread_mutex_init(&p->mutex, NULL);
    p->start_s = p->drawn_s = time_monotonic_s();
}

static double interval(enum progress_mode mode)
{
    return mode == PROGRESS_TTY    ? TTY_INTERVAL_S
           : mode == PROGRESS_JSON ? JSON_INTERVAL_S
                                   : PLAIN_INTERVAL_S;
}

/* p->mutex is held. */
static void draw(struct progress *p, double now)
{
    double elapsed = now - p->start_s;
    double rate = elapsed > 0 ? (double)p->done / elapsed : 0;
    double eta = rate > 0 && p->total > p->done ? (double)(p->total - p->done) / rate : 0;
    unsigned long long done = p->done;
    unsigned long long total = p->total;
    p->drawn_s = now;
    if (p->mode == PROGRESS_JSON) {
        (void)fprintf(stderr,
                      "{\"ev\":\"progress\",\"tool\":\"%s\",\"done\":%llu,\"total\":%llu,"
                      "\"unit\":\"%s\",\"rate\":%.1f,\"eta_s\":%.0f}\n",
                      log_tool(), done, total, p->unit, rate, eta);
        return;
    }
    const char *before = p->mode == PROGRESS_TTY ? "\r\033[K" : "";
    const char *after = p->mode == PROGRESS_TTY ? "" : "\n";
    const char *gap = p->note[0] ? "  " : "";
    if (p->total) {
        (void)fprintf(stderr, "%s%s: %llu of %llu %ss (%.0f%%), %.4g/s, %.0f s left%s%s%s", before,
                      log_tool(), done, total, p->unit, 100.0 * (double)done / (double)total, rate,
                      eta, gap, p->note, after);
    } else {
        (void)fprintf(stderr, "%s%s: %llu %ss, %.4g/s%s%s%s", before, log_tool(), done, p->unit,
                      rate, gap, p->note, after);
    }
    if (p->mode == PROGRESS_TTY) {
        (void)fflush(stderr);
        log_on_line(true);
    }
}

static void maybe_draw(struct progress *p)
{
    double now = time_monotonic_s();
    if (p->mode != PROGRESS_NONE && now - p->drawn_s >= interval(p->mode)) {
        draw(p, now);
    }
}

void progress_set(struct progress *p, uint64_t done)
{
    (void)pthread_mutex_lock(&p->mutex);
    p->done = done;
    maybe_draw(p);
    (void)pthread_mutex_unlock(&p->mutex);
}

void progress_add(struct progress *p, uint64_t more)
{
    (void)pthread_mutex_lock(&p->mutex);
    p->done += more;
    maybe_draw(p);
    (void)pthread_mutex_unlock(&p->mutex);
}

void progress_note(struct progress *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)pthread_mutex_lock(&p->mutex);
    (void)vsnprintf(p->note, sizeof p->note, fmt, ap);
    (void)pthread_mutex_unlock(&p->mutex);
    va_end(ap);
}

void progress_end(struct progress *p)
{
    (void)pthread_mutex_lock(&p->mutex);
    if (p->mode == PROGRESS_TTY) {
        draw(p, time_monotonic_s());
        (void)fputc('\n', stderr);
        log_on_line(false);
    } else if (p->mode == PROGRESS_JSON) {
        draw(p, time_monotonic_s());
    }
    (void)pthread_mutex_unlock(&p->mutex);
    (void)pthread_mutex_destroy(&p->mutex);
}
