#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""References for the network engine, made with PyTorch and torchvision (Debian's packages).

    make_nn.py                         write nn_<arch>.json beside this file, and the fuzz corpus
    make_nn.py --check ARCH FILE       load a file of ours into torchvision's network by name and
                                       compare its logits with nn_<arch>.json

No weights are stored: both sides make them from the same integer hash (uniform() here, nn_uniform
in tests/unit/nn/support.c). A gradient is stored as its norm and its products with eight vectors
of +-1 whose signs come from the hash: for a difference d the mean square of d's products is |d|^2
on average, so the test can bound the relative error of every gradient with nine numbers.

Batch norm gets biases of +-(1 .. 2) for a weight of 0.5, so that few of its outputs lie near the
kink of relu. With biases near 0, f32 rounding decides the side of some dozens of them, and in
ResNeXt-50 PyTorch's own f32 gradients are then 1.4 % away from its f64 ones.

Everything is computed in float64; how far PyTorch's own float32 is away is printed.
"""
import argparse
import json
import math
import pathlib
import struct
import sys

import numpy as np
import torch
import torchvision

HERE = pathlib.Path(__file__).resolve().parent
ARCHS = {"resnet18": 2, "resnext50_32x4d": 1}  # locations in the batch: the plain loops are slow
SIZE_PX, VIEWS, N_OUT = 64, 4, 5
N_PROJECTIONS = 8
ADAM = {"lr_backbone": 1e-3, "lr_head": 1e-2, "beta1": 0.9, "beta2": 0.999, "eps": 1e-3,
        "weight_decay": 0.01}


def hash32(name, n):
    """Elements 0 .. n-1 of a stream: FNV-1a of the name, golden-ratio steps, MurmurHash3's fmix32."""
    h = 2166136261
    for byte in name.encode():
        h = (h ^ byte) * 16777619 & 0xFFFFFFFF
    x = np.arange(n, dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32(h)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return x ^ (x >> np.uint32(16))


def uniform(name, n):
    """In [-1, 1), exact in float32."""
    return (hash32(name, n) >> np.uint32(8)).astype(np.float64) / 8388608.0 - 1.0


def values(name, shape):
    """What nn_fill_far gives a parameter, as float64 of the float32 number."""
    n = math.prod(shape)
    u = uniform(name, n)
    if len(shape) > 1:
        x = math.sqrt(6.0 / (n // shape[0])) * u
    elif name.endswith(".weight"):
        x = 0.5 + 0.125 * u
    elif name.endswith(".bias") and not name.startswith("head."):
        x = u + np.where(u < 0.0, -1.0, 1.0)
    elif name.endswith(".running_var"):
        x = 1.0 + 0.5 * u
    else:
        x = 0.1 * u
    return x.astype(np.float32).astype(np.float64).reshape(shape)


def digest(parts):
    """Norm and projections of the concatenation of (name, array)."""
    sum_sq, products = 0.0, np.zeros(N_PROJECTIONS)
    for name, x in parts:
        x = x.reshape(-1).astype(np.float64)
        bits = hash32("sign " + name, x.size)
        sum_sq += float(x @ x)
        for k in range(N_PROJECTIONS):
            products[k] += x @ (1.0 - 2.0 * ((bits >> np.uint32(31 - k)) & np.uint32(1)))
    return [float(f"{v:.7g}") for v in (math.sqrt(sum_sq), *products)]


class Net(torch.nn.Module):
    """Our arrangement: one backbone for all views, their features side by side, one linear head."""

    def __init__(self, arch):
        super().__init__()
        self.backbone = getattr(torchvision.models, arch)(weights=None)
        n_features = self.backbone.fc.in_features
        self.backbone.fc = torch.nn.Identity()
        self.head = torch.nn.Linear(n_features * VIEWS, N_OUT)

    def forward(self, x):
        return self.head(self.backbone(x).reshape(x.shape[0] // VIEWS, -1))

    def names(self):
        """Our name of every parameter and buffer -> its tensor."""
        own = {k.removeprefix("backbone."): v for k, v in self.state_dict(keep_vars=True).items()}
        return {k: v for k, v in own.items() if not k.endswith("num_batches_tracked")}


def make_net(arch, dtype):
    net = Net(arch).to(dtype)
    with torch.no_grad():
        for name, tensor in net.names().items():
            tensor.copy_(torch.from_numpy(values(name, tuple(tensor.shape))))
    return net


def make_input(arch, dtype):
    shape = (ARCHS[arch] * VIEWS, 3, SIZE_PX, SIZE_PX)
    return torch.from_numpy(2.0 * uniform("input", math.prod(shape)).reshape(shape)).to(dtype)


def numpy(tensor):
    return tensor.detach().double().numpy()


def run(arch, dtype):
    """Logits in both modes, gradients, statistics, and one Adam step, as numpy arrays."""
    x = make_input(arch, dtype)
    target = torch.tensor([(3 * n + 1) % N_OUT for n in range(ARCHS[arch])])
    net = make_net(arch, dtype)
    with torch.no_grad():
        logits_eval = numpy(net.eval()(x))
    net.train()
    logits = net(x)
    loss = torch.nn.functional.cross_entropy(logits, target)
    loss.backward()
    params = {k: v for k, v in net.names().items() if v.requires_grad}
    before = {k: numpy(v).copy() for k, v in params.items()}
    groups = [{"params": [v for k, v in params.items() if not k.startswith("head.")],
               "lr": ADAM["lr_backbone"]},
              {"params": [v for k, v in params.items() if k.startswith("head.")],
               "lr": ADAM["lr_head"]}]
    torch.optim.Adam(groups, betas=(ADAM["beta1"], ADAM["beta2"]), eps=ADAM["eps"],
                     weight_decay=ADAM["weight_decay"]).step()
    return {
        "logits_eval": logits_eval,
        "logits_train": numpy(logits),
        "loss": loss.item(),
        "grad": {k: numpy(v.grad) for k, v in params.items()},
        "running": {k: numpy(v) for k, v in net.names().items() if not v.requires_grad},
        "delta": {k: numpy(v) - before[k] for k, v in params.items()},
    }


def relative(a, b):
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def write_reference(arch):
    exact, f32 = run(arch, torch.float64), run(arch, torch.float32)
    worst = max((relative(f32["grad"][k], v), k) for k, v in exact["grad"].items())
    print(f"{arch}: PyTorch's f32 is off by {relative(f32['logits_train'], exact['logits_train']):.2g}"
          f" in logits (training), {relative(f32['logits_eval'], exact['logits_eval']):.2g}"
          f" (inference), at most {worst[0]:.2g} in a gradient ({worst[1]})", file=sys.stderr)
    lines = [
        f'"arch": "{arch}", "made_with": "torch {torch.__version__}, torchvision'
        f' {torchvision.__version__}"',
        f'"size_px": {SIZE_PX}, "n": {ARCHS[arch]}, "n_views": {VIEWS}, "n_out": {N_OUT}',
        f'"adam": {json.dumps(ADAM)}',
        f'"logits_eval": {json.dumps(exact["logits_eval"].reshape(-1).tolist())}',
        f'"logits_train": {json.dumps(exact["logits_train"].reshape(-1).tolist())}',
        f'"loss": {exact["loss"]!r}',
        f'"delta": {json.dumps(digest(exact["delta"].items()))}',
    ]
    for kind in ("grad", "running"):
        rows = [f'"{k}": {json.dumps(digest([(k, v)]))}' for k, v in exact[kind].items()]
        lines.append(f'"{kind}": {{\n' + ",\n".join(rows) + "}")
    (HERE / f"nn_{arch}.json").write_text("{" + ",\n".join(lines) + "}\n")


def safetensors(header, data):
    """The bytes of a file; header is a table, or text for a broken one."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def write_corpus():
    """Small good and bad files to start fuzzing from."""
    def entry(dtype, shape, begin, end):
        return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}

    files = {
        "good": safetensors({"__metadata__": {"format": "pt"}, "a.weight": entry("F32", [2, 2], 0, 16),
                             "a.bias": entry("F16", [2], 16, 20), "b": entry("BF16", [1], 20, 22),
                             "c": entry("F64", [], 22, 30), "d": entry("I64", [0], 30, 30)},
                            bytes(range(30))),
        "empty": safetensors({}, b""),
        "padded": safetensors(b"{}      ", b""),
        "overlap": safetensors({"a": entry("U8", [4], 0, 4), "b": entry("U8", [4], 2, 6)}, bytes(6)),
        "hole": safetensors({"a": entry("U8", [1], 0, 1), "b": entry("U8", [1], 2, 3)}, bytes(3)),
        "overflow": safetensors({"a": entry("F64", [2**62, 4], 0, 0)}, b""),
        "longer": struct.pack("<Q", 2**63) + b"{}",
        "cut": safetensors({"a": entry("F32", [1], 0, 4)}, b"\0\0"),
    }
    where = HERE.parent / "fuzz" / "corpus" / "nn_safetensors"
    where.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (where / name).write_bytes(data)


def check(arch, path):
    """Our file must fill torchvision's backbone by name, and its logits must be the reference's."""
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    state = {}
    for name, t in header.items():
        begin, end = (8 + length + o for o in t["data_offsets"])
        state[name] = torch.from_numpy(np.frombuffer(data[begin:end], "<f4").reshape(t["shape"]).copy())
    net = Net(arch).double()
    head = {k.removeprefix("head."): state.pop(k) for k in list(state) if k.startswith("head.")}
    missing, unexpected = net.backbone.load_state_dict(state, strict=False)
    missing = [k for k in missing if not k.endswith("num_batches_tracked")]
    if missing or unexpected:
        sys.exit(f"'{path}': missing {missing}, unexpected {unexpected}")
    net.head.load_state_dict(head)
    with torch.no_grad():
        logits = numpy(net.eval()(make_input(arch, torch.float64))).reshape(-1)
    reference = json.loads((HERE / f"nn_{arch}.json").read_text())["logits_eval"]
    error = relative(logits, np.array(reference))
    print(f"'{path}': {len(header)} tensors load by name, logits off by {error:.2g}")
    sys.exit(0 if error < 1e-9 else 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", nargs=2, metavar=("ARCH", "FILE"))
    args = parser.parse_args()
    torch.set_num_threads(2)
    if args.check:
        check(*args.check)
    for arch in ARCHS:
        write_reference(arch)
    write_corpus()


if __name__ == "__main__":
    main()
