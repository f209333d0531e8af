/* SPDX-License-Identifier: MIT */
/* Fixed texts, and three answers that are made from the good one. */
#include "fetch/demo/spoil.h"

#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/image.h"
#include "fetch/demo/notice.h"

#define DEEP 30000 /* brackets; with their ends still below what a client may read of an answer */

static const char plain[] = "text/plain; charset=UTF-8";
static const char html[] = "text/html; charset=UTF-8";
static const char json[] = "application/json; charset=UTF-8";

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

static int over_limit(struct answer *a, bool image, struct err *e)
{
    return image ? replace(a, 429, plain, "You have exceeded your rate-limit for this API.\n", e)
                 : replace(a, 200, json, "{\n   \"status\" : \"OVER_QUERY_LIMIT\"\n}\n", e);
}

static int redirect(struct answer *a, struct err *e)
{
    if (replace(a, 302, plain, "This is elsewhere.\n", e) != 0) {
        return -1;
    }
    a->header = "Location";
    a->header_value = FAULT_LOOP;
    return 0;
}

static int retry_after(struct answer *a, struct err *e)
{
    if (replace(a, 429, plain, "Too many requests.\n", e) != 0) {
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
    TRY(image_encode(&img, PROTOCOL_QUALITY, &made.body, &made.n, e));
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
    int rc = replace(a, 200, json, text, e);
    free(text);
    return rc;
}

/* The members of the good answer, and all of them again: of two of a name most readers take the
 * second. */
static int duplicate(struct answer *a, struct err *e)
{
    int rc = -1;
    struct buf b;
    buf_init(&b, 1u << 16);
    const char *begin = memchr(a->body, '{', a->n);
    const char *end = (const char *)a->body + a->n;
    while (begin && end > begin && *end != '}') {
        end--;
    }
    if (!begin || end == begin) {
        return 0; /* no JSON object */
    }
    TRY(buf_add(&b, begin, (size_t)(end - begin), e));
    TRY(buf_printf(&b, e,
                   ", \"date\" : \"1999-01\", \"location\" : {\"lat\" : 0, \"lng\" : 0},"
                   " \"pano_id\" : \"nowhere\", \"status\" : \"OK\"}\n"));
    TRY(replace(a, 200, json, b.p, e));
out:
    buf_release(&b);
    return rc;
}

int spoil_answer(enum fault f, bool image, struct answer *a, struct err *e)
{
    switch (f) {
    case FAULT_429:
        return replace(a, 429, plain, "Too many requests.\n", e);
    case FAULT_RETRY_AFTER:
        return retry_after(a, e);
    case FAULT_500:
        return replace(a, 500, plain, "Something broke.\n", e);
    case FAULT_502:
        return replace(a, 502, html, "<html><title>502 Bad Gateway</title></html>\n", e);
    case FAULT_503:
        return replace(a, 503, plain, "Come back later.\n", e);
    case FAULT_403:
        return replace(a, 403, plain, "The provided API key is invalid.\n", e);
    case FAULT_OVER_LIMIT:
        return over_limit(a, image, e);
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
        return replace(a, 404, plain, "This address has expired.\n", e);
    case FAULT_UNKNOWN_ERROR:
        return replace(a, 200, json, "{\n   \"status\" : \"UNKNOWN_ERROR\"\n}\n", e);
    case FAULT_DEEP:
        return deep(a, e);
    case FAULT_TYPES:
        return replace(a, 200, json,
                       "{\"status\": \"OK\", \"pano_id\": 17, \"location\": [\"45.8\", null],"
                       " \"date\": {}, \"copyright\": false}\n",
                       e);
    case FAULT_DUPLICATE:
        return duplicate(a, e);
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
