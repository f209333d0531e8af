#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Preparation, measured: packing beside Pillow and NumPy, a million locations to classes, the views
of a full catalog, and squares of 2 km over the border beside GeoPandas.

    tests/bench/prep.py [--quick] BUILD_DIR BORDER [N_LOCATIONS]

Makes its own pictures (640x640, smooth with some grain, as photos are) and its own locations, on
land, in a temporary folder. Prints TSV: what tests/bench/pack.py prints; seconds of wall and of
processor time and the largest resident memory of each tool on all locations, run twice (the second
run finds that all is up to date); seconds of each view of a catalog with several splits, grids and
runs; seconds of gdje-grid and of tests/bench/grid_geopandas.py on 50,000 locations, which --quick
leaves out, and how many times as long GeoPandas takes.
"""

import os
import pathlib
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import uuid

from PIL import Image

PICTURES = 120
POINTS = 50000  # beside GeoPandas
SPACING_M = 2000
RUNS = 20
DECODERS = ("mean", "mode", "median")
METRICS = ("mean_km", "median_km", "p90_km", "share_1km", "share_25km", "share_100km", "top1", "top5")


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
    """Seconds of wall and of processor time, and the most MB resident."""
    start = time.monotonic()
    child = subprocess.Popen([f"{build}/{args[0]}", "-q", *args[1:]], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"{args[0]} failed")
    return (time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def open_db(catalog, table):
    """To add to a layer: its map index, which is of no use here, is left behind."""
    db = sqlite3.connect(catalog)
    db.execute(f"DROP TRIGGER IF EXISTS rtree_{table}_geom_insert")
    return db


def add_locations(build, border, folder, catalog, n):
    """n places on land, as gdje-sample draws them, with their points and random names."""
    def row(i, lat, lon):
        name = str(uuid.uuid5(uuid.NAMESPACE_OID, str(i)))
        point = struct.pack("<2sBBiBIdd", b"GP", 0, 1, 4326, 1, 1, lon, lat)
        return point, name, lat, lon, name

    sample = subprocess.run(
        [f"{build}/gdje-sample", "-q", "--print", "--border", border, "--count", str(n),
         "--catalog", str(folder / "sample.gpkg")], check=True, stdout=subprocess.PIPE, text=True)
    points = (line.split("\t") for line in sample.stdout.splitlines()[1:])
    db = open_db(catalog, "location")
    db.executemany("INSERT INTO location (geom, uuid, lat_deg, lon_deg, provider, group_key, added)"
                   " VALUES (?, ?, ?, ?, 'bench', ?, '2026-01-01T00:00:00Z')",
                   (row(i, float(lat), float(lon)) for i, lat, lon in points))
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def stages(build, border, catalog, n):
    total = [0, 0, 0]
    print(f"what\tseconds of {n} locations\tprocessor_seconds\tmost_mb\tagain_seconds\tagain_processor")
    for args in (["gdje-split"], ["gdje-project"],
                 ["gdje-grid", "--border", border, "--spacing", "10km"]):
        first = run(build, *args, "--catalog", catalog)
        again = run(build, *args, "--catalog", catalog)
        total = [total[0] + first[0], total[1] + first[1], max(total[2], first[2])]
        print(f"{args[0]}\t{first[0]:.2f}\t{first[1]:.2f}\t{first[2]:.0f}\t{again[0]:.2f}\t{again[1]:.2f}",
              flush=True)
    print(f"together\t{total[0]:.2f}\t{total[1]:.2f}\t{total[2]:.0f}\t-\t-", flush=True)


def fill(build, border, catalog):
    """Other splits and grids of all locations, and runs with epochs, scores and predictions."""
    for args in (["gdje-split", "--name", "blocks", "--block-km", "25"],
                 ["gdje-split", "--name", "folds", "--folds", "5"],
                 ["gdje-grid", "--border", border, "--spacing", "2km", "--name", "2km"],
                 ["gdje-grid", "--border", border, "--hex", "20km", "--name", "hex"]):
        run(build, *args, "--catalog", catalog)
    db = open_db(catalog, "prediction")
    runs = range(1, RUNS + 1)
    db.executemany("INSERT INTO run (id, name, task, arch, backend, precision, arguments, config,"
                   " versions, seed, scheme_id, grid_id, state, best_epoch, best_val_km, started)"
                   " VALUES (?, 'run' || ?1, 'classification', 'resnet18', 'cpu', 'f32', '', '{}', '',"
                   " 1, 1, 1, 'finished', 40, 20 + ?1, '2026-01-01T00:00:00Z')", ((r,) for r in runs))
    db.executemany("INSERT INTO epoch VALUES (?, ?, 0, 0.001, 1, 0.5, 1, 0.5, 0.5, 30, 60, 100)",
                   ((r, e) for r in runs for e in range(1, 51)))
    db.executemany("INSERT INTO decode_choice VALUES (?, 'mean', 20 + ?1)", ((r,) for r in runs))
    db.executemany("INSERT INTO score VALUES (?, ?, ?, ?, ?1 + 0.5, ?1, ?1 + 1)",
                   ((r, part, decode, metric) for r in runs for part in ("val", "test")
                    for decode in (*DECODERS, "constant", "nearest_train", "floor") for metric in METRICS))
    db.executemany("INSERT INTO prediction (run_id, location_id, part, decode, lat_deg, lon_deg, error_km)"
                   " SELECT 1, l.id, s.part, ?, lat_deg, lon_deg, l.id % 100 FROM location l"
                   " JOIN split s ON s.location_id = l.id AND s.scheme_id = 1 AND s.part = 'test'",
                   ((decode,) for decode in DECODERS))
    db.commit()
    counts = [db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
              for table in ("split", "label", "class", "score", "prediction")]
    db.close()
    return counts


def views(catalog, counts):
    print("view\tseconds, with {} rows of split, {} of label, {} of class, {} of score, {} of prediction"
          .format(*counts))
    for view in ("leaderboard", "class_balance", "split_report"):
        db = sqlite3.connect(f"file:{catalog}?mode=ro", uri=True)
        start = time.monotonic()
        n = len(db.execute(f"SELECT * FROM {view}").fetchall())
        print(f"{view}\t{time.monotonic() - start:.3f} ({n} rows)", flush=True)
        db.close()


def print_peer(ours, *options):
    seconds = processor_seconds = 0
    args = [sys.executable, "-W", "ignore", os.path.join(os.path.dirname(__file__), "grid_geopandas.py")]
    result = subprocess.run([*args, *options], check=True, stdout=subprocess.PIPE, text=True)
    name = "GeoPandas, tuned" if "--tuned" in options else "GeoPandas"
    for line in result.stdout.splitlines():
        step, wall, processor = line.split("\t")
        seconds += float(wall)
        processor_seconds += float(processor)
        print(f"{name}: {step}\t{wall}\t{processor}\t-")
    print(f"{name}: together\t{seconds:.2f}\t{processor_seconds:.2f}\t{seconds / ours:.0f}", flush=True)


def beside_geopandas(build, border, catalog, quick):
    run(build, "gdje-split", "--catalog", catalog)
    grid = ["gdje-grid", "--catalog", catalog, "--border", border, "--spacing", f"{SPACING_M}m"]
    times = sorted(run(build, *grid, "--name", f"g{i}") for i in range(5))
    print(f"what\tseconds of {POINTS} locations, squares of {SPACING_M} m\tprocessor_seconds\tratio")
    print(f"gdje-grid, all of it\t{times[2][0]:.2f}\t{times[2][1]:.2f}\t1", flush=True)
    if quick:
        print("skip: GeoPandas is left out by --quick")
        return
    try:
        import geopandas, rtree  # noqa: F401
    except ImportError:
        print("skip: no GeoPandas with Rtree (Debian: python3-geopandas python3-rtree)")
        return
    print_peer(times[2][0], catalog, border, str(SPACING_M))
    print_peer(times[2][0], "--tuned", catalog, border, str(SPACING_M))


def main():
    quick = "--quick" in sys.argv
    args = [a for a in sys.argv[1:] if a != "--quick"]
    build, border = map(os.path.abspath, args[:2])
    n = int(args[2]) if len(args) > 2 else 1000000
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp)
        catalog, small = str(folder / "catalog.gpkg"), str(folder / "small.gpkg")
        make_pictures(folder)
        for path in (catalog, small):
            run(build, "gdje-import", "--catalog", path, "--csv", str(folder / "set.csv"),
                "--images", str(folder / "set"))
        run(build, "gdje-hash", "--catalog", catalog)
        subprocess.run([sys.executable, os.path.join(os.path.dirname(__file__), "pack.py"), build],
                       check=True)
        sys.stdout.flush()
        add_locations(build, border, folder, catalog, n)
        stages(build, border, catalog, n)
        views(catalog, fill(build, border, catalog))
        add_locations(build, border, folder, small, POINTS)
        beside_geopandas(build, border, small, quick)


main()
