/* SPDX-License-Identifier: MIT */
/* gdje-report: read everything, then write the page, whole or not at all. */
#include "predict/report.h"

#include <string.h>

#include "core/file.h"
#include "core/log.h"
#include "predict/report_data.h"
#include "sql/catalog.h"

int report_run(const struct cli *cli, const struct report_prefs *asked, struct err *e)
{
    int rc = -1;
    struct db *db = NULL;
    struct report r = {0};
    struct out out = {0};
    struct report_prefs prefs = *asked;
    if (!prefs.output) {
        return err_set(e, ERR_USAGE, "give -o FILE: where the page goes");
    }
    if (file_exists(prefs.output) && !prefs.force) {
        return err_set(e, ERR_USAGE, "'%s' exists: give --force to replace it", prefs.output);
    }
    if (prefs.border && strcmp(prefs.border, "none") == 0) {
        prefs.border = NULL;
    }
    TRY(catalog_open(cli->catalog, CATALOG_READ, &db, e));
    TRY(report_load(&r, db, &prefs, e));
    TRY(out_open(&out, prefs.output, e));
    TRY(report_page(&r, db, out.f, e));
    TRY(out_commit(&out, e));
    log_info("report of run '%s' written to '%s'", r.run, prefs.output);
out:
    out_release(&out);
    report_release(&r);
    catalog_close(db);
    return rc;
}
