//! The keys of personal data: the key service, and the store of wrapped keys.

use std::sync::Arc;

use aggregator::privacy::Vault;
use anyhow::{Context, Result};
use secrecy::ExposeSecret;

use crate::config::Config;
use crate::runtime::Sources;

/// Connections to the key store. They are its own: a request that holds a connection to the books never waits here for another.
const CONNECTIONS: u32 = 8;

/// Opens the vault; a key store in a database of its own is brought to the newest schema.
pub async fn open(config: &Config, sources: &Sources, network: sdk::NetworkPolicy) -> Result<Arc<Vault>> {
    let parts = kms::Parts {
        network,
        clock: Arc::clone(&sources.clock),
    };
    let service = config.kms.build(&parts)?;
    let own = config.privacy.key_database_url.as_ref();
    let url = own.unwrap_or(&config.database_url);
    let keys = aggregator::connect(url.expose_secret(), CONNECTIONS)
        .await
        .context("cannot reach the key store; check privacy.key_database_url")?;
    if own.is_some() {
        aggregator::migrate(&keys)
            .await
            .context("migrations of the key store")?;
    }
    let source = (Arc::clone(&sources.clock), Arc::clone(&sources.ids));
    Ok(Arc::new(Vault::new(service, keys, source)))
}
