#!/usr/bin/env bash
# Gas of our contracts beside Aave, Morpho Blue and Venus from npm: prints the tables of docs/gas.md and writes them there.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/contracts-env.sh"
cd "$USANCE_ROOT"
exec node bench/gas/main.mjs "$@"
