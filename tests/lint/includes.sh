#!/bin/sh
# Who may include whom (the architecture, checked): exits 1 and names each line that breaks a rule.
#   tests/lint/includes.sh FILE...
set -u
awk '
# folders each folder may include, besides itself
BEGIN {
    may["core"] = ""
    may["sql"] = "core"
    may["shapes"] = "sql core"
    may["fetch"] = "shapes sql core"
    may["prep"] = "shapes sql core"
    may["nn"] = "core"
    may["train"] = "nn shapes sql core"
    may["predict"] = "nn shapes sql core"
    # foreign headers: pattern of the header -> pattern of the only files that include it
    only["^sqlite3"] = "^sql/(db|gpkg|catalog|db_internal)\\."
    only["^(gdal|ogr|cpl_)"] = "^shapes/"
    only["^geos_c"] = "^(tests/unit/)?shapes/"
    only["^proj\\.h"] = "^shapes/crs\\."
    only["^curl/"] = "^fetch/transfer\\.|^tests/"
    only["^uv\\.h"] = "^fetch/[a-z_]+\\."
    only["^(jpeglib|turbojpeg|jerror)"] = "^core/image\\.|^tests/unit/core/|^tests/unit/prep/"
    only["^openssl/"] = "^core/hash\\."
    only["^libexif/"] = "^prep/exif\\."
    only["^microhttpd"] = "^fetch/demo/|^tests/"
    only["^(dnnl|oneapi/dnnl)"] = "^train/nn/cpu/"
    only["^(cuda|cudnn|cublas)"] = "^train/nn/cuda/"
}
function folder(f,   a) {
    if (f ~ /^train\/nn\//) { return "nn" }
    split(f, a, "/")
    return a[1]
}
FNR == 1 { mine = folder(FILENAME); first = 1 }
/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, q, "\"")
    theirs = folder(q[2])
    if (q[2] !~ /\//) {
        printf "%s:%d: \"%s\" is not root-relative\n", FILENAME, FNR, q[2]; bad = 1; next
    }
    if (first && FILENAME ~ /\.c$/ && FILENAME !~ /(^tests\/|\/main_)/) {
        own = FILENAME; sub(/\.c$/, ".h", own)
        if (q[2] != own && (getline line < own) >= 0) {
            printf "%s:%d: own header \"%s\" is not the first include\n", FILENAME, FNR, own; bad = 1
        }
        close(own)
    }
    first = 0
    if (mine == "tests" || theirs == mine) { next }
    if (index(" " may[mine] " ", " " theirs " ") == 0) {
        printf "%s:%d: %s may not include %s (\"%s\")\n", FILENAME, FNR, mine, theirs, q[2]; bad = 1
    }
    next
}
/^[ \t]*#[ \t]*include[ \t]*</ {
    h = $0; sub(/^[^<]*</, "", h); sub(/>.*/, "", h)
    for (p in only) {
        if (h ~ p && FILENAME !~ only[p] ) {
            printf "%s:%d: <%s> belongs to its adapter (%s)\n", FILENAME, FNR, h, only[p]; bad = 1
        }
    }
}
END { exit bad }
' "$@"
