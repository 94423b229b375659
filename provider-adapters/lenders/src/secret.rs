//! Secrets of a lender's configuration: `env:NAME` or `file:PATH`, or, in development, the secret itself.

use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serializer;

use crate::manifest::{SecretError, SecretRef};

/// What stands for a secret that was not given by reference. The same for every secret: its digest would help to guess it.
const INLINE: &str = "inline";

/// Where the secret is; none when it is the text itself.
fn reference(secret: &SecretString) -> Option<SecretRef> {
    let text = secret.expose_secret();
    let env = text.strip_prefix("env:").map(|name| SecretRef::Env(name.to_owned()));
    env.or_else(|| {
        text.strip_prefix("file:")
            .map(|path| SecretRef::File(PathBuf::from(path)))
    })
}

/// Whether the secret stands in the configuration itself: for development only.
pub fn is_inline(secret: &SecretString) -> bool {
    reference(secret).is_none()
}

/// The secret: read from where it is, or the text itself.
pub(crate) fn resolve(secret: &SecretString) -> Result<SecretString, SecretError> {
    match reference(secret) {
        Some(reference) => Ok(reference.resolve()?.expose().as_str().into()),
        None => Ok(secret.clone()),
    }
}

/// Writes the reference, never the secret: for `#[serde(serialize_with)]`.
pub(crate) fn by_reference<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(if is_inline(secret) {
        INLINE
    } else {
        secret.expose_secret()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_read_and_a_secret_is_never_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "hunter2\n").unwrap();
        let referred: SecretString = format!("file:{}", path.display()).into();
        assert_eq!(resolve(&referred).unwrap().expose_secret(), "hunter2");
        assert!(resolve(&"env:USANCE_NO_SUCH_SECRET".into()).is_err());
        let inline: SecretString = "hunter2".into();
        assert_eq!(resolve(&inline).unwrap().expose_secret(), "hunter2");
        let written = |secret: &SecretString| by_reference(secret, serde_json::value::Serializer).unwrap();
        assert_eq!(written(&inline), INLINE);
        assert_eq!(written(&referred), referred.expose_secret());
    }
}
