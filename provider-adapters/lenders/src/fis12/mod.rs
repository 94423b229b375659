//! ONDC FIS12: personal loans of the Beckn network, as a buyer application.
//!
//! Every message is signed and answered twice: at once by an acknowledgement, later by a callback of the same transaction. A quote is
//! `search` and `select`, an acceptance `init` until no form is open and then `confirm`, a status is `status`. Forms of the lender (identification, mandate,
//! signature) are links that the borrower follows: [`Fis12Lender::form_of_request`] before there is a price,
//! [`Fis12Lender::form_of_settlement`] after an acceptance.

mod context;
mod exchange;
mod fault;
mod inbox;
mod journey;
mod lender;
mod messages;
mod offer;
mod quote;
mod state;
mod table;

pub use context::{Callback, ContextError, DOMAIN, Parties, Party};
pub use inbox::{Inbox, Refused, Reply, Taken};
pub use journey::Form;
pub use lender::{Fis12Lender, Options, Parts};
pub use table::{Action, Stage, may_come_unasked, next};
