/* SPDX-License-Identifier: MIT */
/*
 * How many requests may be in flight: more while answers come as fast as before, half of them when
 * the service says that it is too much (429, 503, quota) or does not answer in time.
 *
 * Additive increase, multiplicative decrease: D.-M. Chiu and R. Jain, Computer Networks and ISDN
 * Systems 17 (1989); doubling per round trip until the first sign of trouble: V. Jacobson, SIGCOMM
 * 1988. Time is given by the caller.
 */
#ifndef FETCH_AIMD_H
#define FETCH_AIMD_H

#include <stdbool.h>

#define AIMD_FIRST  8    /* where a run begins */
#define AIMD_FAST_S 0.05 /* an answer within this is fast, whatever the best one took */

enum aimd_kind { AIMD_PROBE, AIMD_VIEW, AIMD_KIND_COUNT }; /* they take different times */

struct aimd {
    double size; /* 1 .. max */
    int max;
    bool cautious;                  /* there has been trouble: grow slowly */
    double halved_s;                /* when it was last made smaller */
    double best_s[AIMD_KIND_COUNT]; /* latency when nothing queues; 0: not known */
    double mean_s[AIMD_KIND_COUNT]; /* of the latest answers */
};

void aimd_init(struct aimd *a, int max);

/* aimd_window - requests that may be in flight now. */
int aimd_window(const struct aimd *a);

/* aimd_good - an answer came; aimd_bad: one that says "too much", or none in time. Of the requests
 * sent before the last halving, trouble is no news. */
void aimd_good(struct aimd *a, enum aimd_kind kind, double sent_s, double now_s);
void aimd_bad(struct aimd *a, double sent_s, double now_s);

#endif
