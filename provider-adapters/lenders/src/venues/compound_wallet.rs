//! Compound III: neither the router nor its events are supported; its quotes are for comparison.

use alloy_primitives::Address;
use async_trait::async_trait;
use domain::ports::{EventLog, LogFilter, VenueEventKind, VenueOpening, VenuePlan, WalletCall};
use sdk::LenderError;

use super::abi_router::Permission;
use super::compound::Compound;
use super::wallet::Followed;

fn unsupported() -> LenderError {
    LenderError::Unsupported("loans of Compound III can be compared, not taken".into())
}

#[async_trait]
impl Followed for Compound {
    async fn plan(&self, _: Address, _: VenueOpening) -> Result<VenuePlan, LenderError> {
        Err(unsupported())
    }

    fn open_signed(&self, _: Address, _: &VenuePlan, _: Permission) -> Option<WalletCall> {
        None
    }

    async fn close(&self, _: Address, _: Address) -> Result<Vec<WalletCall>, LenderError> {
        Err(unsupported())
    }

    fn filters(&self, _: Address) -> Vec<LogFilter> {
        Vec::new()
    }

    async fn event(&self, _: Address, _: &EventLog) -> Result<Option<VenueEventKind>, LenderError> {
        Err(unsupported())
    }
}
