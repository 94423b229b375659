//! May this offer be shown?

use domain::money::{Money, Rate};
use domain::offer::{AprConvention, Offer};
use domain::quote::Verified;
use domain::request::{CreditRequest, Jurisdiction, Product};
use serde::{Deserialize, Serialize};

use super::findings::{Findings, Reading};
use super::{ComplianceDecision, Dates, place_is_missing};
use crate::rules::condition::{Facts, Field, Value};
use crate::rules::{BorrowerKind, Event, Licence, Match, Question, RuleSet, Topic};

/// What is known of an offer. Where a fact is missing and a rule needs it, the offer is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferFacts {
    /// Where the borrower lives.
    pub jurisdiction: Jurisdiction,
    /// Kind of credit.
    pub product: Product,
    /// Principal offered.
    pub amount: Money,
    /// Days from issue to the last payment.
    pub term_days: Option<u32>,
    /// APR that we computed from the offer's cash flows, in the home convention of the jurisdiction. Never the declared one.
    pub verified_apr: Option<Rate>,
    /// Covered by the Military Lending Act.
    pub military_covered: Option<bool>,
    /// The days that count.
    pub dates: Dates,
    /// Military APR that we computed, with every fee.
    pub mapr: Option<Rate>,
    /// Who borrows.
    pub borrower: BorrowerKind,
    /// By what right the lender lends; none while no lender says so.
    pub licence: Option<Licence>,
    /// Days in which the borrower may leave.
    pub cooling_off_days: Option<u32>,
    /// Number of payments.
    pub installments: Option<u32>,
    /// Charge on principal paid early.
    pub prepayment_charge: Option<Rate>,
    /// Collateral is locked.
    pub secured: Option<bool>,
    /// Rules that nobody verified count as if somebody had. Never in production.
    pub allow_unverified: bool,
}

impl OfferFacts {
    /// The facts of an offer whose numbers were recomputed.
    pub fn of(
        request: &CreditRequest,
        offer: &Offer,
        verified: &Verified,
        (dates, allow_unverified): (Dates, bool),
    ) -> Self {
        let start = offer.issued_at.date_naive();
        let last = offer.repayment.schedule.iter().map(|payment| payment.due).max();
        let days = last.and_then(|last| u32::try_from(last.signed_duration_since(start).num_days()).ok());
        let convention = home_convention(&request.jurisdiction);
        Self {
            jurisdiction: request.jurisdiction.clone(),
            product: offer.product,
            amount: offer.amounts.offered,
            term_days: days,
            verified_apr: convention
                .is_none_or(|home| home == verified.convention)
                .then_some(verified.apr),
            military_covered: Some(request.applicant.military_covered),
            dates,
            mapr: crate::mapr::beside(offer, verified.us_apr),
            borrower: BorrowerKind::of(request.purpose),
            licence: None,
            cooling_off_days: Some(offer.repayment.cooling_off_days),
            installments: u32::try_from(offer.repayment.schedule.len()).ok(),
            prepayment_charge: Some(offer.repayment.prepayment_charge),
            secured: Some(offer.collateral.is_some()),
            allow_unverified,
        }
    }
}

impl Facts for OfferFacts {
    fn value(&self, field: Field) -> Option<Value> {
        match field {
            Field::VerifiedApr => self.verified_apr.map(Value::Rate),
            Field::Mapr => self.mapr.map(Value::Rate),
            Field::PrepaymentCharge => self.prepayment_charge.map(Value::Rate),
            Field::Amount => Some(Value::Money(self.amount)),
            Field::TermDays => self.term_days.map(Value::Count),
            Field::CoolingOff => self.cooling_off_days.map(Value::Count),
            Field::Installments => self.installments.map(Value::Count),
            Field::MilitaryCovered => self.military_covered.map(Value::Flag),
            Field::Secured => self.secured.map(Value::Flag),
            Field::Product => Some(Value::Name(product(self.product).to_owned())),
            Field::Borrower => Some(Value::Name(self.borrower.as_str().to_owned())),
        }
    }
}

fn product(product: Product) -> &'static str {
    match product {
        Product::Installment => "INSTALLMENT",
        Product::Line => "LINE",
        Product::Bnpl => "BNPL",
        Product::Collateralized => "COLLATERALIZED",
    }
}

/// The convention in which the caps of a country are stated; none where it does not matter yet.
fn home_convention(jurisdiction: &Jurisdiction) -> Option<AprConvention> {
    match jurisdiction.country.as_str() {
        "US" => Some(AprConvention::UsNominal),
        "IN" => Some(AprConvention::IndiaNominal),
        _ => None,
    }
}

/// May the offer be shown? Caps are checked on the verified APR and the computed MAPR.
pub fn decide_offer(facts: &OfferFacts, rules: &RuleSet) -> ComplianceDecision {
    weigh(facts, rules, Event::OfferShown).decision(rules)
}

/// What the rules say of an offer at that moment of its life.
pub(super) fn weigh(facts: &OfferFacts, rules: &RuleSet, event: Event) -> Findings {
    let mut findings = Findings::default();
    if place_is_missing(&facts.jurisdiction, &mut findings) {
        return findings;
    }
    let Some(term_days) = facts.term_days else {
        findings.missing("TERM_UNKNOWN", "The lender did not say when the credit ends.");
        return findings;
    };
    if facts.verified_apr.is_none() {
        findings.missing("APR_UNKNOWN", "The yearly cost could not be computed.");
    }
    let question = Question {
        jurisdiction: &facts.jurisdiction,
        product: facts.product,
        borrower: facts.borrower,
        licence: facts.licence,
        amount: facts.amount,
        term_days,
        law_date: facts.dates.law_date,
        known_on: facts.dates.known_on,
    };
    let matches = rules.matching(&question);
    covered(&matches, &mut findings);
    let reading = Reading {
        set: rules,
        allow_unverified: facts.allow_unverified,
        now: (event, facts.dates.law_date),
    };
    for found in &matches {
        // What follows a refusal is owed by the request, not by an offer.
        if found.rule.topic != Topic::AdverseAction {
            findings.hear(found, facts, reading);
        }
    }
    findings
}

/// Refuses when no rule says that credit may be shown there.
pub(super) fn covered(matches: &[Match<'_>], findings: &mut Findings) {
    if !matches.iter().any(|found| found.rule.topic == Topic::RateCap) {
        findings.decline(
            "JURISDICTION_NOT_COVERED",
            "We do not know the rules for this credit where you live.",
        );
    }
}
