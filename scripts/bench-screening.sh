#!/usr/bin/env bash
# Screening beside nomenklatura (logic-v2, from PyPI), measured now on this machine: same lists, same names, CPU time, one thread each.
# Lists, names and pairs come from the folder USANCE_AML_DATA (ofac-2023-12-28/, ofac_perturbed.csv, negatives_*.csv, name_pairs.csv).
# nomenklatura needs PyICU, which is built from source: apt-get install libicu-dev pkg-config g++ python3-dev python3-venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
: "${USANCE_AML_DATA:?bench-screening: set it to the folder with the lists and names}"
venv=${PEERS_VENV:-target/peers-screening}
if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
fi
"$venv/bin/python" -c "import nomenklatura" 2>/dev/null || "$venv/bin/pip" install --quiet "nomenklatura==4.17.4"
if [ -z "${USANCE_BIN:-}" ]; then
  SQLX_OFFLINE=true cargo build --quiet --release --package usance-server
  USANCE_BIN=${CARGO_TARGET_DIR:-target}/release/usance
fi
"$venv/bin/python" bench/peers/screening.py --usance "$USANCE_BIN" --data "$USANCE_AML_DATA" "$@"
