#!/bin/sh
# Words and calls that do not belong in the tree: tests/lint/words.sh FILE...
#   calls that core/banned.h cannot poison (their names are also members of foreign headers),
#   printing outside of main's path, unfinished work, -ffast-math.
set -u
bad=0
search() { # pattern, why, files
    pattern=$1 why=$2
    shift 2
    if hits=$(grep -nE "$pattern" "$@" /dev/null); then
        echo "$hits" | sed "s|\$|  <- $why|"
        bad=1
    fi
}
c=$(printf '%s\n' "$@" | grep -E '\.(c|h)$' | grep -v '^tests/')
not_parse=$(printf '%s\n' "$c" | grep -v '^core/parse\.c$')
# shellcheck disable=SC2086 # file names of the tree have no blanks
{
    search '(^|[^_a-zA-Z])(exit|abort|_exit)[(]' 'only main ends the process' $c
    search '(^|[^_a-zA-Z])(rand|srand48|drand48|strtod|strtol|strtoul|strtoll|strtof)[(]' \
        'core/rng, core/parse' $not_parse
    search '(^|[^_a-zA-Z])setlocale[(]' 'output never depends on the locale' $c
    search '(TODO|FIXME|XXX|HACK)([^a-zA-Z]|$)' 'unfinished' $c
    search '[-]ffast-math|[-]Ofast' 'isnan breaks' Makefile
}
exit $bad
