/* SPDX-License-Identifier: MIT */
#include "fetch/demo/answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 4096
#define DIGITS   12 /* of a real number: a place to a tenth of a millimetre */

const char answer_type_json[] = "application/json; charset=UTF-8";
const char answer_type_plain[] = "text/plain; charset=UTF-8";

int answer_text(struct answer *a, int status, const char *type, struct err *e, const char *fmt, ...)
{
    char text[TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof text) {
        return err_set(e, ERR_SYSTEM, "an answer is too long");
    }
    a->body = malloc((size_t)n + 1);
    if (!a->body) {
        return err_nomem(e, "an answer");
    }
    memcpy(a->body, text, (size_t)n + 1);
    a->n = (size_t)n;
    a->status = status;
    a->type = type;
    return 0;
}

int answer_plain(struct answer *a, int status, const char *text, struct err *e)
{
    return answer_text(a, status, answer_type_plain, e, "%s\n", text);
}

int answer_json(struct answer *a, int status, json_t *root, struct err *e)
{
    char *text = root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS)) : NULL;
    json_decref(root);
    if (!text) {
        return err_nomem(e, "an answer");
    }
    a->body = (uint8_t *)text;
    a->n = strlen(text);
    a->status = status;
    a->type = answer_type_json;
    return 0;
}

int answer_picture(struct answer *a, struct image *img, struct err *e)
{
    int rc = image_encode(img, ANSWER_QUALITY, &a->body, &a->n, e);
    image_release(img);
    a->status = 200;
    a->type = "image/jpeg";
    return rc;
}

void answer_release(struct answer *a)
{
    free(a->body);
    *a = (struct answer){0};
}
