/* SPDX-License-Identifier: MIT */
/* Text files that are built into the binaries by core/embed.sh. A table ends with {NULL, NULL}. */
#ifndef CORE_EMBED_H
#define CORE_EMBED_H

struct embedded {
    const char *name;
    const char *text;
};

/* embedded_find - the text of a file of the table, or NULL. */
const char *embedded_find(const struct embedded *table, const char *name);

#endif
