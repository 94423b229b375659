#!/usr/bin/env bash
# Prints the figures of docs/benchmarks.md, measured now on this machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# The queries were checked against the committed schema; a DATABASE_URL may be an empty database.
SQLX_OFFLINE=true cargo build --quiet --release --package usance-bench
scripts/with-postgres.sh "${CARGO_TARGET_DIR:-target}/release/usance-bench" "$@"
