/* SPDX-License-Identifier: MIT */
/* What readers of JSON answers share: members that are of the right type, fit and are safe to keep,
 * or are as if they were not there. */
#ifndef FETCH_PROVIDERS_READ_H
#define FETCH_PROVIDERS_READ_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "core/geo.h"
#include "fetch/provider.h"

/* read_json - the body as a JSON object; NULL when it is none. Owned (json_decref). */
json_t *read_json(const struct answer *a);

/* read_text - a string member without control characters that is shorter than size, else "" and
 * false. */
bool read_text(const json_t *object, const char *name, char *out, size_t size);

/* read_number - a member that is a number, else NAN. read_heading - the same in [0, 360). */
double read_number(const json_t *object, const char *name);
double read_heading(const json_t *object, const char *name);

/* read_point - a member that is a GeoJSON Point on Earth. */
bool read_point(const json_t *object, const char *name, struct lonlat *at);

/* read_month - YYYY-MM of a date of any precision behind it. */
bool read_month(const char *date, char out[8]);

/* read_url - a member that is a URL to ask for a picture: https, or http when that is how the
 * provider itself is asked. */
bool read_url(const struct provider_prefs *p, const json_t *object, const char *name,
              char out[PROVIDER_URL_SIZE]);

/* read_moment - YYYY-MM of a moment in milliseconds since 1970; "" when that is no time at which
 * somebody took pictures. */
void read_moment(double ms, char out[8]);

/* read_not_json - VERDICT_RETRY: a text with 200 is how a service, or something between, says that
 * it cannot now. */
enum verdict read_not_json(const struct answer *a, char why[256]);

#endif
