#!/usr/bin/env bash
# Trains the risk models into risk/models and the plots of docs/risk; with --check it trains the committed ones again and
# compares byte by byte. Python packages go to target/training, each with its known hash. Data: $CREDIT_DATA, else
# risk/training/data, else ../shared/data/credit.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=${PYTHON:-python3.11}
command -v "$python" >/dev/null || { echo "train: $python is needed (set PYTHON to another name of CPython 3.11)" >&2; exit 1; }
[ "$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')" = 3.11 ] || { echo "train: $python is not 3.11, for which the packages are locked" >&2; exit 1; }
venv=$PWD/target/training/venv
lock=$(sha256sum risk/training/requirements.txt)
if [ "$(cat "$venv/.installed" 2>/dev/null)" != "$lock" ]; then
    echo "train: installing the locked packages into target/training"
    rm -rf "$venv"
    "$python" -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary=:all: --require-hashes --requirement risk/training/requirements.txt
    echo "$lock" >"$venv/.installed"
fi
# One thread and one kernel of the linear algebra, so that every machine adds in the same order.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-Haswell} PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1
export MPLCONFIGDIR=$PWD/target/training/matplotlib
export PYTHONPATH=$PWD/risk/training
case "${1:-}" in
    --test) shift; exec "$venv/bin/python" -m unittest discover --start-directory risk/training/tests "$@" ;;
    *) exec "$venv/bin/python" -m usance_risk "$@" ;;
esac
