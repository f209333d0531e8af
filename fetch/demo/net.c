/* SPDX-License-Identifier: MIT */
/* Cells of the lattice are numbered by two 32-bit indices in the demo's frame; everything about a
 * cell comes from the counter-based generator at that number. */
#include "fetch/demo/net.h"

#include <math.h>

#include "core/rng.h"

#define JITTER     0.35 /* of a cell, either way */
#define ROAD_SHARE 0.62 /* of the lattice's edges */

uint64_t net_cell_key(struct cell cell)
{
    return (uint64_t)(uint32_t)cell.x << 32 | (uint32_t)cell.y;
}

struct cell net_cell_at(struct xy km)
{
    return (struct cell){(int32_t)floor(km.x / NET_KM), (int32_t)floor(km.y / NET_KM)};
}

static double luck(const struct country *c, const char *what, struct cell cell)
{
    return rng_f64(c->seed, rng_stream(what), net_cell_key(cell));
}

static struct xy junction(const struct country *c, struct cell cell)
{
    double dx = (2 * luck(c, "net.x", cell) - 1) * JITTER;
    double dy = (2 * luck(c, "net.y", cell) - 1) * JITTER;
    return (struct xy){(cell.x + 0.5 + dx) * NET_KM, (cell.y + 0.5 + dy) * NET_KM};
}

static double bearing_deg(struct xy from, struct xy to)
{
    double b = atan2(to.x - from.x, to.y - from.y) * 180 / GEO_PI;
    return b < 0 ? b + 360 : b;
}

bool net_road_of(const struct country *c, struct cell cell, struct net_road *road)
{
    struct cell other = cell;
    if (luck(c, "net.east", cell) < ROAD_SHARE) {
        other.x++;
    } else if (luck(c, "net.north", cell) < ROAD_SHARE) {
        other.y++;
    } else {
        return false;
    }
    road->from = junction(c, cell);
    road->to = junction(c, other);
    road->bearing_deg = bearing_deg(road->from, road->to);
    road->stop = 0.15 + 0.7 * luck(c, "net.along", cell);
    return true;
}

struct xy net_on_road(const struct net_road *road, double share)
{
    return (struct xy){road->from.x + share * (road->to.x - road->from.x),
                       road->from.y + share * (road->to.y - road->from.y)};
}
