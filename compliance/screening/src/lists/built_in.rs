//! The lists that ship with this build.

use std::sync::OnceLock;

use super::{ListFile, LoadError, Snapshot, load};

const FILES: [(&str, &[u8]); 5] = [
    ("sdn.csv.gz", include_bytes!("../../data/sdn.csv.gz")),
    ("alt.csv.gz", include_bytes!("../../data/alt.csv.gz")),
    ("add.csv.gz", include_bytes!("../../data/add.csv.gz")),
    ("sdn_comments.csv.gz", include_bytes!("../../data/sdn_comments.csv.gz")),
    (
        "ofac_digital_currency_addresses.csv.gz",
        include_bytes!("../../data/ofac_digital_currency_addresses.csv.gz"),
    ),
];

/// The US Treasury's list of 2023-12-28 and digital currency addresses up to September 2024, read at the first call and shared. For
/// development and tests: in production the operator names a folder with lists of the day.
pub fn built_in() -> Result<&'static Snapshot, LoadError> {
    static SNAPSHOT: OnceLock<Result<Snapshot, LoadError>> = OnceLock::new();
    let files = || {
        FILES.map(|(name, bytes)| ListFile {
            name: name.to_owned(),
            bytes: bytes.to_vec(),
        })
    };
    SNAPSHOT.get_or_init(|| load(&files())).as_ref().map_err(Clone::clone)
}
