/* SPDX-License-Identifier: MIT */
/* Polygons out of blobs, and what simplifying leaves of them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "predict/outline.h"
#include "sql/catalog.h"

static void put_u32(struct buf *b, uint32_t v)
{
    struct err e = {0};
    assert_int_equal(buf_add(b, &v, sizeof v, &e), 0);
}

/* order, type, one ring of n points on a circle */
static void put_circle(struct buf *b, uint32_t n, double radius)
{
    struct err e = {0};
    assert_int_equal(buf_add(b, "\001", 1, &e), 0);
    put_u32(b, 3);
    put_u32(b, 1);
    put_u32(b, n);
    for (uint32_t i = 0; i < n; i++) {
        const double a = 2 * GEO_PI * (i % (n - 1)) / (n - 1);
        const double xy[2] = {16 + radius * cos(a), 1 + radius * sin(a)};
        assert_int_equal(buf_add(b, xy, sizeof xy, &e), 0);
    }
}

static int parse(const struct buf *wkb, struct outline *o, struct err *e)
{
    struct buf blob;
    buf_init(&blob, 1u << 20);
    assert_int_equal(
        gpkg_polygon((const uint8_t *)wkb->p, wkb->n, (struct bbox){0, 0, 1, 1}, &blob, e), 0);
    int rc = outline_from_gpkg((const uint8_t *)blob.p, blob.n, o, e);
    buf_release(&blob);
    return rc;
}

static void test_polygon(void **state)
{
    (void)state;
    struct err e = {0};
    struct outline o = {0};
    struct buf b;
    buf_init(&b, 1u << 20);
    put_circle(&b, 400, 0.5);
    assert_int_equal(parse(&b, &o, &e), 0);
    assert_int_equal(o.n_rings, 1);
    assert_int_equal(o.n_points, 400);
    assert_true(fabs(o.point[0].lon - 16.5) < 1e-12);
    /* a circle within 0.005 degrees: every point kept lies on it, far fewer are needed */
    assert_int_equal(outline_simplify(&o, 0.005, &e), 0);
    assert_int_equal(o.n_rings, 1);
    assert_true(o.n_points >= 12 && o.n_points < 40);
    assert_memory_equal(&o.point[0], &o.point[o.n_points - 1], sizeof o.point[0]);
    for (size_t i = 1; i < o.n_points; i++) {
        const double mx = (o.point[i].lon + o.point[i - 1].lon) / 2 - 16;
        const double my = (o.point[i].lat + o.point[i - 1].lat) / 2 - 1;
        assert_true(hypot(mx, my) > 0.5 - 0.0051);
    }
    outline_release(&o);
    buf_release(&b);
}

static void test_multi(void **state)
{
    (void)state;
    struct err e = {0};
    struct outline o = {0};
    struct buf b;
    buf_init(&b, 1u << 20);
    assert_int_equal(buf_add(&b, "\001", 1, &e), 0);
    put_u32(&b, 6);
    put_u32(&b, 2);
    put_circle(&b, 100, 0.5);
    put_circle(&b, 50, 0.001); /* an islet that no screen shows */
    assert_int_equal(parse(&b, &o, &e), 0);
    assert_int_equal(o.n_rings, 2);
    assert_int_equal(o.end[0], 100);
    assert_int_equal(o.end[1], 150);
    assert_int_equal(outline_simplify(&o, 0.005, &e), 0);
    assert_int_equal(o.n_rings, 1);
    outline_release(&o);
    /* cut anywhere: refused, nothing read beyond the end */
    for (size_t n = 0; n < b.n; n++) {
        struct buf cut = b;
        cut.n = n;
        e = (struct err){0};
        assert_int_equal(parse(&cut, &o, &e), -1);
        assert_int_equal(e.kind, ERR_INPUT);
    }
    buf_release(&b);
}

static void test_refused(void **state)
{
    (void)state;
    struct err e = {0};
    struct outline o = {0};
    uint8_t point[GPKG_POINT_SIZE];
    gpkg_point((struct lonlat){15, 45}, point);
    assert_int_equal(outline_from_gpkg(point, sizeof point, &o, &e), -1);
    assert_int_equal(outline_from_gpkg(NULL, 0, &o, &e), -1);
    /* more points claimed than there are bytes */
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(buf_add(&b, "\001", 1, &e), 0);
    put_u32(&b, 3);
    put_u32(&b, 0xffffffffu);
    put_u32(&b, 0xffffffffu);
    assert_int_equal(parse(&b, &o, &e), -1);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_polygon),
        cmocka_unit_test(test_multi),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
