/* SPDX-License-Identifier: MIT */
/* The .sql files, built in: name relative to sql/, text. Ends with {NULL, NULL}. */
#ifndef SQL_TEXT_H
#define SQL_TEXT_H

struct sql_text {
    const char *name;
    const char *text;
};

extern const struct sql_text sql_texts[];

/* sql_text_find - the text of a file, or NULL. */
const char *sql_text_find(const char *name);

#endif
