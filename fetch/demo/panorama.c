/* SPDX-License-Identifier: MIT */
/* The panorama of a cell stands where its road says; an id hides the cell. */
#include "fetch/demo/panorama.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/hash.h"
#include "core/rng.h"
#include "fetch/demo/net.h"

#define FIRST_YEAR  2011
#define N_YEARS     13
#define FIRST_MONTH 4
#define N_MONTHS    7

/* The id: 16 bytes, the cell hidden under a check that only the seed can make.
 *
 *     0  8  check = rng(seed, "pano.check", cell)
 *     8  8  cell xor rng(seed, "pano.mask", check)
 */
static void make_id(const struct country *c, uint64_t key, char id[PANORAMA_ID_SIZE])
{
    uint64_t check = rng_u64(c->seed, rng_stream("pano.check"), key);
    uint64_t hidden = key ^ rng_u64(c->seed, rng_stream("pano.mask"), check);
    uint8_t raw[16];
    char text[25]; /* 24 with the padding, which ids go without */
    for (int i = 0; i < 8; i++) {
        raw[i] = (uint8_t)(check >> (8 * i));
        raw[8 + i] = (uint8_t)(hidden >> (8 * i));
    }
    base64url_encode(raw, sizeof raw, text);
    memcpy(id, text, PANORAMA_ID_SIZE - 1);
    id[PANORAMA_ID_SIZE - 1] = '\0';
}

static void finish(const struct country *c, struct panorama *p)
{
    unsigned month =
        (unsigned)rng_below(c->seed, rng_stream("pano.date"), p->key, (uint64_t)N_YEARS * N_MONTHS);
    (void)snprintf(p->date, sizeof p->date, "%04u-%02u", (FIRST_YEAR + month / N_MONTHS) % 10000,
                   (FIRST_MONTH + month % N_MONTHS) % 100);
    make_id(c, p->key, p->id);
}

/* Where the cell's panorama would stand, whether or not that is inside the border; false: it has no
 * road. */
static bool place_in(const struct country *c, struct cell cell, struct panorama *p)
{
    struct net_road road;
    if (!net_road_of(c, cell, &road)) {
        return false;
    }
    p->at = frame_lonlat(net_on_road(&road, road.stop));
    p->road_deg = road.bearing_deg;
    p->key = net_cell_key(cell);
    return true;
}

bool panorama_near(const struct country *c, struct lonlat p, double radius_m, double reach_m,
                   struct panorama *pano)
{
    double limit_km = fmin(fmax(radius_m, reach_m), PANORAMA_RADIUS_MAX) / 1000;
    struct xy km = frame_km(p);
    /* the frame stretches by a few per cent */
    int span = NET_MARGIN + (int)ceil(1.1 * limit_km / NET_KM);
    struct cell mid = net_cell_at(km);
    double best_km = limit_km;
    bool found = false;
    for (int32_t y = mid.y - span; y <= mid.y + span; y++) {
        for (int32_t x = mid.x - span; x <= mid.x + span; x++) {
            struct panorama candidate = {0};
            if (!place_in(c, (struct cell){x, y}, &candidate)) {
                continue;
            }
            double d = geo_distance_km(p, candidate.at);
            if (d <= best_km && border_contains(c->border, candidate.at)) {
                best_km = d;
                *pano = candidate;
                found = true;
            }
        }
    }
    if (found) {
        finish(c, pano);
    }
    return found;
}

bool panorama_by_id(const struct country *c, const char *id, struct panorama *pano)
{
    struct err ignored = {0};
    char padded[25];
    uint8_t raw[32]; /* what base64url_decode may ask for 24 characters */
    size_t n = 0;
    if (strlen(id) != PANORAMA_ID_SIZE - 1) {
        return false;
    }
    (void)snprintf(padded, sizeof padded, "%s==", id);
    if (base64url_decode(padded, raw, &n, &ignored) != 0 || n != 16) {
        return false;
    }
    uint64_t check = 0;
    uint64_t hidden = 0;
    for (int i = 7; i >= 0; i--) {
        check = check << 8 | raw[i];
        hidden = hidden << 8 | raw[8 + i];
    }
    uint64_t key = hidden ^ rng_u64(c->seed, rng_stream("pano.mask"), check);
    struct cell cell = {(int32_t)(uint32_t)(key >> 32), (int32_t)(uint32_t)key};
    struct panorama p = {0};
    if (rng_u64(c->seed, rng_stream("pano.check"), key) != check || abs(cell.x) > NET_CELL_LIMIT ||
        abs(cell.y) > NET_CELL_LIMIT || !place_in(c, cell, &p) ||
        !border_contains(c->border, p.at)) {
        return false;
    }
    finish(c, &p);
    if (strcmp(p.id, id) != 0) { /* other spellings of the same bytes are not ids */
        return false;
    }
    *pano = p;
    return true;
}

void panorama_here(const struct country *c, struct lonlat p, struct panorama *pano)
{
    /* a key of its own for every 1e-5 degrees, apart from the lattice's */
    uint64_t place =
        (uint64_t)llround((p.lon + 180) * 1e5) * 20000000 + (uint64_t)llround((p.lat + 90) * 1e5);
    *pano = (struct panorama){.at = p, .key = place | (uint64_t)1 << 63};
    pano->road_deg = 360 * rng_f64(c->seed, rng_stream("here.road"), place);
    finish(c, pano);
}

void panorama_scene(const struct country *c, const struct panorama *pano, struct scene *s)
{
    struct stand stand = {frame_km(pano->at), pano->road_deg, pano->key};
    country_scene(c, &stand, s);
}
