/* SPDX-License-Identifier: MIT */
/*
 * How fast a backend is: images per second of a forward pass in inference and of a whole training
 * step (forward, loss gradient, backward, Adam), everything learning.
 *
 *     train_step                               a table, TSV
 *     train_step ARCH SIZE_PX PRECISION N      serve: for every line "forward" or "train" on stdin
 *                                              do one and print its seconds, of the clock and of all cores; train_step.py asks
 *                                              in turn with PyTorch, so that both meet the same noise
 */
#include <string.h>
#include <unistd.h>

#include "core/parse.h"
#include "train/nn/backend.h"

#define N_VIEWS  4
#define N_OUT    150
#define N_REPEAT 11

struct bench {
    const struct backend *b;
    struct graph *g;
    struct model *m;
    struct plan *infer, *train;
    struct batch batch;
    int64_t t[16];
    float *value, *out;
    uint8_t *rgb;
};

static double seconds(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void bench_release(struct bench *x)
{
    if (x->b) {
        x->b->plan_free(x->infer);
        x->b->plan_free(x->train);
        x->b->model_free(x->m);
    }
    graph_free(x->g);
    free(x->value);
    free(x->out);
    free(x->rgb);
}

static int bench_init(struct bench *x, const struct arch_spec *arch, enum precision precision,
                      int n, struct err *e)
{
    const struct model_spec spec = {.precision = precision,
                                    .n_threads = 2,
                                    .mean = {0.5F, 0.5F, 0.5F},
                                    .std = {0.25F, 0.25F, 0.25F}};
    const size_t n_bytes =
        (size_t)n * (size_t)arch->n_views * (size_t)arch->size_px * (size_t)arch->size_px * 3;
    int rc = -1;
    *x = (struct bench){0};
    TRY(backend_find("cpu", &x->b, e));
    TRY(graph_new_arch(&x->g, arch, e));
    rc = -1;
    x->value = malloc(x->g->n_floats * sizeof *x->value);
    x->out = malloc((size_t)n * N_OUT * sizeof *x->out);
    x->rgb = malloc(n_bytes);
    if (!x->value || !x->out || !x->rgb || x->g->n_blocks > 16) {
        err_nomem(e, "a batch");
        goto out;
    }
    for (size_t i = 0; i < n_bytes; i++) {
        x->rgb[i] = (uint8_t)(i * 2654435761u >> 24);
    }
    x->batch = (struct batch){.n = n, .rgb = x->rgb};
    graph_init(x->g, 1, x->value);
    TRY(x->b->model_new(x->g, &spec, &x->m, e));
    TRY(x->b->model_set(x->m, MODEL_VALUE, x->value, e));
    TRY(x->b->plan_new(x->m, &(struct plan_spec){n, PLAN_INFER}, &x->infer, e));
    TRY(x->b->plan_new(x->m, &(struct plan_spec){n, 0}, &x->train, e));
out:
    return rc;
}

static int train(struct bench *x, struct err *e)
{
    for (int i = 0; i < x->g->n_blocks; i++) {
        x->t[i]++;
    }
    const struct step_spec step = {.optimiser = OPTIMISER_ADAM,
                                   .t = x->t,
                                   .lr_backbone = 1e-4F,
                                   .lr_head = 1e-4F,
                                   .beta1 = 0.9F,
                                   .beta2 = 0.999F,
                                   .eps = 1e-8F};
    int rc = -1;
    TRY(x->b->forward(x->train, &x->batch, x->out, e));
    /* any gradient costs the same: that of the sum of squares */
    TRY(x->b->grad_zero(x->m, e));
    TRY(x->b->backward(x->train, x->out, e));
    TRY(x->b->step(x->m, &step, e));
out:
    return rc;
}

static int timed(struct bench *x, bool learn, double *s, struct err *e)
{
    const double start = seconds(CLOCK_MONOTONIC);
    const int rc = learn ? train(x, e) : x->b->forward(x->infer, &x->batch, x->out, e);
    *s = seconds(CLOCK_MONOTONIC) - start;
    return rc;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static int median(struct bench *x, bool learn, double *m, struct err *e)
{
    double s[N_REPEAT];
    int rc = -1;
    TRY(timed(x, learn, &s[0], e)); /* makes the weights' layouts, touches memory */
    for (int i = 0; i < N_REPEAT; i++) {
        TRY(timed(x, learn, &s[i], e));
    }
    qsort(s, N_REPEAT, sizeof *s, by_value);
    *m = s[N_REPEAT / 2];
out:
    return rc;
}

static int row(const struct arch_spec *arch, enum precision precision, int n, struct err *e)
{
    const double images = (double)n * (double)arch->n_views;
    struct bench x;
    double forward = 0.0;
    double step = 0.0;
    int rc = -1;
    TRY(bench_init(&x, arch, precision, n, e));
    TRY(median(&x, false, &forward, e));
    TRY(median(&x, true, &step, e));
    (void)printf("%s\t%d\t%s\t%d\t%.1f\t%.1f\n", arch->name, arch->size_px,
                 precision == PREC_BF16 ? "bf16" : "f32", n, images / forward, images / step);
    (void)fflush(stdout);
out:
    bench_release(&x);
    return rc;
}

static int table(struct err *e)
{
    static const struct {
        const char *name;
        int size_px, n;
    } rows[] = {{"resnet18", 64, 16}, {"resnet18", 96, 16},        {"resnet18", 128, 8},
                {"resnet18", 224, 8}, {"resnext50_32x4d", 64, 16}, {"resnext50_32x4d", 224, 4}};
    int rc = 0;
    (void)printf("arch\tsize_px\tprecision\tlocations\tforward_img_s\ttrain_img_s\n");
    for (size_t i = 0; i < 2 * (sizeof rows / sizeof *rows); i++) {
        const struct arch_spec arch = {rows[i / 2].name, rows[i / 2].size_px, N_VIEWS, N_OUT};
        rc = row(&arch, i % 2 ? PREC_BF16 : PREC_F32, rows[i / 2].n, e);
        if (rc != 0 && e->kind != ERR_DEVICE) {
            return rc;
        }
    }
    return 0;
}

static int serve(char **argv, struct err *e)
{
    char line[32];
    int64_t size_px = 0;
    int64_t n = 0;
    int rc = -1;
    struct bench x = {0};
    TRY(parse_i64(argv[2], 32, 1024, &size_px, e));
    TRY(parse_i64(argv[4], 1, 1024, &n, e));
    const struct arch_spec arch = {argv[1], (int)size_px, N_VIEWS, N_OUT};
    TRY(bench_init(&x, &arch, strcmp(argv[3], "bf16") == 0 ? PREC_BF16 : PREC_F32, (int)n, e));
    while (fgets(line, sizeof line, stdin)) {
        double s = 0.0;
        const double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
        TRY(timed(&x, strcmp(line, "train\n") == 0, &s, e));
        (void)printf("%.6f %.6f\n", s, seconds(CLOCK_PROCESS_CPUTIME_ID) - start);
        (void)fflush(stdout);
    }
out:
    bench_release(&x);
    return rc;
}

int main(int argc, char **argv)
{
    struct err e = {0};
    if (argc != 1 && argc != 5) {
        (void)fprintf(stderr, "usage: train_step [ARCH SIZE_PX f32|bf16 N]\n");
        return ERR_USAGE;
    }
    if ((argc == 5 ? serve(argv, &e) : table(&e)) != 0) {
        (void)fprintf(stderr, "train_step: error: %s\n", e.msg);
        return (int)e.kind;
    }
    return 0;
}
