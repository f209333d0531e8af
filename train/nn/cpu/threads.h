/* SPDX-License-Identifier: MIT */
/* OpenMP's threads, which our loops and oneDNN's share. */
#ifndef TRAIN_NN_CPU_THREADS_H
#define TRAIN_NN_CPU_THREADS_H

#include "core/err.h"

/*
 * threads_calm - once per process: make threads that wait for others sleep soon.
 *
 * A thread of GCC's OpenMP that has nothing to do spins for about 20 ms before it sleeps. With any
 * other work on the same cores (reading the next batch, another program) that is time the thread
 * it waits for does not get: a training step was measured eleven times slower beside one busy
 * process, with this in proportion to its share of the cores. The environment (OMP_WAIT_POLICY) is
 * read before main; but libgomp also stops spinning after some 60 us when it manages more threads
 * than there are cores. So we have it manage as many more, which sleep for good.
 * Source: GCC 12, libgomp/config/linux/wait.h, do_spin; team.c, gomp_team_start.
 */
int threads_calm(struct err *e);

/* threads_use - how many threads the caller's parallel regions get from now on. */
void threads_use(int n);

#endif
