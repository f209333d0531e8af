#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""gdje-pack and gdje-stats beside Pillow and NumPy, on pictures of 640x640.

    tests/bench/pack.py BUILD_DIR [ROUNDS]

Makes its own pictures, smooth with some grain, as photos are; real photographs are looked at too
where they are there, at the quality that Street View sends. Prints TSV, four tables for each set.
All read the same files in the same run, alternately.

1. Pictures per second of processor time, so that other work on the machine counts little, the best
   of all rounds; and how many times as fast as plain Pillow and as Pillow's draft mode, which decodes
   reduced by the DCT as gdje-pack --fast does.
2. How far the packs are from plain Pillow, in grey levels: mean, largest, and the share of values
   that are more than one level away.
3. gdje-stats and NumPy in f64 over the same pixels: the largest difference of a mean or a standard
   deviation.
4. Threads: wall and processor seconds with one and two, and the share of linear scaling, which needs
   two cores that have nothing else to do. At 64 px, where the disk has little to do.
"""

import os
import pathlib
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

import numpy as np
from PIL import Image

QUERY = ("SELECT i.path, i.location_id, i.view FROM image i JOIN image_hash h ON h.image_id = i.id"
         " WHERE h.state = 'ok' ORDER BY i.location_id, i.view")
SMOOTH = 120  # pictures that are made
COPIES = 20   # of each, so that tools run for more than a moment
PHOTOS = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data" / "streetlevel"
SIDE = 640
FORMS = {"gdje-pack": [], "gdje-pack --fast": ["--fast"], "gdje-pack --jpeg": ["--jpeg"]}


def smooth_pictures():
    for _ in range(SMOOTH):
        base = Image.effect_noise((20, 20), 120).resize((SIDE, SIDE), Image.BICUBIC)
        channels = [Image.blend(base.rotate(90 * c), Image.effect_noise((SIDE, SIDE), 60), 0.1)
                    for c in range(3)]
        yield Image.merge("RGB", channels)


def photos():
    """The centred square of each."""
    for path in sorted(PHOTOS.rglob("*.jpg")):
        im = Image.open(path).convert("RGB")
        s = min(im.size)
        x, y = (im.width - s) // 2, (im.height - s) // 2
        yield im.crop((x, y, x + s, y + s)).resize((SIDE, SIDE), Image.LANCZOS)


def make_set(build, folder, images, quality):
    """A catalog of single photos, COPIES locations of each; how many pictures it is made of."""
    folder.mkdir()
    lines = ["uuid,latitude,longitude"]
    originals = []
    for i, im in enumerate(images):
        originals.append(folder / f"{i}.jpg")
        im.save(originals[-1], quality=quality)
    for i in range(COPIES * len(originals)):
        place = folder / "set" / str(i)
        place.mkdir(parents=True)
        os.link(originals[i % len(originals)], place / "0.jpg")
        lines.append(f"{i},{45 + i / 10000},16")
    if originals:
        (folder / "set.csv").write_text("\n".join(lines) + "\n")
        catalog = str(folder / "catalog.gpkg")
        run(build, catalog, "gdje-import", "--csv", str(folder / "set.csv"), "--images",
            str(folder / "set"))
        run(build, catalog, "gdje-hash")
    return originals


def pictures(catalog):
    db = sqlite3.connect(f"file:{catalog}?mode=ro", uri=True)
    folder = pathlib.Path(catalog).parent
    return [(str(folder / path), location, view) for path, location, view in db.execute(QUERY)]


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


def run(build, catalog, *args):
    """Wall and processor seconds of a tool."""
    cpu, wall = os.times(), time.monotonic()
    subprocess.run([f"{build}/{args[0]}", "-q", "--catalog", catalog, *args[1:]], check=True,
                   stdout=subprocess.DEVNULL)
    now = os.times()
    return (time.monotonic() - wall, now.children_user + now.children_system
            - cpu.children_user - cpu.children_system)


def pack(build, catalog, size, options, out, threads=1):
    pathlib.Path(out).unlink(missing_ok=True)
    return run(build, catalog, "gdje-pack", "--size", str(size), *options, "-j", str(threads), "-o",
               out)


def forget_stats(catalog):
    """gdje-stats computes once; a split whose train part is everything."""
    db = sqlite3.connect(catalog)
    db.executescript("""
        DELETE FROM stats; DELETE FROM stage WHERE name LIKE 'stats%';
        INSERT OR IGNORE INTO split_scheme (id, name, method, ratios, seed)
            VALUES (99, 'bench', 'file', '1', 0);
        INSERT OR IGNORE INTO split SELECT 99, id, 'train' FROM location;""")
    db.close()


def rates(build, catalog, size, rounds, tmp):
    every = pictures(catalog)
    files = [p for p, _, _ in every[:len(every) // COPIES]]
    best = {}
    for _ in range(rounds):
        now = {"pillow": pillow(files, size, False), "pillow draft": pillow(files, size, True)}
        for name, options in FORMS.items():
            now[name] = len(every) / pack(build, catalog, size, options, f"{tmp}/pack")[1]
        now["numpy stats"] = numpy_stats(files, size)
        forget_stats(catalog)
        now["gdje-stats"] = len(every) / run(build, catalog, "gdje-stats", "--split", "bench",
                                             "--size", str(size), "-j1")[1]
        best = {k: max(v, best.get(k, 0)) for k, v in now.items()}
    for what, rate in best.items():
        print(f"{what}\t{size}\t{rate:.0f}\t{rate / best['pillow']:.2f}"
              f"\t{rate / best['pillow draft']:.2f}", flush=True)


def records(path):
    """Location id to pixels [V, H, W, 3] of a pack of pixels; its layout is in core/pack.h."""
    data = pathlib.Path(path).read_bytes()
    size, views = struct.unpack_from("<II", data, 12)
    for i in range(struct.unpack_from("<Q", data, 32)[0]):
        location, _, _, _, offset, n = struct.unpack_from("<qIIQQQ", data, 128 + 40 * i)
        yield location, np.frombuffer(data, np.uint8, n, offset).reshape(views, size, size, 3)


def differences(build, catalog, size, tmp):
    every = pictures(catalog)
    every = every[:len(every) // COPIES]
    plain = {(location, view): fit(path, size, False) for path, location, view in every}
    for name in ("gdje-pack", "gdje-pack --fast"):
        pack(build, catalog, size, FORMS[name], f"{tmp}/pack")
        d = np.concatenate([abs(views[v].astype(int) - plain[location, v]).ravel()
                            for location, views in records(f"{tmp}/pack")
                            for v in range(len(views)) if (location, v) in plain])
        print(f"{name}\t{size}\t{d.mean():.3f}\t{d.max()}\t{(d > 1).mean():.4f}")
    d = np.concatenate([abs(fit(path, size, True).astype(int) - plain[location, view]).ravel()
                        for path, location, view in every])
    print(f"pillow draft\t{size}\t{d.mean():.3f}\t{d.max()}\t{(d > 1).mean():.4f}")


def statistics(build, catalog, size, tmp):
    pack(build, catalog, size, [], f"{tmp}/pack")
    run(build, catalog, "gdje-stats", "--split", "bench", "--size", str(size))
    v = np.concatenate([views.reshape(-1, 3) for _, views in records(f"{tmp}/pack")]) / 255
    db = sqlite3.connect(catalog)
    ours = db.execute("SELECT mean, std FROM stats WHERE scheme_id = 99 AND size_px = ?"
                      " ORDER BY channel", (size,)).fetchall()
    db.close()
    largest = abs(np.array(ours).T - [v.mean(0), v.std(0)]).max()
    print(f"gdje-stats\t{size}\t{largest:.1e}")


def threads(build, catalog, rounds, tmp):
    best = {}
    for _ in range(rounds):
        for n in (1, 2):
            now = pack(build, catalog, 64, [], f"{tmp}/pack", n)
            best[n] = min(now, best.get(n, now))
    for n, (wall, cpu) in best.items():
        print(f"{n}\t{wall:.2f}\t{cpu:.2f}\t{best[1][0] / wall / n:.2f}")


def measure(build, catalog, rounds, tmp):
    print("what\tsize_px\tpictures_per_s\tto_plain_pillow\tto_draft")
    for size in (64, 224):
        rates(build, catalog, size, rounds, tmp)
    print("what\tsize_px\tmean_levels\tmax_levels\tshare_above_1")
    for size in (64, 224):
        differences(build, catalog, size, tmp)
    print("what\tsize_px\tlargest_difference_from_numpy")
    statistics(build, catalog, 64, tmp)
    print("threads\twall_s\tcpu_s\tof_linear")
    threads(build, catalog, rounds, tmp)


def main():
    build = os.path.abspath(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    for what, images, quality in (("pictures, smooth with some grain", smooth_pictures(), 85),
                                  ("photos of ../shared/data/streetlevel", photos(), 75)):
        with tempfile.TemporaryDirectory() as tmp:
            files = make_set(build, pathlib.Path(tmp) / "set", images, quality)
            if not files:
                print(f"skip: {what}: none there")
                continue
            size = sum(f.stat().st_size for f in files) / len(files) / 1000
            print(f"# {len(files)} {what}, {SIDE}x{SIDE}, quality {quality}, {size:.0f} kB each",
                  flush=True)
            measure(build, f"{tmp}/set/catalog.gpkg", rounds, tmp)


main()
