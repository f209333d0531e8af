#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gdje-grid against GeoPandas, by hand: python3 tests/reference/check_grid.py [build/release]

50,000 random points of Croatia; squares of 50, 20, 10, 5 and 2 km. The same cells meet the land,
centres and the land nearest to them agree within 1 mm, and every point has the same cell. Seconds are
of processor time, all told. Ends with 1 when something differs. Needs Debian's python3-geopandas.
"""
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time

import geopandas
import numpy
from shapely.geometry import Point, box
from shapely.ops import nearest_points, unary_union
from shapely.prepared import prep
from shapely.strtree import STRtree

CRS = "EPSG:3765"
N_POINTS = 50000
TOLERANCE_M = 1e-3
root = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
border = os.path.join(root, "shapes", "croatia.shp")
tools = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(root, "build", "release"))


def run(tool, *args):
    before = os.times()
    subprocess.run([os.path.join(tools, tool), "-q", *args], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def places():
    """Uniform in degrees, on land."""
    rng = random.Random(1)
    on_land = prep(unary_union(list(geopandas.read_file(border).geometry))).contains
    n = 0
    while n < N_POINTS:
        lat, lon = 42.34 + 4.25 * rng.random(), 13.4 + 6.1 * rng.random()
        if on_land(Point(lon, lat)):
            yield f"p{n}", lat, lon, f"p{n}"
            n += 1


def make_catalog():
    """One imported photo makes the catalog; the points are added to it as rows."""
    os.makedirs("set/first")
    with open(os.path.join(root, "tests/data/image/plain.jpg"), "rb") as f, open("set/first/0.jpg", "wb") as g:
        g.write(f.read())
    with open("set.csv", "w") as f:
        f.write("uuid,latitude,longitude\nfirst,45.8,16.0\n")
    run("gdje-import", "--csv", "set.csv", "--images", "set")
    db = sqlite3.connect("work/catalog.gpkg")
    for name in ("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY", "ST_IsEmpty"):  # the index's triggers name them
        db.create_function(name, 1, lambda geom: None)
    db.executemany("INSERT INTO location (uuid, lat_deg, lon_deg, provider, group_key, added)"
                   " VALUES (?, ?, ?, 'check', ?, '')", places())
    db.commit()
    db.close()
    run("gdje-split", "--parts", "train=1")


def theirs(land, points, side):
    """Cells that meet the land, by row, then column; the cell of every point."""
    x0, y0, x1, y1 = land.bounds
    keys = [(column, row) for row in range(int(y0 // side), int(y1 // side) + 1)
            for column in range(int(x0 // side), int(x1 // side) + 1)]
    prepared = prep(land)
    keys = [(c, r) for c, r in keys if prepared.intersects(box(c * side, r * side, (c + 1) * side, (r + 1) * side))]
    cells = geopandas.GeoDataFrame(
        {"key": keys}, geometry=[box(c * side, r * side, (c + 1) * side, (r + 1) * side) for c, r in keys], crs=CRS)
    centres = cells.geometry.centroid
    clipped = [c if prepared.intersects(c) else nearest_points(land, c)[0] for c in centres]
    shapes = list(points.geometry)
    number = {id(p): i for p, i in zip(shapes, points["id"])}
    tree = STRtree(shapes)  # geopandas.sjoin would need rtree or pygeos
    labels = {number[id(p)]: key for key, cell in zip(keys, cells.geometry) for p in tree.query(cell) if p.within(cell)}
    return keys, centres, clipped, labels


def ours(side):
    seconds = run("gdje-grid", "--border", border, "--crs", CRS, "--spacing", f"{side}m", "--snap", "0")
    db = sqlite3.connect("work/catalog.gpkg")
    cells = db.execute("SELECT cell_col, cell_row, centroid_lon_deg, centroid_lat_deg, clipped_lon_deg,"
                       " clipped_lat_deg FROM class WHERE state IN ('kept', 'empty')"
                       " ORDER BY cell_row, cell_col").fetchall()
    labels = {i: (c, r) for i, c, r in db.execute("SELECT location_id, cell_col, cell_row FROM label"
                                                  " JOIN class ON class.id = class_id")}
    db.close()
    return cells, labels, seconds


def metres(lon, lat):
    p = geopandas.GeoSeries(geopandas.points_from_xy(lon, lat), crs="EPSG:4326").to_crs(CRS)
    return numpy.column_stack([p.x, p.y])


def largest_m(a, b):
    return float(numpy.hypot(*(a - numpy.array([(p.x, p.y) for p in b])).T).max())


def compare(land, points, side):
    start = time.process_time()
    keys, centres, clipped, their_labels = theirs(land, points, side)
    their_seconds = time.process_time() - start
    cells, labels, seconds = ours(side)
    same_cells = [(c[0], c[1]) for c in cells] == keys
    same_labels = labels == their_labels
    centre_m = clipped_m = float("nan")
    if same_cells:
        v = numpy.array(cells, dtype=float)
        centre_m = largest_m(metres(v[:, 2], v[:, 3]), centres)
        clipped_m = largest_m(metres(v[:, 4], v[:, 5]), clipped)
    good = same_cells and same_labels and centre_m < TOLERANCE_M and clipped_m < TOLERANCE_M
    print(f"{side / 1000:g} km: {len(cells)} cells {'the same' if same_cells else f'of {len(keys)}'},"
          f" centres within {centre_m * 1000:.6f} mm, clipped {clipped_m * 1000:.6f} mm,"
          f" {len(labels)} of {len(points)} labelled, {'the same' if same_labels else 'DIFFERENT'};"
          f" {seconds:.2f} s, GeoPandas {their_seconds:.1f} s", flush=True)
    return good


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        make_catalog()
        db = sqlite3.connect("work/catalog.gpkg")
        rows = db.execute("SELECT id, lon_deg, lat_deg FROM location").fetchall()
        db.close()
        points = geopandas.GeoDataFrame(
            {"id": [r[0] for r in rows]},
            geometry=geopandas.points_from_xy([r[1] for r in rows], [r[2] for r in rows]), crs="EPSG:4326").to_crs(CRS)
        land = unary_union(list(geopandas.read_file(border).to_crs(CRS).geometry))
        good = [compare(land, points, side) for side in (50000, 20000, 10000, 5000, 2000)]
        os.chdir(root)
    return 0 if all(good) else 1


sys.exit(main())
