/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing .safetensors: 8 bytes little-endian header length, a JSON header
 * {"name": {"dtype", "shape", "data_offsets"}, "__metadata__": {string: string}}, then the bytes.
 * Source: the format description of huggingface/safetensors. A header is outside input: its size,
 * shapes, offsets and overlaps are checked before anything is used.
 */
#ifndef TRAIN_NN_SAFETENSORS_H
#define TRAIN_NN_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "train/nn/graph.h"

struct safetensors; /* an open file, or a view of one in memory */

#define ST_MAX_DIMS 8

struct st_tensor {
    const char *name; /* view, valid until st_close */
    char dtype[8];    /* "F32", "F16", "BF16", "I64", ... */
    int n_dims;
    size_t dim[ST_MAX_DIMS];
    size_t n;            /* product of dim; 1 for a scalar, 0 is possible */
    const uint8_t *data; /* view; not necessarily aligned */
};

/* st_open - read a file and check its header. ERR_INPUT names the file and what is wrong. */
int st_open(const char *path, struct safetensors **st, struct err *e);

/* st_open_memory - the same for the n bytes of a file in memory, borrowed until st_close; name is
 * what messages call it. */
int st_open_memory(const uint8_t *data, size_t n, const char *name, struct safetensors **st,
                   struct err *e);
void st_close(struct safetensors *st); /* NULL ok */

/* Tensors are numbered in the order of their bytes in the file. */
size_t st_count(const struct safetensors *st);
const struct st_tensor *st_tensor_at(const struct safetensors *st, size_t i);
const struct st_tensor *st_find(const struct safetensors *st, const char *name); /* NULL: absent */

/* st_metadata - value of a key of __metadata__, or NULL. View. */
const char *st_metadata(const struct safetensors *st, const char *key);

/* st_read_f32 - convert F32, F16, BF16 or F64 to f32; ERR_INPUT for others or n elements wrong. */
int st_read_f32(const struct st_tensor *t, float *to, size_t n, struct err *e);

/*
 * st_load_graph - fill value[g->n_floats] from a file by parameter name; unchanged on failure.
 * replace_head true: the head's tensors may be absent or of another shape (all of them are then
 * left as they were; *head_loaded says whether they came from the file); every backbone tensor
 * must match. *n_ignored counts the tensors that the graph does not know, but not torchvision's
 * num_batches_tracked, which nothing uses. ERR_INPUT names the first missing or misshapen tensor,
 * with both shapes.
 */
int st_load_graph(const struct safetensors *st, const struct graph *g, bool replace_head,
                  float *value, bool *head_loaded, size_t *n_ignored, struct err *e);

/* One tensor to write: f32 data borrowed. */
struct st_out {
    const char *name;
    int n_dims;
    size_t dim[ST_MAX_DIMS];
    const float *data;
};

struct st_pair {
    const char *key, *value;
};

/* st_write - whole file or none (core/file): n tensors in the given order and metadata pairs.
 * ERR_USAGE for a name that occurs twice or is not UTF-8. */
int st_write(const char *path, const struct st_out *t, size_t n, const struct st_pair *meta,
             size_t n_meta, struct err *e);

/* st_write_graph - every parameter and buffer of g from value[g->n_floats], by its name. */
int st_write_graph(const char *path, const struct graph *g, const float *value,
                   const struct st_pair *meta, size_t n_meta, struct err *e);

#endif
