#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reference numbers of gdje-eval's metrics, by NumPy: writes tests/unit/predict/eval_reference.h.

Inputs come from integer formulas that the test repeats, so nothing else is committed.
"""
import os
import numpy as np

N, CLASSES = 1009, 13
i = np.arange(N, dtype=np.int64)
km = ((i * 7919) % 10007) / 37.0
truth = (i * 31) % CLASSES
top = np.where(i % 3 == 0, truth, (i * 17 + 5) % CLASSES)
confidence = ((i * 613) % 1000 + 0.5) / 1000.0
rank = np.where(top == truth, 0, 1 + (i * 5) % 14)

out = []
out.append(("mean_km", km.mean()))
for q in (10, 25, 50, 75, 90, 95, 99, 100):
    name = {50: "median_km", 100: "max_km"}.get(q, f"p{q}_km")
    out.append((name, np.percentile(km, q)))
out.append(("rmse_m", 1000 * np.sqrt(np.mean(km * km))))
for d in (1, 5, 10, 25, 50, 100, 200):
    out.append((f"share_{d}km", np.mean(km <= d)))
out.append(("score_world", np.mean(5000 * np.exp(-km / 1492.7))))
out.append(("score_country", np.mean(5000 * np.exp(-10 * km / 600.0))))

f1 = []
for c in range(CLASSES):
    tp = np.sum((truth == c) & (top == c))
    fp = np.sum((truth != c) & (top == c))
    fn = np.sum((truth == c) & (top != c))
    if tp + fp + fn:
        f1.append(2 * tp / (2 * tp + fp + fn))
cls = [("top1", np.mean(rank < 1)), ("top5", np.mean(rank < 5)), ("top10", np.mean(rank < 10)),
       ("macro_f1", np.mean(f1))]
bins = np.minimum((confidence * 10).astype(int), 9)
ece = sum(abs(np.sum((truth == top)[bins == b]) - np.sum(confidence[bins == b])) for b in range(10)) / N

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "unit", "predict", "eval_reference.h")
with open(path, "w", encoding="ascii") as f:
    f.write("/* SPDX-License-Identifier: MIT */\n")
    f.write(f"/* made by tests/reference/make_eval.py, NumPy {np.__version__} */\n")
    f.write(f"#define REFERENCE_N {N}\n#define REFERENCE_CLASSES {CLASSES}\n")
    f.write(f"#define REFERENCE_ECE {ece:.17g}\n")
    for name, rows in (("reference_errors", out), ("reference_classes", cls)):
        f.write(f"static const struct {{\n    const char *name;\n    double value;\n}} {name}[] = {{\n")
        f.writelines(f'    {{"{k}", {v:.17g}}},\n' for k, v in rows)
        f.write("};\n")
