/* SPDX-License-Identifier: MIT */
/* The import tool's course, and its account of what became of every item. */
#include "prep/import.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/file.h"
#include "core/log.h"
#include "prep/import_items.h"
#include "prep/names.h"
#include "sql/catalog.h"

static int check_prefs(const struct cli *cli, const struct import_prefs *prefs, struct err *e)
{
    if (prefs->csv && cli->n_args > 0) {
        return err_set(e, ERR_USAGE, "give --csv FILE or photos, not both");
    }
    if (!prefs->csv && cli->n_args == 0 && !prefs->images) {
        return err_set(e, ERR_USAGE, "nothing to import: give --csv FILE, or photos");
    }
    if (prefs->images && cli->n_args > 0) {
        return err_set(e, ERR_USAGE, "--images goes with --csv or --to-predict, not with photos");
    }
    if (prefs->images && !prefs->csv && !prefs->to_predict) {
        return err_set(e, ERR_USAGE,
                       "--images needs --csv FILE with the positions, or --to-predict");
    }
    if (prefs->columns && !prefs->csv) {
        return err_set(e, ERR_USAGE, "--columns goes with --csv FILE");
    }
    if (prefs->border && prefs->to_predict) {
        return err_set(e, ERR_USAGE, "--border checks positions, which --to-predict does not take");
    }
    return prefs->name ? name_check("name", prefs->name, NAME_MAX_BYTES, e) : 0;
}

/* The data set's name: as given, or the last part of the path that was named. */
static int find_name(const struct cli *cli, const struct import_prefs *prefs, char *out,
                     struct err *e)
{
    const char *path = prefs->images ? prefs->images : prefs->csv ? prefs->csv : cli->args[0];
    if (prefs->name) {
        (void)snprintf(out, NAME_MAX_BYTES + 1, "%s", prefs->name);
        return 0;
    }
    char *absolute = path_absolute(path, e);
    if (!absolute) {
        return -1;
    }
    (void)snprintf(out, NAME_MAX_BYTES + 1, "%s", path_base(absolute));
    free(absolute);
    char *dot = strrchr(out, '.');
    if (dot && dot != out) {
        *dot = '\0';
    }
    if (out[0] == '\0' || import_has_control(out)) {
        return err_set(e, ERR_USAGE, "give the data set a name with --name");
    }
    return 0;
}

static int read_items(const struct cli *cli, const struct import_prefs *prefs,
                      struct import_items *items, struct err *e)
{
    if (prefs->csv) {
        return import_read_csv(prefs, items, e);
    }
    if (cli->n_args == 0) {
        return import_read_folders(prefs, items, e);
    }
    return import_read_photos(cli->args, cli->n_args, prefs, items, e);
}

/* A field of a TSV: tabs and line ends of what was read become blanks. */
static void put_field(const char *text)
{
    for (; *text; text++) {
        (void)putchar((unsigned char)*text < 0x20 ? ' ' : *text);
    }
}

static void print_rejected(const struct import_items *items)
{
    (void)printf("row\treason\tdetail\n");
    for (size_t i = 0; i < items->n; i++) {
        const struct import_item *it = &items->v[i];
        if (it->reason == IMPORT_ACCEPTED) {
            continue;
        }
        if (it->line > 0) {
            (void)printf("%zu", it->line);
        } else {
            put_field(it->path);
        }
        (void)printf("\t%s\t", import_reason_name(it->reason));
        put_field(it->detail);
        (void)putchar('\n');
    }
}

/* "read 10: 7 accepted, 3 rejected (2 zero, 1 no_row)", and the same of the accepted ones' images. */
static int print_counts(const struct import_items *items, size_t *n_accepted, struct err *e)
{
    int rc = -1;
    size_t by_reason[IMPORT_REASON_COUNT] = {0};
    size_t by_state[4] = {0};
    struct buf reasons;
    buf_init(&reasons, 4096);
    for (size_t i = 0; i < items->n; i++) {
        by_reason[items->v[i].reason]++;
        for (int v = 0; v < IMPORT_VIEWS && items->v[i].reason == IMPORT_ACCEPTED; v++) {
            by_state[items->v[i].view[v].state]++;
        }
    }
    *n_accepted = by_reason[IMPORT_ACCEPTED];
    for (int r = IMPORT_ACCEPTED + 1; r < IMPORT_REASON_COUNT; r++) {
        if (by_reason[r] > 0) {
            TRY(buf_printf(&reasons, e, "%s%zu %s", reasons.n ? ", " : " (", by_reason[r],
                           import_reason_name((enum import_reason)r)));
        }
    }
    log_info("read %zu: %zu accepted, %zu rejected%s%s", items->n, *n_accepted,
             items->n - *n_accepted, reasons.p ? reasons.p : "", reasons.p ? ")" : "");
    log_info("their images: %zu ok, %zu missing, %zu corrupt", by_state[IMPORT_OK],
             by_state[IMPORT_MISSING], by_state[IMPORT_CORRUPT]);
    if (by_reason[IMPORT_SWAPPED] > 0) {
        log_hint("where all rows are swapped, name the columns: --columns lat=...,lon=...");
    }
    if (by_reason[IMPORT_DECIMAL_COMMA] > 0) {
        log_hint("write coordinates with a decimal point: 45.81, not 45,81");
    }
    rc = 0;
out:
    buf_release(&reasons);
    return rc;
}

static size_t count_accepted(const struct import_items *items)
{
    size_t n = 0;
    for (size_t i = 0; i < items->n; i++) {
        n += items->v[i].reason == IMPORT_ACCEPTED;
    }
    return n;
}

int import_run(const struct cli *cli, const struct import_prefs *prefs, struct err *e)
{
    int rc = -1;
    char name[NAME_MAX_BYTES + 1];
    struct import_items items = {0};
    struct db *db = NULL;
    size_t n_accepted = 0;
    TRY(check_prefs(cli, prefs, e));
    TRY(find_name(cli, prefs, name, e));
    TRY(read_items(cli, prefs, &items, e));
    TRY(import_reject_duplicates(&items, e));
    TRY(import_check(cli, prefs, &items, e));
    TRY(import_check_border(prefs, &items, e));
    TRY(import_note_same_places(&items, e));
    TRY(import_group_items(prefs, name, &items, e));
    if (count_accepted(&items) > 0) { /* a catalog is not made for nothing */
        TRY(catalog_open(cli->catalog, CATALOG_CREATE, &db, e));
        TRY(import_store(db, cli, name, &items, e));
    }
    print_rejected(&items);
    TRY(print_counts(&items, &n_accepted, e));
    if (n_accepted == 0) {
        rc =
            err_set(e, ERR_INPUT, "data set '%s': nothing could be accepted of %zu", name, items.n);
    }
out:
    catalog_close(db);
    import_items_release(&items);
    return rc;
}
