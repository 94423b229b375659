//! The models that ship with this build.

use std::sync::Arc;

use crate::model::{Artefact, ArtefactError, Files, TrustedKeys};

macro_rules! folder {
    ($name:literal) => {
        [
            folder!(file $name, "MODEL_CARD.md"),
            folder!(file $name, "SHA256SUMS"),
            folder!(file $name, "SHA256SUMS.sig"),
            folder!(file $name, "golden.jsonl"),
            folder!(file $name, "model.bin"),
            folder!(file $name, "model.json"),
            folder!(file $name, "reasons.en.json"),
        ]
    };
    (file $name:literal, $file:literal) => {
        (
            $file,
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/", $name, "/", $file)).as_slice(),
        )
    };
}

/// The champion, then the challengers.
pub(crate) type Models = (Arc<Artefact>, Vec<Arc<Artefact>>);

/// The anomaly model of the fraud checks.
pub(crate) fn anomaly() -> Result<Arc<Artefact>, ArtefactError> {
    Artefact::open(&Files::of(&folder!("anomaly"))?, &TrustedKeys::development()).map(Arc::new)
}

/// The champion, then the challengers. They are part of the program, so the development key vouches for them: whoever could
/// change them could change the program.
pub(crate) fn models() -> Result<Models, ArtefactError> {
    let open = |files: &[(&str, &[u8])]| Artefact::open(&Files::of(files)?, &TrustedKeys::development()).map(Arc::new);
    Ok((open(&folder!("points"))?, vec![open(&folder!("taiwan"))?]))
}
