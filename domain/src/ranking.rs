//! The neutral ranking. Its input has no place for what a provider pays us, so no code can rank by it. This compiles:
//!
//! ```
//! use usance_domain::Rate;
//! use usance_domain::ranking::Candidate;
//! fn apr(candidate: &Candidate) -> Rate {
//!     candidate.apr
//! }
//! ```
//!
//! and the same code that asks for the compensation does not:
//!
//! ```compile_fail
//! use usance_domain::Rate;
//! use usance_domain::ranking::Candidate;
//! fn apr(candidate: &Candidate) -> Rate {
//!     candidate.compensation
//! }
//! ```
//!
//! nor does a candidate that carries it in:
//!
//! ```compile_fail
//! use usance_domain::Rate;
//! use usance_domain::ranking::{Candidate, RankBy, rank};
//! fn paid(candidate: Candidate, compensation: Rate) {
//!     rank(vec![Candidate { compensation, ..candidate }], RankBy::Apr);
//! }
//! ```
//!
//! while the same call without it does:
//!
//! ```
//! use usance_domain::Rate;
//! use usance_domain::ranking::{Candidate, RankBy, rank};
//! fn unpaid(candidate: Candidate, apr: Rate) {
//!     rank(vec![Candidate { apr, ..candidate }], RankBy::Apr);
//! }
//! ```

use std::cmp::Ordering;

use alloy_primitives::B256;
use serde::{Deserialize, Serialize};

use crate::ids::QuoteId;
use crate::money::{Money, Rate};
use crate::offer::Binding;
use crate::quote::{Flag, Quote, ScenarioKind};

/// What the borrower wants to rank by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RankBy {
    /// Verified APR in the home convention.
    #[default]
    Apr,
    /// All-in cost in money under the base scenario.
    TotalCost,
    /// Largest single payment.
    Payment,
}

/// Everything that the ranking sees of a quote: the borrower's side of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// Which quote.
    pub quote: QuoteId,
    /// Verified APR in the home convention.
    pub apr: Rate,
    /// Base scenario.
    pub total_cost: Money,
    /// Cost of the worst scenario.
    pub worst_cost: Money,
    /// Largest single payment.
    pub largest_payment: Money,
    /// How far the asked amount is missed.
    pub shortfall: Money,
    /// The money must be paid back well before the asked term ends.
    pub shorter: bool,
    /// How far the lender is bound.
    pub binding: Binding,
    /// Decides between equals: nobody can choose it to their favour, and it says nothing of the lender.
    pub digest: B256,
}

impl Candidate {
    /// The borrower's side of a quote.
    pub fn of(quote: &Quote) -> Self {
        let base = quote.verified.finance_charge;
        let currency = base.currency;
        let cost = |kind| quote.scenarios.iter().find(|s| s.kind == kind).map(|s| s.total_cost);
        let worst = quote
            .scenarios
            .iter()
            .map(|s| s.total_cost.minor)
            .max()
            .unwrap_or(base.minor);
        let short = quote
            .offer
            .amounts
            .requested
            .minor
            .saturating_sub(quote.offer.amounts.offered.minor)
            .max(0);
        Self {
            quote: quote.id,
            apr: quote.verified.apr,
            total_cost: cost(ScenarioKind::Base).unwrap_or(base),
            worst_cost: Money::new(worst, currency),
            largest_payment: quote.verified.largest_payment,
            shortfall: Money::new(short, currency),
            shorter: quote.flags.contains(&Flag::ShorterTerm),
            binding: quote.offer.binding,
            digest: quote.digest,
        }
    }

    fn order(&self, other: &Self, by: RankBy) -> Ordering {
        let apr = self.apr.cmp(&other.apr);
        let cost = self.total_cost.minor.cmp(&other.total_cost.minor);
        let payment = self.largest_payment.minor.cmp(&other.largest_payment.minor);
        let chosen = match by {
            RankBy::Apr => apr.then(cost).then(payment),
            RankBy::TotalCost => cost.then(apr).then(payment),
            RankBy::Payment => payment.then(apr).then(cost),
        };
        // Less money, or for a shorter time, than was asked is cheaper for that alone: it stands behind what was asked.
        let misses = |candidate: &Self| candidate.shortfall.minor > 0 || candidate.shorter;
        misses(self)
            .cmp(&misses(other))
            .then(chosen)
            .then(self.worst_cost.minor.cmp(&other.worst_cost.minor))
            .then(self.binding.cmp(&other.binding))
            .then(self.digest.cmp(&other.digest))
    }
}

/// One place of the ranking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// From 1.
    pub position: u32,
    /// What was compared.
    pub candidate: Candidate,
}

/// A ranking as stored: its inputs stand in it, so it replays to the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ranking {
    /// Version of the order.
    pub version: u32,
    /// The borrower's choice.
    pub by: RankBy,
    /// Best first.
    pub places: Vec<Place>,
}

/// Version of the order. Raise it when any two candidates could change places.
pub const RANKING_VERSION: u32 = 1;

/// Ranks. A pure total order: the result does not depend on the order of the input.
pub fn rank(mut candidates: Vec<Candidate>, by: RankBy) -> Ranking {
    candidates.sort_by(|a, b| a.order(b, by));
    let places = (1..)
        .zip(candidates)
        .map(|(position, candidate)| Place { position, candidate })
        .collect();
    Ranking {
        version: RANKING_VERSION,
        by,
        places,
    }
}

impl Ranking {
    /// Ranks the same candidates again.
    #[must_use]
    pub fn replay(&self) -> Self {
        rank(
            self.places.iter().map(|place| place.candidate.clone()).collect(),
            self.by,
        )
    }
}

#[cfg(test)]
mod tests;
