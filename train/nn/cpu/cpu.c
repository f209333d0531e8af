/* SPDX-License-Identifier: MIT */
/* The cpu backend's table of functions (backend.h); how it works is in plan.h. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pool.h"
#include "train/nn/cpu/optim.h"
#include "train/nn/cpu/plan.h"
#include "train/nn/cpu/threads.h"

static int cpu_describe(char *text, size_t size, struct err *e)
{
    const dnnl_version_t *v = dnnl_version();
    (void)e;
    (void)snprintf(text, size, "cpu: oneDNN %d.%d.%d, %s, %d cores", v->major, v->minor, v->patch,
                   dn_isa_name(), pool_threads(0));
    return 0;
}

/* --- the model ------------------------------------------------------------------------------------ */

static void cpu_model_free(struct model *m)
{
    if (m) {
        for (int i = 0; i < MODEL_ARRAY_COUNT; i++) {
            free(m->array[i]);
        }
        free(m->values_at);
        free(m->stats_at);
        free(m->partial);
        dn_release(&m->dn);
        free(m);
    }
}

static void fill_input_tables(struct model *m)
{
    for (int c = 0; c < 3; c++) {
        const double std = m->spec.std[c] > 0.0F ? (double)m->spec.std[c] : 1.0;
        for (int i = 0; i < 256; i++) {
            const float x = (float)(((double)i / 255.0 - (double)m->spec.mean[c]) / std);
            m->input_f32[c][i] = x;
            m->input_bf16[c][i] = bf16_of(x);
        }
    }
}

static int model_alloc(struct model *m, struct err *e)
{
    const size_t n_blocks = (size_t)m->g->n_blocks;
    bool ok = true;
    for (int i = 0; i < MODEL_ARRAY_COUNT; i++) {
        m->array[i] = mem_new(m->g->n_floats * sizeof(float));
        ok = ok && m->array[i];
    }
    for (int i = 0; i < m->g->n_params; i++) {
        const size_t n = optim_chunks(m->g->param[i].n);
        m->n_partial = n > m->n_partial ? n : m->n_partial;
    }
    m->values_at = malloc(n_blocks * sizeof *m->values_at);
    m->stats_at = malloc(n_blocks * sizeof *m->stats_at);
    m->partial = malloc((m->n_partial > 0 ? m->n_partial : 1) * sizeof *m->partial);
    if (!ok || !m->values_at || !m->stats_at || !m->partial) {
        return err_nomem(e, "a model's parameters");
    }
    for (size_t i = 0; i < n_blocks; i++) {
        m->values_at[i] = 1; /* a program has seen version 0 */
        m->stats_at[i] = 1;
    }
    return 0;
}

static int cpu_model_new(const struct graph *g, const struct model_spec *s, struct model **model,
                         struct err *e)
{
    int rc = -1;
    if (s->precision == PREC_BF16 && !dn_has_bf16()) {
        return err_set(e, ERR_DEVICE, "this processor (%s) has no bf16 products; use f32 precision",
                       dn_isa_name());
    }
    struct model *m = calloc(1, sizeof *m);
    if (!m) {
        return err_nomem(e, "a model");
    }
    m->g = g;
    m->spec = *s;
    m->n_threads = pool_threads(s->n_threads);
    fill_input_tables(m);
    TRY(model_alloc(m, e));
    TRY(threads_calm(e));
    TRY(dn_init(&m->dn, e));
    *model = m;
    m = NULL;
out:
    cpu_model_free(m);
    return rc;
}

/* changed - what plans made from the values of blocks from `first` on is out of date. */
static void changed(uint64_t *version, const struct graph *g, int first)
{
    for (int i = first; i < g->n_blocks; i++) {
        version[i]++;
    }
}

static int cpu_model_set(struct model *m, enum model_array what, const float *from, struct err *e)
{
    (void)e;
    memcpy(m->array[what], from, m->g->n_floats * sizeof *from);
    if (what == MODEL_VALUE) {
        changed(m->values_at, m->g, 0);
        changed(m->stats_at, m->g, 0);
    }
    return 0;
}

static int cpu_model_get(struct model *m, enum model_array what, float *to, struct err *e)
{
    (void)e;
    memcpy(to, m->array[what], m->g->n_floats * sizeof *to);
    return 0;
}

/* --- plans ---------------------------------------------------------------------------------------- */

static void cpu_plan_free(struct plan *p)
{
    if (p) {
        for (int i = 0; i < PLAN_PROGRAMS; i++) {
            program_free(p->program[i]);
        }
        free(p->arena);
        free(p);
    }
}

/* program_for - the program for n locations: one of those kept, or a new one in place of the one
 * that was not used for longest. */
static int program_for(struct plan *p, int n, struct program **program, struct err *e)
{
    int slot = 0;
    for (int i = 0; i < PLAN_PROGRAMS; i++) {
        struct program *have = p->program[i];
        if (have && have->n == n) {
            have->used_at = ++p->clock;
            *program = have;
            return 0;
        }
        const uint64_t oldest = p->program[slot] ? p->program[slot]->used_at : 0;
        if ((have ? have->used_at : 0) < oldest) {
            slot = i;
        }
    }
    program_free(p->program[slot]);
    p->program[slot] = NULL;
    p->last = NULL;
    if (program_new(p, n, &p->program[slot], e) != 0) {
        return -1;
    }
    p->program[slot]->used_at = ++p->clock;
    *program = p->program[slot];
    return 0;
}

static int cpu_plan_new(struct model *m, const struct plan_spec *s, struct plan **plan,
                        struct err *e)
{
    struct program *largest = NULL;
    int rc = -1;
    assert(s->max_n >= 1);
    struct plan *p = calloc(1, sizeof *p);
    if (!p) {
        return err_nomem(e, "a plan");
    }
    threads_use(m->n_threads);
    p->m = m;
    p->spec = *s;
    TRY(program_for(p, s->max_n, &largest, e));
    TRY(program_bind(largest, e));
    *plan = p;
    p = NULL;
out:
    cpu_plan_free(p);
    return rc;
}

static int cpu_forward(struct plan *p, const struct batch *b, float *out, struct err *e)
{
    struct program *g = NULL;
    int rc = -1;
    assert(b->n >= 1 && b->n <= p->spec.max_n && !b->rgb != !b->f32);
    threads_use(p->m->n_threads);
    TRY(program_for(p, b->n, &g, e));
    TRY(program_bind(g, e));
    g->batch = b;
    for (int i = 0; i < g->n_units; i++) {
        TRY(g->unit[i].ops->forward(g, &g->unit[i], e));
    }
    const struct tensor *head = &g->tensor[g->unit[g->n_units - 1].out];
    memcpy(out, at(g, head->buf), layout_bytes(&head->layout));
    p->last = g;
    if (p->spec.train_from < p->m->g->n_blocks) {
        changed(p->m->stats_at, p->m->g, p->spec.train_from);
    }
out:
    if (g) {
        g->batch = NULL;
    }
    return rc;
}

static void fold_gradients(const struct program *g, const struct unit *u)
{
    const struct layout *l = &g->tensor[u->out].layout;
    for (int i = 0; i < u->n_folds; i++) {
        flat_add(layout_count(l), at(g, u->fold[i].a), at(g, u->fold[i].b), at(g, u->fold[i].sum),
                 l->type);
    }
}

static int cpu_backward(struct plan *p, const float *dout, struct err *e)
{
    struct program *g = p->last;
    int rc = -1;
    assert(g && p->spec.train_from < p->m->g->n_blocks);
    threads_use(p->m->n_threads);
    const struct tensor *head = &g->tensor[g->unit[g->n_units - 1].out];
    memcpy(at(g, head->grad[0]), dout, layout_bytes(&head->layout));
    for (int i = g->n_units - 1; i >= g->first_back; i--) {
        struct unit *u = &g->unit[i];
        if (g->tensor[u->out].wants_grad) {
            fold_gradients(g, u);
            TRY(u->ops->backward(g, u, e));
        }
    }
    rc = 0;
out:
    return rc;
}

/* --- gradients and steps -------------------------------------------------------------------------- */

static int cpu_grad_zero(struct model *m, struct err *e)
{
    (void)e;
    memset(m->array[MODEL_GRAD], 0, m->g->n_floats * sizeof(float));
    return 0;
}

static int cpu_grad_norm(struct model *m, int train_from, double *norm, struct err *e)
{
    double sum = 0.0;
    (void)e;
    threads_use(m->n_threads);
    for (int i = 0; i < m->g->n_params; i++) {
        const struct param *p = &m->g->param[i];
        if (!p->is_buffer && p->block >= train_from) {
            sum += optim_sum_squares(m->array[MODEL_GRAD] + p->offset, p->n, m->partial);
        }
    }
    *norm = sqrt(sum);
    return 0;
}

static int cpu_grad_scale(struct model *m, float factor, struct err *e)
{
    (void)e;
    threads_use(m->n_threads);
    optim_scale(m->array[MODEL_GRAD], m->g->n_floats, factor);
    return 0;
}

static int cpu_step(struct model *m, const struct step_spec *s, struct err *e)
{
    (void)e;
    threads_use(m->n_threads);
    for (int i = 0; i < m->g->n_params; i++) {
        const struct param *p = &m->g->param[i];
        if (!p->is_buffer && p->block >= s->train_from) {
            const struct optim_slice x = {
                m->array[MODEL_VALUE] + p->offset, m->array[MODEL_GRAD] + p->offset,
                m->array[MODEL_MOMENT1] + p->offset, m->array[MODEL_MOMENT2] + p->offset, p->n};
            const int64_t t = s->optimiser == OPTIMISER_SGD ? 1 : s->t[p->block];
            optim_step(s, p->is_backbone ? s->lr_backbone : s->lr_head, t, &x);
        }
    }
    changed(m->values_at, m->g, s->train_from < 0 ? 0 : s->train_from);
    return 0;
}

const struct backend backend_cpu = {
    .name = "cpu",
    .describe = cpu_describe,
    .model_new = cpu_model_new,
    .model_free = cpu_model_free,
    .model_set = cpu_model_set,
    .model_get = cpu_model_get,
    .plan_new = cpu_plan_new,
    .plan_free = cpu_plan_free,
    .forward = cpu_forward,
    .backward = cpu_backward,
    .grad_zero = cpu_grad_zero,
    .grad_norm = cpu_grad_norm,
    .grad_scale = cpu_grad_scale,
    .step = cpu_step,
};
