#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reference numbers of the trainer's losses and plateau scheduler, by PyTorch in f64: writes
tests/unit/train/train_reference.h. Inputs come from integer formulas that the test repeats."""
import os
import torch

N, K = 5, 7
i = torch.arange(N * K, dtype=torch.float64)
out = (((i * 37) % 101) / 8 - 6).reshape(N, K)
raw = (((i * 53) % 29) + 1).reshape(N, K)
raw[1] = 0
raw[1, 3] = 1  # one-hot
target = (raw / raw.sum(1, keepdim=True)).float().double()

lines = []


def array(name, t):
    values = ", ".join(f"{float(v):.17g}" for v in torch.as_tensor(t, dtype=torch.float64).flatten())
    lines.append(f"static const double {name}[] = {{{values}}};")


x = out.clone().requires_grad_(True)
loss = torch.nn.functional.cross_entropy(x, target)
loss.backward()
lines.append(f"#define REFERENCE_N {N}\n#define REFERENCE_K {K}")
lines.append(f"#define REFERENCE_CROSS_ENTROPY {loss.item():.17g}")
array("reference_cross_entropy_grad", x.grad)

x = out.clone().requires_grad_(True)
loss = torch.nn.functional.mse_loss(x, target)
loss.backward()
lines.append(f"#define REFERENCE_MSE {loss.item():.17g}")
array("reference_mse_grad", x.grad)

# metric after each epoch: falls, stalls within the threshold, rises, NaN, falls again, stalls
metric = [50, 40, 40, 39.9999, 39.99, 45, 44, 43, 42, 41, float("nan"), 39, 38, 60, 60, 60, 60, 60, 60,
          60, 60, 60, 60, 60, 60]
for name, factor, patience, min_lr in (("a", 0.5, 2, 1e-4), ("b", 0.1, 0, 0.0), ("c", 0.9, 1, 0.0)):
    p = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    opt = torch.optim.Adam([{"params": p[:1], "lr": 1e-3}, {"params": p[1:], "lr": 2e-2}])
    sched = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, mode="min", factor=factor, patience=patience,
                                                       min_lr=min_lr)
    rates = []
    for m in metric:
        sched.step(m)
        rates += [g["lr"] for g in opt.param_groups]
    array(f"reference_plateau_{name}", rates)

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "unit", "train", "train_reference.h")
with open(path, "w", encoding="ascii") as f:
    f.write("/* SPDX-License-Identifier: MIT */\n/* clang-format off */\n")
    f.write(f"/* made by tests/reference/make_train.py, PyTorch {torch.__version__} */\n")
    f.write("\n".join(lines) + "\n")
