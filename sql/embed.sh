#!/bin/sh
# Text files as a C table: embed.sh FILE... prints `const struct sql_text sql_texts[]`, declared in
# sql/text.h. Bytes are written as numbers: no quoting, no limit on string literals.
set -eu
printf '/* made by sql/embed.sh */\n#include "sql/text.h"\n\n'
i=0
for f in "$@"; do
    printf 'static const char text_%d[] = {' "$i"
    od -An -v -tu1 "$f" | sed -E 's/ +/ /g; s/ ([0-9]+)/\1,/g'
    printf '0};\n'
    i=$((i + 1))
done
printf 'const struct sql_text sql_texts[] = {\n'
i=0
for f in "$@"; do
    printf '    {"%s", text_%d},\n' "${f#sql/}" "$i"
    i=$((i + 1))
done
printf '    {0, 0},\n};\n'
