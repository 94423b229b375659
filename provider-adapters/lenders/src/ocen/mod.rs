//! OCEN 4.0: loans of India's open credit network, as a loan agent.
//!
//! Every operation is a pair: our `…Request`, acknowledged at once, and the lender's `…Response` to our inbox, with the same
//! `requestId`. Every body is signed by a detached JSON web signature in a header named `Signature`. A quote is an application and its offers;
//! an acceptance sets the offer, and goes on to the grant and the disbursement as far as the lender lets it; a status goes on from there. A request that moves
//! something is stored before it is sent and is the same to the byte when it is sent again.

mod inbox;
mod lender;
mod offer;

pub use inbox::{Inbox, Refused, Reply, VERSION};
pub use lender::{OcenLender, Options, Parts};
