/* SPDX-License-Identifier: MIT */
/* The charts: how errors are distributed, how probabilities hold, how the training went. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "predict/chart.h"
#include "predict/report_data.h"

#define N_BARS  40
#define N_CURVE 160 /* points of a distribution curve */

/* Errors up to the 99th percentile in bars of equal width. */
static void histogram(const struct errors *s, FILE *f)
{
    const double high = quantile(s->km, s->n, 0.99);
    const double width = chart_nice(fmax(high, 0.1) / N_BARS);
    size_t count[N_BARS + 1] = {0};
    size_t most = 1;
    size_t beyond = 0;
    int n_bars = (int)ceil(high / width);
    n_bars = n_bars < 1 ? 1 : n_bars > N_BARS ? N_BARS : n_bars;
    for (size_t i = 0; i < s->n; i++) {
        const int k = (int)fmin(s->km[i] / width, n_bars);
        if (k < n_bars) {
            count[k]++;
            most = count[k] > most ? count[k] : most;
        } else {
            beyond++;
        }
    }
    char title[96];
    char n[32];
    report_count(n, sizeof n, (int64_t)beyond);
    (void)snprintf(title, sizeof title, "Errors (%s beyond the right end)", n);
    const struct chart c = {.title = title,
                            .x_label = "error, km",
                            .y_label = "locations",
                            .x1 = n_bars * width,
                            .y1 = chart_nice((double)most),
                            .y_whole = true};
    chart_begin(f, &c);
    for (int k = 0; k < n_bars; k++) {
        char tip[96];
        report_count(n, sizeof n, (int64_t)count[k]);
        (void)snprintf(tip, sizeof tip, "%s locations, %.4g to %.4g km", n, k * width,
                       (k + 1) * width);
        chart_bar(f, &c, k * width, (k + 1) * width, (double)count[k], "s1", tip);
    }
    const double median = quantile(s->km, s->n, 0.5);
    const double x[2] = {median, median};
    const double y[2] = {0, c.y1};
    chart_line(f, &c, x, y, 2, "s2");
    chart_end(f, (struct legend[]){{"s1", "locations"}, {"s2", "median"}}, 2);
}

/* Share of locations within a distance, for the chosen decoder and what it has to beat. */
static int distribution(const struct report *r, FILE *f, struct err *e)
{
    static const struct {
        const char *name, *css, *text;
    } curve[] = {
        {NULL, "s1", "prediction"},
        {"constant", "s2", "constant guess"},
        {"nearest_train", "s3", "nearest train location"},
        {"floor", "s4", "right class"},
    };
    const struct estimate *baseline = part_estimate(r->part, "constant");
    double high = 1;
    for (size_t i = 0; i < r->part->n; i++) {
        high = fmax(high, r->chosen->km[i]);
        high = fmax(high, baseline ? baseline->km[i] : 0);
    }
    const struct chart c = {.title = "Share of locations within a distance",
                            .x_label = "distance, km",
                            .y_label = "share",
                            .x0 = 0.5,
                            .x1 = high,
                            .y1 = 1,
                            .x_log = true,
                            .y_percent = true};
    struct legend legend[4];
    size_t n_legend = 0;
    for (size_t k = 0; k < 4; k++) {
        if (!curve[k].name || part_estimate(r->part, curve[k].name)) {
            legend[n_legend++] = (struct legend){curve[k].css, curve[k].text};
        }
    }
    chart_begin(f, &c);
    for (size_t k = 4; k-- > 0;) { /* the prediction on top */
        const struct estimate *est =
            curve[k].name ? part_estimate(r->part, curve[k].name) : r->chosen;
        struct errors s = {0};
        double x[N_CURVE];
        double y[N_CURVE];
        if (!est) {
            continue;
        }
        if (errors_init(&s, est->km, r->part->n, 1, e) != 0) {
            return -1;
        }
        size_t within = 0;
        for (int i = 0; i < N_CURVE; i++) {
            x[i] = c.x0 * pow(c.x1 / c.x0, (double)i / (N_CURVE - 1));
            while (within < s.n && s.km[within] <= x[i]) {
                within++;
            }
            y[i] = (double)within / (double)s.n;
        }
        errors_release(&s);
        chart_line(f, &c, x, y, N_CURVE, curve[k].css);
    }
    chart_end(f, legend, n_legend);
    return 0;
}

/* Accuracy against confidence; the diagonal is a network that knows how sure it is. */
static void reliability(const struct report *r, FILE *f)
{
    const struct chart c = {.title = "Calibration",
                            .x_label = "confidence in the most probable class",
                            .y_label = "right",
                            .x1 = 1,
                            .y1 = 1,
                            .y_percent = true};
    const double all =
        report_score(r, "classifier", "n") ? report_score(r, "classifier", "n")->value : 0;
    if (all <= 0) {
        return;
    }
    double x[CALIBRATION_BINS];
    double y[CALIBRATION_BINS];
    double n[CALIBRATION_BINS];
    size_t k = 0;
    for (int b = 0; b < CALIBRATION_BINS; b++) {
        char name[3][32];
        (void)snprintf(name[0], sizeof name[0], "bin_%d:confidence", b);
        (void)snprintf(name[1], sizeof name[1], "bin_%d:accuracy", b);
        (void)snprintf(name[2], sizeof name[2], "bin_%d:n", b);
        const struct score *conf = report_score(r, "classifier", name[0]);
        const struct score *acc = report_score(r, "classifier", name[1]);
        const struct score *count = report_score(r, "classifier", name[2]);
        if (conf && acc && count) {
            x[k] = conf->value;
            y[k] = acc->value;
            n[k++] = count->value;
        }
    }
    chart_begin(f, &c);
    chart_line(f, &c, (double[]){0, 1}, (double[]){0, 1}, 2, "s0");
    chart_line(f, &c, x, y, k, "s1");
    for (size_t i = 0; i < k; i++) {
        char tip[128];
        (void)snprintf(tip, sizeof tip, "%.0f locations: %.0f %% sure, %.0f %% right", n[i],
                       100 * x[i], 100 * y[i]);
        chart_dot(f, &c, x[i], y[i], 2.5 + 9 * sqrt(n[i] / all), "s1", tip);
    }
    chart_end(f, (struct legend[]){{"s1", "network"}, {"s0", "perfectly calibrated"}}, 2);
}

int report_charts(const struct report *r, FILE *f, struct err *e)
{
    struct errors s = {0};
    if (errors_init(&s, r->chosen->km, r->part->n, 1, e) != 0) {
        return -1;
    }
    (void)fputs("<div class=\"charts\">\n", f);
    histogram(&s, f);
    errors_release(&s);
    if (distribution(r, f, e) != 0) {
        return -1;
    }
    reliability(r, f);
    (void)fputs("</div>\n", f);
    return 0;
}

/* Training ------------------------------------------------------------------------------------------ */

/* One number of each epoch, by its offset in the struct. */
static void column(const struct report *r, size_t offset, double *out)
{
    for (size_t i = 0; i < r->n_epochs; i++) {
        memcpy(&out[i], (const char *)&r->epoch[i] + offset, sizeof out[i]);
    }
}

struct curve {
    size_t offset;
    const char *css, *text;
};

static void bounds(const double *v, size_t n, bool positive, double *lo, double *hi)
{
    for (size_t i = 0; i < n; i++) {
        if (isfinite(v[i]) && (!positive || v[i] > 0)) {
            *lo = fmin(*lo, v[i]);
            *hi = fmax(*hi, v[i]);
        }
    }
}

static int curve_chart(const struct report *r, struct chart c, const struct curve *curve, size_t n,
                       FILE *f, struct err *e)
{
    struct legend legend[4];
    double *x = calloc(r->n_epochs + 1, sizeof *x);
    double *y = calloc(r->n_epochs + 1, sizeof *y);
    double lo = INFINITY;
    double hi = -INFINITY;
    if (!x || !y) {
        free(x);
        free(y);
        return err_nomem(e, "a chart");
    }
    column(r, offsetof(struct report_epoch, epoch), x);
    for (size_t k = 0; k < n; k++) {
        column(r, curve[k].offset, y);
        bounds(y, r->n_epochs, c.y_log, &lo, &hi);
    }
    c.x_label = "epoch";
    c.x_whole = true;
    c.x0 = x[0];
    c.x1 = fmax(x[r->n_epochs - 1], x[0] + 1);
    c.y0 = c.y_log ? pow(10, floor(log10(lo) + 1e-9)) : 0;
    c.y1 = c.y_log ? pow(10, ceil(log10(hi) - 1e-9)) : chart_nice(hi);
    if (!(c.y1 > c.y0)) { /* all the same */
        c.y1 = c.y_log ? c.y0 * 10 : 1;
        c.y0 = c.y_log ? c.y0 / 10 : 0;
    }
    if (isfinite(lo)) {
        chart_begin(f, &c);
        for (size_t k = 0; k < n; k++) {
            column(r, curve[k].offset, y);
            chart_line(f, &c, x, y, r->n_epochs, curve[k].css);
            legend[k] = (struct legend){curve[k].css, curve[k].text};
        }
        if (r->best_epoch > 0 && !c.y_log) {
            chart_line(f, &c, (double[]){(double)r->best_epoch, (double)r->best_epoch},
                       (double[]){c.y0, c.y1}, 2, "s0");
            legend[n++] = (struct legend){"s0", "best checkpoint"};
        }
        chart_end(f, legend, n);
    }
    free(x);
    free(y);
    return 0;
}

int report_curves(const struct report *r, FILE *f, struct err *e)
{
#define OF(field) offsetof(struct report_epoch, field)
    static const struct curve km[] = {{OF(val_km), "s1", "val"}};
    static const struct curve loss[] = {{OF(train_loss), "s2", "train"},
                                        {OF(val_loss), "s1", "val"}};
    static const struct curve accuracy[] = {{OF(train_accuracy), "s2", "train"},
                                            {OF(val_accuracy), "s1", "val"}};
    static const struct curve lr[] = {{OF(lr_head), "s3", "head"},
                                      {OF(lr_backbone), "s4", "backbone (absent while frozen)"}};
    if (r->n_epochs == 0) {
        (void)fputs("<p class=\"note\">The catalog holds no epochs of this run.</p>\n", f);
        return 0;
    }
    (void)fputs("<div class=\"charts two\">\n", f);
    if (curve_chart(r, (struct chart){.title = "Mean error of the val part", .y_label = "km"}, km,
                    1, f, e) != 0 ||
        curve_chart(r, (struct chart){.title = "Loss", .y_label = "loss"}, loss, 2, f, e) != 0 ||
        curve_chart(r,
                    (struct chart){.title = "Right class", .y_label = "share", .y_percent = true},
                    accuracy, 2, f, e) != 0 ||
        curve_chart(r, (struct chart){.title = "Learning rate", .y_label = "rate", .y_log = true},
                    lr, 2, f, e) != 0) {
        return -1;
    }
    (void)fputs("</div>\n", f);
    return 0;
}
