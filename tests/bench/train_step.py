#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The cpu backend next to PyTorch: images per second of inference and of a training step.

    train_step.py BUILD/tests/bench/train_step [ARCH SIZE_PX PRECISION N]

Both do the same work in turn, step by step, on two threads: four views per location through the
backbone, features joined, one linear layer, Adam. PyTorch gets its better memory format, its
input normalised beforehand, bf16 by autocast. Medians of at least ten steps; TSV on stdout.
ratio is of images per second, core_ratio of images per second of core time, which other work on the
machine disturbs less.
Run it with OMP_WAIT_POLICY=passive unless the machine has nothing else to do: next to other work
PyTorch's waiting threads spin and make it several times slower (threads.h; ours do not).
"""
import statistics
import subprocess
import sys
import time

import torch
import torchvision

VIEWS, OUT, REPEAT = 4, 150, 11
ROWS = [
    ("resnet18", 64, "f32", 16), ("resnet18", 64, "bf16", 16),
    ("resnet18", 96, "f32", 16), ("resnet18", 128, "f32", 8), ("resnet18", 224, "f32", 8),
    ("resnext50_32x4d", 64, "f32", 16), ("resnext50_32x4d", 224, "f32", 4),
]


class Net(torch.nn.Module):
    def __init__(self, arch):
        super().__init__()
        self.backbone = getattr(torchvision.models, arch)()
        n_features = self.backbone.fc.in_features
        self.backbone.fc = torch.nn.Identity()
        self.head = torch.nn.Linear(VIEWS * n_features, OUT)

    def forward(self, x):
        return self.head(self.backbone(x).reshape(x.shape[0] // VIEWS, -1))


class Torch:
    def __init__(self, arch, size_px, precision, n, memory_format):
        torch.manual_seed(1)
        self.net = Net(arch).to(memory_format=memory_format)
        x = torch.randn(n * VIEWS, 3, size_px, size_px)
        self.x = x.contiguous(memory_format=memory_format)
        self.optimiser = torch.optim.Adam(self.net.parameters(), lr=1e-4)
        self.cast = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16")

    def forward(self):
        self.net.eval()
        with torch.no_grad(), self.cast:
            self.net(self.x)

    def train(self):
        self.net.train()
        self.optimiser.zero_grad()
        with self.cast:
            y = self.net(self.x)
        y.backward(y.detach())
        self.optimiser.step()

    def run(self, what):
        start = time.monotonic(), time.process_time()
        getattr(self, what)()
        return time.monotonic() - start[0], time.process_time() - start[1]


class Ours:
    def __init__(self, program, *args):
        self.child = subprocess.Popen([program, *map(str, args)], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True, bufsize=1)

    def run(self, what):
        self.child.stdin.write(what + "\n")
        self.child.stdin.flush()
        return tuple(map(float, self.child.stdout.readline().split()))

    def close(self):
        self.child.stdin.close()
        self.child.wait()


def compare(program, arch, size_px, precision, n):
    ours = Ours(program, arch, size_px, precision, n)
    theirs = [Torch(arch, size_px, precision, n, f)
              for f in (torch.contiguous_format, torch.channels_last)]
    cells = [arch, str(size_px), precision, str(n)]
    for what in ("forward", "train"):
        times = [[], [], []]
        for i in range(REPEAT + 2):
            for who, into in zip([ours, *theirs], times):
                time.sleep(0.05)  # the other's threads go to sleep
                took = who.run(what)
                if i >= 2:
                    into.append(took)
        wall, cores = ([n * VIEWS / statistics.median(t[i] for t in one) for one in times]
                       for i in (0, 1))
        cells += [f"{wall[0]:.1f}", f"{max(wall[1:]):.1f}", f"{wall[0] / max(wall[1:]):.2f}",
                  f"{cores[0] / max(cores[1:]):.2f}"]
    ours.close()
    print("\t".join(cells), flush=True)


def main():
    torch.set_num_threads(2)
    print("arch\tsize_px\tprecision\tlocations\t"
          "forward_img_s\ttorch\tratio\tcore_ratio\ttrain_img_s\ttorch\tratio\tcore_ratio",
          flush=True)
    rows = ROWS
    if len(sys.argv) == 6:
        rows = [(sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5]))]
    for row in rows:
        compare(sys.argv[1], *row)


main()
