/* SPDX-License-Identifier: MIT */
/* What the reference backend offers beyond backend.h, to tests. */
#ifndef TRAIN_NN_REF_REF_H
#define TRAIN_NN_REF_REF_H

#include "train/nn/backend.h"

/* ref_output - the last forward's output [N, n_out] before it was rounded to f32: central
 * differences need the digits. View into p, valid until its next forward. */
const double *ref_output(const struct plan *p);

#endif
