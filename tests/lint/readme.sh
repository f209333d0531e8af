#!/bin/sh
# The README with its option blocks made anew from --help: tests/lint/readme.sh BUILD_DIR README.md
# A block stands between `<!-- gdje-x -->` and `<!-- end -->`.
set -eu
build=$1
while IFS= read -r line; do
    case $line in
    '<!-- gdje-'*)
        tool=${line#<!-- }
        tool=${tool% -->}
        printf '%s\n<details><summary>Options of %s</summary>\n\n```\n' "$line" "$tool"
        "$build/$tool" --help
        printf '```\n\n</details>\n'
        while IFS= read -r skip && [ "$skip" != '<!-- end -->' ]; do :; done
        printf '%s\n' '<!-- end -->'
        ;;
    *) printf '%s\n' "$line" ;;
    esac
done <"$2"
