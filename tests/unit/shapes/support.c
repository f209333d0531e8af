/* SPDX-License-Identifier: MIT */
#include "tests/unit/shapes/support.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/file.h"

static char dir[64];

int temp_setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/gdje-shapes.XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

int temp_teardown(void **state)
{
    (void)state;
    char path[512];
    DIR *d = opendir(dir);
    struct dirent *entry = NULL;
    while (d && (entry = readdir(d)) != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        (void)unlink(path);
    }
    if (d) {
        (void)closedir(d);
    }
    return rmdir(dir);
}

const char *temp_file(const char *name, const char *text)
{
    static char path[512];
    struct err e = {0};
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    if (file_write(path, text, strlen(text), &e) != 0) {
        fail_msg("%s", e.msg);
    }
    return path;
}

struct border *open_border(const char *path)
{
    struct err e = {0};
    struct border *b = NULL;
    if (border_open(path, &b, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    return b;
}

static double ring_area_m2(struct crs *c, const struct lonlat *p, size_t n)
{
    struct err e = {0};
    struct xy *q = calloc(n, sizeof *q);
    double sum = 0;
    assert_non_null(q);
    assert_int_equal(crs_project(c, p, q, n, &e), 0);
    for (size_t i = 0; i + 1 < n; i++) {
        sum +=
            (q[i].x - q[0].x) * (q[i + 1].y - q[0].y) - (q[i + 1].x - q[0].x) * (q[i].y - q[0].y);
    }
    free(q);
    return fabs(sum) / 2;
}

double area_km2(const struct border *b, const char *crs)
{
    struct err e = {0};
    struct crs *c = NULL;
    double sum = 0;
    assert_int_equal(crs_open(crs, &c, &e), 0);
    for (size_t i = 0; i < border_n_rings(b); i++) {
        size_t n = 0;
        bool hole = false;
        const struct lonlat *p = border_ring(b, i, &n, &hole);
        sum += (hole ? -1 : 1) * ring_area_m2(c, p, n);
    }
    crs_free(c);
    return sum / 1e6;
}

void need(const char *path)
{
    if (!file_exists(path)) {
        print_message("skip: there is no %s\n", path);
        skip();
    }
}
