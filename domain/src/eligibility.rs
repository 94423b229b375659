//! What a lender does, as data, and whether a request fits it.

use serde::{Deserialize, Serialize};

use crate::calendar::{Period, Unit};
use crate::decision::Reason;
use crate::money::{Currency, Money};
use crate::offer::Inquiry;
use crate::request::{CreditRequest, Jurisdiction, Product};

/// What a lender does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    /// Kinds of credit.
    pub products: Vec<Product>,
    /// Countries, and regions of them where they are named; a country without region means all of it.
    pub jurisdictions: Vec<Jurisdiction>,
    /// Currency lent.
    pub currency: Currency,
    /// Smallest amount, minor units.
    pub min_amount: i64,
    /// Largest amount, minor units.
    pub max_amount: i64,
    /// Shortest term in days.
    pub min_term_days: u32,
    /// Longest term in days.
    pub max_term_days: u32,
    /// Lends only against collateral on this chain; none for an unsecured lender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collateral_chain: Option<u64>,
    /// Asks a credit bureau.
    pub inquiry: Inquiry,
}

impl Capabilities {
    /// Why the request does not fit; empty when it does.
    pub fn misfits(&self, request: &CreditRequest) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let mut no = |code: &str, text: String| reasons.push(Reason::new(code, text));
        if !request.products.is_empty() && !request.products.iter().any(|p| self.products.contains(p)) {
            no(
                "PRODUCT_NOT_OFFERED",
                "This lender does not offer the kind of credit you asked for.".into(),
            );
        }
        let lends_there = self.jurisdictions.iter().any(|j| {
            j.country == request.jurisdiction.country && (j.region.is_none() || j.region == request.jurisdiction.region)
        });
        if !lends_there {
            no(
                "JURISDICTION_NOT_SERVED",
                "This lender does not lend where you live.".into(),
            );
        }
        if request.amount.currency == self.currency {
            if request.amount.minor < self.min_amount {
                let least = Money::new(self.min_amount, self.currency);
                no("AMOUNT_TOO_SMALL", format!("This lender lends from {least}."));
            }
            if request.amount.minor > self.max_amount {
                let most = Money::new(self.max_amount, self.currency);
                no("AMOUNT_TOO_LARGE", format!("This lender lends up to {most}."));
            }
        } else {
            no(
                "CURRENCY_NOT_OFFERED",
                format!("This lender lends in {}.", self.currency),
            );
        }
        let days = approximate_days(request.term);
        if days < self.min_term_days || days > self.max_term_days {
            let (least, most) = (self.min_term_days, self.max_term_days);
            no(
                "TERM_NOT_OFFERED",
                format!("This lender lends for {least} to {most} days."),
            );
        }
        if let Some(chain) = self.collateral_chain {
            let fits =
                request.wallet.is_some() && request.collateral.as_ref().is_some_and(|c| c.asset.chain_id == chain);
            if !fits {
                no(
                    "COLLATERAL_NEEDED",
                    format!("This lender needs collateral on chain {chain} and a wallet."),
                );
            }
        }
        reasons
    }
}

/// Length of a term in days, a month as 30 and a year as 365, for comparing terms with limits; never for interest.
pub fn approximate_days(term: Period) -> u32 {
    let days = match term.unit {
        Unit::Day => 1,
        Unit::Week => 7,
        Unit::Month => 30,
        Unit::Year => 365,
    };
    term.count.saturating_mul(days)
}
