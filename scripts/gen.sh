#!/usr/bin/env bash
# Makes the committed generated files; with --check it only says which of them are stale.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
check=${1:-}
scripts/contracts-gen.sh $check
cargo build --quiet --package usance-server
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
target/debug/usance print schema >"$made/schema.graphql"
target/debug/usance print openapi >"$made/openapi.json"
stale=0
for file in schema.graphql openapi.json; do
    if ! cmp -s "$made/$file" "graphql/$file"; then
        if [ "$check" = --check ]; then
            echo "graphql/$file is stale: run \`make gen\`" >&2
            stale=1
        else
            cp "$made/$file" "graphql/$file"
        fi
    fi
done
if [ "$check" != --check ]; then
    rm -rf .sqlx && mkdir .sqlx
    touch aggregator/src/lib.rs
    scripts/with-postgres.sh bash -c '
        set -e
        target/debug/usance migrate
        SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$PWD/.sqlx" cargo check --quiet --package usance-aggregator --all-targets'
fi
exit $stale
