/* SPDX-License-Identifier: MIT */
/* What a report's page is made of, built in: file name, text. Ends with {NULL, NULL}. */
#ifndef PREDICT_WEB_TEXT_H
#define PREDICT_WEB_TEXT_H

struct web_text {
    const char *name;
    const char *text;
};

extern const struct web_text web_texts[];

#endif
