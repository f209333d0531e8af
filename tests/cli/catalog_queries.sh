#!/bin/sh
# SPDX-License-Identifier: MIT
# Every ready query runs on an empty catalog with the plain sqlite3 shell, and ogrinfo is silent.
set -eu
. "$ROOT/tests/cli/lib.sh"
gdje-sample --border "$border" --count 1 --seed 1 --catalog c.gpkg -q
for q in "$ROOT"/sql/queries/*.sql; do
    sqlite3 c.gpkg <"$q" >/dev/null
done
for v in leaderboard fetch_progress class_balance split_report run_curve worst_predictions; do
    sqlite3 c.gpkg "SELECT * FROM $v" >/dev/null
done
# what a stage made is gone, so its record is, however the rows went
sqlite3 c.gpkg "INSERT INTO split_scheme (name, method, ratios, seed) VALUES ('s', 'hash', '80/10/10', 1);
    INSERT INTO run (name, task, arch, backend, precision, arguments, config, versions, seed, state, started)
        VALUES ('r', 'regression', 'resnet18', 'cpu', 'f32', '', '{}', '', 1, 'finished', '');
    INSERT INTO stage SELECT name, 'gdje', '0', '', '', 0, '' FROM (SELECT 'split:s' AS name
        UNION SELECT 'stats:s:64' UNION SELECT 'predict:r' UNION SELECT 'eval:r' UNION SELECT 'eval:other');
    DELETE FROM run; DELETE FROM split_scheme;"
is "$(sql "SELECT name FROM stage WHERE name NOT LIKE 'sample%'" c.gpkg)" eval:other

expect 0 ogrinfo -al -so c.gpkg
[ ! -s err ] || die "ogrinfo complains"
for layer in location class prediction; do
    grep -q "^Layer name: $layer$" out
done
absent -E '^(Warning|ERROR)' out
