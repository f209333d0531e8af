/* SPDX-License-Identifier: MIT */
/* What a pack will take on its disk, in either form, and whether that is there. */
#ifndef PREP_PACK_SPACE_H
#define PREP_PACK_SPACE_H

#include "core/image.h"
#include "prep/pictures.h"

/*
 * pack_check_space - tells how large the pack would be as pixels and as JPEGs, the latter from a few
 * of the pictures. ERR_SYSTEM when the file system of path has not enough room for the form asked
 * for, with a word about the other one.
 *
 *   p  just opened; it is again when this returns
 */
int pack_check_space(const char *path, const struct image_form *form, int n_views,
                     struct pictures *p, struct err *e);

#endif
