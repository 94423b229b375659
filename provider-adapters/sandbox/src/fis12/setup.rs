//! How the bank is set up, and how it can fail.

use sdk::{KeyError, PrivateKey, PublicKey};
use serde_json::Value;

use super::order::{Product, standard_products};

/// Name of the development key of the buyer application in [`Setup::development`].
const BUYER_KEY: &str = "usance-fis12";

/// One thing that goes wrong, with the next message of that action.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The callback is signed by a key that the registry does not know.
    ForeignKey,
    /// The callback's body is changed after it was signed.
    Tampered,
    /// The callback was written so many seconds ago, or will be.
    Skewed(i64),
    /// The callback comes twice.
    Twice,
    /// The callback comes twice, the second time with another body.
    TwiceDifferently,
    /// Another callback of the journey comes first.
    OutOfOrder(&'static str),
    /// Acted on and acknowledged, and never called back.
    Silent,
    /// Not acknowledged, with that code.
    Nack(&'static str),
    /// Called back with an error of that code.
    Error(&'static str),
    /// The acknowledgement is this, and nothing was acted on.
    Answer(u16, &'static str),
    /// The callback's `message` is changed at this pointer.
    Changed(&'static str, Value),
    /// The callback has no calendar, and this installment.
    Rate(&'static str),
    /// The callback answers another message.
    ForeignMessage,
    /// The context has this field changed.
    Context(&'static str, &'static str),
}

/// How the bank is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Its `subscriber_id`; its key is the development key of that name.
    pub subscriber: String,
    /// The `subscriber_id` of the only buyer application that it talks to.
    pub buyer: String,
    /// That one's key.
    pub buyer_key: PublicKey,
    /// Its catalog.
    pub products: Vec<Product>,
    /// What it declares as its APR instead of the truth.
    pub declares: Option<String>,
    /// Forms that the borrower has to send before it goes on: the action after which each is shown, and its name.
    pub forms: Vec<(String, String)>,
    /// Pays out as soon as a confirmed loan is asked for.
    pub pays_at_once: bool,
}

impl Setup {
    /// The bank of the development marketplace: it wants the borrower identified, and pays at once.
    pub fn development() -> Result<Self, KeyError> {
        Ok(Self {
            subscriber: "bharat-bank.sandbox".to_owned(),
            buyer: "usance.sandbox".to_owned(),
            buyer_key: PrivateKey::development(BUYER_KEY)?.public(),
            products: standard_products(),
            declares: None,
            forms: vec![("init".to_owned(), "KYC".to_owned())],
            pays_at_once: true,
        })
    }
}
