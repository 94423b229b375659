//! A lender's configuration as the registry keeps it: without secrets, the same text for the same configuration.

use domain::provider::Listed;
use sha2::{Digest as _, Sha256};

use crate::manifest::ManifestLenderError;
use crate::registry::{LenderConfig, RegistryError};

/// The configuration, written down. What a manifest's file says is part of it, by its digest.
pub(crate) fn listed(config: &LenderConfig) -> Result<Listed, RegistryError> {
    let id = config.id();
    let mut value = serde_json::to_value(config).map_err(|error| RegistryError::Record(id.clone(), error))?;
    let mut name = id.to_string();
    match config {
        LenderConfig::Manifest(manifest) => {
            let unreadable =
                |error| RegistryError::Manifest(id.clone(), ManifestLenderError::File(manifest.file.clone(), error));
            let text = std::fs::read(&manifest.file).map_err(unreadable)?;
            value["file_sha256"] = alloy_primitives::hex::encode(Sha256::digest(text)).into();
        }
        LenderConfig::Desk(desk) => name.clone_from(&desk.venue),
        _ => {}
    }
    let kind = value["kind"].as_str().unwrap_or_default().to_owned();
    Ok(Listed {
        id: id.clone(),
        name,
        kind,
        config: value.to_string(),
        limits: config.policy().limits(),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::desk::tests::config;
    use crate::manifest::ManifestConfig;

    #[test]
    fn a_recorded_configuration_holds_no_secret_and_is_the_same_text_each_time() {
        let desk = config();
        let key = desk.signing_key.expose_secret().to_owned();
        let first = listed(&LenderConfig::Desk(config())).unwrap();
        assert_eq!(first, listed(&LenderConfig::Desk(desk)).unwrap());
        assert!(!first.config.contains(key.trim_start_matches("0x")), "{}", first.config);
        assert!(first.config.contains(r#""signing_key":"inline""#), "{}", first.config);
        assert_eq!((first.kind.as_str(), first.name.as_str()), ("desk", "Usance desk"));
        let mut referred = config();
        referred.signing_key = "env:DESK_KEY".into();
        let referred = LenderConfig::Desk(referred);
        assert!(listed(&referred).unwrap().config.contains("env:DESK_KEY"));
        assert_eq!(referred.inline_secret(), None);
        assert_eq!(LenderConfig::Desk(config()).inline_secret(), Some("signing_key"));
        let mut dearer = config();
        dearer.rate_ppm += 1;
        assert_ne!(listed(&LenderConfig::Desk(dearer)).unwrap().config, first.config);
    }

    #[test]
    fn another_manifest_in_the_same_file_is_another_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lender.toml");
        let record = |file: &Path| {
            let id = "rest-bank".parse().unwrap();
            let (url, token_url, policy) = (None, None, crate::Policy::default());
            let file = file.to_owned();
            listed(&LenderConfig::Manifest(ManifestConfig {
                id,
                file,
                url,
                token_url,
                policy,
            }))
        };
        assert!(record(&file).is_err(), "there is no file");
        std::fs::write(&file, "one").unwrap();
        let one = record(&file).unwrap();
        std::fs::write(&file, "two").unwrap();
        assert_ne!(record(&file).unwrap().config, one.config);
    }
}
