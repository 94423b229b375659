#!/usr/bin/env bash
# Runs a command with REDIS_URL of a private Redis on a free loopback port, and ends the server afterwards.
# A REDIS_URL that is already set is used as it is. With --install it only sees to it that redis-server is there.
set -euo pipefail
if [ "${1:-}" != --install ] && [ -n "${REDIS_URL:-}" ]; then exec "$@"; fi
if ! command -v redis-server >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        # The package may start a server of its own on port 6379; ours are private and leave it alone.
        apt-get install -y --no-install-recommends redis-server >/dev/null ||
            { apt-get update >/dev/null && apt-get install -y --no-install-recommends redis-server >/dev/null; }
    fi
    command -v redis-server >/dev/null ||
        { echo "redis-server is missing: install Redis 6.2 or newer (apt-get install redis-server, brew install redis)" >&2; exit 1; }
fi
if [ "${1:-}" = --install ]; then exit 0; fi
work=$(mktemp -d "${TMPDIR:-/tmp}/usance-redis.XXXXXX")
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
redis-server --bind 127.0.0.1 --port "$port" --save '' --appendonly no --dir "$work" >"$work/log" &
server=$!
stop() {
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT
for _ in $(seq 600); do
    if grep -q 'Ready to accept connections' "$work/log"; then break; fi
    kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
    sleep 0.1
done
grep -q 'Ready to accept connections' "$work/log" || { cat "$work/log" >&2; exit 1; }
export REDIS_URL="redis://127.0.0.1:$port"
"$@"
