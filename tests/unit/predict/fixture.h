/* SPDX-License-Identifier: MIT */
/*
 * A made-up country in a catalog, as if everything up to training had run: locations, photos,
 * split, grid, labels, a run with epochs, a checkpoint, and predictions if asked for. The unit
 * tests and, through tests/cli/predict_fixture.c, the command line tests use it.
 */
#ifndef TESTS_UNIT_PREDICT_FIXTURE_H
#define TESTS_UNIT_PREDICT_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

struct fixture_spec {
    const char *dir;    /* catalog.gpkg, images/, best.safetensors appear here */
    const char *border; /* locations lie inside */
    int n_locations;
    bool photos;       /* of the val and test part */
    bool predictions;  /* of the val and test part, by three decoders */
    bool unknown;      /* every tenth location has no coordinates and is in no part */
    bool hostile;      /* names that try to break out of HTML, JSON and CSV */
    bool demo;         /* the provider is the demo one */
    int checkpoint_px; /* 0: no checkpoint; its network is a ResNet-18 with random weights */
    bool regression;
};

int fixture_make(const struct fixture_spec *s, struct err *e);

/* What every hostile string holds; it must not be found raw in a page. */
#define FIXTURE_EVIL "</script><img src=x onerror=\"document.title='broken'\">'&"

#endif
