#!/usr/bin/env bash
# Compares the storage of the upgradeable contracts with the snapshot of the previous release in contracts/layout: fields may only
# be appended. `--release` writes the snapshot; see scripts/contracts-layout.mjs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec node scripts/contracts-layout.mjs "$@"
