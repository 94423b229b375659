"""Runs every detector of slither over contracts/src and compares the findings with the answers of contracts/slither.json.

Fails on a finding without an answer, on an answer whose number of findings has changed, and on one that no finding needs any
more. Compiles no further than the syntax tree, by the compiler of the repository. Called by contracts-slither.sh, which also
installs slither.
"""

import collections
import inspect
import json
import logging
import os
import pathlib
import re
import subprocess
import sys

from crytic_compile import CryticCompile
from crytic_compile.compilation_unit import CompilationUnit
from crytic_compile.compiler.compiler import CompilerVersion
from crytic_compile.platform.solc_standard_json import SolcStandardJson, parse_standard_json_output
from slither import Slither
from slither.detectors import all_detectors
from slither.detectors.abstract_detector import AbstractDetector
from slither.slithir import convert
from slither.slithir.operations import Binary

SOURCES = pathlib.Path("contracts/src")
ANSWERS = pathlib.Path("contracts/slither.json")
REPORT = pathlib.Path("target/slither/findings.json")
OPENZEPPELIN = "@openzeppelin/contracts/"
IMPORT = re.compile(r'^import\s[^;]*?"([^"]+)";', re.MULTILINE)
IMPACTS = ("High", "Medium", "Low", "Informational", "Optimization")
NO_CODE = {"object": "", "sourceMap": ""}
OUTPUTS = {"*": {"*": ["abi", "devdoc", "userdoc", "metadata"], "": ["ast"]}}


def closure():
    """Every source and, by path, what it imports."""
    sources = {}
    open_paths = sorted(SOURCES.rglob("*.sol"))
    while open_paths:
        path = open_paths.pop()
        if str(path) in sources:
            continue
        text = path.read_text()
        sources[str(path)] = {"content": text}
        for name in IMPORT.findall(text):
            if name.startswith(OPENZEPPELIN):
                open_paths.append(pathlib.Path("node_modules") / name)
            else:
                open_paths.append(pathlib.Path(os.path.normpath(path.parent / name)))
    return sources


class SyntaxTree(SolcStandardJson):
    """The compiler's syntax tree; detectors read no bytecode."""

    def compile(self, crytic_compile, **_):
        unit = CompilationUnit(crytic_compile, "contracts")
        unit.compiler_version = CompilerVersion(compiler="solc", version="0.8.30", optimized=True)
        answer = subprocess.run(
            ["scripts/solc", "--standard-json"], input=json.dumps(self.to_dict()), capture_output=True, text=True, check=True
        )
        output = json.loads(answer.stdout)
        errors = [each["formattedMessage"] for each in output.get("errors", []) if each["severity"] == "error"]
        if errors:
            sys.exit("\n".join(errors))
        for contracts in output["contracts"].values():
            for contract in contracts.values():
                contract["evm"] = {"bytecode": NO_CODE, "deployedBytecode": NO_CODE}
        parse_standard_json_output(output, unit)


def widen_types():
    """Gives `a + b` the wider type of both. Slither takes that of `a`, then finds no library for `(a + b).toUint120()`."""
    original = convert.propagate_types

    def propagate(ir, node):
        result = original(ir, node)
        if isinstance(ir, Binary) and str(ir.lvalue.type).startswith("uint") and str(ir.variable_right.type) == "uint256":
            ir.lvalue.set_type(ir.variable_right.type)
        return result

    convert.propagate_types = propagate


def analyse():
    """All findings, as slither reports them."""
    widen_types()
    settings = {
        "remappings": [f"{OPENZEPPELIN}=node_modules/{OPENZEPPELIN}"],
        "evmVersion": "cancun",
        "optimizer": {"enabled": True},
        "outputSelection": OUTPUTS,
    }
    platform = SyntaxTree({"language": "Solidity", "sources": closure(), "settings": settings})
    slither = Slither(CryticCompile(platform), filter_paths=["node_modules"], disallow_partial=True)
    detectors = [each for _, each in inspect.getmembers(all_detectors, inspect.isclass) if issubclass(each, AbstractDetector)]
    for detector in detectors:
        slither.register_detector(detector)
    findings = [finding for found in slither.run_detectors() if found for finding in found]
    return findings, len(detectors), len(slither.contracts)


def key_of(finding):
    """Detector and element: `reentrancy-events PoolQueue._pay`. Stays the same when lines move."""
    for element in finding["elements"]:
        parts = [element["name"]]
        parent = element.get("type_specific_fields", {}).get("parent")
        while parent and parent["type"] in ("contract", "function", "struct", "enum", "event"):
            parts.append(parent["name"])
            parent = parent.get("type_specific_fields", {}).get("parent")
        if element["type"] == "node":
            parts = parts[1:]
        return f"{finding['check']} {'.'.join(reversed(parts))}"
    return f"{finding['check']} -"


def compare(found, answers):
    """What is wrong: findings without an answer, and answers that do not fit the findings."""
    whole = answers["detectors"]
    single = {each["finding"]: each for each in answers["findings"]}
    wrong = []
    used = set()
    for key, findings in sorted(found.items()):
        detector = key.split()[0]
        if key in single:
            used.add(key)
            wanted = single[key].get("count", 1)
            if len(findings) != wanted:
                wrong.append(f"{key}: {len(findings)} findings, {wanted} answered\n{findings[0]['description']}")
        elif detector in whole:
            used.add(detector)
        else:
            wrong.append(f"not answered ({findings[0]['impact']}): {key}\n{findings[0]['description']}")
    wrong += [f"no finding needs the answer any more: {key}" for key in sorted({*whole, *single} - used)]
    wrong += [f"no sentence: {key}" for key, each in sorted(single.items()) if not each["answer"].endswith(".")]
    return wrong


def main():
    logging.basicConfig(level=logging.ERROR)
    findings, detectors, contracts = analyse()
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(findings, indent=1))
    found = collections.defaultdict(list)
    for finding in findings:
        found[key_of(finding)].append(finding)
    wrong = compare(found, json.loads(ANSWERS.read_text()))
    print("\n".join(wrong), end="\n" if wrong else "")
    impacts = collections.Counter(each["impact"] for each in findings)
    print("slither:", ", ".join(f"{impacts[each]} {each.lower()}" for each in IMPACTS if impacts[each]))
    print(f"slither: {detectors} detectors over {contracts} contracts, {len(findings)} findings, {len(wrong)} not as answered")
    sys.exit(1 if wrong or not detectors or not contracts else 0)


if __name__ == "__main__":
    main()
