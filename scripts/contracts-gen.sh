#!/usr/bin/env bash
# Generates contracts/abi from the sources; `--check` fails when the committed files differ.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/contracts-env.sh"
cd "$USANCE_ROOT"
"$FORGE" build contracts/src --quiet
node scripts/contracts-gen.mjs "$@"
