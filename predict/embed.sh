#!/bin/sh
# Files as a C table: embed.sh FILE... prints `const struct web_text web_texts[]`, declared in
# predict/web_text.h. Bytes are written as numbers: no quoting, no limit on string literals.
set -eu
printf '/* made by predict/embed.sh */\n#include "predict/web_text.h"\n\n'
i=0
for f in "$@"; do
    printf 'static const char text_%d[] = {' "$i"
    od -An -v -td1 "$f" | sed -E 's/ +/ /g; s/ (-?[0-9]+)/\1,/g'
    printf '0};\n'
    i=$((i + 1))
done
printf 'const struct web_text web_texts[] = {\n'
i=0
for f in "$@"; do
    printf '    {"%s", text_%d},\n' "${f##*/}" "$i"
    i=$((i + 1))
done
printf '    {0, 0},\n};\n'
