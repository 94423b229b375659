#!/usr/bin/env bash
# Runs every detector of slither (PyPI, pinned in contracts/slither-requirements.txt) over contracts/src; each finding must be answered
# in contracts/slither.json. All findings end up in target/slither/findings.json.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv=target/slither/venv
requirements=contracts/slither-requirements.txt
if ! cmp -s "$requirements" "$venv/.installed"; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
    cp "$requirements" "$venv/.installed"
fi
"$venv/bin/python" scripts/contracts-slither.py
