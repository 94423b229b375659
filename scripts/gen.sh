#!/usr/bin/env bash
# Makes the committed generated files. With --check it only compares the contracts' artefacts, the pages about providers, the listing of
# the SDK's interface and the types of the web app, by the program that USANCE_BIN names or one that it builds; that the schema, the
# OpenAPI document and the checked queries are current is checked by the tests and the compiler.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=${CARGO_TARGET_DIR:-target}
if [ "${1:-}" = --check ]; then
    scripts/contracts-gen.sh --check
    node scripts/sdk-api.mjs --check
    usance=${USANCE_BIN:-$target/debug/usance}
    [ -n "${USANCE_BIN:-}" ] || cargo build --quiet --package usance-server
    for page in matrix checks; do
        "$usance" print "provider-$page" | diff -u "docs/providers/$page.md" - ||
            { echo "docs/providers/$page.md is not current: run scripts/gen.sh" >&2; exit 1; }
    done
    "$usance" print access-matrix | diff -u docs/compliance/access-matrix.md - ||
        { echo "docs/compliance/access-matrix.md is not current: run scripts/gen.sh" >&2; exit 1; }
    types=$(mktemp -d)
    trap 'rm -rf "$types"' EXIT
    (cd web && node_modules/.bin/gql.tada generate-output --output "$types/schema.d.ts" >/dev/null)
    diff -u web/src/api/schema.d.ts "$types/schema.d.ts" ||
        { echo "web/src/api/schema.d.ts is not current: run scripts/gen.sh" >&2; exit 1; }
    exit 0
fi
scripts/contracts-gen.sh
node scripts/sdk-api.mjs
cargo build --quiet --package usance-server
"$target/debug/usance" print provider-matrix >docs/providers/matrix.md
"$target/debug/usance" print provider-checks >docs/providers/checks.md
"$target/debug/usance" print access-matrix >docs/compliance/access-matrix.md
"$target/debug/usance" print schema >graphql/schema.graphql
"$target/debug/usance" print openapi >graphql/openapi.json
(cd web && node_modules/.bin/gql.tada generate-output)
rm -rf .sqlx && mkdir .sqlx
touch aggregator/src/lib.rs
usance=$target/debug/usance scripts/with-postgres.sh bash -c '
    set -e
    "$usance" migrate
    SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$PWD/.sqlx" cargo check --quiet --package usance-aggregator --all-targets'
