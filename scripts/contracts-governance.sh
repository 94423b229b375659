#!/usr/bin/env bash
# Plays the path from Safe to timelock to upgrade on a development chain, with the Safe's and OpenZeppelin's own bytecode from npm.
# `--verbose` lists every check.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/contracts-env.sh"
cd "$USANCE_ROOT"
folder=target/governance
if ! cmp -s contracts/governance/package-lock.json "$folder/node_modules/.installed"; then
    mkdir -p "$folder"
    cp contracts/governance/{package.json,package-lock.json,.npmrc} "$folder/"
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --silent)
    cp contracts/governance/package-lock.json "$folder/node_modules/.installed"
fi
exec node scripts/contracts-governance.mjs "$@"
