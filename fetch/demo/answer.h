/* SPDX-License-Identifier: MIT */
/* An HTTP answer as bytes, and how the protocols make theirs. Texts have a NUL behind their n bytes. */
#ifndef FETCH_DEMO_ANSWER_H
#define FETCH_DEMO_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/err.h"
#include "core/image.h"

#define ANSWER_QUALITY 86 /* of the pictures' JPEG */

extern const char answer_type_json[];
extern const char answer_type_plain[];

struct answer {
    int status;       /* HTTP */
    const char *type; /* static */
    uint8_t *body;    /* owned */
    size_t n;
    const char *header, *header_value; /* static: one more header; NULL: none */
};

/* answer_text - of at most 4 KB. */
int answer_text(struct answer *a, int status, const char *type, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

int answer_plain(struct answer *a, int status, const char *text, struct err *e);

/* answer_json - takes root, which may be NULL: there was no memory for it. */
int answer_json(struct answer *a, int status, json_t *root, struct err *e);

/* answer_picture - 200 and a JPEG. Takes img. */
int answer_picture(struct answer *a, struct image *img, struct err *e);

void answer_release(struct answer *a);

#endif
