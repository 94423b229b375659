#!/usr/bin/env bash
# Checks the format of and compiles the contracts.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/contracts-env.sh"
cd "$USANCE_ROOT"
"$FORGE" fmt --check
"$FORGE" build contracts/src --sizes
