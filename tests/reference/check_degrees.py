#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""gdje-grid --degrees beside the published system: python3 tests/reference/check_degrees.py [build/release]

How many squares of 0.7 to 0.21 degrees have land, for borders from the whole of Croatia down to what
the published system used: a coarse one without islands, with squares that begin at the south-west
corner of its bounding box. Ends with 1 when a count of ours is not Shapely's, or the last row is more
than 3 % from the published one. Needs Debian's python3-geopandas.
"""
import json
import os
import sqlite3
import subprocess
import sys
import tempfile

import geopandas
import numpy
from shapely.geometry import MultiPolygon, box, mapping
from shapely.ops import unary_union
from shapely.prepared import prep

PUBLISHED = {0.7: 31, 0.5: 55, 0.4: 75, 0.3: 115, 0.28: 134, 0.21: 211}
N_MAINLAND = 2  # polygons: the coast at Neum, of Bosnia and Herzegovina, parts it
root = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
tools = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(root, "build", "release"))


def run(tool, *args):
    subprocess.run([os.path.join(tools, tool), "-q", *args], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def make_catalog():
    """Two photos on land: which cells have land does not depend on them."""
    with open("set.csv", "w") as f:
        f.write("uuid,latitude,longitude\n")
        for name, lat in (("a", 45.8), ("b", 45.7)):
            os.makedirs(f"set/{name}")
            with open(os.path.join(root, "tests/data/image/plain.jpg"), "rb") as g, open(f"set/{name}/0.jpg", "wb") as h:
                h.write(g.read())
            f.write(f"{name},{lat},16.0\n")
    run("gdje-import", "--csv", "set.csv", "--images", "set")
    run("gdje-split", "--parts", "train=1")


def ours(land, degrees, origin):
    with open("border.geojson", "w") as f:
        json.dump(mapping(land), f)
    run("gdje-grid", "--border", "border.geojson", "--degrees", str(degrees), "--origin", origin, "--keep", "share=1e-9")
    with sqlite3.connect("work/catalog.gpkg") as db:
        return db.execute("SELECT count(*) FROM class WHERE state IN ('kept', 'empty')").fetchone()[0]


def theirs(land, degrees, origin):
    x0, y0, x1, y1 = land.bounds
    x, y = (x0, y0) if origin == "border" else (0, 0)
    prepared = prep(land)
    squares = (box(x + i * degrees, y + j * degrees, x + (i + 1) * degrees, y + (j + 1) * degrees)
               for i in range(int(numpy.floor((x0 - x) / degrees)), int(numpy.floor((x1 - x) / degrees)) + 1)
               for j in range(int(numpy.floor((y0 - y) / degrees)), int(numpy.floor((y1 - y) / degrees)) + 1))
    return sum(prepared.intersects(s) and land.intersection(s).area > 1e-9 * s.area for s in squares)


def main():
    land = unary_union(list(geopandas.read_file(os.path.join(root, "shapes", "croatia.shp")).geometry))
    mainland = MultiPolygon(sorted(land.geoms, key=lambda p: -p.area)[:N_MAINLAND])
    rows = [("all, from 0,0", land, "0,0"), ("all", land, "border"), ("mainland", mainland, "border"),
            ("mainland within 0.05 degrees", mainland.simplify(0.05), "border"),
            ("mainland within 0.1 degrees", mainland.simplify(0.1), "border")]
    same = True
    print("border", *PUBLISHED, sep="\t")
    print("published", *PUBLISHED.values(), sep="\t")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        make_catalog()
        for name, border, origin in rows:
            counts = [ours(border, degrees, origin) for degrees in PUBLISHED]
            same = same and counts == [theirs(border, degrees, origin) for degrees in PUBLISHED]
            print(name, *counts, sep="\t", flush=True)
        os.chdir(root)
    near = all(abs(n - want) <= 0.03 * want + 1 for n, want in zip(counts, PUBLISHED.values()))
    print("the same as Shapely's" if same else "NOT the same as Shapely's",
          "near the published ones" if near else "NOT near the published ones", sep="; ")
    return 0 if same and near else 1


sys.exit(main())
