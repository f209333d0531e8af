/* SPDX-License-Identifier: MIT */
/* Requests that a folder on this machine answers: places at once, pictures on worker threads. What
 * is wrong with a file will be so next time: nothing is tried again. */
#include "fetch/engine_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/file.h"
#include "core/image.h"
#include "fetch/folder.h"

static bool is_same_folder(const char *a, const char *b)
{
    struct stat s;
    struct stat t;
    return stat(a, &s) == 0 && stat(b, &t) == 0 && s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}

/* Whether pictures of the place are in the very folder that they would go to. */
static bool is_own_copy(const struct engine *g, const struct folder_place *p)
{
    bool same = false;
    char *target = path_join(g->p->images_dir, path_base(p->pano.id));
    for (int i = 0; i < p->n_pictures && !same; i++) {
        char *source = path_dir(p->picture[i].path);
        same = !source || !target || is_same_folder(source, target);
        free(source);
    }
    free(target);
    return same;
}

static int find_place(struct engine *g, const struct job *j, struct folder_place *p, bool *found,
                      struct err *e)
{
    size_t i = 0;
    const struct request *r = &j->request;
    *found = r->item[0] ? folder_find(g->p->folder, r->item, &i)
                        : folder_near(g->p->folder, r->at, (double)g->p->ask.radius_m, &i);
    if (!*found && r->item[0]) {
        return err_set(e, ERR_INPUT, "'%s' is not in '%s'", r->item, g->p->ask.base_url);
    }
    if (!*found) {
        return 0;
    }
    if (folder_place(g->p->folder, i, p, e) != 0) {
        return -1;
    }
    if (is_own_copy(g, p)) {
        folder_place_release(p);
        return err_set(e, ERR_INPUT, "its pictures are where they would be put");
    }
    return 0;
}

/* The paths of the place become the job's. */
static void take_pictures(struct job *j, struct folder_place *p)
{
    j->n_views = p->n_pictures;
    for (int i = 0; i < p->n_pictures; i++) {
        struct job_picture *to = &j->picture[i];
        free(to->source);
        to->source = p->picture[i].path;
        p->picture[i].path = NULL;
        to->view = p->picture[i].view;
        to->heading_deg = p->picture[i].heading_deg;
        store_name(to->heading_deg, to->name);
    }
}

static int answer_probe(struct engine *g, struct task *t, struct err *e)
{
    struct err why = {0};
    struct folder_place place = {0};
    bool found = false;
    g->counts->n_probes++;
    if (find_place(g, t->job, &place, &found, &why) != 0) {
        engine_task_failed(g, t, VERDICT_FAILED, why.msg, 0);
        return 0;
    }
    engine_usable(g, true);
    if (!found) {
        engine_end_job(g, t->job, REQUEST_NO_IMAGERY, "");
        return 0;
    }
    take_pictures(t->job, &place);
    return engine_panorama_found(g, t->job, &place.pano, e);
}

/* On a worker thread. */
static void read_picture(void *task)
{
    struct task *t = task;
    struct err e = {0};
    uint8_t *data = NULL;
    t->final = true;
    t->good = false;
    if (file_read(t->job->picture[t->view].source, IMAGE_MAX_BYTES, &data, &t->n_jpeg, &e) != 0) {
        (void)snprintf(t->why, sizeof t->why, "%.255s", e.msg);
        return;
    }
    t->jpeg = (char *)data;
    engine_check_picture(t);
}

static void on_read(void *ctx, void *task)
{
    struct engine *g = ctx;
    g->n_flight--;
    engine_on_checked(ctx, task);
}

int engine_folder_send(struct engine *g, struct task *t, struct err *e)
{
    if (t->view == TASK_PROBE) {
        return answer_probe(g, t, e);
    }
    g->n_flight++;
    t->job->n_busy++;
    if (transfers_work(g->t, WORKERS_CPU, read_picture, on_read, t, e) != 0) {
        g->n_flight--;
        t->job->n_busy--;
        return -1;
    }
    g->counts->n_views++;
    return 0;
}
