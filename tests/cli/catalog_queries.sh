#!/bin/sh
# Every ready query runs on an empty catalog with the plain sqlite3 shell, and ogrinfo is silent.
set -eu
gdje-sample --border "$ROOT/shapes/croatia.shp" --count 1 --seed 1 --catalog c.gpkg -q
for q in "$ROOT"/sql/queries/*.sql; do
    sqlite3 c.gpkg <"$q" >/dev/null
done
for v in leaderboard fetch_progress class_balance split_report run_curve worst_predictions; do
    sqlite3 c.gpkg "SELECT * FROM $v" >/dev/null
done
ogrinfo -al -so c.gpkg >out 2>err
test ! -s err
for layer in location class prediction; do
    grep -q "^Layer name: $layer$" out
done
! grep -E '^(Warning|ERROR)' out
