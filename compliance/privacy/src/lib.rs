//! Personal data that cannot be printed, and its encryption per person.
//!
//! A value of a person is a [`Pii`]: it has no `Display`, no `Serialize`, and its `Debug` says nothing. It is stored as [`Sealed`]
//! bytes. Keys form three layers: a key service ([`Kms`]) wraps the key of a tenant, which wraps the keys of a person (one per
//! [`RecordClass`]), which seal values. Whoever destroys a person's key has erased what it sealed, in every copy.
//!
//! Nothing here waits or stores: the store of wrapped keys is the aggregator's.

mod aad;
mod blind;
mod cache;
mod envelope;
mod kms;
mod local;
mod pii;
pub mod places;
mod retention;

pub use aad::Aad;
pub use blind::{BlindIndex, BlindKey, DocumentNumber, Email, Exact, Iban, NationalId, Phone};
pub use cache::{KeyCache, Limits};
pub use envelope::{DataKey, KeyId, SealError, Sealed};
pub use kms::{KeyContext, Kms, KmsError, Wrapped};
pub use local::{DEVELOPMENT_KEY, LocalKms};
pub use pii::{Exposed, Exposure, Pii, Purpose};
pub use places::{Field, Place, Protection, RecordClass, Whose};
pub use retention::{Policy, Trigger, resolve};
