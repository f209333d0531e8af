/* SPDX-License-Identifier: MIT */
/* jansson checks UTF-8, depth (2,048) and syntax; what is left to check is types and sizes. */
#include "fetch/providers/read.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

json_t *read_json(const struct answer *a)
{
    json_error_t ignored;
    json_t *root = json_loadb(a->body ? a->body : "", a->n, JSON_REJECT_DUPLICATES, &ignored);
    if (!json_is_object(root)) {
        json_decref(root);
        return NULL;
    }
    return root;
}

bool read_text(const json_t *object, const char *name, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));
    out[0] = '\0';
    if (!text || strlen(text) >= size) {
        return false;
    }
    for (const char *p = text; *p; p++) {
        if (iscntrl((unsigned char)*p)) {
            return false;
        }
    }
    (void)snprintf(out, size, "%s", text);
    return true;
}

double read_number(const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);
    return json_is_number(v) ? json_number_value(v) : (double)NAN;
}

double read_heading(const json_t *object, const char *name)
{
    double deg = fmod(read_number(object, name), 360);
    deg = deg < 0 ? deg + 360 : deg;
    return deg < 360 ? deg : deg - 360; /* -1e-20 + 360 is 360 */
}

bool read_point(const json_t *object, const char *name, struct lonlat *at)
{
    const json_t *point = json_object_get(object, name);
    const char *type = json_string_value(json_object_get(point, "type"));
    const json_t *c = json_object_get(point, "coordinates");
    const json_t *lon = json_array_get(c, 0);
    const json_t *lat = json_array_get(c, 1);
    struct lonlat p = {json_number_value(lon), json_number_value(lat)};
    if (!type || strcmp(type, "Point") != 0 || !json_is_number(lon) || !json_is_number(lat) ||
        !geo_valid(p)) {
        return false;
    }
    *at = p;
    return true;
}

bool read_month(const char *date, char out[8])
{
    static const char shape[] = "dddd-dd";
    out[0] = '\0';
    for (size_t i = 0; i < 7; i++) {
        bool fits = shape[i] == 'd' ? isdigit((unsigned char)date[i]) != 0 : date[i] == shape[i];
        if (!fits) {
            return false;
        }
    }
    int month = 10 * (date[5] - '0') + date[6] - '0';
    if ((date[7] != '\0' && date[7] != '-') || month < 1 || month > 12) {
        return false;
    }
    (void)snprintf(out, 8, "%.7s", date);
    return true;
}

void read_moment(double ms, char out[8])
{
    struct tm utc;
    bool sane = ms > 0 && ms < 4102444800e3; /* the year 2100 */
    time_t seconds = sane ? (time_t)(ms / 1000) : 0;
    out[0] = '\0';
    if (sane && gmtime_r(&seconds, &utc)) {
        (void)strftime(out, 8, "%Y-%m", &utc);
    }
}

bool read_url(const struct provider_prefs *p, const json_t *object, const char *name,
              char out[PROVIDER_URL_SIZE])
{
    bool plain = strncmp(p->base_url, "http://", 7) == 0;
    bool fits = read_text(object, name, out, PROVIDER_URL_SIZE);
    fits = fits && (strncmp(out, "https://", 8) == 0 || (plain && strncmp(out, "http://", 7) == 0));
    for (const char *c = out; fits && *c; c++) {
        fits = isgraph((unsigned char)*c) != 0;
    }
    if (!fits) {
        out[0] = '\0';
    }
    return fits;
}

enum verdict read_not_json(const struct answer *a, char why[256])
{
    (void)snprintf(why, 256, "the answer is not JSON (content type '%.60s')", a->content_type);
    return VERDICT_RETRY;
}
