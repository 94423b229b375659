//! The decisions: may this request be quoted, and may this offer be shown and accepted?
//!
//! At acceptance the same two functions are asked again with fresh screening and the day's dates.

use chrono::NaiveDate;
use domain::eligibility::approximate_days;
use domain::money::{Money, Rate};
use domain::offer::{AprConvention, Offer};
use domain::quote::Verified;
use domain::request::{CreditRequest, Jurisdiction, Product};
use domain::{Outcome, Reason, RuleVersion};
use serde::{Deserialize, Serialize};

use crate::rules::{Kind, Match, Question, RuleSet};
use crate::screening::Screening;

/// Version of this code. Raise it when any decision could change with the same rules and facts.
pub const ENGINE_VERSION: u32 = 1;

/// The two days that a decision depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dates {
    /// The day whose law counts.
    pub law_date: NaiveDate,
    /// The day whose knowledge of the law counts.
    pub known_on: NaiveDate,
}

impl Dates {
    /// Today's law as known today.
    pub fn today(day: NaiveDate) -> Self {
        Self {
            law_date: day,
            known_on: day,
        }
    }
}

/// What is known of a request. Holds no name: the [`Screening`] stands beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestFacts {
    /// Where the borrower lives.
    pub jurisdiction: Jurisdiction,
    /// Products asked for; empty means any.
    pub products: Vec<Product>,
    /// Amount asked for.
    pub amount: Money,
    /// Length in days.
    pub term_days: u32,
    /// A wallet was named, so it has to have been screened.
    pub wallet_given: bool,
    /// The days that count.
    pub dates: Dates,
}

impl RequestFacts {
    /// The facts of a request.
    pub fn of(request: &CreditRequest, dates: Dates) -> Self {
        Self {
            jurisdiction: request.jurisdiction.clone(),
            products: request.products.clone(),
            amount: request.amount,
            term_days: approximate_days(request.term),
            wallet_given: request.wallet.is_some(),
            dates,
        }
    }
}

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
}

impl OfferFacts {
    /// The facts of an offer whose numbers were recomputed.
    pub fn of(request: &CreditRequest, offer: &Offer, verified: &Verified, dates: Dates) -> Self {
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
        }
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

/// Something that has to be done with the credit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Obligation {
    /// Code, for example `REGZ`, `KFS`, `SECCI`.
    pub code: String,
    /// The rule that asks for it.
    pub rule: RuleVersion,
    /// What it asks for.
    pub text: String,
}

/// What compliance says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComplianceDecision {
    /// `OFFER` passes, `DECLINE` and `MORE_INFO` do not.
    pub outcome: Outcome,
    /// Why it does not pass; empty when it does.
    pub reasons: Vec<Reason>,
    /// Every rule that spoke, also those that were kept, then the version of this code.
    pub rule_versions: Vec<RuleVersion>,
    /// What has to be done.
    pub obligations: Vec<Obligation>,
}

/// Collects refusals; the gravest decides.
#[derive(Default)]
struct Findings {
    declines: Vec<Reason>,
    missing: Vec<Reason>,
    rule_versions: Vec<RuleVersion>,
    obligations: Vec<Obligation>,
}

impl Findings {
    fn decline(&mut self, code: &str, text: &str) {
        let reason = Reason::new(code, text);
        if !self.declines.contains(&reason) {
            self.declines.push(reason);
        }
    }

    fn missing(&mut self, code: &str, text: &str) {
        let reason = Reason::new(code, text);
        if !self.missing.contains(&reason) {
            self.missing.push(reason);
        }
    }

    fn decision(mut self) -> ComplianceDecision {
        let outcome = match (self.declines.is_empty(), self.missing.is_empty()) {
            (false, _) => Outcome::Decline,
            (true, false) => Outcome::MoreInfo,
            (true, true) => Outcome::Offer,
        };
        self.rule_versions.sort();
        self.rule_versions.dedup();
        self.rule_versions.push(RuleVersion {
            id: "compliance-engine".into(),
            version: ENGINE_VERSION,
        });
        let mut reasons = self.declines;
        reasons.append(&mut self.missing);
        ComplianceDecision {
            outcome,
            reasons,
            rule_versions: self.rule_versions,
            obligations: self.obligations,
        }
    }
}

/// May the request be quoted at all? Sanctions first: then only a neutral sentence is said, so that nobody is tipped off.
pub fn decide_request(facts: &RequestFacts, rules: &RuleSet, screening: &Screening) -> ComplianceDecision {
    let mut findings = Findings::default();
    let lists: String = screening.list_version.chars().take(16).collect();
    findings.rule_versions.push(RuleVersion {
        id: format!("sanctions-lists-{lists}"),
        version: 1,
    });
    if screening.hits.iter().any(|hit| hit.kind.blocks()) {
        findings.decline("NOT_AVAILABLE", "We cannot offer credit for this request.");
        return findings.decision();
    }
    if !screening.hits.is_empty() {
        findings.missing(
            "IDENTITY_CHECK_NEEDED",
            "We need to check your identity before we can go on.",
        );
    }
    if !screening.name_screened {
        findings.missing(
            "NAME_NEEDED",
            "Give your full name in Latin letters, as on your identity document.",
        );
    }
    if facts.wallet_given && !screening.wallet_screened {
        findings.missing("WALLET_CHECK_NEEDED", "Your wallet could not be checked.");
    }
    if place_is_missing(&facts.jurisdiction, &mut findings) {
        return findings.decision();
    }
    request_place(facts, rules, &mut findings);
    findings.decision()
}

/// Refuses when no product that was asked for can be shown where the borrower lives.
fn request_place(facts: &RequestFacts, rules: &RuleSet, findings: &mut Findings) {
    const ANY: [Product; 4] = [
        Product::Installment,
        Product::Line,
        Product::Bnpl,
        Product::Collateralized,
    ];
    let products = if facts.products.is_empty() {
        &ANY[..]
    } else {
        &facts.products
    };
    let mut closed = Vec::new();
    let mut open = false;
    for product in products {
        let question = Question {
            jurisdiction: &facts.jurisdiction,
            product: *product,
            amount: facts.amount,
            term_days: facts.term_days,
            law_date: facts.dates.law_date,
            known_on: facts.dates.known_on,
        };
        let caps: Vec<Match<'_>> = rules
            .matching(&question)
            .into_iter()
            .filter(|m| m.rule.kind.is_cap())
            .collect();
        findings.rule_versions.extend(caps.iter().map(|m| m.rule.version_ref()));
        let mut here = Findings::default();
        place_is_open(&caps, &mut here);
        open |= here.declines.is_empty();
        closed.append(&mut here.declines);
    }
    if !open {
        for Reason { code, text } in closed {
            findings.decline(&code, &text);
        }
    }
}

fn place_is_missing(place: &Jurisdiction, findings: &mut Findings) -> bool {
    let code = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
    let before = findings.missing.len();
    if !code(&place.country) {
        findings.missing("COUNTRY_NEEDED", "Say in which country you live.");
    } else if place.country == "US" && !place.region.as_deref().is_some_and(code) {
        findings.missing("STATE_NEEDED", "Say in which state you live.");
    }
    findings.missing.len() > before
}

/// Refuses when no rule says that credit may be shown there, or a rule says that nobody knows.
fn place_is_open(caps: &[Match<'_>], findings: &mut Findings) {
    if caps.is_empty() {
        findings.decline(
            "JURISDICTION_NOT_COVERED",
            "We do not know the rules for this credit where you live.",
        );
    }
    for Match { rule, placed } in caps {
        if !placed {
            findings.decline(
                "CURRENCY_NOT_COVERED",
                "We do not know the rules for credit in this currency where you live.",
            );
        }
        if rule.kind == Kind::CapUnknown {
            findings.decline("CAP_UNKNOWN", &rule.message);
        }
    }
}

/// May the offer be shown, and accepted? Caps are checked on the verified APR.
pub fn decide_offer(facts: &OfferFacts, rules: &RuleSet) -> ComplianceDecision {
    let mut findings = Findings::default();
    if place_is_missing(&facts.jurisdiction, &mut findings) {
        return findings.decision();
    }
    let Some(term_days) = facts.term_days else {
        findings.missing("TERM_UNKNOWN", "The lender did not say when the credit ends.");
        return findings.decision();
    };
    let question = Question {
        jurisdiction: &facts.jurisdiction,
        product: facts.product,
        amount: facts.amount,
        term_days,
        law_date: facts.dates.law_date,
        known_on: facts.dates.known_on,
    };
    let matches = rules.matching(&question);
    let caps: Vec<Match<'_>> = matches.iter().copied().filter(|m| m.rule.kind.is_cap()).collect();
    place_is_open(&caps, &mut findings);
    if facts.verified_apr.is_none() {
        findings.missing("APR_UNKNOWN", "The yearly cost could not be computed.");
    }
    for Match { rule, placed } in matches {
        findings.rule_versions.push(rule.version_ref());
        match &rule.kind {
            Kind::AprCap(cap) => above(facts, *cap, placed, &rule.message, &mut findings),
            Kind::MilitaryAprCap(cap) => match facts.military_covered {
                None => findings.missing(
                    "MILITARY_STATUS_NEEDED",
                    "Say whether you or your family serve in the armed forces.",
                ),
                Some(true) => above(facts, *cap, placed, &rule.message, &mut findings),
                Some(false) => {}
            },
            Kind::Obligation(code) => findings.obligations.push(Obligation {
                code: code.clone(),
                rule: rule.version_ref(),
                text: rule.message.clone(),
            }),
            Kind::CapUnknown | Kind::NoCapKnown => {}
        }
    }
    findings.decision()
}

fn above(facts: &OfferFacts, cap: Rate, placed: bool, message: &str, findings: &mut Findings) {
    if placed && facts.verified_apr.is_some_and(|apr| apr > cap) {
        findings.decline("APR_ABOVE_CAP", message);
    }
}

/// The bytes that are stored: fields in the order of the type, no whitespace. Equal values give equal bytes.
pub fn to_canonical_json(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(value)
}

/// Decides again from stored facts and screening; the bytes are those of the stored decision.
pub fn replay_request(facts: &[u8], screening: &[u8], rules: &RuleSet) -> Result<Vec<u8>, serde_json::Error> {
    let decision = decide_request(
        &serde_json::from_slice(facts)?,
        rules,
        &serde_json::from_slice(screening)?,
    );
    to_canonical_json(&decision)
}

/// Decides again from stored facts; the bytes are those of the stored decision.
pub fn replay_offer(facts: &[u8], rules: &RuleSet) -> Result<Vec<u8>, serde_json::Error> {
    to_canonical_json(&decide_offer(&serde_json::from_slice(facts)?, rules))
}

#[cfg(test)]
mod tests;
