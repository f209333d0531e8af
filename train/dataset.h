/* SPDX-License-Identifier: MIT */
/*
 * What a run learns from and is measured on: the locations of the split's parts that are in the
 * pack, their labels or scaled coordinates, the classes, the channel statistics. Read once from
 * the catalog; nothing here touches it afterwards.
 *
 * Who is in: train - located, in the pack and (classification) in a kept class. val and test - all
 * located ones in the pack, labelled or not: the error in km counts them all. A location of which
 * no view could be read is in no part; one that lacks some views is in (place_fill_views says what
 * stands in for them).
 */
#ifndef TRAIN_DATASET_H
#define TRAIN_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/geo.h"
#include "core/hash.h"
#include "core/pack.h"
#include "sql/db.h"
#include "train/nn/checkpoint.h"
#include "train/prefs.h"

enum part_name { PART_TRAIN, PART_VAL, PART_TEST, PART_COUNT };

struct sample {
    int64_t location_id;
    uint64_t key;  /* of the uuid: whatever is drawn for this location */
    size_t record; /* in the pack */
    uint32_t mask; /* views present; not 0 */
    struct lonlat truth;
    int64_t label;   /* 0 .. n_classes-1; -1: in no kept class, or regression */
    float scaled[2]; /* regression: (x - min_x) / (max_x - min_x), ... */
};

struct part {
    struct sample *s; /* [n] ascending uuid; owned */
    size_t n, cap;
    size_t n_unpacked, n_viewless, n_unlabelled, n_incomplete; /* n_unlabelled: of train dropped,
                                                                  of the others kept */
};

struct dataset {
    enum task task;
    int64_t scheme_id, grid_id, projection_id; /* 0: none */
    struct part part[PART_COUNT];
    int64_t n_classes;
    struct class_point *cls;      /* [n_classes], owned; NULL: regression */
    struct lonlat *class_point;   /* [n_classes] data centroids, owned */
    float mean[3], std[3];        /* of RGB / 255, train part */
    struct image_form form;       /* how the pack's pictures were made */
    char crs[64];                 /* regression */
    struct bbox scale;            /* regression, metres */
    char border_sha256[65];       /* classification */
    char sha256[SHA256_HEX_SIZE]; /* of all of this and of the pack's inputs */
};

/* dataset_load - ERR_INPUT names what is missing and the tool that makes it. Fills *d, owned:
 * dataset_release. Warns of what was left out. */
int dataset_load(struct db *db, const struct train_prefs *prefs, const struct pack *pack,
                 struct dataset *d, struct err *e);
void dataset_release(struct dataset *d);

/* part_label - "train", "val", "test": as the catalog calls it. Static. */
const char *part_label(enum part_name p);

/* part_baseline - *guess: the best constant guess, the geometric median of the train part's
 * locations; *km: its mean distance to the locations of part p, NAN when that is empty. */
int part_baseline(const struct dataset *d, enum part_name p, struct lonlat *guess, double *km,
                  struct err *e);

#endif
