#!/bin/sh
# Text files as a C table: embed.sh ARRAY FOLDER FILE... prints `const struct embedded ARRAY[]`
# (core/embed.h), each file named relative to FOLDER, or by its base name where it is elsewhere.
# Bytes are written as numbers: no quoting, no limit on string literals.
set -eu
array=$1
folder=$2
shift 2
printf '/* made by core/embed.sh */\n#include "core/embed.h"\n\nextern const struct embedded %s[];\n\n' "$array"
i=0
for f in "$@"; do
    printf 'static const char text_%d[] = {' "$i"
    od -An -v -td1 "$f" | sed -E 's/ +/ /g; s/ (-?[0-9]+)/\1,/g'
    printf '0};\n'
    i=$((i + 1))
done
printf 'const struct embedded %s[] = {\n' "$array"
i=0
for f in "$@"; do
    case $f in
    "$folder"/*) name=${f#"$folder"/} ;;
    *) name=${f##*/} ;;
    esac
    printf '    {"%s", text_%d},\n' "$name" "$i"
    i=$((i + 1))
done
printf '    {0, 0},\n};\n'
