//! The decisions: may this request be quoted, may this offer be shown, and may it be accepted?
//!
//! At acceptance everything is asked again with fresh screening and the day's dates.

use chrono::NaiveDate;
use domain::eligibility::approximate_days;
use domain::money::Money;
use domain::request::{CreditRequest, Jurisdiction, Product};
use domain::{Outcome, Reason, RuleVersion};
use serde::{Deserialize, Serialize};

pub use self::acceptance::{AcceptanceFacts, DocumentRef, decide_acceptance};
use self::findings::{Findings, Reading};
pub use self::identity::{IdentityFact, IdentityLevel};
pub use self::offer::{OfferFacts, decide_offer};
pub use self::shadow::{Difference, difference};
pub use self::verdict::{ScreeningVerdict, verdict};
use crate::rules::{BorrowerKind, Deadline, DutyKind, Event, Question, Retention, RuleSet, Topic};
use crate::screening::Screening;

mod acceptance;
mod findings;
mod identity;
mod offer;
mod shadow;
mod verdict;

/// Version of this code. Raise it when any decision could change with the same rules and facts.
pub const ENGINE_VERSION: u32 = 2;

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
    /// Who borrows.
    pub borrower: BorrowerKind,
    /// Rules that nobody verified count as if somebody had. Never in production.
    pub allow_unverified: bool,
}

impl RequestFacts {
    /// The facts of a request.
    pub fn of(request: &CreditRequest, (dates, allow_unverified): (Dates, bool)) -> Self {
        Self {
            jurisdiction: request.jurisdiction.clone(),
            products: request.products.clone(),
            amount: request.amount,
            term_days: approximate_days(request.term),
            wallet_given: request.wallet.is_some(),
            dates,
            borrower: BorrowerKind::of(request.purpose),
            allow_unverified,
        }
    }
}

/// Something that has to be done with the credit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Obligation {
    /// Code, for example `REGZ`, `KFS`, `SECCI`.
    pub code: String,
    /// Its kind.
    pub kind: DutyKind,
    /// The rule that asks for it.
    pub rule: RuleVersion,
    /// When.
    pub deadline: Deadline,
    /// The last day, where the period begins with what was decided about.
    pub due_on: Option<NaiveDate>,
    /// How long its evidence is kept.
    pub retention: Retention,
    /// What it asks for.
    pub text: String,
}

impl Obligation {
    /// The last day when its period begins on that day; none for what has to be done before something.
    pub fn due_after(&self, start: NaiveDate, rules: &RuleSet) -> Option<NaiveDate> {
        let Deadline::Within { days, of, .. } = self.deadline else {
            return None;
        };
        let place = rules.find(&self.rule)?.scope.place.text();
        crate::rules::last_day(start, days, of, rules.calendar_of(&place))
    }
}

/// What compliance says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComplianceDecision {
    /// `OFFER` passes, `DECLINE` and `MORE_INFO` do not.
    pub outcome: Outcome,
    /// Why it does not pass; empty when it does.
    pub reasons: Vec<Reason>,
    /// Every rule that spoke, also those that were kept, then the set of rules and the version of this code.
    pub rule_versions: Vec<RuleVersion>,
    /// What has to be done.
    pub obligations: Vec<Obligation>,
    /// How thoroughly the borrower has to be verified before acceptance; none when no rule asks.
    pub identity: Option<IdentityLevel>,
    /// Hash of the set of rules, hexadecimal.
    pub rule_set: String,
}

/// May the request be quoted at all? Sanctions first: then only a neutral sentence is said, so that nobody is tipped off.
///
/// Its obligations are those of a refusal: what has to be told, and by when.
pub fn decide_request(facts: &RequestFacts, rules: &RuleSet, screening: &Screening) -> ComplianceDecision {
    let mut findings = Findings::default();
    let lists: String = screening.list_version.chars().take(16).collect();
    findings.rule_versions.push(RuleVersion {
        id: format!("sanctions-lists-{lists}"),
        version: 1,
    });
    let missing = place_is_missing(&facts.jurisdiction, &mut findings);
    if !missing {
        after_refusal(facts, rules, &mut findings);
    }
    if verdict(screening) == ScreeningVerdict::Block {
        findings.missing.clear();
        findings.decline("NOT_AVAILABLE", "We cannot offer credit for this request.");
        return findings.decision(rules);
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
    if !missing {
        request_place(facts, rules, &mut findings);
    }
    findings.decision(rules)
}

const ANY: [Product; 4] = [
    Product::Installment,
    Product::Line,
    Product::Bnpl,
    Product::Collateralized,
];

impl RequestFacts {
    fn products(&self) -> &[Product] {
        if self.products.is_empty() { &ANY } else { &self.products }
    }

    fn question(&self, product: Product) -> Question<'_> {
        Question {
            jurisdiction: &self.jurisdiction,
            product,
            borrower: self.borrower,
            licence: None,
            amount: self.amount,
            term_days: self.term_days,
            law_date: self.dates.law_date,
            known_on: self.dates.known_on,
        }
    }

    fn reading<'a>(&self, set: &'a RuleSet) -> Reading<'a> {
        Reading {
            set,
            allow_unverified: self.allow_unverified,
            now: (Event::ApplicationCompleted, self.dates.law_date),
        }
    }
}

/// What would have to be told to the borrower if the request were refused.
fn after_refusal(facts: &RequestFacts, rules: &RuleSet, findings: &mut Findings) {
    let mut heard: Vec<RuleVersion> = Vec::new();
    for product in facts.products() {
        for found in rules.matching(&facts.question(*product)) {
            let rule = found.rule.version_ref();
            if found.rule.topic == Topic::AdverseAction && !heard.contains(&rule) {
                // Owed whether or not anybody verified the rule: telling more is no harm.
                findings.oblige(found.rule, facts.reading(rules));
                findings.rule_versions.push(rule.clone());
                heard.push(rule);
            }
        }
    }
}

/// Refuses when no product that was asked for can be shown where the borrower lives.
fn request_place(facts: &RequestFacts, rules: &RuleSet, findings: &mut Findings) {
    let mut closed = Vec::new();
    let mut open = false;
    for product in facts.products() {
        let matches = rules.matching(&facts.question(*product));
        let mut here = Findings::default();
        offer::covered(&matches, &mut here);
        for found in matches.iter().filter(|found| found.rule.topic == Topic::RateCap) {
            here.closed(found, facts.reading(rules));
        }
        open |= here.declines.is_empty();
        findings.rule_versions.append(&mut here.rule_versions);
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

/// Decides again from stored facts; the bytes are those of the stored decision.
pub fn replay_acceptance(facts: &[u8], rules: &RuleSet) -> Result<Vec<u8>, serde_json::Error> {
    to_canonical_json(&decide_acceptance(&serde_json::from_slice(facts)?, rules))
}

#[cfg(test)]
mod tests;
