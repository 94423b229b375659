//! Collects what rules say; the gravest decides.

use chrono::NaiveDate;
use domain::{Outcome, Reason, RuleVersion};

use super::{ComplianceDecision, ENGINE_VERSION, IdentityLevel, Obligation};
use crate::rules::condition::{Facts, Field, Truth};
use crate::rules::model::DayKind;
use crate::rules::{Deadline, Effect, Event, Match, Placed, Rule, RuleSet, Status, calendar};

/// What rules said so far.
#[derive(Default)]
pub(super) struct Findings {
    pub declines: Vec<Reason>,
    pub missing: Vec<Reason>,
    pub rule_versions: Vec<RuleVersion>,
    pub obligations: Vec<Obligation>,
    pub identity: Option<IdentityLevel>,
}

/// How a rule is read: from which set, on which day, and whether rules that nobody verified count.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub set: &'a RuleSet,
    pub allow_unverified: bool,
    /// What happens now, and when.
    pub now: (Event, NaiveDate),
}

impl Findings {
    pub fn decline(&mut self, code: &str, text: &str) {
        add(&mut self.declines, code, text);
    }

    pub fn missing(&mut self, code: &str, text: &str) {
        add(&mut self.missing, code, text);
    }

    /// Whether the rule may be followed: it applies for certain, and somebody verified it.
    fn follows(&mut self, found: &Match<'_>, reading: Reading<'_>) -> bool {
        match found.placed {
            Placed::Foreign => self.decline(
                "CURRENCY_NOT_COVERED",
                "We do not know the rules for credit in this currency where you live.",
            ),
            Placed::NoLicence => self.decline(
                "LICENCE_NOT_KNOWN",
                "We do not know by what right this lender lends there.",
            ),
            Placed::Inside if found.rule.status != Status::Verified && !reading.allow_unverified => self.decline(
                "RULES_NOT_VERIFIED",
                "We have not verified the rules for this credit where you live.",
            ),
            Placed::Inside => return true,
        }
        false
    }

    /// What one rule says of a case.
    pub fn hear(&mut self, found: &Match<'_>, facts: &impl Facts, reading: Reading<'_>) {
        let rule = found.rule;
        self.rule_versions.push(rule.version_ref());
        if !self.follows(found, reading) {
            return;
        }
        let truth = rule.when.as_ref().map_or(Truth::Holds, |when| when.eval(facts));
        let holds = match truth {
            Truth::Holds => true,
            Truth::Fails => false,
            Truth::Foreign => {
                self.decline(
                    "CURRENCY_NOT_COVERED",
                    "We do not know the rules for credit in this currency where you live.",
                );
                return;
            }
            Truth::Missing(field) => {
                let (code, text) = asks_for(field);
                self.missing(code, text);
                return;
            }
        };
        match &rule.effect {
            Effect::Decline(code) => {
                if holds {
                    self.decline(code, &rule.message);
                }
                self.oblige(rule, reading);
            }
            Effect::Pass if holds => self.oblige(rule, reading),
            Effect::Identity(level) if holds => {
                self.identity = self.identity.max(Some(*level));
                self.oblige(rule, reading);
            }
            Effect::Pass | Effect::Identity(_) => {}
        }
    }

    /// Refuses where a rule closes the place whatever the offer is; facts of an offer are not asked for.
    pub fn closed(&mut self, found: &Match<'_>, reading: Reading<'_>) {
        self.rule_versions.push(found.rule.version_ref());
        if self.follows(found, reading)
            && found.rule.always_declines()
            && let Effect::Decline(code) = &found.rule.effect
        {
            self.decline(code, &found.rule.message);
        }
    }

    pub fn oblige(&mut self, rule: &Rule, reading: Reading<'_>) {
        for duty in &rule.duties {
            self.obligations.push(Obligation {
                code: duty.code.clone(),
                kind: duty.kind,
                rule: rule.version_ref(),
                deadline: duty.deadline,
                due_on: due_on(duty.deadline, rule, reading),
                retention: rule.retention,
                text: rule.message.clone(),
            });
        }
    }

    pub fn decision(mut self, set: &RuleSet) -> ComplianceDecision {
        let outcome = match (self.declines.is_empty(), self.missing.is_empty()) {
            (false, _) => Outcome::Decline,
            (true, false) => Outcome::MoreInfo,
            (true, true) => Outcome::Offer,
        };
        self.rule_versions.sort();
        self.rule_versions.dedup();
        let short: String = set.sha256().chars().take(16).collect();
        self.rule_versions.push(RuleVersion {
            id: format!("rule-set-{short}"),
            version: 1,
        });
        self.rule_versions.push(RuleVersion {
            id: "compliance-engine".into(),
            version: ENGINE_VERSION,
        });
        let mut reasons = self.declines;
        reasons.append(&mut self.missing);
        self.obligations
            .sort_by(|a, b| (&a.code, &a.rule).cmp(&(&b.code, &b.rule)));
        ComplianceDecision {
            outcome,
            reasons,
            rule_versions: self.rule_versions,
            obligations: self.obligations,
            identity: self.identity,
            rule_set: set.sha256().to_owned(),
        }
    }
}

fn add(reasons: &mut Vec<Reason>, code: &str, text: &str) {
    let reason = Reason::new(code, text);
    if !reasons.contains(&reason) {
        reasons.push(reason);
    }
}

/// The last day, where the period begins with what happens now.
fn due_on(deadline: Deadline, rule: &Rule, reading: Reading<'_>) -> Option<NaiveDate> {
    let (event, today) = reading.now;
    match deadline {
        Deadline::Before { event: limit } => (limit == event).then_some(today),
        Deadline::Within { days, of, event: start } if start == event => {
            let calendar = match of {
                DayKind::Calendar => None,
                DayKind::Business => reading.set.calendar_of(&rule.scope.place.text()),
            };
            calendar::last_day(today, days, of, calendar)
        }
        Deadline::Within { .. } => None,
    }
}

/// What is said when a fact is missing.
fn asks_for(field: Field) -> (&'static str, &'static str) {
    match field {
        Field::VerifiedApr | Field::Mapr => ("APR_UNKNOWN", "The yearly cost could not be computed."),
        Field::TermDays => ("TERM_UNKNOWN", "The lender did not say when the credit ends."),
        Field::MilitaryCovered => (
            "MILITARY_STATUS_NEEDED",
            "Say whether you or your family serve in the armed forces.",
        ),
        Field::PrepaymentCharge
        | Field::Amount
        | Field::CoolingOff
        | Field::Installments
        | Field::Secured
        | Field::Product
        | Field::Borrower => ("TERMS_UNKNOWN", "The lender left out a term that the rules ask for."),
    }
}
