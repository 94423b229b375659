//! The committed list of checks is the one that the code makes.

#[test]
fn the_list_of_checks_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/providers/checks.md");
    let committed = std::fs::read_to_string(path).unwrap();
    let made = usance_kit::markdown();
    assert!(
        committed == made,
        "make it again: usance provider checks --markdown > docs/providers/checks.md"
    );
}
