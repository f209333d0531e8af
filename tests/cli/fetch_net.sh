#!/bin/sh
# SPDX-License-Identifier: MIT
# gdje-fetch and the way to the provider: a proxy from the environment, IPv6, certificates that
# nobody has signed. Each is told by the error it ends in, so that nothing but the loopback is needed.
set -eu
. "$ROOT/tests/cli/lib.sh"
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
gdje-sample --border "$border" --catalog c.gpkg --count 3 -q
fetch() { # fetch BASE_URL OPTION...
    url=$1
    shift
    gdje-fetch --catalog c.gpkg --base-url "$url" --size 64 "$@"
}

# the proxy is asked, not the name server; its password is nobody's business
export http_proxy=http://somebody:PASSWORD@127.0.0.1:1
expect 1 fetch http://example.invalid --tries 1
says 'Failed to connect to 127.0.0.1 port 1'
absent -r PASSWORD c.gpkg err out
# but not for what is on this machine
serve demo
expect 0 fetch "$(cat demo.url)" --limit 1
is "$(sql "SELECT count(*) FROM request WHERE state = 'queued'" c.gpkg)" 2
unset http_proxy

# a sign of life every second (on a terminal, or every 30 s in a log), also while nothing comes
serve silent --fault stall=1
expect 1 fetch "$(cat silent.url)" --stall 4 --tries 1 --progress json
[ "$(grep -c '"ev":"progress".*"done":0,"total":2' err)" -ge 3 ] || die "no sign of life"

# a server with a certificate of its own making is not talked to, over IPv4 and IPv6
command -v openssl >openssl.path || skip "there is no openssl to make a TLS server with"
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost 2>openssl.log
tls() { # tls ADDRESS: a TLS server there; where it is, in $at; fails where there is no such address
    : >s_server.log # now, not when the background has begun
    openssl s_server -accept "$1:0" -key key.pem -cert cert.pem -www >>s_server.log 2>&1 &
    server=$!
    servers="$servers $server"
    at=
    for _ in $(seq 50); do
        at=$(sed -n 's/^ACCEPT //p' s_server.log)
        [ -z "$at" ] || return 0
        kill -0 $server 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}
tls 127.0.0.1 || die "no TLS server: $(cat s_server.log)"
fails 5 "cannot ask 'https://$at': SSL certificate problem" fetch "https://$at"
kill $server
is "$(sql "SELECT count(*) FROM request WHERE state = 'queued' AND attempts = 2" c.gpkg)" 2
if tls '[::1]'; then
    fails 5 "cannot ask 'https://$at': SSL certificate problem" fetch "https://$at"
    kill $server
else
    echo "this machine has no IPv6 loopback"
fi
