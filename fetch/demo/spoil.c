/* SPDX-License-Identifier: MIT */
/* Fixed texts in the words of each service, and answers that are made from the good one. */
#include "fetch/demo/spoil.h"

#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/image.h"
#include "fetch/demo/notice.h"

#define DEEP 30000 /* brackets; with their ends still below what a client may read of an answer */

static const char html[] = "text/html; charset=UTF-8";

struct words {
    int status;
    const char *type, *text;
};

/* What a service says to a question that is not for a picture. */
static const struct words over_limit[] = {
    [SERVICE_STREETVIEW] = {200, answer_type_json, "{\n   \"status\" : \"OVER_QUERY_LIMIT\"\n}\n"},
    [SERVICE_MAPILLARY] = {403, answer_type_json,
                           "{\"error\":{\"message\":\"Application request limit reached\","
                           "\"type\":\"OAuthException\",\"is_transient\":true,\"code\":4}}"},
    [SERVICE_PANORAMAX] = {429, answer_type_json,
                           "{\"message\":\"Too many requests\",\"status_code\":429}"},
};
static const struct words refused[] = {
    [SERVICE_STREETVIEW] = {403, answer_type_plain, "The provided API key is invalid.\n"},
    [SERVICE_MAPILLARY] = {403, answer_type_json,
                           "{\"error\":{\"message\":\"Error validating access token\","
                           "\"type\":\"OAuthException\",\"code\":190}}"},
    [SERVICE_PANORAMAX] = {403, answer_type_json,
                           "{\"message\":\"Forbidden\",\"status_code\":403}"},
};
static const struct words unknown_error[] = {
    [SERVICE_STREETVIEW] = {200, answer_type_json, "{\n   \"status\" : \"UNKNOWN_ERROR\"\n}\n"},
    [SERVICE_MAPILLARY] = {500, answer_type_json,
                           "{\"error\":{\"message\":\"An unknown error has occurred.\","
                           "\"type\":\"OAuthException\",\"code\":1}}"},
    [SERVICE_PANORAMAX] = {500, answer_type_json,
                           "{\"message\":\"Internal Server Error\",\"status_code\":500}"},
};

/* text is copied. */
static int replace(struct answer *a, int status, const char *type, const char *text, struct err *e)
{
    size_t n = strlen(text);
    char *copy = strdup(text);
    if (!copy) {
        return err_nomem(e, "an answer");
    }
    free(a->body);
    *a = (struct answer){.status = status, .type = type, .body = (uint8_t *)copy, .n = n};
    return 0;
}

static int say(struct answer *a, const struct words *w, struct err *e)
{
    return replace(a, w->status, w->type, w->text, e);
}

static int redirect(struct answer *a, struct err *e)
{
    if (replace(a, 302, answer_type_plain, "This is elsewhere.\n", e) != 0) {
        return -1;
    }
    a->header = "Location";
    a->header_value = FAULT_LOOP;
    return 0;
}

static int retry_after(struct answer *a, struct err *e)
{
    if (replace(a, 429, answer_type_plain, "Too many requests.\n", e) != 0) {
        return -1;
    }
    a->header = "Retry-After";
    a->header_value = "1";
    return 0;
}

/* The grey picture in the size of the good one; what is no picture stays. */
static int grey(struct answer *a, struct err *e)
{
    int rc = 0;
    struct image img = {0};
    struct image_info info;
    struct answer made = *a;
    struct err ignored = {0};
    if (image_read_info(a->body, a->n, &info, &ignored) != 0) {
        return 0;
    }
    TRY(notice_draw(info.width, info.height, &img, e));
    TRY(image_encode(&img, ANSWER_QUALITY, &made.body, &made.n, e));
    free(a->body);
    *a = made;
out:
    image_release(&img);
    return rc;
}

static int deep(struct answer *a, struct err *e)
{
    char *text = malloc(2 * (size_t)DEEP + 1);
    if (!text) {
        return err_nomem(e, "an answer");
    }
    memset(text, '[', DEEP);
    memset(text + DEEP, ']', DEEP);
    text[2 * (size_t)DEEP] = '\0';
    int rc = replace(a, 200, answer_type_json, text, e);
    free(text);
    return rc;
}

/* The members of the good answer, and some of them again: of two of a name most readers take the
 * second. */
static int members_twice(struct answer *a, const char *again, struct err *e)
{
    int rc = -1;
    struct buf b;
    buf_init(&b, 1u << 16);
    const char *begin = memchr(a->body, '{', a->n);
    const char *end = (const char *)a->body + a->n;
    while (begin && end > begin && *end != '}') {
        end--;
    }
    if (!begin || end <= begin) {
        return 0; /* no JSON object */
    }
    TRY(buf_add(&b, begin, (size_t)(end - begin), e));
    TRY(buf_printf(&b, e, ", %s}\n", again));
    TRY(replace(a, 200, answer_type_json, b.p, e));
out:
    buf_release(&b);
    return rc;
}

/* The records of an answer that is a list: a view of root's array, or NULL. */
static json_t *records_of(const json_t *root)
{
    json_t *list = json_object_get(root, "data");
    return json_is_array(list) ? list : json_object_get(root, "features");
}

/* Takes root. */
static int put_json(struct answer *a, json_t *root, struct err *e)
{
    struct answer made = {0};
    if (answer_json(&made, a->status, root, e) != 0) {
        return -1;
    }
    answer_release(a);
    *a = made;
    return 0;
}

/* Every record twice; an answer that is one record gets its id twice. */
static int duplicate(struct answer *a, enum service service, struct err *e)
{
    json_error_t je;
    if (service == SERVICE_STREETVIEW) {
        return members_twice(a,
                             "\"date\" : \"1999-01\", \"location\" : {\"lat\" : 0, \"lng\" : 0},"
                             " \"pano_id\" : \"nowhere\", \"status\" : \"OK\"",
                             e);
    }
    json_t *root = json_loadb((const char *)a->body, a->n, 0, &je);
    json_t *list = records_of(root);
    if (a->status != 200 || !json_is_array(list)) {
        json_decref(root);
        return a->status == 200 ? members_twice(a, "\"id\":\"nowhere\"", e) : 0;
    }
    for (size_t i = json_array_size(list); i-- > 0;) {
        if (json_array_insert(list, i, json_array_get(list, i)) != 0) {
            json_decref(root);
            return err_nomem(e, "an answer");
        }
    }
    return put_json(a, root, e);
}

/* A value of another type; NULL without memory. */
static json_t *other_type(const json_t *v)
{
    switch (json_typeof(v)) {
    case JSON_STRING:
        return json_integer(17);
    case JSON_INTEGER:
    case JSON_REAL:
        return json_string("17");
    case JSON_OBJECT:
        return json_pack("[s, n]", "45.8");
    case JSON_ARRAY:
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        return json_object();
    }
    return NULL;
}

static int mistype(json_t *record, struct err *e)
{
    const char *name = NULL;
    json_t *v = NULL;
    json_object_foreach(record, name, v)
    {
        if (json_object_set_new(record, name, other_type(v)) != 0) {
            return err_nomem(e, "an answer");
        }
    }
    return 0;
}

/* Every member of every record gets a value of another type. */
static int types(struct answer *a, enum service service, struct err *e)
{
    json_error_t je;
    int rc = 0;
    if (service == SERVICE_STREETVIEW) {
        return replace(a, 200, answer_type_json,
                       "{\"status\": \"OK\", \"pano_id\": 17, \"location\": [\"45.8\", null],"
                       " \"date\": {}, \"copyright\": false}\n",
                       e);
    }
    json_t *root = json_loadb((const char *)a->body, a->n, 0, &je);
    json_t *list = records_of(root);
    for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
        rc = mistype(json_array_get(list, i), e);
    }
    if (rc == 0 && !json_is_array(list)) {
        rc = mistype(root, e);
    }
    if (rc != 0 || !root) {
        json_decref(root);
        return rc;
    }
    return put_json(a, root, e);
}

int spoil_answer(enum fault f, struct route route, struct answer *a, struct err *e)
{
    switch (f) {
    case FAULT_429:
        return replace(a, 429, answer_type_plain, "Too many requests.\n", e);
    case FAULT_RETRY_AFTER:
        return retry_after(a, e);
    case FAULT_500:
        return replace(a, 500, answer_type_plain, "Something broke.\n", e);
    case FAULT_502:
        return replace(a, 502, html, "<html><title>502 Bad Gateway</title></html>\n", e);
    case FAULT_503:
        return replace(a, 503, answer_type_plain, "Come back later.\n", e);
    case FAULT_403:
        return route.picture
                   ? replace(a, 403, answer_type_plain, "The provided API key is invalid.\n", e)
                   : say(a, &refused[route.service], e);
    case FAULT_OVER_LIMIT:
        return route.picture
                   ? replace(a, 429, answer_type_plain, "You have exceeded your rate-limit.\n", e)
                   : say(a, &over_limit[route.service], e);
    case FAULT_HTML:
        return replace(a, 200, html, "<html><title>Please log in</title></html>\n", e);
    case FAULT_REDIRECT:
        return redirect(a, e);
    case FAULT_TRUNCATED:
        a->n /= 2;
        return 0;
    case FAULT_GREY:
        return grey(a, e);
    case FAULT_EXPIRED:
        return route.service == SERVICE_MAPILLARY
                   ? replace(a, 403, answer_type_plain, "URL signature expired\n", e)
                   : replace(a, 404, answer_type_plain, "This address has expired.\n", e);
    case FAULT_UNKNOWN_ERROR:
        return say(a, &unknown_error[route.service], e);
    case FAULT_DEEP:
        return deep(a, e);
    case FAULT_TYPES:
        return types(a, route.service, e);
    case FAULT_DUPLICATE:
        return duplicate(a, route.service, e);
    case FAULT_NONE:
    case FAULT_CUT:
    case FAULT_LONG_LENGTH:
    case FAULT_SHORT_LENGTH:
    case FAULT_DRIP:
    case FAULT_STALL:
    case FAULT_HUGE:
    case FAULT_COUNT:
        return 0;
    }
    return 0;
}
