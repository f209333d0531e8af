/* SPDX-License-Identifier: MIT */
/* Tables of places that somebody hands in, and the JSON of a prediction's classes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "predict/places.h"
#include "predict/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct err e = {0};
    struct places t = {0};
    struct top_class top[4];
    char *text = malloc(n + 1);
    if (!text) {
        return 0;
    }
    memcpy(text, data, n);
    text[n] = '\0';
    (void)store_top(text, top, 4);
    if (places_parse("fuzz.csv", text, n, &t, &e) == 0) {
        (void)places_find(&t, "a");
        places_release(&t);
    }
    free(text);
    return 0;
}
