/* SPDX-License-Identifier: MIT */
/* oneDNN's conventions, and the end of them: see dnnl.h. */
#include "train/nn/cpu/dnnl.h"

#include <stdlib.h>

size_t dtype_size(enum dtype t)
{
    return t == DTYPE_BF16 ? 2 : 4;
}

static dnnl_data_type_t dn_type(enum dtype t)
{
    return t == DTYPE_BF16 ? dnnl_bf16 : dnnl_f32;
}

int dnnl_err(dnnl_status_t s, struct err *e, const char *doing, const char *object)
{
    static const char *const what[] = {
        [dnnl_out_of_memory] = "out of memory",
        [dnnl_invalid_arguments] = "invalid arguments",
        [dnnl_unimplemented] = "not implemented for this processor",
        [dnnl_iterator_ends] = "no implementation left",
        [dnnl_runtime_error] = "runtime error",
        [dnnl_not_required] = "not required",
    };
    if (s == dnnl_success) {
        return 0;
    }
    const size_t i = (size_t)s;
    return err_set(e, s == dnnl_out_of_memory ? ERR_SYSTEM : ERR_DEVICE,
                   "oneDNN cannot %s '%s': %s", doing, object,
                   i < sizeof what / sizeof *what && what[i] ? what[i] : "unknown status");
}

int dn_init(struct dn *d, struct err *e)
{
    int rc = -1;
    *d = (struct dn){0};
    TRY(dnnl_err(dnnl_engine_create(&d->engine, dnnl_cpu, 0), e, "open", "cpu"));
    TRY(dnnl_err(dnnl_stream_create(&d->stream, d->engine, dnnl_stream_default_flags), e,
                 "make a stream on", "cpu"));
out:
    if (rc != 0) {
        dn_release(d);
    }
    return rc;
}

void dn_release(struct dn *d)
{
    if (d->stream) {
        (void)dnnl_stream_destroy(d->stream);
    }
    if (d->engine) {
        (void)dnnl_engine_destroy(d->engine);
    }
    *d = (struct dn){0};
}

/* has_isa - are all instructions of isa there? The values of dnnl_cpu_isa_t are sets of bits. */
static bool has_isa(dnnl_cpu_isa_t isa)
{
    return ((unsigned)dnnl_get_effective_cpu_isa() & (unsigned)isa) == (unsigned)isa;
}

int dn_channel_block(void)
{
    return has_isa(dnnl_cpu_isa_avx512_core) ? 16 : 8;
}

bool dn_has_bf16(void)
{
    return has_isa(dnnl_cpu_isa_avx512_core_bf16);
}

const char *dn_isa_name(void)
{
    static const struct {
        dnnl_cpu_isa_t isa;
        const char *name;
    } names[] = {
        {dnnl_cpu_isa_avx512_core_amx, "avx512 with amx"},
        {dnnl_cpu_isa_avx512_core_bf16, "avx512 with bf16"},
        {dnnl_cpu_isa_avx512_core_vnni, "avx512 with vnni"},
        {dnnl_cpu_isa_avx512_core, "avx512"},
        {dnnl_cpu_isa_avx2, "avx2"},
        {dnnl_cpu_isa_avx, "avx"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (has_isa(names[i].isa)) {
            return names[i].name;
        }
    }
    return "sse";
}

int dn_activation_md(dnnl_memory_desc_t *md, const dnnl_dims_t dim, int B, enum dtype t,
                     struct err *e)
{
    dnnl_format_tag_t tag = dnnl_acdb;
    if (B == 1) {
        tag = dnnl_abcd;
    } else if (B == 16) {
        tag = dnnl_aBcd16b;
    } else if (B == 8 && dim[1] != 8) {
        tag = dnnl_aBcd8b;
    }
    return dnnl_err(dnnl_memory_desc_init_by_tag(md, 4, dim, dn_type(t), tag), e, "describe",
                    "activations");
}

int dn_weight_md(dnnl_memory_desc_t *md, int n_dims, const dnnl_dims_t dim, struct err *e)
{
    return dnnl_err(dnnl_memory_desc_init_by_tag(md, n_dims, dim, dnnl_f32,
                                                 n_dims == 5 ? dnnl_abcde : dnnl_abcd),
                    e, "describe", "weights");
}

int dn_any_md(dnnl_memory_desc_t *md, int n_dims, const dnnl_dims_t dim, enum dtype t,
              struct err *e)
{
    return dnnl_err(dnnl_memory_desc_init_by_tag(md, n_dims, dim, dn_type(t), dnnl_format_tag_any),
                    e, "describe", "weights");
}

int dn_vector_md(dnnl_memory_desc_t *md, int n, struct err *e)
{
    const dnnl_dims_t dim = {n};
    return dnnl_err(dnnl_memory_desc_init_by_tag(md, 1, dim, dnnl_f32, dnnl_a), e, "describe",
                    "a vector");
}

int dn_attr(dnnl_primitive_attr_t *attr, struct err *e)
{
    int rc = -1;
    dnnl_primitive_attr_t a = NULL;
    TRY(dnnl_err(dnnl_primitive_attr_create(&a), e, "make", "attributes"));
    TRY(dnnl_err(dnnl_primitive_attr_set_scratchpad_mode(a, dnnl_scratchpad_mode_user), e, "set",
                 "attributes"));
    *attr = a;
    a = NULL;
out:
    if (a) {
        (void)dnnl_primitive_attr_destroy(a);
    }
    return rc;
}

int dn_reorder(dnnl_primitive_desc_t *pd, const struct dn *d, const dnnl_memory_desc_t *from,
               const dnnl_memory_desc_t *to, bool accumulate, const char *object, struct err *e)
{
    int rc = -1;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_post_ops_t ops = NULL;
    TRY(dn_attr(&attr, e));
    if (accumulate) {
        TRY(dnnl_err(dnnl_post_ops_create(&ops), e, "make", "post-ops"));
        TRY(dnnl_err(dnnl_post_ops_append_sum(ops, 1.0F), e, "add to", object));
        TRY(dnnl_err(dnnl_primitive_attr_set_post_ops(attr, ops), e, "add to", object));
    }
    TRY(dnnl_err(dnnl_reorder_primitive_desc_create(pd, from, d->engine, to, d->engine, attr), e,
                 "reorder", object));
out:
    if (ops) {
        (void)dnnl_post_ops_destroy(ops);
    }
    if (attr) {
        (void)dnnl_primitive_attr_destroy(attr);
    }
    return rc;
}

int call_new(struct call **call, const struct dn *d, const_dnnl_primitive_desc_t pd, int scratch,
             const char *object, struct err *e)
{
    int rc = -1;
    struct call *c = calloc(1, sizeof *c);
    if (!c) {
        return err_nomem(e, "a primitive");
    }
    c->object = object;
    TRY(dnnl_err(dnnl_primitive_create(&c->prim, pd), e, "compile", object));
    const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    c->scratch = md ? dnnl_memory_desc_get_size(md) : 0;
    if (c->scratch > 0) {
        TRY(call_arg(c, d, DNNL_ARG_SCRATCHPAD, md, scratch, NULL, e));
    }
    *call = c;
    c = NULL;
out:
    call_free(c);
    return rc;
}

void call_free(struct call *c)
{
    if (c) {
        for (int i = 0; i < c->n_args; i++) {
            (void)dnnl_memory_destroy(c->arg[i].memory);
        }
        if (c->prim) {
            (void)dnnl_primitive_destroy(c->prim);
        }
        free(c);
    }
}

int call_arg(struct call *c, const struct dn *d, int which, const dnnl_memory_desc_t *md, int buf,
             void *fixed, struct err *e)
{
    dnnl_memory_t memory = NULL;
    if (c->n_args == CALL_MAX_ARGS) {
        return dnnl_err(dnnl_invalid_arguments, e, "pass", c->object);
    }
    const dnnl_status_t s =
        dnnl_memory_create(&memory, md, d->engine, buf == CALL_FIXED ? fixed : DNNL_MEMORY_NONE);
    if (s != dnnl_success) {
        return dnnl_err(s, e, "pass", c->object);
    }
    c->arg[c->n_args] = (dnnl_exec_arg_t){.arg = which, .memory = memory};
    c->buf[c->n_args] = buf;
    c->n_args++;
    return 0;
}

int call_bind(struct call *c, void *const *address, struct err *e)
{
    for (int i = 0; i < c->n_args; i++) {
        if (c->buf[i] != CALL_FIXED) {
            const dnnl_status_t s =
                dnnl_memory_set_data_handle(c->arg[i].memory, address[c->buf[i]]);
            if (s != dnnl_success) {
                return dnnl_err(s, e, "bind", c->object);
            }
        }
    }
    return 0;
}

int call_run(const struct call *c, const struct dn *d, struct err *e)
{
    const dnnl_status_t s = dnnl_primitive_execute(c->prim, d->stream, c->n_args, c->arg);
    if (s != dnnl_success) {
        return dnnl_err(s, e, "compute", c->object);
    }
    return dnnl_err(dnnl_stream_wait(d->stream), e, "finish", c->object);
}
