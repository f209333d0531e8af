/* SPDX-License-Identifier: MIT */
/* One object a line; jansson keeps the order of keys and escapes what a provider wrote. */
#include "fetch/events.h"

#include <stdio.h>

#include <jansson.h>

int events_print(const char *provider, const struct outcome *o, struct err *e)
{
    const struct pano *p = o->pano;
    json_int_t n_bytes = 0;
    for (int i = 0; i < o->n_pictures; i++) {
        n_bytes += (json_int_t)o->picture[i].n_bytes;
    }
    json_t *j = json_pack(
        "{s:I s:s s:s s:s? s:s? s:o s:o s:s? s:I s:s?}", "id", (json_int_t)o->request_id, "state",
        request_state_name(o->state), "provider", provider, "pano_id", p ? p->id : NULL, "uuid",
        o->state == REQUEST_DONE ? o->uuid : NULL, "lat_deg",
        p ? json_real(p->at.lat) : json_null(), "lon_deg", p ? json_real(p->at.lon) : json_null(),
        "captured", p && p->captured[0] ? p->captured : NULL, "n_bytes", n_bytes, "why", o->why);
    int bad = !j || json_dumpf(j, stdout, JSON_COMPACT | JSON_REAL_PRECISION(10)) != 0;
    json_decref(j);
    bad |= putchar('\n') == EOF || fflush(stdout) != 0;
    return bad ? err_set(e, ERR_SYSTEM, "cannot write an event to standard output") : 0;
}
