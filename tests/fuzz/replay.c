/* SPDX-License-Identifier: MIT */
/*
 * Replay driver for fuzz targets, for machines without libFuzzer: every file of the directories
 * and files given is fed to LLVMFuzzerTestOneInput, then a few thousand deterministic mutations of
 * each (bit flips, cuts, splices), so that `make test` keeps exploring a little.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUTATIONS 300

static unsigned long n_inputs;

/* xorshift64*: no quality needed, only the same numbers everywhere (Vigna 2014). */
static uint64_t next(uint64_t *s)
{
    *s ^= *s >> 12;
    *s ^= *s << 25;
    *s ^= *s >> 27;
    return *s * 2685821657736338717u;
}

static void run(const uint8_t *data, size_t n)
{
    n_inputs++;
    (void)LLVMFuzzerTestOneInput(data, n);
}

static void mutate(const uint8_t *data, size_t n)
{
    uint64_t s = 88172645463325252u ^ n;
    uint8_t *copy = malloc(n + 1);
    if (!copy) {
        return;
    }
    for (int m = 0; m < MUTATIONS; m++) {
        memcpy(copy, data, n);
        size_t len = n;
        for (uint64_t k = next(&s) % 4 + 1; k > 0 && len > 0; k--) {
            size_t at = (size_t)(next(&s) % len);
            switch (next(&s) % 4) {
            case 0:
                copy[at] = (uint8_t)(copy[at] ^ (1u << (next(&s) % 8)));
                break;
            case 1:
                copy[at] = (uint8_t)next(&s);
                break;
            case 2:
                len = at;
                break;
            default: {
                size_t from = (size_t)(next(&s) % len);
                size_t span = len - (from > at ? from : at);
                memmove(copy + at, copy + from, span < 16 ? span : 16);
                break;
            }
            }
        }
        run(copy, len);
    }
    free(copy);
}

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t n = 0;
    int rc = 1;
    if (!f) {
        fprintf(stderr, "cannot open '%s'\n", path);
        return 1;
    }
    data = malloc(1u << 20);
    if (data) {
        n = fread(data, 1, 1u << 20, f);
        run(data, n);
        mutate(data, n);
        rc = 0;
    }
    free(data);
    if (fclose(f) != 0) {
        rc = 1;
    }
    return rc;
}

static int replay_dir(const char *path)
{
    DIR *d = opendir(path);
    int rc = 0;
    if (!d) {
        return 1;
    }
    for (struct dirent *en = readdir(d); en; en = readdir(d)) { /* NOLINT(concurrency-mt-unsafe) */
        char name[4096];
        if (en->d_name[0] != '.') {
            (void)snprintf(name, sizeof name, "%s/%s", path, en->d_name);
            rc |= replay_file(name);
        }
    }
    (void)closedir(d);
    return rc;
}

int main(int argc, char **argv)
{
    int rc = 0;
    run((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        struct stat st;
        if (stat(argv[i], &st) != 0) {
            fprintf(stderr, "no corpus '%s'\n", argv[i]);
            rc = 1;
        } else {
            rc |= S_ISDIR(st.st_mode) ? replay_dir(argv[i]) : replay_file(argv[i]);
        }
    }
    printf("%lu inputs\n", n_inputs);
    return rc;
}
