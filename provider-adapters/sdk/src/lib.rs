#![doc = include_str!("../README.md")]
//!
//! # Where to look
//!
//! A lender joins in one of three ways: it speaks provider protocol v1 over HTTP ([`wire`], `protocol-v1.openapi.json`), it is
//! described by a manifest, or it is a Rust type that implements [`Lender`]. Each stays naive: deadlines, limits, breakers,
//! hedging and metrics are layered around it.
//!
//! For a Rust lender: [`net`] talks, [`normalise`] reads, [`OfferBuilder`] writes, [`validate_offer`] checks, [`record`] remembers.
//! Signatures: [`signature`] (HTTP messages), [`beckn`], [`jws`].

pub mod beckn;
mod capabilities;
pub mod client;
pub mod gate;
pub mod jws;
pub mod keys;
pub mod net;
pub mod normalise;
pub mod offer;
pub mod record;
pub mod replay;
mod secret;
pub mod signature;
mod validate;
pub mod wire;

pub use async_trait::async_trait;
pub use capabilities::{CapabilityError, check_capabilities};
pub use client::{OffersReply, ProtocolClient};
pub use domain::eligibility::{AmountRange, Capabilities, CollateralKind};
pub use domain::ports::{AcceptOrder, AcceptReceipt, Answer, Ask, Clock, Ids, Lender, LenderError, LenderStatus};
pub use gate::{Gate, RequestParts};
pub use keys::{KeyError, PrivateKey, PublicKey, Signer};
pub use net::{Endpoint, EndpointError, HttpClient, NetworkPolicy};
pub use offer::{OfferBuilder, OfferError, Plan, Row, Rule};
pub use secret::Secret;
pub use validate::{MAX_PAYMENTS, validate_answer, validate_offer};

/// The OpenAPI 3.1 document of the protocol.
pub const OPENAPI: &str = include_str!("../protocol-v1.openapi.json");

/// The types that requests and offers are made of.
pub mod canonical {
    pub use domain::calendar::{DayCount, Period, Unit};
    pub use domain::offer::{
        Amounts, AprConvention, Binding, Collateral, CollateralAsset, Declared, Fee, FeeTiming, Inquiry, LateTerms,
        Offer, Onchain, OnchainOrder, Payee, RateCurve, RateKind, RateTerms, Repayment, RepaymentMethod,
        ScheduledPayment,
    };
    pub use domain::request::{Applicant, CreditRequest, Employment, Jurisdiction, Product, Purpose, Refinances};
    pub use domain::{Asset, Currency, Money, ProviderId, Rate, Reason, RequestId, SettlementId, TokenAmount};
}

#[cfg(test)]
mod openapi_tests;
#[cfg(test)]
mod readme_tests;
#[cfg(test)]
mod samples;
