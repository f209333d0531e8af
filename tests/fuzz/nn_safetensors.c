/* SPDX-License-Identifier: MIT */
/* Any bytes as a safetensors file: open, read every tensor, look everything up, close. */
#include <stdint.h>
#include <stdlib.h>

#include "train/nn/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct safetensors *st = NULL;
    struct err e = {0};
    if (st_open_memory(data, size, "fuzz", &st, &e) != 0) {
        return 0;
    }
    for (size_t i = 0; i < st_count(st); i++) {
        const struct st_tensor *t = st_tensor_at(st, i);
        float *x = malloc((t->n + 1) * sizeof *x);
        if (x) {
            (void)st_read_f32(t, x, t->n, &e);
        }
        free(x);
        if (!st_find(st, t->name)) {
            abort();
        }
    }
    (void)st_metadata(st, "format");
    st_close(st);
    return 0;
}
