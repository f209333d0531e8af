/* SPDX-License-Identifier: MIT */
/*
 * Text of unknown origin into HTML and JSON. Whatever comes from a catalog or a file name goes
 * through one of these; what is not UTF-8 becomes U+FFFD, control characters do not get through.
 */
#ifndef PREDICT_MARKUP_H
#define PREDICT_MARKUP_H

#include <stdio.h>

/* html_text - for element content and for attribute values in double or single quotes. */
void html_text(FILE *f, const char *text);

/* json_text - a JSON string with its quotes. Also safe inside a <script> element: < > & are
 * written as \u003c and so on, and so are U+2028 and U+2029. */
void json_text(FILE *f, const char *text);

#endif
