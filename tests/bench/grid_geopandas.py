#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What gdje-grid does, as users of GeoPandas write it: tests/bench/prep.py runs it beside.

    tests/bench/grid_geopandas.py [--tuned] CATALOG BORDER SPACING_M

Squares over the border's bounding box; those that meet the land, by the spatial index; centroids;
where those are not on land the land nearest to them; the square of each location by a spatial join.
--tuned: "on land" is not asked, as nearest_points answers it at once, if one knows. Prints TSV:
seconds of wall and of processor time of each step.
"""

import sqlite3
import sys
import time

import geopandas
import numpy
from shapely.geometry import box
from shapely.ops import nearest_points, unary_union

CRS = "EPSG:3765"


def step(name, start):
    print(f"{name}\t{time.monotonic() - start[0]:.2f}\t{time.process_time() - start[1]:.2f}", flush=True)
    return time.monotonic(), time.process_time()


def nearest_land(land, centroids, tuned):
    if tuned:
        return centroids.apply(lambda c: nearest_points(land, c)[0])
    inside = centroids.within(land)
    return centroids.where(inside, centroids[~inside].apply(lambda c: nearest_points(land, c)[0]))


def main():
    tuned = "--tuned" in sys.argv
    catalog, border, side = [a for a in sys.argv[1:] if a != "--tuned"]
    side = float(side)
    start = time.monotonic(), time.process_time()
    with sqlite3.connect(f"file:{catalog}?mode=ro", uri=True) as db:
        rows = db.execute("SELECT lon_deg, lat_deg FROM location WHERE lat_deg NOT NULL").fetchall()
    points = geopandas.GeoDataFrame(
        geometry=geopandas.points_from_xy(*zip(*rows)), crs="EPSG:4326").to_crs(CRS)
    land = unary_union(list(geopandas.read_file(border).to_crs(CRS).geometry))
    start = step("read, project", start)
    x0, y0, x1, y1 = land.bounds
    squares = [box(x, y, x + side, y + side)
               for y in numpy.arange(y0 // side * side, y1, side)
               for x in numpy.arange(x0 // side * side, x1, side)]
    cells = geopandas.GeoDataFrame(geometry=squares, crs=CRS)
    start = step("squares", start)
    cells = cells.iloc[cells.sindex.query(land, predicate="intersects", sort=True)]
    cells = cells.reset_index(drop=True)
    start = step("filter", start)
    centroids = cells.geometry.centroid
    start = step("centroids", start)
    cells["clipped"] = nearest_land(land, centroids, tuned)
    start = step("clip", start)
    points = geopandas.sjoin(points, cells, predicate="within")
    step("label", start)


main()
