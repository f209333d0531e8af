/* SPDX-License-Identifier: MIT */
/*
 * oneDNN 2.6 behind one door: its status codes become struct err here, and a `call` is one of its
 * primitives together with the memory it works on, made once and run every step. Only train/nn/cpu
 * sees its types.
 *
 * Memory is given as indices into a program's buffers (buf.h), which have no address before all
 * are known: call_bind puts the addresses in.
 */
#ifndef TRAIN_NN_CPU_DNNL_H
#define TRAIN_NN_CPU_DNNL_H

#include <dnnl.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

enum dtype { DTYPE_F32, DTYPE_BF16 };

size_t dtype_size(enum dtype t);

/* The processor, and the one queue that everything runs in. */
struct dn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
};

/* dnnl_err - 0 for success; else -1 with "oneDNN cannot <doing> '<object>': <status>". */
int dnnl_err(dnnl_status_t s, struct err *e, const char *doing, const char *object);

int dn_init(struct dn *d, struct err *e);
void dn_release(struct dn *d);

/* dn_channel_block - how many channels lie side by side in oneDNN's fastest layout here. */
int dn_channel_block(void);

/* dn_has_bf16 - does the processor have bf16 products (avx512_bf16 or amx)? */
bool dn_has_bf16(void);

/* dn_isa_name - what oneDNN calls the instruction set it uses. */
const char *dn_isa_name(void);

/* [N, C, H, W] with B channels side by side: B 1 is NCHW, B = C is NHWC. */
int dn_activation_md(dnnl_memory_desc_t *md, const dnnl_dims_t dim, int B, enum dtype t,
                     struct err *e);
/* Weights as PyTorch lays them out, [K, C, R, S] or [G, K/G, C/G, R, S] f32. */
int dn_weight_md(dnnl_memory_desc_t *md, int n_dims, const dnnl_dims_t dim, struct err *e);
/* The same shape in whatever layout the primitive likes best. */
int dn_any_md(dnnl_memory_desc_t *md, int n_dims, const dnnl_dims_t dim, enum dtype t,
              struct err *e);
int dn_vector_md(dnnl_memory_desc_t *md, int n, struct err *e);

#define CALL_MAX_ARGS 6
#define CALL_FIXED    (-1) /* instead of a buffer: the address never changes */

struct call {
    struct call *next;
    dnnl_primitive_t prim;
    const char *object; /* for messages; borrowed */
    int n_args;
    dnnl_exec_arg_t arg[CALL_MAX_ARGS];
    int buf[CALL_MAX_ARGS];
    size_t scratch; /* bytes it wants of the scratch buffer, which is its last argument */
};

/* call_new - compile *pd for the scratch buffer with index scratch. Returns owned: call_free. */
int call_new(struct call **c, const struct dn *d, const_dnnl_primitive_desc_t pd, int scratch,
             const char *object, struct err *e);
void call_free(struct call *c);

/* call_arg - argument DNNL_ARG_which is buffer buf, or what lies at fixed if buf is CALL_FIXED. */
int call_arg(struct call *c, const struct dn *d, int which, const dnnl_memory_desc_t *md, int buf,
             void *fixed, struct err *e);

/* call_bind - address[i] is where buffer i lies now. */
int call_bind(struct call *c, void *const *address, struct err *e);

int call_run(const struct call *c, const struct dn *d, struct err *e);

/* dn_reorder - the description of a copy between layouts and types; accumulate adds to what is
 * there. Returns owned: dnnl_primitive_desc_destroy. */
int dn_reorder(dnnl_primitive_desc_t *pd, const struct dn *d, const dnnl_memory_desc_t *from,
               const dnnl_memory_desc_t *to, bool accumulate, const char *object, struct err *e);

/* dn_attr - attributes as every call wants them (scratch memory from us). Returns owned. */
int dn_attr(dnnl_primitive_attr_t *attr, struct err *e);

#endif
