#!/usr/bin/env bash
# Prints the figures of docs/benchmarks.md, measured now on this machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo build --quiet --release --package usance-bench
scripts/with-postgres.sh target/release/usance-bench "$@"
