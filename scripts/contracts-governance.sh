#!/usr/bin/env bash
# Plays the path from Safe to timelock to upgrade on a development chain, with the Safe's and OpenZeppelin's own bytecode from npm.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/contracts-env.sh"
cd "$USANCE_ROOT"
packages=contracts/governance
if [ ! -f "$packages/node_modules/.installed" ] || [ "$packages/package-lock.json" -nt "$packages/node_modules/.installed" ]; then
    (cd "$packages" && npm ci --ignore-scripts --no-audit --no-fund --silent)
    touch "$packages/node_modules/.installed"
fi
exec node scripts/contracts-governance.mjs "$@"
