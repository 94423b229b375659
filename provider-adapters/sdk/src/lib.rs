//! The provider SDK: the [`Lender`] port, provider protocol v1 ([`wire`], `protocol-v1.openapi.json`), message signatures
//! ([`signature`]), the HTTP client ([`net`]), and the checks that every offer passes ([`validate_offer`]).
//!
//! A lender joins in one of two ways: it speaks the protocol over HTTP and needs no code here, or it is a Rust type that
//! implements [`Lender`]. Either stays naive: deadlines, limits, breakers, hedging and metrics are layered around it.

pub mod beckn;
pub mod client;
pub mod gate;
pub mod jws;
pub mod keys;
pub mod net;
pub mod normalise;
pub mod replay;
mod secret;
pub mod signature;
mod validate;
pub mod wire;

pub use client::{OffersReply, ProtocolClient};
pub use domain::eligibility::Capabilities;
pub use domain::ports::{AcceptOrder, AcceptReceipt, Answer, Ask, Clock, Ids, Lender, LenderError, LenderStatus};
pub use gate::{Gate, RequestParts};
pub use keys::{KeyError, PrivateKey, PublicKey, Signer};
pub use net::{Endpoint, EndpointError, HttpClient, NetworkPolicy};
pub use secret::Secret;
pub use validate::{MAX_PAYMENTS, validate_answer, validate_offer};

/// The OpenAPI 3.1 document of the protocol.
pub const OPENAPI: &str = include_str!("../protocol-v1.openapi.json");

#[cfg(test)]
mod openapi_tests;
#[cfg(test)]
mod samples;
