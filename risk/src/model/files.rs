//! The files of an artefact, as bytes.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::ArtefactError;

pub(crate) const MANIFEST: &str = "model.json";
pub(crate) const NUMBERS: &str = "model.bin";
pub(crate) const REASONS: &str = "reasons.en.json";
pub(crate) const GOLDEN: &str = "golden.jsonl";
pub(crate) const CARD: &str = "MODEL_CARD.md";
/// The file of digests.
pub const SUMS: &str = "SHA256SUMS";
/// The signature over [`SUMS`].
pub const SIGNATURE: &str = "SHA256SUMS.sig";

const MIB: usize = 1 << 20;
/// Every file of an artefact and the most bytes it may have.
pub const FILES: [(&str, usize); 7] = [
    (CARD, MIB),
    (SUMS, 4_096),
    (SIGNATURE, 4_096),
    (GOLDEN, 64 * MIB),
    (NUMBERS, 64 * MIB),
    (MANIFEST, 4 * MIB),
    (REASONS, 64 << 10),
];
/// The files whose digests are in [`SUMS`], in its order.
const SUMMED: [&str; 5] = [CARD, GOLDEN, NUMBERS, MANIFEST, REASONS];

/// The bytes of an artefact's files: all of them, none too large, no other.
#[derive(Clone, PartialEq, Eq)]
pub struct Files(BTreeMap<&'static str, Vec<u8>>);

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sizes = self.0.iter().map(|(name, bytes)| (name, bytes.len()));
        f.debug_map().entries(sizes).finish()
    }
}

impl Files {
    /// Reads a folder. A file of any other name in it is refused, and so is one that is missing or too large.
    pub fn read(folder: &Path) -> Result<Self, ArtefactError> {
        let shown = folder.display().to_string();
        let entries = std::fs::read_dir(folder).map_err(|error| {
            ArtefactError::files(
                &shown,
                format!("cannot be read ({error}); name the folder that holds {MANIFEST}"),
            )
        })?;
        let mut read = BTreeMap::new();
        for entry in entries {
            let entry = entry.map_err(|error| ArtefactError::files(&shown, error.to_string()))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let (known, most) = known(&name)?;
            let failed = |error: std::io::Error| ArtefactError::files(known, format!("cannot be read: {error}"));
            let meta = std::fs::metadata(entry.path()).map_err(failed)?;
            if !meta.is_file() {
                return Err(ArtefactError::files(known, "is not a file"));
            }
            // The size is asked first, so that a huge file is not read at all.
            if usize::try_from(meta.len()).is_ok_and(|size| size <= most) {
                read.insert(known, std::fs::read(entry.path()).map_err(failed)?);
            } else {
                return Err(too_large(known, most));
            }
        }
        Self::complete(read)
    }

    /// From bytes in memory, such as `include_bytes!`.
    pub fn of(files: &[(&str, &[u8])]) -> Result<Self, ArtefactError> {
        let mut kept = BTreeMap::new();
        for (name, bytes) in files {
            if kept.insert(known(name)?.0, bytes.to_vec()).is_some() {
                return Err(ArtefactError::files(*name, "is given twice"));
            }
        }
        Self::complete(kept)
    }

    fn complete(files: BTreeMap<&'static str, Vec<u8>>) -> Result<Self, ArtefactError> {
        for (name, most) in FILES {
            match files.get(name) {
                None => {
                    let what = "is missing; copy the whole folder, or train the model (scripts/train.sh)";
                    return Err(ArtefactError::files(name, what));
                }
                Some(bytes) if bytes.len() > most => return Err(too_large(name, most)),
                Some(_) => {}
            }
        }
        Ok(Self(files))
    }

    /// The bytes of a file; none of an unknown name.
    pub fn bytes(&self, name: &str) -> &[u8] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn text(&self, name: &'static str) -> Result<&str, ArtefactError> {
        std::str::from_utf8(self.bytes(name))
            .map_err(|error| ArtefactError::format(name, format!("is not UTF-8 at byte {}", error.valid_up_to())))
    }

    /// All files, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        self.0.iter().map(|(name, bytes)| (*name, bytes.as_slice()))
    }

    /// What [`SUMS`] has to be for these files.
    pub fn sums(&self) -> String {
        SUMMED.iter().map(|name| sum_line(name, self.bytes(name))).collect()
    }

    /// Whether [`SUMS`] is exactly that of the files; else the first file that differs.
    pub(crate) fn check_sums(&self) -> Result<(), ArtefactError> {
        let written = self.text(SUMS)?;
        if written == self.sums() {
            return Ok(());
        }
        let differs = |name: &&&'static str| !written.contains(&sum_line(name, self.bytes(name)));
        match SUMMED.iter().find(differs) {
            Some(file) => Err(ArtefactError::Damaged { file }),
            None => Err(ArtefactError::format(
                SUMS,
                "holds more than one line a file, sorted by name; sign the folder again (usance risk sign)",
            )),
        }
    }

    /// Writes all files into a folder, which is made when it is not there.
    pub fn write(&self, folder: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        self.iter()
            .try_for_each(|(name, bytes)| std::fs::write(folder.join(name), bytes))
    }

    /// The same files with others in place of those named, for tests of damaged artefacts.
    #[must_use]
    pub fn with(mut self, name: &'static str, bytes: Vec<u8>) -> Self {
        self.0.insert(name, bytes);
        self
    }
}

fn known(name: &str) -> Result<(&'static str, usize), ArtefactError> {
    FILES.into_iter().find(|(known, _)| *known == name).ok_or_else(|| {
        let what = "is no file of an artefact; take it out of the folder";
        ArtefactError::files(name, what)
    })
}

fn too_large(name: &str, most: usize) -> ArtefactError {
    ArtefactError::files(name, format!("is larger than {most} bytes"))
}

fn sum_line(name: &str, bytes: &[u8]) -> String {
    format!("{}  {name}\n", hex::encode(Sha256::digest(bytes)))
}
