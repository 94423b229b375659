//! The key service: it holds the keys of keys, which never leave it.

use std::fmt;

use async_trait::async_trait;
use uuid::Uuid;

use crate::envelope::DataKey;

/// Why a key service did not do it, by what the caller does next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KmsError {
    /// Not reached, overloaded or out of order: try again.
    #[error("the key service is not available: {0}")]
    Unavailable(String),
    /// Our credentials or rights do not suffice: an operator has to act.
    #[error("the key service refused: {0}")]
    Refused(String),
    /// The key of keys is disabled, scheduled for deletion or gone.
    #[error("the key of keys is gone: {0}")]
    Destroyed(String),
    /// The wrapped bytes do not belong to this context, or were altered. Somebody has to look into it.
    #[error("the wrapped key does not belong here, or was altered")]
    Foreign,
    /// An answer that we do not understand.
    #[error("the key service answered something else: {0}")]
    Malformed(String),
}

/// What a wrapped key is bound to: it unwraps for the same tenant and name only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyContext {
    /// The tenant.
    pub tenant: Uuid,
    /// Name of the key that is wrapped.
    pub key: Uuid,
}

impl KeyContext {
    /// Names and values, in a fixed order.
    pub fn pairs(&self) -> [(&'static str, String); 3] {
        [
            ("usance-key", self.key.to_string()),
            ("usance-kind", "tenant-key".to_owned()),
            ("usance-tenant", self.tenant.to_string()),
        ]
    }
}

/// A wrapped key, as the key service gave it.
#[derive(Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// Opaque bytes of the service.
    pub bytes: Vec<u8>,
    /// Name and version of the key of keys that wrapped it.
    pub by: String,
}

impl fmt::Debug for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wrapped({} bytes by {})", self.bytes.len(), self.by)
    }
}

/// A key service.
#[async_trait]
pub trait Kms: Send + Sync {
    /// Its name in records and metrics.
    fn name(&self) -> &str;

    /// Wraps a key by the newest key of keys.
    async fn wrap(&self, key: &DataKey, context: &KeyContext) -> Result<Wrapped, KmsError>;

    /// Unwraps; the context has to be the one of then.
    async fn unwrap(&self, wrapped: &Wrapped, context: &KeyContext) -> Result<DataKey, KmsError>;

    /// The same key, wrapped by the newest key of keys, where the service can without showing it to us.
    async fn rewrap(&self, wrapped: &Wrapped, context: &KeyContext) -> Result<Wrapped, KmsError>;

    /// Name and version of the newest key of keys: what was wrapped by another one is due for [`Kms::rewrap`].
    async fn newest(&self) -> Result<String, KmsError>;
}
