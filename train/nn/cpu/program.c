/* SPDX-License-Identifier: MIT */
/* Making a program, and what its units share: see plan.h. */
#include <stdlib.h>

#include "train/nn/cpu/plan.h"

int time_back(const struct program *p, int u)
{
    return p->n_time - 1 - u;
}

void *at(const struct program *p, int buf)
{
    return buf == BUF_NONE ? NULL : p->address[buf];
}

int tensor_md(const struct layout *l, dnnl_memory_desc_t *md, struct err *e)
{
    const dnnl_dims_t dim = {l->N, l->C, l->H, l->W};
    return dn_activation_md(md, dim, l->B, l->type, e);
}

int program_call(struct program *p, const_dnnl_primitive_desc_t pd, const char *object,
                 struct call **call, struct err *e)
{
    struct call *c = NULL;
    if (call_new(&c, &p->m->dn, pd, BUF_SCRATCH, object, e) != 0) {
        return -1;
    }
    buf_grow(p, BUF_SCRATCH, c->scratch);
    c->next = p->calls;
    p->calls = c;
    *call = c;
    return 0;
}

int out_new(struct program *p, int u, struct err *e)
{
    struct tensor *t = &p->tensor[p->unit[u].out];
    t->buf = buf_new(p, layout_bytes(&t->layout), u, e);
    return t->buf < 0 ? -1 : 0;
}

int grad_give(struct program *p, int t, int buf, struct err *e)
{
    struct tensor *x = &p->tensor[t];
    if (x->n_grads == TENSOR_MAX_GRADS) {
        return err_set(e, ERR_USAGE, "the cpu backend takes at most %d uses of one activation",
                       TENSOR_MAX_GRADS);
    }
    x->grad[x->n_grads++] = buf;
    return 0;
}

/* fold - the last two parts of x's gradient become one. */
static int fold(struct program *p, struct unit *unit, struct tensor *x, int time, struct err *e)
{
    struct fold f = {.a = x->grad[x->n_grads - 2], .b = x->grad[x->n_grads - 1]};
    f.sum = p->buf[f.a].shared ? buf_new(p, layout_bytes(&x->layout), time, e) : f.a;
    if (f.sum < 0) {
        return -1;
    }
    buf_touch(p, f.a, time);
    buf_touch(p, f.b, time);
    unit->fold[unit->n_folds++] = f;
    x->n_grads--;
    x->grad[x->n_grads - 1] = f.sum;
    return 0;
}

int grads_take(struct program *p, int u, int max, int *d, struct err *e)
{
    struct unit *unit = &p->unit[u];
    struct tensor *x = &p->tensor[unit->out];
    const int time = time_back(p, u);
    while (x->n_grads > max) {
        if (fold(p, unit, x, time, e) != 0) {
            return -1;
        }
    }
    if (x->n_grads == 0) { /* nobody uses the output: its gradient is zero */
        return err_set(e, ERR_USAGE, "'%s' has an output that nothing uses", unit->name);
    }
    for (int i = 0; i < max; i++) {
        d[i] = i < x->n_grads ? x->grad[i] : BUF_NONE;
        if (d[i] != BUF_NONE) {
            buf_touch(p, d[i], time);
        }
    }
    return 0;
}

/* plan_backward - from the head, whose gradient comes from outside, to the first that learns. */
static int plan_backward(struct program *p, struct err *e)
{
    struct tensor *head = &p->tensor[p->unit[p->n_units - 1].out];
    int rc = -1;
    if (head->wants_grad) {
        const int dout = buf_new(p, layout_bytes(&head->layout), time_back(p, p->n_units - 1), e);
        if (dout < 0) {
            return -1;
        }
        TRY(grad_give(p, p->unit[p->n_units - 1].out, dout, e));
    }
    p->first_back = p->n_units;
    for (int u = p->n_units - 1; u >= 0; u--) {
        const struct unit *unit = &p->unit[u];
        if (p->tensor[unit->out].wants_grad) {
            TRY(unit->ops->plan_back(p, u, e));
            p->first_back = u;
        }
    }
    rc = 0;
out:
    return rc;
}

int program_new(struct plan *plan, int n, struct program **program, struct err *e)
{
    int rc = -1;
    struct program *p = calloc(1, sizeof *p);
    if (!p) {
        return err_nomem(e, "a plan");
    }
    p->plan = plan;
    p->m = plan->m;
    p->n = n;
    TRY(lower(p, e));
    p->n_time = 2 * p->n_units;
    for (int i = 0; i < BUF_FIRST; i++) {
        rc = buf_new(p, 0, 0, e) < 0 ? -1 : 0;
        TRY(rc);
        buf_touch(p, i, p->n_time);
    }
    for (int u = 0; u < p->n_units; u++) {
        TRY(p->unit[u].ops->plan(p, u, e));
    }
    buf_touch(p, p->tensor[p->unit[p->n_units - 1].out].buf, p->n_time);
    TRY(plan_backward(p, e));
    TRY(buf_layout(p, e));
    *program = p;
    p = NULL;
out:
    if (rc != 0) {
        program_free(p);
        p = NULL;
    }
    return rc;
}

void program_free(struct program *p)
{
    if (p) {
        while (p->calls) {
            struct call *next = p->calls->next;
            call_free(p->calls);
            p->calls = next;
        }
        free(p->unit);
        free(p->tensor);
        free(p->buf);
        free(p->address);
        free(p->kept);
        free(p);
    }
}

/* program_bind - make the plan's arena large enough and put its address everywhere. The other
 * programs notice when their turn comes that the arena has moved. */
int program_bind(struct program *p, struct err *e)
{
    struct plan *plan = p->plan;
    if (plan->n_arena < p->n_arena) {
        free(plan->arena);
        plan->n_arena = 0;
        plan->arena = mem_new(p->n_arena);
        if (!plan->arena) {
            return err_set(e, ERR_SYSTEM,
                           "cannot allocate %.1f GiB for the activations of %d locations",
                           (double)p->n_arena / 1073741824.0, p->n);
        }
        plan->n_arena = p->n_arena;
    }
    if (p->bound != plan->arena) {
        return buf_bind(p, plan->arena, e);
    }
    return 0;
}
