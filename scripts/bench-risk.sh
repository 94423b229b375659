#!/usr/bin/env bash
# The risk models beside LightGBM's C API and ONNX Runtime, measured now on this machine, one after the other in one run.
# The Python packages are those of the training: scripts/train.sh installs them into target/training.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=${PEERS_PYTHON:-target/training/venv/bin/python}
[ -x "$python" ] || { echo "bench-risk: run scripts/train.sh first, or set PEERS_PYTHON to a Python with the packages of risk/training/requirements.txt" >&2; exit 1; }
SQLX_OFFLINE=true cargo build --quiet --release --package usance-bench
figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
"${CARGO_TARGET_DIR:-target}/release/usance-bench" --only risk_ --json "$@" >"$figures"
"$python" bench/peers/risk.py --ours "$figures"
