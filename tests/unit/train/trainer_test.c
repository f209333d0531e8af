/* SPDX-License-Identifier: MIT */
/*
 * Whole runs on the tiny world: a batch is learned by heart, runs repeat and resume to the bit
 * whatever stopped them, finished runs are left alone, what contradicts is refused.
 */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/sig.h"
#include "sql/catalog.h"
#include "tests/unit/train/support.h"
#include "train/loader.h"
#include "train/network.h"
#include "train/nn/checkpoint.h"
#include "train/trainer.h"

/* Every run has a process of its own: after a fork, OpenMP works only where it had not begun. */
struct outcome {
    int rc;
    struct err e;
};

static struct outcome run_alone(const struct world *w, struct train_prefs p)
{
    int fd[2];
    struct outcome o = {.rc = -2};
    assert_int_equal(pipe(fd), 0);
    (void)fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        o.rc = train_run(&w->cli, &p, &o.e);
        (void)fflush(stdout);
        _exit(write(fd[1], &o, sizeof o) == (ssize_t)sizeof o ? 0 : 1);
    }
    (void)close(fd[1]);
    const ssize_t n = read(fd[0], &o, sizeof o);
    (void)close(fd[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(n, sizeof o); /* else it crashed */
    return o;
}

static void train(const struct world *w, struct train_prefs p)
{
    const struct outcome o = run_alone(w, p);
    if (o.rc != 0) {
        fail_msg("%s", o.e.msg);
    }
}

static void refused(struct train_prefs p, enum err_kind kind, const char *says)
{
    const struct outcome o = run_alone(&world, p);
    if (o.rc != -1 || o.e.kind != kind || !strstr(o.e.msg, says)) {
        fail_msg("wanted '%s', got %d, kind %d: %s", says, o.rc, (int)o.e.kind, o.e.msg);
    }
}

static void file_of(const struct world *w, const char *name, char hex[SHA256_HEX_SIZE])
{
    char path[128];
    struct err e = {0};
    (void)snprintf(path, sizeof path, "%s/%s.safetensors", w->run_dir, name);
    if (sha256_hex_file(path, hex, &e) != 0) {
        fail_msg("%s", e.msg);
    }
}

static void same_files(const struct world *a, const struct world *b)
{
    static const char *const name[2] = {"best", "last"};
    for (int i = 0; i < 2; i++) {
        char x[SHA256_HEX_SIZE];
        char y[SHA256_HEX_SIZE];
        file_of(a, name[i], x);
        file_of(b, name[i], y);
        assert_string_equal(x, y);
    }
}

/* --- learning --------------------------------------------------------------------------------------- */

/* The train part as one batch, forty steps: the loss falls to nearly nothing. */
static double overfit(enum task task)
{
    struct err e = {0};
    struct train_prefs p = world_prefs(&world);
    struct db *db = world_open(&world);
    struct pack *pack = NULL;
    struct dataset data;
    struct network net;
    struct loader *l = NULL;
    const struct backend *backend = NULL;
    struct minibatch b;
    int64_t steps[64] = {0};
    double loss = 1;
    p.task = (int)task;
    p.batch = 12;
    assert_int_equal(pack_open(world.pack, &pack, &e), 0);
    assert_int_equal(dataset_load(db, &p, pack, &data, &e), 0);
    assert_int_equal(backend_find(p.backend, &backend, &e), 0);
    assert_int_equal(network_open(&net, &p, &data, pack, backend, &e), 0);
    const struct loader_spec spec = {.pack = pack,
                                     .data = &data,
                                     .target = {data.class_point, data.n_classes, 0, 0},
                                     .max_batch = 12,
                                     .n_threads = 1};
    assert_int_equal(loader_new(&spec, &l, &e), 0);
    float *value = calloc(net.graph->n_floats, sizeof *value);
    assert_non_null(value);
    graph_init(net.graph, 1, value);
    assert_int_equal(backend->model_set(net.model, MODEL_VALUE, value, &e), 0);
    free(value);
    assert_int_equal(network_learn_from(&net, 0, &e), 0);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(loader_begin(l, &(struct pass){.part = PART_TRAIN}, &e), 0);
        assert_int_equal(loader_next(l, &b, &e), 0);
        assert_int_equal(network_learn(&net, &b, (struct rates){1e-3, 1e-3}, steps, &loss, &e), 0);
    }
    assert_int_equal(steps[0], 40);
    loader_free(l);
    network_close(&net);
    dataset_release(&data);
    pack_close(pack);
    catalog_close(db);
    return loss;
}

static void test_overfit(void **state)
{
    (void)state;
    assert_true(overfit(TASK_CLASSIFICATION) < 0.01); /* ln 4 = 1.39 at first */
    assert_true(overfit(TASK_REGRESSION) < 2e-3);     /* variance of the coordinates: 0.08 */
}

static void test_rows(void **state)
{
    (void)state;
    train(&world, world_prefs(&world));
    assert_int_equal(world_i64(&world, "SELECT count(*) FROM epoch"), 2);
    assert_int_equal(world_i64(&world, "SELECT count(*) FROM run WHERE state = 'finished' AND"
                                       " test_km > 0 AND finished IS NOT NULL"),
                     1);
    assert_int_equal(world_i64(&world, "SELECT count(*) FROM run r JOIN epoch e ON e.run_id = r.id"
                                       " AND e.epoch = r.best_epoch AND e.val_km = r.best_val_km"
                                       " AND e.val_km = (SELECT min(val_km) FROM epoch)"),
                     1);
    assert_int_equal(world_i64(&world, "SELECT count(*) FROM checkpoint WHERE"
                                       " path = 'run/r/' || kind || '.safetensors'"),
                     2);
    char hex[SHA256_HEX_SIZE];
    char sql[256];
    file_of(&world, "best", hex);
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM checkpoint WHERE kind = 'best' AND sha256 = '%s'", hex);
    assert_int_equal(world_i64(&world, sql), 1);
}

static void test_regression(void **state)
{
    (void)state;
    struct train_prefs p = world_prefs(&world);
    p.task = TASK_REGRESSION;
    p.scheduler = SCHEDULER_COSINE;
    p.epochs = 2;
    train(&world, p);
    assert_int_equal(world_i64(&world, "SELECT count(*) FROM epoch WHERE val_accuracy IS NULL"), 2);
    assert_true(world_f64(&world, "SELECT test_km FROM run") < 500);
}

/* --- repeating and resuming ------------------------------------------------------------------------- */

/* In a child: the run, with stdout into a pipe. When n lines came, the signal is sent. */
static int run_child(const struct world *w, struct train_prefs p, int n_lines, int signal_number)
{
    int fd[2];
    int status = 0;
    assert_int_equal(pipe(fd), 0);
    (void)fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct err e = {0};
        (void)close(fd[0]);
        (void)dup2(fd[1], STDOUT_FILENO);
        sig_install();
        const int rc = train_run(&w->cli, &p, &e);
        _exit(rc == 0 ? 0 : (int)e.kind);
    }
    (void)close(fd[1]);
    FILE *f = fdopen(fd[0], "r");
    assert_non_null(f);
    for (int c = 0; n_lines > 0 && (c = fgetc(f)) != EOF;) {
        n_lines -= c == '\n';
    }
    (void)kill(child, signal_number);
    assert_int_equal(waitpid(child, &status, 0), child);
    (void)fclose(f);
    return status;
}

static void test_resume_is_exact(void **state)
{
    (void)state;
    struct world other;
    struct train_prefs p = world_prefs(&world);
    p.epochs = 4;
    p.save_every_s = 0; /* after every epoch */
    p.threads = 2;
    p.patience = 0; /* the scheduler's state matters */
    p.smooth_km = 60;
    train(&world, p);
    world_new(&other);
    struct train_prefs q = p;
    q.pack = other.pack;
    /* SIGINT within epoch 2, then kill -9 within epoch 3 (a line per epoch, and one of heads) */
    int status = run_child(&other, q, 2, SIGINT);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == ERR_INTERRUPTED);
    assert_int_equal(world_i64(&other, "SELECT count(*) FROM run WHERE state = 'interrupted'"), 1);
    assert_int_equal(world_i64(&other, "SELECT count(*) FROM epoch"), 1);
    status = run_child(&other, q, 2, SIGKILL);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(world_i64(&other, "SELECT count(*) FROM run WHERE state = 'running'"), 1);
    train(&other, q);
    same_files(&world, &other);
    const char *sums = "SELECT sum(val_km) + sum(train_loss) + sum(lr_head) FROM epoch";
    assert_true(world_f64(&world, sums) == world_f64(&other, sums));
    assert_true(world_f64(&world, "SELECT test_km FROM run") ==
                world_f64(&other, "SELECT test_km FROM run"));
    world_remove(&other);
}

/* Killed after the best checkpoint was written and before the last one: last is an epoch behind. */
static void test_best_ahead_of_last(void **state)
{
    (void)state;
    char path[2][128];
    uint8_t *data = NULL;
    size_t n = 0;
    struct err e = {0};
    char before[SHA256_HEX_SIZE];
    char after[SHA256_HEX_SIZE];
    struct train_prefs p = world_prefs(&world);
    p.epochs = 1;
    p.restart = true;
    train(&world, p);
    (void)snprintf(path[0], sizeof path[0], "%s/last.safetensors", world.run_dir);
    assert_int_equal(file_read(path[0], (size_t)1 << 30, &data, &n, &e), 0);
    free(data);
    /* the same run again: nothing differs but that last is missing and the state says running */
    file_of(&world, "best", before);
    assert_int_equal(unlink(path[0]), 0);
    world_exec(&world, "UPDATE run SET state = 'running'");
    train(&world, p);
    file_of(&world, "best", after);
    assert_string_equal(before, after);
}

static void test_up_to_date(void **state)
{
    (void)state;
    struct stat a;
    struct stat b;
    char path[128];
    struct train_prefs p = world_prefs(&world);
    p.epochs = 1;
    train(&world, p);
    (void)snprintf(path, sizeof path, "%s/last.safetensors", world.run_dir);
    assert_int_equal(stat(path, &a), 0);
    world_exec(&world, "UPDATE run SET finished = 'then'");
    train(&world, p);
    assert_int_equal(stat(path, &b), 0);
    assert_true(a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec);
    assert_int_equal(world_i64(&world, "SELECT count(*) FROM run WHERE finished = 'then'"), 1);
    /* a best checkpoint that is gone or changed is made again */
    (void)snprintf(path, sizeof path, "%s/best.safetensors", world.run_dir);
    assert_int_equal(truncate(path, 1000), 0);
    train(&world, p);
    assert_int_equal(world_i64(&world, "SELECT count(*) FROM run WHERE finished = 'then'"), 0);
    p.resume = false;
    world_exec(&world, "UPDATE run SET finished = 'then'");
    train(&world, p);
    assert_int_equal(world_i64(&world, "SELECT count(*) FROM run WHERE finished = 'then'"), 0);
}

static void test_other_configuration(void **state)
{
    (void)state;
    struct train_prefs p = world_prefs(&world);
    p.epochs = 1;
    train(&world, p);
    struct train_prefs q = p;
    q.seed = 2;
    q.lr_head = 2e-3;
    refused(q, ERR_USAGE, "lr_head was 0.001, is 0.002; seed was 1, is 2");
    q = p;
    q.restart = true;
    q.seed = 2;
    train(&world, q);
    assert_int_equal(world_i64(&world, "SELECT seed FROM run"), 2);
    assert_int_equal(world_i64(&world, "SELECT count(*) FROM run"), 1);
    world_exec(&world, "UPDATE location SET lat_deg = lat_deg + 1e-6 WHERE id = 1");
    q.restart = false;
    refused(q, ERR_USAGE, "data was");
}

static void test_damaged_checkpoint(void **state)
{
    (void)state;
    char path[128];
    struct train_prefs p = world_prefs(&world);
    p.epochs = 1;
    train(&world, p);
    world_exec(&world, "UPDATE run SET state = 'running'");
    (void)snprintf(path, sizeof path, "%s/last.safetensors", world.run_dir);
    assert_int_equal(truncate(path, 5000), 0);
    refused(p, ERR_INPUT, "last.safetensors");
    p.resume = false;
    train(&world, p);
}

static void test_locked(void **state)
{
    (void)state;
    char path[128];
    struct err e = {0};
    int ready[2];
    char c = 0;
    assert_int_equal(dir_make(world.run_dir, &e), 0);
    (void)snprintf(path, sizeof path, "%s/lock", world.run_dir);
    assert_int_equal(pipe(ready), 0);
    (void)fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        FILE *f = fopen(path, "w");
        if (f && lockf(fileno(f), F_LOCK, 0) == 0 && write(ready[1], "x", 1) == 1) {
            (void)pause();
        }
        _exit(1);
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    refused(world_prefs(&world), ERR_SYSTEM, "another process is training run 'r'");
    (void)kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    (void)close(ready[0]);
    (void)close(ready[1]);
}

/* --- weights and freezing --------------------------------------------------------------------------- */

static void load(const struct world *w, struct checkpoint *c)
{
    char path[128];
    struct err e = {0};
    (void)snprintf(path, sizeof path, "%s/last.safetensors", w->run_dir);
    if (checkpoint_load(path, c, &e) != 0) {
        fail_msg("%s", e.msg);
    }
}

/* Pretrained weights: while only the head learns the backbone stays to the bit, then it moves. */
static void test_weights_and_freezing(void **state)
{
    (void)state;
    struct checkpoint from;
    struct checkpoint to;
    char path[160];
    struct err e = {0};
    struct train_prefs p = world_prefs(&world);
    p.epochs = 1;
    p.name = "first";
    train(&world, p);
    (void)snprintf(path, sizeof path, "%s/run/first/last.safetensors", world.dir);
    assert_int_equal(checkpoint_load(path, &from, &e), 0);
    for (int64_t epochs = 2; epochs <= 3; epochs++) {
        p.name = "r";
        p.weights = path;
        p.epochs = epochs; /* the head learns alone in the first two */
        p.resume = false;
        train(&world, p);
        load(&world, &to);
        const struct param *first = &to.graph->param[0];
        const struct param *head = &to.graph->param[to.graph->n_params - 1];
        const int same =
            memcmp(from.value + first->offset, to.value + first->offset, first->n * sizeof(float));
        assert_true((same == 0) == (epochs == 2));
        assert_memory_not_equal(from.value + head->offset, to.value + head->offset,
                                head->n * sizeof(float));
        checkpoint_release(&to);
    }
    assert_int_equal(world_i64(&world, "SELECT count(*) FROM epoch e JOIN run r ON r.id = e.run_id"
                                       " WHERE r.name = 'r' AND (lr_backbone = 0) = (epoch <= 2)"),
                     3);
    p.arch = "resnext50_32x4d";
    refused(p, ERR_INPUT, "do not fit network 'resnext50_32x4d'");
    p.weights = "/nowhere.safetensors";
    refused(p, ERR_INPUT, "/nowhere.safetensors");
    checkpoint_release(&from);
}

/* --- refusals --------------------------------------------------------------------------------------- */

static void test_not_finite(void **state)
{
    (void)state;
    struct train_prefs p = world_prefs(&world);
    p.lr_head = p.lr_backbone = 1e30;
    p.lr_backbone_given = true;
    refused(p, ERR_INPUT, "the loss is not finite in epoch 1, batch 2, locations ");
}

static void test_refusals(void **state)
{
    (void)state;
    struct train_prefs p = world_prefs(&world);
    p.name = NULL;
    refused(p, ERR_USAGE, "--name is required");
    p.name = "../x";
    refused(p, ERR_USAGE, "--name '../x'");
    p = world_prefs(&world);
    p.arch = "vgg";
    refused(p, ERR_USAGE, "unknown architecture 'vgg'");
    p = world_prefs(&world);
    p.backend = "abacus";
    refused(p, ERR_USAGE, "unknown backend 'abacus'");
    p = world_prefs(&world);
    p.pack = "/nowhere.pack";
    refused(p, ERR_INPUT, "/nowhere.pack");
    p = world_prefs(&world);
    p.unfreeze_epoch = 2;
    p.unfreeze_given = true;
    refused(p, ERR_USAGE, "--unfreeze-epoch");
    assert_int_equal(world_i64(&world, "SELECT count(*) FROM run"), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        T(test_rows),
        T(test_regression),
        T(test_resume_is_exact),
        T(test_best_ahead_of_last),
        T(test_up_to_date),
        T(test_other_configuration),
        T(test_damaged_checkpoint),
        T(test_locked),
        T(test_weights_and_freezing),
        T(test_not_finite),
        T(test_refusals),
        T(test_overfit), /* last: OpenMP begins in this process */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
