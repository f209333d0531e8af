/* SPDX-License-Identifier: MIT */
/* Any bytes as a CSV: every field of every row is a string inside the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = {0};
    struct csv c;
    bool row = true;
    char *text = malloc(size + 1);
    if (!text) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    if (csv_init(&c, "fuzz", text, size, &e) == 0) {
        (void)csv_column(&c, "latitude");
        while (csv_next(&c, &row, &e) == 0 && row) {
            for (int i = 0; i < c.n_fields; i++) {
                const char *f = csv_field(&c, i);
                if (f < text || f + strlen(f) > text + size) {
                    abort();
                }
            }
        }
    }
    free(text);
    return 0;
}
