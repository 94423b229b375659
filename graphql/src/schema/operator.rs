//! What operators see.

use aggregator::api::AssetPauseView;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};

/// The breaker of an asset tripped. Amounts are base units.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "AssetPause")]
pub struct AssetPauseOut {
    /// EIP-155 chain id.
    chain_id: String,
    /// Token that is lent no more.
    asset: String,
    /// Lent within the hour.
    used: String,
    /// The loan that was refused.
    refused: String,
    /// Most within an hour.
    cap: String,
    /// The transaction that tripped it.
    tx_hash: String,
    /// When.
    at: DateTime<Utc>,
}

impl From<AssetPauseView> for AssetPauseOut {
    fn from(pause: AssetPauseView) -> Self {
        Self {
            chain_id: pause.chain_id.to_string(),
            asset: pause.asset.to_string(),
            used: pause.used.to_string(),
            refused: pause.refused.to_string(),
            cap: pause.cap.to_string(),
            tx_hash: pause.tx_hash.to_string(),
            at: pause.at,
        }
    }
}
