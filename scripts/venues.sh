#!/usr/bin/env bash
# A development chain on which the real Aave v3 (1.19.3 and 3.6.0), Morpho Blue and Venus Isolated Pools are deployed, from their npm
# packages, with liquidity, debt and a history. Prints one JSON object: the addresses, and the file with the chain's state, for
# `anvil --load-state`. The state is made once and kept under target/venues.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/contracts-env.sh"
cd "$USANCE_ROOT"
exec node scripts/venues.mjs "$@"
