#!/usr/bin/env bash
# Proves contracts/test/symbolic with halmos from PyPI: every claim of *Proofs.sol must hold, every one of Refutations.sol must be
# refuted by a counterexample. Arguments are a regular expression of contracts, all by default.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/contracts-env.sh"
cd "$USANCE_ROOT"
venv=target/halmos
requirements=contracts/test/symbolic/requirements.txt
if ! cmp -s "$requirements" "$venv/.installed"; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
    cp "$requirements" "$venv/.installed"
fi
ln -sfn "$FORGE" "$venv/bin/forge"
export PATH="$USANCE_ROOT/$venv/bin:$PATH" FOUNDRY_PROFILE=symbolic
solver="$USANCE_ROOT/$venv/bin/python $USANCE_ROOT/scripts/contracts-halmos-solver.py"
$solver --self-test
results=target/halmos/results.json
rm -f "$results"
halmos --forge-build-out target/forge/symbolic-out --match-contract "${1:-(Proofs|Refutations)$}" --json-output "$results" --minimal-json-output \
    --no-status --solver-threads 2 --solver-timeout-assertion "${HALMOS_TIMEOUT:-300s}" --solver-command "$solver" || true
python - "$results" <<'PYTHON'
import json
import sys

EXIT = {0: "proved", 1: "refuted", 2: "time out", 3: "stuck", 4: "never gets there", 5: "failed"}
results = json.load(open(sys.argv[1]))["test_results"]
wrong = []
count = {"proved": 0, "refuted": 0}
for contract, tests in sorted(results.items()):
    wanted = "refuted" if contract.endswith(":Refutations") else "proved"
    for test in tests:
        answer = EXIT.get(test["exitcode"], str(test["exitcode"]))
        if answer != wanted:
            wrong.append(f"{contract.split(':')[-1]}.{test['name'].split('(')[0]}: {answer}, not {wanted}")
        else:
            count[wanted] += 1
for each in wrong:
    print(each)
print(f"symbolic: {count['proved']} claims proved, {count['refuted']} wrong ones refuted, {len(wrong)} not as wanted")
sys.exit(1 if wrong or not count["proved"] else 0)
PYTHON
