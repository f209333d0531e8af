/* SPDX-License-Identifier: MIT */
/*
 * Charts as inline SVG: axes with round ticks, lines, bars, dots. Colours are CSS classes (s1, s2
 * ... of report.css), so that a chart follows the page's theme.
 *
 *     struct chart c = {.title = "loss", .x_label = "epoch", .x0 = 1, .x1 = 30, .y0 = 0, .y1 = 4};
 *     chart_begin(f, &c);
 *     chart_line(f, &c, x, y, n, "s1");
 *     chart_end(f, (struct legend[]){{"s1", "train"}}, 1);
 */
#ifndef PREDICT_CHART_H
#define PREDICT_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct chart {
    const char *title; /* also what a screen reader says */
    const char *x_label, *y_label;
    double x0, x1, y0, y1; /* x0 < x1, y0 < y1; positive where logarithmic */
    bool x_log, y_log;
    bool x_whole, y_whole; /* ticks at whole numbers only */
    bool y_percent;        /* y is a share: labelled in percent */
};

struct legend {
    const char *css, *text;
};

void chart_begin(FILE *f, const struct chart *c);

/* chart_line - through n points; those that are not finite, or not positive on a logarithmic axis,
 * break the line. Values beyond the axes are drawn at their ends. */
void chart_line(FILE *f, const struct chart *c, const double *x, const double *y, size_t n,
                const char *css);
void chart_bar(FILE *f, const struct chart *c, double x_from, double x_to, double y,
               const char *css, const char *tip);
void chart_dot(FILE *f, const struct chart *c, double x, double y, double radius, const char *css,
               const char *tip);
void chart_end(FILE *f, const struct legend *l, size_t n);

/* chart_nice - the least of 1, 2, 2.5 and 5 times a power of ten that is at least v > 0. */
double chart_nice(double v);

#endif
