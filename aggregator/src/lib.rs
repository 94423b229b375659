//! The use cases of Usance and their store. Lenders and chains are seen only through the ports of `domain`.

use std::sync::Arc;
use std::time::Duration;

use domain::ports::{ChainReader, Clock, Contracts, Ids, Lender};
use sqlx::PgPool;

pub mod api;

/// The world as the use cases see it.
#[derive(Clone)]
pub struct World {
    /// Primary database: money decisions read nothing else.
    pub db: PgPool,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
    /// Decorated lenders.
    pub lenders: Vec<Arc<dyn Lender>>,
    /// Knowledge of the settlement contracts.
    pub contracts: Arc<dyn Contracts>,
    /// Live reads of chains.
    pub reader: Arc<dyn ChainReader>,
    /// Risk model.
    pub model: Arc<risk::Model>,
    /// Compliance rules.
    pub rules: Arc<compliance::RuleBook>,
    /// Sanctions lists.
    pub screening: Arc<compliance::ScreeningIndex>,
    /// Figures.
    pub settings: Settings,
}

/// Figures of the use cases.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long lenders have.
    pub quote_deadline: Duration,
    /// How many lender calls run at once for one request.
    pub fan_out: usize,
    /// Pause between two looks for work when nothing wakes the workers.
    pub poll: Duration,
    /// How long an idempotency key is kept.
    pub key_ttl: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            quote_deadline: Duration::from_millis(2_500),
            fan_out: 128,
            poll: Duration::from_millis(200),
            key_ttl: Duration::from_secs(30 * 24 * 3600),
        }
    }
}
