/* SPDX-License-Identifier: MIT */
/* Messages on stderr, one write each, so that lines of several threads do not mix. */
#include "core/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WARN_REPEAT 5  /* times the same warning is printed */
#define WARN_KINDS  64 /* formats told apart; later ones share the last slot */

static struct {
    pthread_mutex_t mutex; /* guards everything below */
    const char *tool;
    int verbosity;
    bool partial_line;
    struct {
        const char *fmt;
        unsigned long count;
        char first[80]; /* its beginning, for the summary */
    } warned[WARN_KINDS];
} state = {.mutex = PTHREAD_MUTEX_INITIALIZER, .tool = "gdje"};

void log_init(const char *tool, int verbosity)
{
    state.tool = tool;
    state.verbosity = verbosity;
}

const char *log_tool(void)
{
    return state.tool;
}

int log_verbosity(void)
{
    return state.verbosity;
}

void log_on_line(bool partial)
{
    (void)pthread_mutex_lock(&state.mutex);
    state.partial_line = partial;
    (void)pthread_mutex_unlock(&state.mutex);
}

/* state.mutex is held. */
__attribute__((format(printf, 2, 0))) static void say(const char *voice, const char *fmt,
                                                      va_list ap)
{
    char text[2048];
    (void)vsnprintf(text, sizeof text, fmt, ap);
    (void)fprintf(stderr, "%s%s: %s%s\n", state.partial_line ? "\r\033[K" : "", state.tool, voice,
                  text);
    state.partial_line = false;
}

#define SAY(voice)                                \
    do {                                          \
        va_list ap;                               \
        va_start(ap, fmt);                        \
        (void)pthread_mutex_lock(&state.mutex);   \
        say(voice, fmt, ap);                      \
        (void)pthread_mutex_unlock(&state.mutex); \
        va_end(ap);                               \
    } while (0)

void log_error(const char *fmt, ...)
{
    SAY("error: ");
}

/* Count this format; true when it is to be printed. state.mutex is held. */
__attribute__((format(printf, 1, 0))) static bool count_warning(const char *fmt, va_list ap)
{
    size_t i = 0;
    while (i < WARN_KINDS - 1 && state.warned[i].fmt && state.warned[i].fmt != fmt) {
        i++;
    }
    if (!state.warned[i].fmt) {
        va_list copy;
        va_copy(copy, ap);
        (void)vsnprintf(state.warned[i].first, sizeof state.warned[i].first, fmt, copy);
        va_end(copy);
        state.warned[i].fmt = fmt;
    }
    return ++state.warned[i].count <= WARN_REPEAT;
}

void log_warn(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)pthread_mutex_lock(&state.mutex);
    if (count_warning(fmt, ap)) {
        say("warning: ", fmt, ap);
    }
    (void)pthread_mutex_unlock(&state.mutex);
    va_end(ap);
}

void log_info(const char *fmt, ...)
{
    if (state.verbosity >= 0) {
        SAY("");
    }
}

void log_note(const char *fmt, ...)
{
    if (state.verbosity >= 1) {
        SAY("note: ");
    }
}

void log_hint(const char *fmt, ...)
{
    SAY("hint: ");
}

void log_summary(void)
{
    for (size_t i = 0; i < WARN_KINDS && state.warned[i].fmt; i++) {
        if (state.warned[i].count > WARN_REPEAT) {
            (void)fprintf(stderr, "%s: warning: %lu more like '%s'\n", state.tool,
                          state.warned[i].count - WARN_REPEAT, state.warned[i].first);
        }
    }
}
