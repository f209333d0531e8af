/* SPDX-License-Identifier: MIT */
/* The page as a whole. The policy in its head lets the browser run the two scripts that are built
 * in, by their digest, and load nothing at all. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "predict/markup.h"
#include "predict/report_data.h"
#include "predict/web_text.h"

static const char *web(const char *name)
{
    const char *text = embedded_find(web_texts, name);
    return text ? text : "";
}

/* 'sha256-...' of a script as the policy wants it: base64 in the standard alphabet. */
static int script_source(FILE *f, const char *text, struct err *e)
{
    uint8_t digest[SHA256_SIZE];
    char b64[4 * ((SHA256_SIZE + 2) / 3) + 1];
    if (sha256_of(text, strlen(text), digest, e) != 0) {
        return -1;
    }
    base64url_encode(digest, sizeof digest, b64);
    for (char *p = b64; *p; p++) {
        *p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
    }
    (void)fprintf(f, " 'sha256-%s'", b64);
    return 0;
}

static int head(const struct report *r, FILE *f, struct err *e)
{
    (void)fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "img-src data:; style-src 'unsafe-inline'; script-src",
                f);
    if (script_source(f, web("leaflet.min.js"), e) != 0 ||
        script_source(f, web("report.js"), e) != 0) {
        return -1;
    }
    (void)fputs("\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"generator\" content=\"gdje " GDJE_VERSION "\">\n<title>gdje: ",
                f);
    html_text(f, r->run);
    (void)fprintf(f, "</title>\n<style>\n%s\n%s</style>\n</head>\n<body>\n", web("leaflet.css"),
                  web("report.css"));
    return 0;
}

static void banner(const struct report *r, FILE *f)
{
    char n[32];
    char all[32];
    if (r->n_demo == 0) {
        return;
    }
    report_count(n, sizeof n, r->n_demo);
    report_count(all, sizeof all, r->n_all);
    (void)fputs("<p class=\"banner\" role=\"note\"><b>Demo data.</b> ", f);
    if (r->n_demo == r->n_all) {
        (void)fprintf(f, "All %s locations", n);
    } else {
        (void)fprintf(f, "%s of %s locations", n, all);
    }
    (void)fputs(
        " are of the demo provider: pictures drawn by a program, of a country that does not "
        "exist. The scores show that the machinery works. They say nothing about real "
        "photos.</p>\n",
        f);
}

/* One large number. note: HTML of ours. */
static void stat(FILE *f, const char *label, const char *value, const char *unit, const char *note)
{
    (void)fprintf(f,
                  "<div class=\"stat\"><dt>%s</dt><dd><span>%s</span>&#8201;%s</dd>"
                  "<dd class=\"note\">%s</dd></div>\n",
                  label, value, unit, note);
}

static void km_stat(const struct report *r, FILE *f, const char *label, const char *decode,
                    const char *metric, const char *otherwise)
{
    char v[32];
    char low[32];
    char high[32];
    char note[128];
    const struct score *s = report_score(r, decode, metric);
    if (!s) {
        return;
    }
    report_km(v, sizeof v, s->value);
    (void)snprintf(note, sizeof note, "%s", otherwise);
    if (!otherwise[0] && isfinite(s->interval.low)) {
        report_km(low, sizeof low, s->interval.low);
        report_km(high, sizeof high, s->interval.high);
        (void)snprintf(note, sizeof note, "95&#8201;%% interval %s&ndash;%s", low, high);
    }
    stat(f, label, v, "km", note);
}

static void stats(const struct report *r, FILE *f)
{
    char v[32];
    char note[128];
    const char *chosen = r->chosen->name;
    const struct score *mean = report_score(r, chosen, "mean_km");
    const struct score *constant = report_score(r, "constant", "mean_km");
    const struct score *within = report_score(r, chosen, "share_25km");
    const struct score *world = report_score(r, chosen, "score_world");
    (void)fputs("<dl class=\"stats\">\n", f);
    km_stat(r, f, "Mean error", chosen, "mean_km", "");
    km_stat(r, f, "Median error", chosen, "median_km", "");
    if (mean && constant && mean->value > 0) {
        (void)snprintf(note, sizeof note, "the network is %.1f times better",
                       constant->value / mean->value);
        if (mean->value > constant->value) {
            (void)snprintf(note, sizeof note, "better than the network");
        }
        km_stat(r, f, "Constant guess", "constant", "mean_km", note);
    }
    if (within) {
        (void)snprintf(v, sizeof v, "%.1f", 100 * within->value);
        (void)snprintf(note, sizeof note, "95&#8201;%% interval %.1f&ndash;%.1f",
                       100 * within->interval.low, 100 * within->interval.high);
        stat(f, "Within 25 km", v, "%", isfinite(within->interval.low) ? note : "");
    }
    if (world) {
        report_count(v, sizeof v, llround(world->value));
        stat(f, "GeoGuessr score", v, "", "of 5,000, world scale");
    }
    km_stat(r, f, "Floor", "floor", "mean_km", "if every class were right");
    (void)fputs("</dl>\n", f);
}

static void title(const struct report *r, FILE *f)
{
    char n[32];
    report_count(n, sizeof n, (int64_t)r->part->n);
    (void)fputs("<header class=\"top\"><p class=\"brand\">gdje</p><h1>Run ", f);
    html_text(f, r->run);
    (void)fputs("</h1>\n<p class=\"sub\">", f);
    html_text(f, r->arch);
    (void)fputs(", ", f);
    html_text(f, r->task);
    (void)fprintf(f, ", scored on %s locations of the ", n);
    html_text(f, r->part->name);
    (void)fputs(" part", f);
    if (strcmp(r->part->name, "test") != 0) {
        (void)fputs(" (there are no predictions of a test part)", f);
    }
    (void)fputs(", decoder ", f);
    html_text(f, r->chosen->name);
    (void)fputs(". ", f);
    if (strcmp(r->state, "finished") == 0 && r->finished) {
        (void)fputs("Training finished ", f);
        html_text(f, r->finished);
    } else {
        (void)fputs("<strong>Training is not finished: ", f);
        html_text(f, r->state);
        (void)fputs("</strong>", f);
    }
    (void)fputs(".</p>\n", f);
    banner(r, f);
    stats(r, f);
    (void)fputs("</header>\n<main>\n", f);
}

/* The map's box, and the data that the script at the end draws in it. */
static int map(const struct report *r, struct db *db, FILE *f, struct err *e)
{
    char *json = NULL;
    size_t size = 0;
    size_t n_lines = 0;
    int rc = -1;
    FILE *m = open_memstream(&json, &size);
    if (!m) {
        return err_nomem(e, "a map");
    }
    rc = report_map(r, db, m, &n_lines, e);
    if (fclose(m) != 0 && rc == 0) {
        rc = err_nomem(e, "a map");
    }
    if (rc == 0) {
        char n[32];
        char all[32];
        report_count(n, sizeof n, (int64_t)n_lines);
        report_count(all, sizeof all, (int64_t)r->part->n);
        (void)fputs("<section aria-labelledby=\"h-map\"><h2 id=\"h-map\">Map</h2>\n"
                    "<div id=\"map\" role=\"application\" aria-label=\"map of errors\"></div>\n"
                    "<noscript><p class=\"note\">The map needs JavaScript; everything else on this "
                    "page does without.</p></noscript>\n<p class=\"note\">",
                    f);
        (void)fputs(r->n_cells ? "Cells are coloured by the median error of the locations in them. "
                               : "",
                    f);
        (void)fputs("Lines lead from the true place (dot) to the predicted one. ", f);
        if (n_lines < r->part->n) {
            (void)fprintf(f, "%s of %s predictions are drawn, chosen at random. ", n, all);
        } else {
            (void)fprintf(f, "All %s predictions are drawn. ", all);
        }
        (void)fprintf(f, "</p>\n<script type=\"application/json\" id=\"data\">%s</script>\n", json);
        (void)fputs("</section>\n", f);
    }
    free(json);
    return rc;
}

static void definitions(const struct report *r, FILE *f)
{
    (void)fprintf(
        f,
        "<details><summary>How these numbers are defined</summary>\n"
        "<p>Errors are great-circle distances on a sphere of radius 6371.0088 km, over locations. "
        "Percentiles interpolate linearly between ranks. RMSE is the root of the mean squared error. "
        "Intervals are 95&#8201;%% percentile bootstrap intervals of resampled locations.</p>\n"
        "<p>The score of one guess is 5000 exp(&minus;10 d / D). World scale: 10 / D = 1 / 1492.7 km. "
        "Country scale: D = %.0f km, the diagonal of the bounding box of all known locations.</p>\n"
        "<p>Constant guesses answer everything with the mean, or the geometric median, of the train "
        "locations. The nearest-train oracle names the train location nearest to the truth; the "
        "floor names the point of the right class. Accuracy and F1 are over locations with a "
        "label; macro F1 is the mean over the classes that are a label or a guess. The calibration "
        "error weighs 10 bins of confidence by their locations.</p></details>\n",
        r->truth.country_km);
}

int report_page(const struct report *r, struct db *db, FILE *f, struct err *e)
{
    if (head(r, f, e) != 0) {
        return -1;
    }
    title(r, f);
    if (map(r, db, f, e) != 0) {
        return -1;
    }
    (void)fputs("<section aria-labelledby=\"h-errors\"><h2 id=\"h-errors\">Errors</h2>\n", f);
    if (report_charts(r, f, e) != 0) {
        return -1;
    }
    (void)fputs(
        "</section>\n<section aria-labelledby=\"h-scores\"><h2 id=\"h-scores\">Scores</h2>\n", f);
    report_tables(r, f);
    definitions(r, f);
    (void)fputs(
        "</section>\n<section aria-labelledby=\"h-train\"><h2 id=\"h-train\">Training</h2>\n", f);
    if (report_curves(r, f, e) != 0) {
        return -1;
    }
    (void)fputs(
        "</section>\n<section aria-labelledby=\"h-photos\"><h2 id=\"h-photos\">Photos</h2>\n", f);
    if (report_photos(r, db, f, e) != 0) {
        return -1;
    }
    (void)fputs("</section>\n<section aria-labelledby=\"h-facts\"><h2 id=\"h-facts\">About this "
                "run</h2>\n<div class=\"columns\">\n",
                f);
    report_facts(&r->run_facts, "Run", f);
    report_facts(&r->data, "Data", f);
    report_facts(&r->config, "Configuration", f);
    (void)fprintf(
        f,
        "</div></section>\n</main>\n<footer>Made by gdje " GDJE_VERSION
        ". Map drawing: Leaflet, &copy; 2010&ndash;2019 Vladimir Agafonkin, 2010&ndash;2011 "
        "CloudMade, BSD-2-Clause. This file needs no network.</footer>\n"
        "<script>%s</script>\n<script>%s</script>\n</body>\n</html>\n",
        web("leaflet.min.js"), web("report.js"));
    return 0;
}
