/* SPDX-License-Identifier: MIT */
/*
 * How far a tool is, on stderr: one rewritten line on a terminal, a heartbeat every 30 s
 * otherwise, JSON objects for programs. Library code only counts.
 *
 *     struct progress p;
 *     progress_init(&p, cli->progress, "image", n_images);
 *     progress_set(&p, done);      (cheap: draws at most six times a second; any thread)
 *     progress_end(&p);
 */
#ifndef CORE_PROGRESS_H
#define CORE_PROGRESS_H

#include <pthread.h>
#include <stdint.h>

enum progress_mode {
    PROGRESS_AUTO, /* tty in the foreground of a terminal, else plain */
    PROGRESS_TTY,
    PROGRESS_PLAIN,
    PROGRESS_JSON,
    PROGRESS_NONE
};

struct progress {
    enum progress_mode mode; /* never AUTO once initialised */
    const char *unit;
    uint64_t total; /* 0: unknown */
    double start_s, drawn_s;
    uint64_t done;
    char note[96];
    pthread_mutex_t mutex; /* guards all fields */
};

void progress_init(struct progress *p, enum progress_mode mode, const char *unit, uint64_t total);
void progress_set(struct progress *p, uint64_t done);
void progress_add(struct progress *p, uint64_t more);
void progress_note(struct progress *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void progress_end(struct progress *p); /* last state, end of line */

/* time_monotonic_s - seconds of the monotonic clock; time_utc - "2026-11-20T10:00:00Z", 21 bytes. */
double time_monotonic_s(void);
void time_utc(char out[21]);

#endif
