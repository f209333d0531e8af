#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Preparation, measured: packing beside Pillow and NumPy, and a million locations to classes.

    tests/bench/prep.py BUILD_DIR BORDER [N_LOCATIONS]

Makes its own pictures (640x640, smooth with some grain, as photos are) and its own locations, in a
temporary folder. Prints TSV: first what tests/bench/pack.py prints, then seconds of wall time and
the largest resident memory of each tool on all locations, then seconds of each view of the catalog.
"""

import os
import pathlib
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time

from PIL import Image

PICTURES = 120


def make_pictures(folder):
    lines = ["uuid,latitude,longitude"]
    for i in range(PICTURES):
        base = Image.effect_noise((20, 20), 120).resize((640, 640), Image.BICUBIC)
        channels = [Image.blend(base.rotate(90 * c), Image.effect_noise((640, 640), 60), 0.1)
                    for c in range(3)]
        (folder / "set" / str(i)).mkdir(parents=True)
        Image.merge("RGB", channels).save(folder / "set" / str(i) / "0.jpg", quality=85)
        lines.append(f"{i},{45 + i / 1000},16")
    (folder / "set.csv").write_text("\n".join(lines) + "\n")


def run(build, *args):
    """Wall seconds, and MB of the largest tool so far."""
    start = time.monotonic()
    subprocess.run([f"{build}/{args[0]}", "-q", *args[1:]], check=True, stdout=subprocess.DEVNULL)
    return (time.monotonic() - start,
            resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)


def add_locations(catalog, n):
    rng = random.Random(1)
    db = sqlite3.connect(catalog)
    for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
        db.create_function(name, 1, lambda geometry: 1)  # the layer's triggers; there is no geometry
    db.executemany(
        "INSERT INTO location (uuid, lat_deg, lon_deg, provider, group_key, added)"
        " VALUES (?, ?, ?, 'bench', ?, '2026-01-01T00:00:00Z')",
        ((f"u{i}", rng.uniform(45.2, 45.9), rng.uniform(15.8, 18.6), f"u{i}") for i in range(n)))
    db.commit()
    db.close()


def locations(build, border, catalog, n):
    add_locations(catalog, n)
    total = 0
    print(f"what\tseconds of {n} locations\tmost_mb")
    for args in (["gdje-split"], ["gdje-project"],
                 ["gdje-grid", "--border", border, "--spacing", "10km"]):
        seconds, mb = run(build, *args, "--catalog", catalog)
        total += seconds
        print(f"{args[0]}\t{seconds:.2f}\t{mb:.0f}")
    print(f"together\t{total:.2f}\t{mb:.0f}")
    db = sqlite3.connect(f"file:{catalog}?mode=ro", uri=True)
    for view in ("leaderboard", "class_balance", "split_report"):
        start = time.monotonic()
        db.execute(f"SELECT * FROM {view}").fetchall()
        print(f"{view}\t{time.monotonic() - start:.2f}\t-")


def main():
    build, border = map(os.path.abspath, sys.argv[1:3])
    n = int(sys.argv[3]) if len(sys.argv) > 3 else 1000000
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp)
        catalog = str(folder / "catalog.gpkg")
        make_pictures(folder)
        run(build, "gdje-import", "--catalog", catalog, "--csv", str(folder / "set.csv"),
            "--images", str(folder / "set"))
        run(build, "gdje-hash", "--catalog", catalog)
        subprocess.run([sys.executable, os.path.join(os.path.dirname(__file__), "pack.py"), build,
                        catalog], check=True)
        sys.stdout.flush()
        locations(build, border, catalog, n)


main()
