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
            value["file_sha256"] = hex(&Sha256::digest(text)).into();
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
