/* SPDX-License-Identifier: MIT */
/* Charts: a fixed drawing area of 400 x 250 units that the page scales. */
#include "predict/chart.h"

#include <math.h>

#include "predict/markup.h"

#define WIDTH   400.0
#define HEIGHT  250.0
#define LEFT    54.0
#define RIGHT   12.0
#define TOP     12.0
#define BOTTOM  42.0
#define N_TICKS 5

double chart_nice(double v)
{
    static const double step[] = {1, 2, 2.5, 5, 10};
    const double ten = pow(10, floor(log10(v)));
    for (size_t i = 0; i < sizeof step / sizeof step[0]; i++) {
        if (step[i] * ten >= v * (1 - 1e-9)) {
            return step[i] * ten;
        }
    }
    return 10 * ten;
}

/* Share of the axis from lo to hi at which v lies, kept within it. */
static double along(double v, double lo, double hi, bool is_log)
{
    const double t = is_log ? log(v / lo) / log(hi / lo) : (v - lo) / (hi - lo);
    return fmin(fmax(t, 0), 1);
}

static double px(const struct chart *c, double x)
{
    return LEFT + along(x, c->x0, c->x1, c->x_log) * (WIDTH - LEFT - RIGHT);
}

static double py(const struct chart *c, double y)
{
    return HEIGHT - BOTTOM - along(y, c->y0, c->y1, c->y_log) * (HEIGHT - TOP - BOTTOM);
}

static void tick_text(FILE *f, double v, bool percent)
{
    if (percent) {
        (void)fprintf(f, "%.4g&#8201;%%", v * 100);
    } else if (v != 0 && (fabs(v) < 0.01 || fabs(v) >= 1e5)) {
        (void)fprintf(f, "%.0e", v);
    } else {
        (void)fprintf(f, "%.4g", v);
    }
}

static void x_tick(FILE *f, const struct chart *c, double v)
{
    (void)fprintf(f,
                  "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
                  "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">",
                  px(c, v), px(c, v), TOP, HEIGHT - BOTTOM, px(c, v), HEIGHT - BOTTOM + 15);
    tick_text(f, v, false);
    (void)fputs("</text>\n", f);
}

static void y_tick(FILE *f, const struct chart *c, double v)
{
    (void)fprintf(f,
                  "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
                  "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">",
                  LEFT, WIDTH - RIGHT, py(c, v), py(c, v), LEFT - 6, py(c, v) + 3.5);
    tick_text(f, v, c->y_percent);
    (void)fputs("</text>\n", f);
}

typedef void tick_fn(FILE *f, const struct chart *c, double v);

static void ticks(FILE *f, const struct chart *c, double lo, double hi, bool is_log, bool whole,
                  tick_fn *draw)
{
    if (is_log) {
        const bool wide = hi / lo > 30; /* 1 10 100, else 1 2 5 10 */
        for (int power = (int)floor(log10(lo)); pow(10, power) <= hi * 1.001; power++) {
            const double ten = pow(10, power);
            for (int k = 1; k <= 5; k += k == 1 ? 1 : 3) {
                if (ten * k >= lo * 0.999 && ten * k <= hi * 1.001 && (k == 1 || !wide)) {
                    draw(f, c, ten * k);
                }
            }
        }
        return;
    }
    double step = chart_nice((hi - lo) / N_TICKS);
    if (whole) {
        step = step < 1 ? 1 : ceil(step); /* 2.5 is no whole number */
    }
    const int first = (int)ceil(lo / step - 1e-9);
    for (int k = first; k * step <= hi + 1e-9 * step; k++) {
        draw(f, c, k * step);
    }
}

void chart_begin(FILE *f, const struct chart *c)
{
    (void)fprintf(f, "<figure class=\"chart\"><h3>%s</h3>\n<svg viewBox=\"0 0 %.0f %.0f\" ",
                  c->title, WIDTH, HEIGHT);
    (void)fputs("role=\"img\" aria-label=\"", f);
    html_text(f, c->title);
    (void)fputs("\">\n", f);
    ticks(f, c, c->x0, c->x1, c->x_log, c->x_whole, x_tick);
    ticks(f, c, c->y0, c->y1, c->y_log, c->y_whole, y_tick);
    (void)fprintf(f,
                  "<text class=\"label\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n"
                  "<text class=\"label\" transform=\"translate(13 %.1f) rotate(-90)\" "
                  "text-anchor=\"middle\">%s</text>\n",
                  (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, c->x_label, (TOP + HEIGHT - BOTTOM) / 2,
                  c->y_label);
}

void chart_line(FILE *f, const struct chart *c, const double *x, const double *y, size_t n,
                const char *css)
{
    bool pen_down = false;
    (void)fprintf(f, "<path class=\"line %s\" d=\"", css);
    for (size_t i = 0; i < n; i++) {
        const bool there =
            isfinite(x[i]) && isfinite(y[i]) && (!c->x_log || x[i] > 0) && (!c->y_log || y[i] > 0);
        if (there) {
            (void)fprintf(f, "%c%.1f %.1f", pen_down ? 'L' : 'M', px(c, x[i]), py(c, y[i]));
        }
        pen_down = there;
    }
    (void)fputs("\"/>\n", f);
}

void chart_bar(FILE *f, const struct chart *c, double x_from, double x_to, double y,
               const char *css, const char *tip)
{
    const double left = px(c, x_from);
    const double right = px(c, x_to);
    const double top = py(c, y);
    (void)fprintf(f,
                  "<rect class=\"bar %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">"
                  "<title>%s</title></rect>\n",
                  css, left + 0.5, top, fmax(right - left - 1, 0.5), HEIGHT - BOTTOM - top, tip);
}

void chart_dot(FILE *f, const struct chart *c, double x, double y, double radius, const char *css,
               const char *tip)
{
    (void)fprintf(f,
                  "<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"><title>%s</title>"
                  "</circle>\n",
                  css, px(c, x), py(c, y), radius, tip);
}

void chart_end(FILE *f, const struct legend *l, size_t n)
{
    (void)fputs("</svg>\n<figcaption>", f);
    for (size_t i = 0; i < n; i++) {
        (void)fprintf(f, "<span class=\"key %s\">%s</span> ", l[i].css, l[i].text);
    }
    (void)fputs("</figcaption></figure>\n", f);
}
