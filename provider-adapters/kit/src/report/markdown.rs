//! The list of checks as documentation.

use std::fmt::Write as _;

use crate::check::Area;

/// `docs/providers/checks.md`.
pub fn markdown() -> String {
    let all = crate::catalogue();
    let mut text = String::from(
        "# What the conformance kit checks\n\n\
         <!-- Made by `usance print provider-checks`; a test compares it. -->\n\n\
         `usance provider check TARGET` runs the checks of a lender that speaks provider protocol v1. The areas `adapter`, `answer` and `fault`\n\
         check a manifest against its recorded answers, or a Rust adapter whose tests call `usance_kit::adapter::check`. A check passes, fails with what was seen, or is skipped with the reason.\n",
    );
    let _ = writeln!(
        text,
        "\n{} checks:\n\n| Area | Checks | About |\n|---|---|---|",
        all.len()
    );
    for area in Area::ALL {
        let count = all.iter().filter(|check| check.area == area).count();
        let _ = writeln!(text, "| [{area}](#{area}) | {count} | {} |", area.says());
    }
    for area in Area::ALL {
        let _ = writeln!(
            text,
            "\n## {area}\n\n{}\n\n| Check | Rule | Why | When it fails |\n|---|---|---|---|",
            area.says()
        );
        for check in all.iter().filter(|check| check.area == area) {
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} |",
                check.id,
                cell(&check.says),
                cell(&check.why),
                cell(&check.fix)
            );
        }
    }
    text
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
