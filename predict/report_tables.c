/* SPDX-License-Identifier: MIT */
/* The tables of scores. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "predict/eval.h"
#include "predict/markup.h"
#include "predict/report_data.h"

void report_facts(const struct facts *facts, const char *title, FILE *f)
{
    if (facts->n == 0) {
        return;
    }
    (void)fprintf(f, "<section class=\"facts\"><h3>%s</h3><dl>\n", title);
    for (size_t i = 0; i < facts->n; i++) {
        (void)fputs("<div><dt>", f);
        html_text(f, facts->row[i].name);
        (void)fputs("</dt><dd>", f);
        html_text(f, facts->row[i].value);
        (void)fputs("</dd></div>\n", f);
    }
    (void)fputs("</dl></section>\n", f);
}

enum style { KM, PERCENT, SCORE, COUNT };

static void number(char *out, size_t size, double v, enum style style)
{
    if (style == KM) {
        report_km(out, size, v);
    } else if (style == PERCENT) {
        (void)snprintf(out, size, "%.1f", v * 100);
    } else {
        report_count(out, size, (int64_t)llround(v));
    }
}

/* A table cell; with its interval below when asked for. */
static void cell(FILE *f, const struct score *s, enum style style, bool interval)
{
    char v[32];
    char low[32];
    char high[32];
    if (!s) {
        (void)fputs("<td class=\"none\">&ndash;</td>", f);
        return;
    }
    number(v, sizeof v, s->value, style);
    (void)fprintf(f, "<td>%s", v);
    if (interval && isfinite(s->interval.low)) {
        number(low, sizeof low, s->interval.low, style);
        number(high, sizeof high, s->interval.high, style);
        (void)fprintf(f, "<small>%s&ndash;%s</small>", low, high);
    }
    (void)fputs("</td>", f);
}

struct column {
    const char *head, *metric;
    enum style style;
    bool interval;
};

/* What the rows of the score table are called for people. */
static const char *row_name(const char *decode)
{
    static const char *const names[][2] = {
        {"mean", "mean of classes"},
        {"mode", "most probable class"},
        {"median", "least expected distance"},
        {"regression", "regression"},
        {"constant", "constant guess: mean of train"},
        {"constant_median", "constant guess: median of train"},
        {"nearest_train", "oracle: nearest train location"},
        {"floor", "oracle: right class (floor)"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i][0], decode) == 0) {
            return names[i][1];
        }
    }
    return decode;
}

static void part_table(const struct report *r, const struct part *p, FILE *f)
{
    static const struct column column[] = {
        {"mean", "mean_km", KM, true},
        {"median", "median_km", KM, true},
        {"p10", "p10_km", KM, false},
        {"p25", "p25_km", KM, false},
        {"p75", "p75_km", KM, false},
        {"p90", "p90_km", KM, false},
        {"p95", "p95_km", KM, false},
        {"p99", "p99_km", KM, false},
        {"max", "max_km", KM, false},
        {"1 km", "share_1km", PERCENT, false},
        {"5 km", "share_5km", PERCENT, false},
        {"10 km", "share_10km", PERCENT, false},
        {"25 km", "share_25km", PERCENT, true},
        {"50 km", "share_50km", PERCENT, false},
        {"100 km", "share_100km", PERCENT, false},
        {"200 km", "share_200km", PERCENT, false},
        {"world", "score_world", SCORE, false},
        {"country", "score_country", SCORE, false},
        {"RMSE, m", "rmse_m", COUNT, false},
    };
    const size_t n_columns = sizeof column / sizeof column[0];
    char n[32];
    report_count(n, sizeof n, (int64_t)p->n);
    (void)fputs("<div class=\"scroll\" tabindex=\"0\"><table><caption>", f);
    html_text(f, p->name);
    (void)fprintf(f,
                  " part, %s locations</caption>\n<thead><tr><th rowspan=\"2\" scope=\"col\">"
                  "place</th><th colspan=\"9\" scope=\"colgroup\">error, km</th>"
                  "<th colspan=\"7\" scope=\"colgroup\">share within, %%</th>"
                  "<th colspan=\"2\" scope=\"colgroup\">score of 5,000</th><th></th></tr>\n<tr>",
                  n);
    for (size_t k = 0; k < n_columns; k++) {
        (void)fprintf(f, "<th scope=\"col\">%s</th>", column[k].head);
    }
    (void)fputs("</tr></thead>\n<tbody>\n", f);
    for (size_t d = 0; d < p->n_est; d++) {
        const bool chosen = strcmp(p->est[d].name, r->chosen->name) == 0;
        (void)fprintf(f, "<tr class=\"%s%s\"><th scope=\"row\">",
                      d < p->n_decoders ? "decoder" : "baseline", chosen ? " chosen" : "");
        html_text(f, row_name(p->est[d].name));
        (void)fputs("</th>", f);
        for (size_t k = 0; k < n_columns; k++) {
            cell(f, scores_find(&r->scores, p->name, p->est[d].name, column[k].metric),
                 column[k].style, column[k].interval);
        }
        (void)fputs("</tr>\n", f);
    }
    (void)fputs("</tbody></table></div>\n", f);
}

/* Rows of slices of the shown part and chosen decoder: `group` of the metric's name, its label. */
static bool slice_row(const struct report *r, const char *group, const char *label, FILE *f)
{
    static const struct column column[] = {
        {"", "n", COUNT, false},   {"", "mean_km", KM, false},         {"", "median_km", KM, false},
        {"", "p90_km", KM, false}, {"", "share_25km", PERCENT, false},
    };
    char metric[256];
    (void)snprintf(metric, sizeof metric, "%s:n", group);
    if (!report_score(r, r->chosen->name, metric)) {
        return false;
    }
    (void)fputs("<tr><th scope=\"row\">", f);
    html_text(f, label);
    (void)fputs("</th>", f);
    for (size_t k = 0; k < sizeof column / sizeof column[0]; k++) {
        (void)snprintf(metric, sizeof metric, "%s:%s", group, column[k].metric);
        cell(f, report_score(r, r->chosen->name, metric), column[k].style, false);
    }
    (void)fputs("</tr>\n", f);
    return true;
}

static void slice_head(const char *caption, const char *first, FILE *f)
{
    (void)fprintf(f,
                  "<div class=\"scroll\" tabindex=\"0\"><table><caption>%s</caption><thead><tr>"
                  "<th scope=\"col\">%s</th><th scope=\"col\">locations</th>"
                  "<th scope=\"col\">mean, km</th><th scope=\"col\">median, km</th>"
                  "<th scope=\"col\">p90, km</th><th scope=\"col\">within 25 km, %%</th></tr>"
                  "</thead><tbody>\n",
                  caption, first);
}

static void near_table(const struct report *r, FILE *f)
{
    static const char *const label[N_NEAR_BANDS] = {"less than 1 km", "1 to 5 km", "5 to 25 km",
                                                    "25 km and more"};
    slice_head("By distance to the nearest train location", "nearest train location", f);
    for (size_t k = 0; k < N_NEAR_BANDS; k++) {
        (void)slice_row(r, near_bands[k].name, label[k], f);
    }
    (void)fputs("</tbody></table></div>\n", f);
}

static void region_table(const struct report *r, FILE *f)
{
    bool any = false;
    for (size_t i = 0; i < r->scores.n; i++) {
        const struct score *s = &r->scores.row[i];
        const char *end = strrchr(s->metric, ':');
        char group[256];
        if (strncmp(s->metric, "region_", 7) != 0 || !end || strcmp(end, ":n") != 0 ||
            strcmp(s->part, r->part->name) != 0 || strcmp(s->decode, r->chosen->name) != 0) {
            continue;
        }
        (void)snprintf(group, sizeof group, "%.*s", (int)(end - s->metric), s->metric);
        if (!any) {
            slice_head("By region", "region", f);
            any = true;
        }
        (void)slice_row(r, group, group + 7, f);
    }
    if (any) {
        (void)fputs("</tbody></table></div>\n", f);
    }
}

static void class_table(const struct report *r, FILE *f)
{
    if (r->truth.n_classes == 0) {
        return;
    }
    (void)fputs("<details><summary>By class</summary>\n", f);
    slice_head("By true class", "class", f);
    for (size_t k = 0; k < r->truth.n_classes; k++) {
        char group[32];
        char label[160];
        (void)snprintf(group, sizeof group, "class_%zu", k);
        (void)snprintf(label, sizeof label, "%zu%s%s", k, r->truth.cls[k].name ? " " : "",
                       r->truth.cls[k].name ? r->truth.cls[k].name : "");
        (void)slice_row(r, group, label, f);
    }
    (void)fputs("</tbody></table></div></details>\n", f);
}

static void classifier_table(const struct report *r, FILE *f)
{
    static const struct column column[] = {
        {"labelled locations", "n", COUNT, false},  {"top 1, %", "top1", PERCENT, true},
        {"top 5, %", "top5", PERCENT, true},        {"top 10, %", "top10", PERCENT, true},
        {"macro F1, %", "macro_f1", PERCENT, true}, {"calibration error, %", "ece", PERCENT, false},
    };
    if (!report_score(r, "classifier", "top1")) {
        return;
    }
    (void)fputs("<div class=\"scroll\" tabindex=\"0\"><table><caption>Right class among the most "
                "probable</caption><thead><tr><th scope=\"col\">part</th>",
                f);
    for (size_t k = 0; k < sizeof column / sizeof column[0]; k++) {
        (void)fprintf(f, "<th scope=\"col\">%s</th>", column[k].head);
    }
    (void)fputs("</tr></thead><tbody>\n", f);
    for (size_t i = 0; i < r->truth.n_parts; i++) {
        const char *part = r->truth.part[i].name;
        (void)fputs("<tr><th scope=\"row\">", f);
        html_text(f, part);
        (void)fputs("</th>", f);
        for (size_t k = 0; k < sizeof column / sizeof column[0]; k++) {
            cell(f, scores_find(&r->scores, part, "classifier", column[k].metric), column[k].style,
                 column[k].interval);
        }
        (void)fputs("</tr>\n", f);
    }
    (void)fputs("</tbody></table></div>\n", f);
}

void report_tables(const struct report *r, FILE *f)
{
    for (size_t i = 0; i < r->truth.n_parts; i++) {
        part_table(r, &r->truth.part[i], f);
    }
    (void)fputs(
        "<p class=\"note\">Small figures are 95&#8201;% bootstrap intervals over locations. "
        "The highlighted decoder was chosen on the val part.</p>\n",
        f);
    classifier_table(r, f);
    near_table(r, f);
    region_table(r, f);
    class_table(r, f);
}
