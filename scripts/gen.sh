#!/usr/bin/env bash
# Makes the committed generated files. With --check it only looks at the contracts' artefacts; that the schema, the OpenAPI
# document and the checked queries are current is checked by the tests and the compiler.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ "${1:-}" = --check ]; then exec scripts/contracts-gen.sh --check; fi
scripts/contracts-gen.sh
cargo build --quiet --package usance-server
target=${CARGO_TARGET_DIR:-target}
"$target/debug/usance" print schema >graphql/schema.graphql
"$target/debug/usance" print openapi >graphql/openapi.json
rm -rf .sqlx && mkdir .sqlx
touch aggregator/src/lib.rs
usance=$target/debug/usance scripts/with-postgres.sh bash -c '
    set -e
    "$usance" migrate
    SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$PWD/.sqlx" cargo check --quiet --package usance-aggregator --all-targets'
