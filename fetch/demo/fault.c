/* SPDX-License-Identifier: MIT */
/* The table of faults, their rates, and how often each target was asked for: a hash table of the
 * targets' hashes with open addressing, at most two thirds full. */
#include "fetch/demo/fault.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/parse.h"
#include "core/rng.h"
#include "fetch/demo/protocol.h"

#define ASKED_FIRST 1024 /* places of the table at the start; always a power of two */

static const struct {
    const char *name, *help;
} table[FAULT_COUNT] = {
    [FAULT_NONE] = {"none", "an answer without fault"},
    [FAULT_429] = {"429", "HTTP 429 Too Many Requests"},
    [FAULT_RETRY_AFTER] = {"retry-after", "HTTP 429 with Retry-After: 1"},
    [FAULT_500] = {"500", "HTTP 500 Internal Server Error"},
    [FAULT_502] = {"502", "HTTP 502 Bad Gateway, as HTML"},
    [FAULT_503] = {"503", "HTTP 503 Service Unavailable"},
    [FAULT_403] = {"403", "HTTP 403 Forbidden, as for a refused key"},
    [FAULT_OVER_LIMIT] = {"over-limit", "the quota is used up, three times in a row"},
    [FAULT_CUT] = {"cut", "close the connection in the middle of the body"},
    [FAULT_LONG_LENGTH] = {"long-length", "claim a longer body than is sent, then close"},
    [FAULT_SHORT_LENGTH] = {"short-length", "claim a shorter body than is sent, then close"},
    [FAULT_DRIP] = {"drip", "send the body at a byte a second"},
    [FAULT_STALL] = {"stall", "never answer"},
    [FAULT_HTML] = {"html", "a page of HTML with HTTP 200"},
    [FAULT_REDIRECT] = {"redirect", "HTTP 302 to an address that redirects to itself"},
    [FAULT_TRUNCATED] = {"truncated", "pictures: half a JPEG, with a length that fits"},
    [FAULT_GREY] = {"grey", "pictures: the grey one that says there is no imagery, with HTTP 200"},
    [FAULT_EXPIRED] = {"expired", "pictures: the address has expired (HTTP 404; Mapillary 403)"},
    [FAULT_UNKNOWN_ERROR] = {"unknown-error",
                             "metadata: an unknown error, in the words of the service"},
    [FAULT_HUGE] = {"huge", "metadata: 50 MB of JSON"},
    [FAULT_DEEP] = {"deep", "metadata: JSON nested 30,000 deep"},
    [FAULT_TYPES] = {"types", "metadata: members of the wrong types"},
    [FAULT_DUPLICATE] =
        {"duplicate", "metadata: every record of a list twice, or its id twice, the second wrong"},
};

struct asked {
    uint64_t target; /* its hash; 0: a free place */
    uint32_t n;
};

struct faults {
    double rate[FAULT_COUNT];
    uint64_t seed;
    pthread_mutex_t lock; /* of what follows */
    struct asked *asked;  /* [n_places] */
    size_t n_places, n_asked;
};

const char *fault_name(enum fault f)
{
    return table[f].name;
}

const char *fault_help(enum fault f)
{
    return table[f].help;
}

bool fault_strikes(enum fault f, bool image)
{
    return image ? f < FAULT_UNKNOWN_ERROR : f < FAULT_TRUNCATED || f >= FAULT_UNKNOWN_ERROR;
}

/* --- rates -------------------------------------------------------------------------------------- */

static int set_rate(struct faults *f, const char *name, double rate, bool *named, double *all,
                    struct err *e)
{
    if (strcmp(name, "all") == 0) {
        *all = rate;
        return 0;
    }
    for (int i = FAULT_NONE + 1; i < FAULT_COUNT; i++) {
        if (strcmp(name, table[i].name) == 0) {
            f->rate[i] = rate;
            named[i] = true;
            return 0;
        }
    }
    return err_set(e, ERR_USAGE, "--fault: there is no fault '%s'; --list-faults names them", name);
}

static int check_sum(const struct faults *f, bool image, struct err *e)
{
    double sum = 0;
    for (int i = FAULT_NONE + 1; i < FAULT_COUNT; i++) {
        sum += fault_strikes((enum fault)i, image) ? f->rate[i] : 0;
    }
    return sum <= 1 + 1e-9
               ? 0
               : err_set(e, ERR_USAGE, "--fault: the rates of %s add up to %g, not to 1",
                         image ? "pictures" : "metadata", sum);
}

/* text is cut to pieces. */
static int read_rates(struct faults *f, char *text, struct err *e)
{
    bool named[FAULT_COUNT] = {false};
    double all = 0;
    for (char *at = text, *next = NULL; at; at = next) {
        double rate = 0;
        next = strchr(at, ',');
        if (next) {
            *next++ = '\0';
        }
        char *value = strchr(at, '=');
        if (!value) {
            return err_set(e, ERR_USAGE, "--fault: '%s' is not NAME=RATE", at);
        }
        *value++ = '\0';
        if (parse_f64(value, 0, 1, &rate, e) != 0) {
            e->kind = ERR_USAGE;
            return err_ctx(e, "--fault: the rate of '%s'", at);
        }
        if (set_rate(f, at, rate, named, &all, e) != 0) {
            return -1;
        }
    }
    for (int i = FAULT_NONE + 1; i < FAULT_COUNT; i++) {
        f->rate[i] = named[i] ? f->rate[i] : all;
    }
    return check_sum(f, true, e) != 0 ? -1 : check_sum(f, false, e);
}

int faults_new(const char *text, uint64_t seed, struct faults **out, struct err *e)
{
    int rc = -1;
    char *copy = strdup(text);
    struct faults *f = calloc(1, sizeof *f);
    struct asked *asked = calloc(ASKED_FIRST, sizeof *asked);
    if (!copy || !f || !asked) {
        rc = err_nomem(e, "the faults");
        goto out;
    }
    f->seed = seed;
    TRY(read_rates(f, copy, e));
    f->asked = asked;
    f->n_places = ASKED_FIRST;
    (void)pthread_mutex_init(&f->lock, NULL);
    *out = f;
    f = NULL;
    asked = NULL;
out:
    free(asked);
    free(f);
    free(copy);
    return rc;
}

void faults_free(struct faults *f)
{
    if (f) {
        (void)pthread_mutex_destroy(&f->lock);
        free(f->asked);
        free(f);
    }
}

/* --- the decision -------------------------------------------------------------------------------- */

static enum fault draw(const struct faults *f, bool image, uint64_t stream, uint32_t nth)
{
    double u = rng_f64(f->seed ^ rng_stream("demo.fault"), stream, nth);
    for (int i = FAULT_NONE + 1; i < FAULT_COUNT; i++) {
        if (fault_strikes((enum fault)i, image)) {
            if (u < f->rate[i]) {
                return (enum fault)i;
            }
            u -= f->rate[i];
        }
    }
    return FAULT_NONE;
}

/* The number of what a target names, whenever it was made. */
static uint64_t stream_of(const char *target)
{
    char name[PROTOCOL_TARGET_MAX + 1];
    size_t n = protocol_route(target).n_name;
    n = n < sizeof name ? n : sizeof name - 1;
    memcpy(name, target, n);
    name[n] = '\0';
    return rng_stream(name);
}

enum fault fault_at(const struct faults *f, const char *target, uint32_t nth)
{
    struct route route = protocol_route(target);
    uint64_t stream = stream_of(target);
    if (strcmp(target, FAULT_LOOP) == 0) {
        return FAULT_REDIRECT;
    }
    if (route.service == SERVICE_NONE) {
        return FAULT_NONE;
    }
    for (uint32_t back = 1; back < FAULT_OVER_TRIES && back <= nth; back++) {
        if (draw(f, route.picture, stream, nth - back) == FAULT_OVER_LIMIT) {
            return FAULT_OVER_LIMIT;
        }
    }
    return draw(f, route.picture, stream, nth);
}

/* --- counting ------------------------------------------------------------------------------------- */

static struct asked *place_of(struct asked *asked, size_t n_places, uint64_t target)
{
    size_t i = (size_t)target & (n_places - 1);
    while (asked[i].target != 0 && asked[i].target != target) {
        i = (i + 1) & (n_places - 1);
    }
    return &asked[i];
}

/* Twice the places; without memory for them everything stays as it is. */
static void grow(struct faults *f)
{
    struct asked *more = calloc(2 * f->n_places, sizeof *more);
    if (!more) {
        return;
    }
    for (size_t i = 0; i < f->n_places; i++) {
        if (f->asked[i].target != 0) {
            *place_of(more, 2 * f->n_places, f->asked[i].target) = f->asked[i];
        }
    }
    free(f->asked);
    f->asked = more;
    f->n_places *= 2;
}

/* How often the target was asked for before. One that does not fit any more is always new. */
static uint32_t count(struct faults *f, const char *target)
{
    uint64_t hash = stream_of(target) | 1; /* never that of a free place */
    if (3 * (f->n_asked + 1) > 2 * f->n_places) {
        grow(f);
    }
    struct asked *a = place_of(f->asked, f->n_places, hash);
    if (a->target == 0) {
        if (f->n_asked + 1 == f->n_places) { /* one place stays free: it ends every search */
            return 0;
        }
        a->target = hash;
        f->n_asked++;
    }
    return a->n++;
}

enum fault faults_next(struct faults *f, const char *target)
{
    (void)pthread_mutex_lock(&f->lock);
    uint32_t nth = count(f, target);
    (void)pthread_mutex_unlock(&f->lock);
    return fault_at(f, target, nth);
}
