#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-eval: files and runs, the catalog's table, determinism, messages.
set -eu
. "$ROOT/tests/cli/lib.sh"
fixture=$BUILD/tests/cli/predict_fixture

value() { # file, part, decode, metric
    awk -F'\t' -v p="$2" -v d="$3" -v m="$4" '$1 == p && $2 == d && $3 == m {print $4}' "$1"
}

# files: one degree of latitude is 111.195080 km on the sphere
printf 'uuid,latitude,longitude\na,45,15\nb,44,16\nc,43,16\n' >truth.csv
printf 'longitude,uuid,latitude\n15,a,46\n16,b,44\n16,c,43\n' >guess.csv
gdje-eval --predictions guess.csv --truth truth.csv --train truth.csv >s.tsv
is "$(value s.tsv all file max_km)" 111.19508
is "$(value s.tsv all file n)" 3
is "$(value s.tsv all nearest_train mean_km)" 0
[ -n "$(value s.tsv all constant mean_km)" ]
[ "$(awk -F'\t' 'NF != 6' s.tsv | wc -l)" -eq 0 ]
[ ! -e work ] # no catalog was asked for, none was made
printf 'uuid,latitude,longitude\na,46,15\nz,1,1\n' >some.csv
expect 1 gdje-eval --predictions some.csv --truth truth.csv
says "2 places of 'truth.csv' have no prediction"
grep -q "warning: 1 predictions have no place" err
grep -q 'mean_km' out
printf 'uuid,latitude,longitude\nx,46,15\n' >other.csv
fails 3 'no uuid in common' gdje-eval --predictions other.csv --truth truth.csv
printf 'uuid,latitude\na,46\n' >bad.csv
fails 3 "'bad.csv': the header row names no column 'longitude'" gdje-eval --predictions bad.csv --truth truth.csv
printf 'uuid,latitude,longitude\na,46,15\nb,north,15\n' >bad.csv
fails 3 "'bad.csv' line 3: latitude" gdje-eval --predictions bad.csv --truth truth.csv
fails 3 "cannot open 'none.csv'" gdje-eval --predictions none.csv --truth truth.csv
fails 2 'go together' gdje-eval --predictions guess.csv
fails 2 'go together' gdje-eval --truth guess.csv
fails 2 'either --run or' gdje-eval --run x --predictions guess.csv --truth truth.csv
fails 2 'unexpected argument' gdje-eval x
fails 2 '--resamples' gdje-eval --resamples -1
full gdje-eval --predictions guess.csv --truth truth.csv
gdje-eval --help | grep -q 'bootstrap'

# a run
"$fixture" --border "$border" --predictions --count 800 work
gdje-eval -j 1 >one.tsv
gdje-eval -j 2 >two.tsv 2>err
cmp one.tsv two.tsv
grep -q 'up to date' err
for m in mean_km median_km p90_km share_25km score_world score_country rmse_m; do
    for d in mean mode median constant constant_median nearest_train floor; do
        [ -n "$(value one.tsv test $d $m)" ] || { echo "no $m of $d" && exit 1; }
    done
done
for m in top1 top5 top10 macro_f1 ece bin_5:accuracy; do
    [ -n "$(value one.tsv test classifier $m)" ]
done
[ -n "$(value one.tsv test median near_1_5:mean_km)" ]
[ "$(grep -c 'class_[0-9]*:n' one.tsv)" -gt 10 ]
if command -v sqlite3 >/dev/null; then
    [ "$(sqlite3 work/catalog.gpkg 'SELECT count(*) FROM score')" -eq "$(($(wc -l <one.tsv) - 1))" ]
    # a record is believed only as long as its rows are there
    sqlite3 work/catalog.gpkg 'DELETE FROM score'
    gdje-eval >again.tsv
    cmp one.tsv again.tsv
    [ "$(sqlite3 work/catalog.gpkg 'SELECT count(*) FROM score')" -eq "$(($(wc -l <one.tsv) - 1))" ]
    # the catalog's own leaderboard agrees with what was printed
    board=$(sqlite3 work/catalog.gpkg 'SELECT test_mean_km FROM leaderboard')
    awk -v a="$board" -v b="$(value one.tsv test median mean_km)" 'BEGIN {exit !(a - b < 0.006 && b - a < 0.006)}'
fi

# regression: no classes, so no classifier and no floor
"$fixture" --border "$border" --predictions --regression --count 300 reg
gdje-eval --catalog reg/catalog.gpkg -q >reg.tsv
[ -n "$(value reg.tsv val regression mean_km)" ]
absent 'classifier\|floor' reg.tsv
gdje-report --catalog reg/catalog.gpkg --border none -o reg.html -q
