//! Where copies of the audit trail's checkpoints go, so that nobody who owns our database can write another history.

use std::fmt::Debug;

use alloy_primitives::B256;
use async_trait::async_trait;

use super::{Call, ChainError, StoreFailure};

/// A contract that remembers roots. The call that it builds goes through the submitter.
pub trait AnchorCalls: Debug + Send + Sync {
    /// `eip155:CHAIN:CONTRACT`.
    fn place(&self) -> String;
    /// The call that anchors a root of that size for the log of that name (SHA-256 of it).
    fn anchor(&self, origin: B256, size: u64, root: B256) -> Result<Call, ChainError>;
}

/// A store in which an object, once written, can neither be changed nor deleted: a folder on other hands, a bucket with an object
/// lock.
#[async_trait]
pub trait CheckpointStore: Debug + Send + Sync {
    /// `file:FOLDER` or the like.
    fn place(&self) -> String;
    /// Writes an object once. Writing the same bytes again changes nothing; other bytes under that name are refused.
    async fn put_once(&self, name: &str, bytes: &[u8]) -> Result<Put, StoreFailure>;
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is there.
    Kept,
    /// Other bytes are there under that name: somebody wrote another history.
    Conflict,
}
