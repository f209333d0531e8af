/* SPDX-License-Identifier: MIT */
/*
 * The work of other threads: verification, cutting, files. It touches nothing but its task (with
 * the pictures that come of it) or its job while that is busy.
 *
 * A view that was asked for and a perspective picture are kept as they came; of a picture that
 * shows all directions, the four views are cut and the picture itself is dropped.
 */
#include "fetch/engine_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "fetch/equirect.h"
#include "fetch/picture.h"

#define CUT_QUALITY 90 /* of the JPEGs of cut views: what the pictures themselves mostly have */

/* False, with what went wrong. */
static bool fail(struct task *t, const struct err *e)
{
    (void)snprintf(t->why, sizeof t->why, "%.255s", e->msg);
    return false;
}

static void name_picture(struct job_picture *p, int view, double heading_deg)
{
    p->view = view;
    p->heading_deg = heading_deg;
    store_name(heading_deg, p->name);
}

/* The bytes as they came become the picture. */
static bool keep_picture(struct task *t, struct job_picture *p, struct err *e)
{
    struct image_info info;
    if (image_read_info((const uint8_t *)t->jpeg, t->n_jpeg, &info, e) != 0 ||
        sha256_of(t->jpeg, t->n_jpeg, p->sha256, e) != 0) {
        return fail(t, e);
    }
    p->width = info.width;
    p->height = info.height;
    p->jpeg = t->jpeg;
    p->n = t->n_jpeg;
    t->jpeg = NULL;
    return true;
}

static bool cut_view(struct task *t, const struct provider_prefs *ask, const struct image *sphere,
                     int view, struct err *e)
{
    struct job_picture *p = &t->job->picture[view];
    struct image img = {0};
    uint8_t *jpeg = NULL;
    const struct equirect_view v = {.heading_deg = provider_heading_deg(view),
                                    .pitch_deg = ask->pitch_deg,
                                    .fov_deg = ask->fov_deg,
                                    .width = (int)ask->size_px,
                                    .height = (int)ask->size_px};
    bool good = equirect_cut(sphere, t->job->pano.heading_deg, &v, &img, e) == 0 &&
                image_encode(&img, CUT_QUALITY, &jpeg, &p->n, e) == 0 &&
                sha256_of(jpeg, p->n, p->sha256, e) == 0;
    image_release(&img);
    name_picture(p, view, v.heading_deg);
    p->width = v.width;
    p->height = v.height;
    p->jpeg = (char *)jpeg;
    return good ? true : fail(t, e);
}

static bool cut_sphere(struct task *t, const struct provider_prefs *ask, struct err *e)
{
    struct image sphere = {0};
    const struct equirect_view v = {
        .fov_deg = ask->fov_deg, .width = (int)ask->size_px, .height = (int)ask->size_px};
    bool good = false;
    if (image_decode((const uint8_t *)t->jpeg, t->n_jpeg, equirect_rows(&v), &sphere, e) != 0) {
        good = fail(t, e);
    } else if (picture_is_card(&sphere)) {
        (void)snprintf(t->why, sizeof t->why, "a card of one colour instead of a photograph");
    } else {
        good = true;
        for (int i = 0; i < PROVIDER_VIEWS && good; i++) {
            good = cut_view(t, ask, &sphere, i, e);
        }
        t->final = !good; /* it is whole, but no panorama */
    }
    image_release(&sphere);
    free(t->jpeg);
    t->jpeg = NULL;
    return good;
}

static bool check(struct task *t)
{
    struct job *j = t->job;
    const struct engine_prefs *p = ((const struct engine *)j->ctx)->p;
    struct err e = {0};
    if (j->pano.sphere) {
        return cut_sphere(t, &p->ask, &e);
    }
    struct job_picture *picture = &j->picture[t->view];
    bool asked = !picture->source && p->provider->n_views == PROVIDER_VIEWS;
    if (asked) {
        name_picture(picture, t->view, provider_heading_deg(t->view));
    } else if (!picture->source) {
        name_picture(picture, provider_view(j->pano.heading_deg), j->pano.heading_deg);
    }
    return picture_check((const uint8_t *)t->jpeg, t->n_jpeg, asked ? (int)p->ask.size_px : 0,
                         p->decode, t->why) &&
           keep_picture(t, picture, &e);
}

void engine_check_picture(void *task)
{
    struct task *t = task;
    t->good = check(t);
}

void engine_store_pictures(void *job)
{
    struct job *j = job;
    const struct engine *g = j->ctx;
    struct store_file file[PROVIDER_VIEWS];
    int n = 0;
    for (int i = 0; i < PROVIDER_VIEWS; i++) {
        if (j->picture[i].jpeg) {
            const struct job_picture *p = &j->picture[i];
            file[n++] = (struct store_file){p->name, p->jpeg, p->n, p->source};
        }
    }
    (void)store_put(g->p->images_dir, j->uuid, file, n, &j->store_error);
}
