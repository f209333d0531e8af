#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-fetch against gdje-demo: a whole run, its refusals, and that the key is seen nowhere.
set -eu
. "$ROOT/tests/cli/lib.sh"
work=$PWD
ln -s "$ROOT/shapes" .
c="--catalog $work/c.gpkg"
key=Kq7-VERY-SECRET_key9
states() {
    sqlite3 "$work/c.gpkg" "SELECT count(*) FROM request WHERE state = '$1'"
}

printf '%s\n' "$key" >"$work/key"
printf 'another-key\n' >"$work/wrong"
chmod 600 "$work/key" "$work/wrong"
serve demo --key-file key
u="--base-url $(cat demo.url)"

# shellcheck disable=SC2086 # $c and $u are options with their values
{
    fails 3 "there is no catalog" gdje-fetch $c $u
    gdje-sample $c --count 12 -q
    # what is wrong is known before anything is asked
    fails 2 "needs --base-url" gdje-fetch $c
    fails 2 "ftp://x" gdje-fetch $c --base-url ftp://x
    fails 2 "host and port only" gdje-fetch $c --base-url http://127.0.0.1/?key=$key
    fails 2 "needs a key" gdje-fetch $c --provider google
    fails 2 "a key is sent by https" gdje-fetch $c --base-url http://example.invalid --key-file "$work/key"
    fails 2 "none of demo, google" gdje-fetch $c $u --provider yahoo
    fails 2 "size" gdje-fetch $c $u --size 641
    fails 3 "no-such-file" gdje-fetch $c $u --key-file "$work/no-such-file"
    printf 'not base64!\n' >"$work/secret" && chmod 600 "$work/secret"
    fails 2 "signing secret" gdje-fetch $c $u --key-file "$work/key" --secret-file "$work/secret"
    chmod 644 "$work/key"
    fails 2 "$work/key" gdje-fetch $c $u --key-file "$work/key"
    chmod 600 "$work/key"

    # no key, a wrong key: refused at once, the queue as it was
    fails 5 "refuses the key" gdje-fetch $c $u
    fails 5 "refuses the key" gdje-fetch $c $u --key-file "$work/wrong"
    [ "$(sqlite3 "$work/c.gpkg" "SELECT count(*) FROM request WHERE state = 'queued' AND attempts = 0")" = 12 ]

    gdje-fetch $c $u --key-file "$work/key" --dry-run >"$work/plan"
    grep -q "$(printf '^metadata requests\t12$')" "$work/plan"
    grep -q "$(printf '^image requests, at most\t48$')" "$work/plan"

    # money: what is wrong with it, what it would take, and a cap that holds
    fails 2 "--budget: " gdje-fetch $c $u --budget 5EUR
    fails 2 "--max-billed: " gdje-fetch $c $u --max-billed -1
    fails 3 "no-such-table" gdje-fetch $c $u --prices "$work/no-such-table"
    header=$(echo provider kind from_count per_1000 currency read | tr ' ' '\t')
    printf '%s\n' "$header" "demo${tab}image${tab}5${tab}7${tab}EUR${tab}2026-11-20" >"$work/prices"
    fails 3 "line 2: from_count must begin with 0" gdje-fetch $c $u --prices "$work/prices"
    printf '%s\n' "$header" >"$work/prices"
    fails 2 "no price for provider 'demo'" gdje-fetch $c $u --prices "$work/prices" --budget 1
    printf '%s\n' "$header" "demo${tab}image${tab}0${tab}7${tab}EUR${tab}2026-11-20" >"$work/prices"
    gdje-fetch $c $u --prices "$work/prices" --budget 0.1 --dry-run >"$work/plan"
    grep -q "$(printf '^cost in EUR at the prices of 2026-11-20, at most\t0.34$')" "$work/plan"
    grep -q "$(printf '^within the caps\tno$')" "$work/plan"
    fails 1 "of 0.10 EUR spent" gdje-fetch $c $u --key-file "$work/key" --prices "$work/prices" --budget 0.1
    [ "$(sqlite3 "$work/c.gpkg" "SELECT sum(cost) <= 0.1 FROM spend")" = 1 ]
    fails 1 "nothing was asked" gdje-fetch $c $u --key-file "$work/key" --prices "$work/prices" --budget 0.1
    printf '%s\n' "$header" "demo${tab}image${tab}0${tab}7${tab}HRK${tab}2026-11-20" >"$work/other"
    fails 3 "in HRK, what provider 'demo' has cost so far is in EUR" gdje-fetch $c $u --prices "$work/other"
    gdje-fetch $c --provider google --key-file "$work/key" --dry-run >"$work/plan"
    grep -q "^cost in USD at the prices of " "$work/plan"

    gdje-fetch $c $u --key-file "$work/key" --limit 1 --format jsonl >"$work/events"
    [ "$(wc -l <"$work/events")" = 1 ]
    grep -q '^{"id":[0-9]*,"state":"[a-z_]*","provider":"demo","pano_id":.*,"why":.*}$' "$work/events"
    STREETVIEW_KEY=$key gdje-fetch $c $u --limit 4 -v 2>>"$work/all.log" >"$work/out"
    gdje-fetch $c $u --key-file "$work/key" -v --progress json 2>>"$work/all.log" >>"$work/out"
    [ ! -s "$work/out" ]
    [ "$(states queued)" = 0 ]
    [ "$(states failed)" = 0 ]
    [ "$(states 'done')" -ge 3 ]
    [ "$(sqlite3 "$work/c.gpkg" 'SELECT count(*) FROM image')" = $((4 * $(states 'done'))) ]
    [ "$(find "$work/images" -name '*.jpg' | wc -l)" = $((4 * $(states 'done'))) ]
    gdje-fetch $c $u --key-file "$work/key" 2>&1 | grep -q "nothing is queued"

    # status and credits: no server, no key, no lock
    fails 3 "there is no catalog" gdje-fetch --catalog "$work/none.gpkg" --status
    gdje-fetch $c --status >"$work/status"
    grep -q "^item${tab}detail${tab}value$" "$work/status"
    grep -q "^done$tab$tab$(states 'done')$" "$work/status"
    grep -q "^queued$tab${tab}0$" "$work/status"
    grep -q "^last run locations${tab}demo$tab" "$work/status"
    grep -q "^seconds left at that rate${tab}demo${tab}0$" "$work/status"
    grep -q "^requests${tab}demo image$tab" "$work/status"
    grep -q "^cost${tab}demo EUR$tab" "$work/status"
    sqlite3 "$work/c.gpkg" "UPDATE request SET state = 'failed', last_error = 'view ' || (id % 4 * 90) ||
        ': HTTP status 404' WHERE id IN (SELECT id FROM request WHERE state = 'no_imagery' LIMIT 2)"
    gdje-fetch $c --status | grep -q "^failed because${tab}view: HTTP status 404$tab"
    # what a retry would take; what another provider found is not this one's to ask for
    gdje-fetch $c $u --key-file "$work/key" --retry-failed --only 404 --dry-run >"$work/plan"
    grep -q "^locations${tab}2$" "$work/plan"
    sqlite3 "$work/c.gpkg" "INSERT INTO request (lat_deg, lon_deg, state, provider, item, queued)
        VALUES (45, 16, 'failed', 'panoramax', 'x', '2026-11-20')"
    gdje-fetch $c $u --key-file "$work/key" --retry-failed --limit 1 --dry-run >"$work/plan"
    grep -q "^locations${tab}1$" "$work/plan"
    gdje-fetch $c $u --key-file "$work/key" --retry-failed 2>&1 | grep -q ': 2 locations queued again'
    [ "$(states failed)" = 1 ]
    [ "$(states queued)" = 0 ]
    gdje-fetch $c --credits >"$work/credits"
    [ "$(tail -n +2 "$work/credits" | cut -f 4)" = "$(states 'done')" ]
    fails 2 "--since" gdje-fetch $c $u --since 20-1-1
    fails 2 "--only" gdje-fetch $c $u --only 404
}
grep -q '"ev":"progress"' "$work/all.log"
rm "$work/key"
if grep -rl -e "$key" "$work" | grep -v '^$'; then
    echo "the key is in these files"
    exit 1
fi
