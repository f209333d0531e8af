/* SPDX-License-Identifier: MIT */
/*
 * Batches, prepared by threads while the network computes: records are copied out of the pack,
 * missing views filled, train pictures augmented, targets made. What a batch holds depends on
 * (part, order, epoch, seed) alone, never on threads or timing.
 *
 *     TRY(loader_new(&spec, &l, e));
 *     TRY(loader_begin(l, &pass, e));
 *     while ((rc = loader_next(l, &b, e)) == 0 && b.n > 0) { ... }
 *     TRY(rc);
 *     loader_free(l);
 *
 * All memory is allocated by loader_new. One thread calls these functions.
 */
#ifndef TRAIN_LOADER_H
#define TRAIN_LOADER_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/pack.h"
#include "train/augment.h"
#include "train/dataset.h"
#include "train/target.h"

struct loader;

struct loader_spec {
    const struct pack *pack; /* borrowed, as all pointers here */
    const struct dataset *data;
    struct target_spec target;
    const struct augment_prefs *augment; /* NULL: train pictures are left as they are */
    uint64_t seed;
    int max_batch;
    int n_threads; /* >= 1 */
};

/* One way through a part. */
struct pass {
    enum part_name part;
    const uint32_t *order; /* [n of the part] permutation; NULL: as it is; borrowed until the end */
    int epoch;             /* chooses the augmentation; only for PART_TRAIN */
};

/* A view, valid until the next call of loader_next or loader_begin. */
struct minibatch {
    int n;                              /* locations; 0: the pass is over */
    const uint8_t *rgb;                 /* [N, V, H, W, 3] u8 */
    const float *target;                /* [N, n_out] f32; rows of unlabelled locations are zero */
    const struct sample *const *sample; /* [N] */
};

int loader_new(const struct loader_spec *spec, struct loader **loader, struct err *e);
void loader_free(struct loader *l); /* NULL ok; ends the threads, also within a pass */

/* loader_begin - start a pass; what is left of the one before is dropped. The part is cut into the
 * fewest batches of nearly equal size (they differ by one at most), so that batch norm never sees
 * a handful of pictures. */
int loader_begin(struct loader *l, const struct pass *pass, struct err *e);

/* loader_next - ERR_INPUT names a record that is damaged (each is checked once). */
int loader_next(struct loader *l, struct minibatch *b, struct err *e);

/* loader_batches - how many batches a pass over n locations has. */
size_t loader_batches(size_t n, int max_batch);

#endif
