/* SPDX-License-Identifier: MIT */
#include "fetch/sample_area.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "core/log.h"
#include "fetch/ground.h"
#include "shapes/region.h"
#include "shapes/vector.h"

/* A plane's metre may differ from the ground's by so much before a distance deserves a warning. */
#define MAX_STRETCH 0.01

static int open_exclude(const char *path, struct border **out, struct err *e)
{
    int rc = -1;
    struct vector v = {0};
    TRY(vector_read(path, NULL, &v, e));
    TRY(border_from(&v, path, false, out, e));
out:
    vector_release(&v);
    return rc == 0 ? 0 : err_ctx(e, "exclude");
}

static int check_plane(const struct sample_prefs *p, const struct sample_area *a, struct err *e)
{
    struct region *r = NULL;
    if (region_new(a->border, a->crs, &r, e) != 0) {
        return err_ctx(e, "reference system '%s' cannot hold this", p->crs);
    }
    double stretch = sqrt(region_area_m2(r) / ground_area_m2(a->border));
    region_free(r);
    if (p->min_distance_m > 0 && !(fabs(stretch - 1) < MAX_STRETCH)) {
        log_warn("a metre on the ground is about %.3f metres in '%s' here, in which --min-distance "
                 "is measured: take another with --crs",
                 stretch, p->crs);
    }
    return 0;
}

int sample_area_open(const struct sample_prefs *p, struct sample_area *a, struct err *e)
{
    int rc = -1;
    struct sample_area opened = {0};
    TRY(border_open(p->border, &opened.border, e));
    TRY(crs_open(p->crs, &opened.crs, e));
    TRY(check_plane(p, &opened, e));
    if (p->exclude) {
        TRY(open_exclude(p->exclude, &opened.exclude, e));
    }
    *a = opened;
    opened = (struct sample_area){0};
out:
    sample_area_release(&opened);
    return rc;
}

void sample_area_release(struct sample_area *a)
{
    border_free(a->border);
    border_free(a->exclude);
    crs_free(a->crs);
    *a = (struct sample_area){0};
}

struct points_rules sample_area_rules(const struct sample_prefs *p, const struct sample_area *a)
{
    return (struct points_rules){.seed = (uint64_t)p->seed,
                                 .border = a->border,
                                 .exclude = a->exclude,
                                 .min_distance_m = p->min_distance_m,
                                 .crs = a->crs};
}

void sample_area_digest(const struct sample_prefs *p, const struct sample_area *a, struct sha256 *s)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%" PRId64 " %.17g", p->seed, p->min_distance_m);
    sha256_add_str(s, text);
    sha256_add_str(s, p->min_distance_m > 0 ? p->crs : "");
    sha256_add_str(s, border_sha256(a->border));
    sha256_add_str(s, a->exclude ? border_sha256(a->exclude) : "");
}
