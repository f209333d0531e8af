#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""gdje-pack and gdje-stats beside Pillow and NumPy, on one core, on the pictures of a catalog.

    tests/bench/pack.py BUILD_DIR CATALOG [MAX_PICTURES]

Prints TSV: what, size, pictures per second of processor time (so that other work on the machine
counts little), and how many times as fast as plain Pillow. All read the same files in the same run; the catalog's pictures must have been hashed. Pillow's draft mode decodes
reduced by the DCT, as image_decode's min_px does; gdje-pack decodes in full.
"""

import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import time

import numpy as np
from PIL import Image


def paths(catalog, limit):
    db = sqlite3.connect(f"file:{catalog}?mode=ro", uri=True)
    rows = db.execute("SELECT i.path FROM image i JOIN image_hash h ON h.image_id = i.id"
                      " WHERE h.state = 'ok' ORDER BY i.id LIMIT ?", (limit,))
    return [str(pathlib.Path(catalog).parent / p) for (p,) in rows]


def fit(path, size, draft):
    im = Image.open(path)
    if draft:
        im.draft("RGB", (size, size))
    im = im.convert("RGB")
    s = min(im.size)
    x, y = (im.width - s) // 2, (im.height - s) // 2
    return np.asarray(im.crop((x, y, x + s, y + s)).resize((size, size), Image.BILINEAR))


def pillow(files, size, draft):
    start = time.process_time()
    for f in files:
        fit(f, size, draft)
    return len(files) / (time.process_time() - start)


def numpy_stats(files, size):
    start = time.process_time()
    sums = np.zeros((2, 3))
    for f in files:
        v = fit(f, size, False).reshape(-1, 3).astype(np.float64) / 255
        sums += v.sum(0), (v * v).sum(0)
    return len(files) / (time.process_time() - start)


def children():
    t = os.times()
    return t.children_user + t.children_system


def tool(build, catalog, n, *args):
    start = children()
    subprocess.run([f"{build}/{args[0]}", "-q", "-j1", "--catalog", catalog, *args[1:]], check=True,
                   stdout=subprocess.DEVNULL)
    return n / (children() - start)


def main():
    build, catalog = sys.argv[1:3]
    files = paths(catalog, int(sys.argv[3]) if len(sys.argv) > 3 else 10**9)
    all_files = paths(catalog, 10**9)
    print("what\tsize_px\tpictures_per_s\tto_plain_pillow")
    for size in (64, 224):
        with tempfile.TemporaryDirectory() as tmp:
            rates = {
                "pillow": pillow(files, size, False),
                "pillow draft": pillow(files, size, True),
                "gdje-pack": tool(build, catalog, len(all_files), "gdje-pack", "--size", str(size),
                                  "-o", f"{tmp}/pack"),
                "numpy stats": numpy_stats(files, size),
            }
        for what, rate in rates.items():
            print(f"{what}\t{size}\t{rate:.0f}\t{rate / rates['pillow']:.2f}")


main()
