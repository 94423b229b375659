//! What a lender does, as data, and whether a request fits it.

use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

use crate::calendar::{Period, Unit};
use crate::decision::Reason;
use crate::money::{Asset, Currency, Money, TokenAmount};
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
    /// Currencies lent, each once, and how much of each.
    pub amounts: Vec<AmountRange>,
    /// Shortest term in days.
    pub min_term_days: u32,
    /// Longest term in days.
    pub max_term_days: u32,
    /// Lends only against collateral of one of these kinds; empty for a lender that takes none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collateral: Vec<CollateralKind>,
    /// Asks a credit bureau.
    pub inquiry: Inquiry,
}

/// How much a lender lends in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmountRange {
    /// The currency.
    pub currency: Currency,
    /// Smallest amount, minor units.
    pub min: i64,
    /// Largest amount, minor units.
    pub max: i64,
}

/// Collateral that a lender takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollateralKind {
    /// EIP-155 id of the chain on which it is locked.
    pub chain_id: u64,
    /// Tokens taken; empty when the lender says so only in its answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<Address>,
}

impl CollateralKind {
    /// Any token of a chain that the lender's answer takes.
    pub fn on_chain(chain_id: u64) -> Self {
        let tokens = Vec::new();
        Self { chain_id, tokens }
    }

    fn takes(&self, asset: &Asset) -> bool {
        self.chain_id == asset.chain_id && (self.tokens.is_empty() || self.tokens.contains(&asset.token))
    }
}

impl Capabilities {
    /// The amounts lent in a currency; none when it is not lent.
    pub fn amounts_in(&self, currency: Currency) -> Option<&AmountRange> {
        self.amounts.iter().find(|range| range.currency == currency)
    }

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
        if let Some(range) = self.amounts_in(request.amount.currency) {
            if request.amount.minor < range.min {
                let least = Money::new(range.min, range.currency);
                no("AMOUNT_TOO_SMALL", format!("This lender lends from {least}."));
            }
            if request.amount.minor > range.max {
                let most = Money::new(range.max, range.currency);
                no("AMOUNT_TOO_LARGE", format!("This lender lends up to {most}."));
            }
        } else {
            let lent: Vec<_> = self.amounts.iter().map(|range| range.currency.code()).collect();
            no(
                "CURRENCY_NOT_OFFERED",
                format!("This lender lends in {}.", lent.join(", ")),
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
        if let Some(reason) = self.collateral_misfit(request) {
            reasons.push(reason);
        }
        reasons
    }

    fn collateral_misfit(&self, request: &CreditRequest) -> Option<Reason> {
        let offered = request.collateral.as_ref().filter(|_| request.wallet.is_some());
        let fits = |locked: &TokenAmount| self.collateral.iter().any(|kind| kind.takes(&locked.asset));
        let chains: Vec<_> = self.collateral.iter().map(|kind| kind.chain_id.to_string()).collect();
        let chains = chains.join(", ");
        match offered {
            _ if self.collateral.is_empty() => None,
            Some(locked) if fits(locked) => None,
            Some(locked)
                if self
                    .collateral
                    .iter()
                    .any(|kind| kind.chain_id == locked.asset.chain_id) =>
            {
                Some(Reason::new(
                    "COLLATERAL_NOT_ACCEPTED",
                    format!("This lender does not lend against {}.", locked.asset.symbol),
                ))
            }
            _ => Some(Reason::new(
                "COLLATERAL_NEEDED",
                format!("This lender needs collateral on chain {chains} and a wallet."),
            )),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn lender() -> Capabilities {
        let range = |currency, min, max| AmountRange { currency, min, max };
        Capabilities {
            products: vec![Product::Collateralized],
            jurisdictions: vec![sample::request().jurisdiction],
            amounts: vec![
                range(Currency::parse("EUR").unwrap(), 1, 10),
                range(Currency::usd(), 500_000, 500_000),
            ],
            min_term_days: 30,
            max_term_days: 720,
            collateral: vec![CollateralKind::on_chain(1), CollateralKind::on_chain(31337)],
            inquiry: Inquiry::None,
        }
    }

    fn misfits(change: impl FnOnce(&mut Capabilities, &mut CreditRequest)) -> Vec<String> {
        let (mut lender, mut request) = (lender(), sample::request());
        change(&mut lender, &mut request);
        lender.misfits(&request).into_iter().map(|reason| reason.code).collect()
    }

    #[test]
    fn the_range_of_the_requests_own_currency_counts() {
        assert_eq!(misfits(|_, _| ()), [""; 0]);
        assert_eq!(misfits(|_, r| r.amount.minor += 1), ["AMOUNT_TOO_LARGE"]);
        assert_eq!(misfits(|_, r| r.amount.minor -= 1), ["AMOUNT_TOO_SMALL"]);
        assert_eq!(misfits(|l, _| l.amounts.truncate(1)), ["CURRENCY_NOT_OFFERED"]);
    }

    #[test]
    fn collateral_fits_by_chain_and_by_token_where_tokens_are_named() {
        assert_eq!(misfits(|l, _| l.collateral.truncate(1)), ["COLLATERAL_NEEDED"]);
        assert_eq!(misfits(|_, r| r.wallet = None), ["COLLATERAL_NEEDED"]);
        assert_eq!(misfits(|_, r| r.collateral = None), ["COLLATERAL_NEEDED"]);
        let only = |l: &mut Capabilities, token| l.collateral[1].tokens = vec![token];
        assert_eq!(misfits(|l, _| only(l, sample::asset().token)), [""; 0]);
        assert_eq!(misfits(|l, _| only(l, Address::ZERO)), ["COLLATERAL_NOT_ACCEPTED"]);
        let unsecured = misfits(|l, r| {
            l.collateral.clear();
            r.wallet = None;
        });
        assert_eq!(unsecured, [""; 0]);
    }
}
