#!/usr/bin/env bash
# Locates forge and anvil inside the npm platform packages, so skipped install scripts do not matter.
# Sourced it sets FORGE, ANVIL and USANCE_ROOT; run it prints them as shell assignments.
set -euo pipefail

USANCE_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

foundry_tool() {
    local tool="$1" os arch file
    case "$(uname -s)" in
        Linux) os=linux ;;
        Darwin) os=darwin ;;
        *) echo "contracts-env: no $tool package for $(uname -s)" >&2; return 1 ;;
    esac
    case "$(uname -m)" in
        x86_64 | amd64) arch=amd64 ;;
        aarch64 | arm64) arch=arm64 ;;
        *) echo "contracts-env: no $tool package for $(uname -m)" >&2; return 1 ;;
    esac
    file="$USANCE_ROOT/node_modules/@foundry-rs/$tool-$os-$arch/bin/$tool"
    if [ ! -f "$file" ]; then
        echo "contracts-env: $file is missing; run 'npm ci' in $USANCE_ROOT" >&2
        return 1
    fi
    [ -x "$file" ] || chmod +x "$file"
    printf '%s\n' "$file"
}

FORGE="$(foundry_tool forge)"
ANVIL="$(foundry_tool anvil)"
export FORGE ANVIL USANCE_ROOT

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    printf 'FORGE=%q\nANVIL=%q\nUSANCE_ROOT=%q\n' "$FORGE" "$ANVIL" "$USANCE_ROOT"
fi
