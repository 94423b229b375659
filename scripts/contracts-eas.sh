#!/usr/bin/env bash
# Runs the tests of AttestationMirror against the real Ethereum Attestation Service. Its bytecode comes from npm, unpacked under target/
# without its dependencies: those (hardhat) are many times heavier than all of ours and nothing here needs them.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/contracts-env.sh"
cd "$USANCE_ROOT"
package='@ethereum-attestation-service/eas-contracts@1.9.0'
folder=target/eas-contracts-1.9.0
if [ ! -d "$folder/package" ]; then
    mkdir -p "$folder"
    archive="$(npm pack --silent --pack-destination "$folder" "$package")"
    tar -xzf "$folder/$archive" -C "$folder"
fi
bytecode() {
    node -p 'require(require("node:path").resolve(process.argv[1])).bytecode' "$folder/package/artifacts/contracts/$1.sol/$1.json"
}
EAS_SCHEMA_REGISTRY_CODE="$(bytecode SchemaRegistry)"
EAS_CODE="$(bytecode EAS)"
export EAS_SCHEMA_REGISTRY_CODE EAS_CODE
FOUNDRY_PROFILE=test "$FORGE" test --match-contract AttestationMirrorRealTest "$@"
