#!/bin/sh
# SPDX-License-Identifier: MIT
# The committed border is what its rule makes, byte by byte, and SOURCE.md says its digests.
set -eu
. "$ROOT/tests/cli/lib.sh"
for f in cpg dbf prj shp shx; do
    sum=$(sha256sum "$ROOT/shapes/croatia.$f" | cut -d' ' -f1)
    grep -q "| croatia.$f | $sum |" "$ROOT/shapes/SOURCE.md" || die "SOURCE.md has another digest for croatia.$f than $sum"
done
for tool in gmt ogr2ogr; do
    command -v $tool >/dev/null || skip "$tool is not installed"
done
gmt coast -EHR -M >/dev/null 2>&1 || skip "gmt-dcw is not installed"
sh "$ROOT/shapes/make_border.sh" made
for f in cpg dbf prj shp shx; do
    cmp "made/croatia.$f" "$ROOT/shapes/croatia.$f"
done
