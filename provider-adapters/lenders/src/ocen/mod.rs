//! OCEN 4.0: loans of India's open credit network, as a loan agent.
//!
//! Every operation is a pair: our `…Request`, acknowledged at once, and the lender's `…Response` to our inbox, with the same
//! `requestId`. Every body is signed by a detached JSON web signature in a header named `Signature`. A quote is an application and its offers;
//! an acceptance sets the offer and goes on, as far as the lender lets it, to identification, agreement, grant, repayment plan and
//! disbursement; a status goes on from there. Where the borrower has to act, the lender's page is the journey's hand-off. A request that moves
//! something is stored before it is sent and is the same to the byte when it is sent again.
//!
//! Not spoken: acceptance of the agreement by a one-time password, and the naming of a disbursement account, for both need what only
//! the borrower knows: the lender's own page has to ask for it.

mod inbox;
mod journey;
mod lender;
mod offer;
mod text;

pub use inbox::{Inbox, Refused, Reply, VERSION};
pub use lender::{OcenLender, Options, Parts};
