//! The decision: knock-outs, fraud, missing facts, score band, wallet and limit; the strongest outcome wins.

use alloy_primitives::B256;
use domain::money::Money;
use domain::{Outcome, Reason, RuleVersion};
use serde::Serialize;

use crate::facts::Fact;
use crate::features::FeatureSet;
use crate::fraud::{self, FraudOutcome, FraudResult};
use crate::limits::{self, Bound, LimitDerivation, LimitInputs};
use crate::models::ModelSet;
use crate::policy::{Band, INCOME, INCOMPLETE, OBLIGATIONS, Policy, REVIEW};
use crate::record::{AprBand, DECISION_FORMAT, RiskDecision, Shadow};
use crate::seat::{Explained, Row, Said, Seat};
use crate::view::View;
use crate::wallet::WalletResult;

/// Version of this code. Raise it when any decision could change with the same models, rules and facts.
pub const ENGINE_VERSION: u32 = 2;

/// More than four reasons are not helpful (12 CFR 1002.9(b)(2), official comment 1).
const MOST_REASONS: usize = 4;
const FULL: i64 = 1_000_000;

/// What one look at the facts says, and why.
struct Stage {
    outcome: Outcome,
    reasons: Vec<Reason>,
    /// True when the model's own reasons belong to it.
    scored: bool,
}

impl Stage {
    fn new(outcome: Outcome, reasons: Vec<Reason>, scored: bool) -> Self {
        Self {
            outcome,
            reasons,
            scored,
        }
    }
}

/// The strongest wins.
fn strength(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Offer => 0,
        Outcome::Counter => 1,
        Outcome::MoreInfo => 2,
        Outcome::Decline => 3,
    }
}

/// The model that decides, what it says, and what the others say.
struct Scores<'a> {
    seat: &'a Seat,
    row: Row,
    said: Said,
    expired: bool,
    shadow: Vec<Shadow>,
}

/// Decides. Deterministic: equal sets and features give an equal decision.
pub(crate) fn decide_by(models: &ModelSet, set: &FeatureSet, features_hash: B256) -> RiskDecision {
    let policy = models.policy();
    let view = View::of(policy, set);
    let scores = score(models, set, &view);
    let fraud = fraud::assess(models.fraud(), &set.fraud, set.amount());
    let wallet = set.wallet.as_ref().map(|wallet| models.wallet().assess(wallet));
    let band = policy
        .bands(&scores.seat.name.name)
        .iter()
        .find(|band| scores.said.score >= band.min_score);
    let missing = missing(policy, set, &view, scores.expired);
    // Facts that are missing leave nothing to be said of credit.
    let complete = missing.is_none();
    let derivation = band
        .filter(|_| complete)
        .map(|band| limit(policy, set, &view, (band, wallet.as_ref())));
    let credit = complete.then(|| credit(models, set, derivation.as_ref(), wallet.as_ref()));
    let stages = [
        knock_outs(policy, &view),
        fraud_stage(models, set, &fraud),
        missing,
        credit,
    ];
    let outcomes = stages.iter().flatten().map(|stage| stage.outcome);
    let outcome = outcomes
        .max_by_key(|outcome| strength(*outcome))
        .unwrap_or(Outcome::MoreInfo);
    let (reasons, explanation) = reasons(&stages, outcome, (&scores, policy, &view));
    let lends = matches!(outcome, Outcome::Offer | Outcome::Counter);
    let amounts = derivation.filter(|_| lends);
    let money = |minor: Option<i64>| Money::new(minor.unwrap_or(0), set.currency);
    RiskDecision {
        format: DECISION_FORMAT,
        outcome,
        score: scores.said.score,
        pd_ppm: scores.said.pd_ppm,
        limit: money(amounts.map(|derived| derived.limit_minor)),
        available: money(amounts.map(|derived| derived.available_minor)),
        apr_band: band.filter(|_| lends).map(|band| AprBand {
            low_ppm: band.apr_low_ppm,
            high_ppm: band.apr_high_ppm,
        }),
        reasons,
        fraud,
        wallet,
        model: scores.seat.name.clone(),
        set: models.name().clone(),
        features_hash,
        rule_versions: rule_versions(models, scores.seat),
        shadow: scores.shadow,
        derivation,
        explanation,
    }
}

/// Who decides about the borrower, and what every other model says.
fn score<'a>(models: &'a ModelSet, set: &FeatureSet, view: &View) -> Scores<'a> {
    let today = set.at.date_naive();
    let skipped = |seat: &Seat| {
        if seat.artefact.expires() < today {
            return Some("EXPIRED".to_owned());
        }
        seat.lacks(view, set.currency)
            .map(|fact| format!("MISSING {}", fact.name()))
    };
    let champion = models.champion_seat();
    let chosen = models.route(set.subject).filter(|seat| skipped(seat).is_none());
    let decides = chosen.unwrap_or(champion);
    let mut shadow = Vec::new();
    for other in models.seats().filter(|other| other.name != decides.name) {
        let why = skipped(other);
        let said = why.is_none().then(|| other.say(&other.row(view, set.currency)));
        shadow.push(Shadow {
            model: other.name.clone(),
            score: said.map(|said| said.score),
            pd_ppm: said.map(|said| said.pd_ppm),
            skipped: why,
        });
    }
    let row = decides.row(view, set.currency);
    Scores {
        said: decides.say(&row),
        expired: decides.artefact.expires() < today,
        seat: decides,
        row,
        shadow,
    }
}

fn knock_outs(policy: &Policy, view: &View) -> Option<Stage> {
    let hits = policy.knock_outs().iter().filter(|rule| rule.hits(view));
    let reasons: Vec<Reason> = hits.filter_map(|rule| policy.reason(&rule.reason)).collect();
    (!reasons.is_empty()).then(|| Stage::new(Outcome::Decline, reasons, true))
}

/// The applicant hears the approved text alone. An officer's clearance lets a review pass, never a decline.
fn fraud_stage(models: &ModelSet, set: &FeatureSet, fraud: &FraudResult) -> Option<Stage> {
    let notice = models.fraud().notice();
    let cleared = set.exposure.cleared_until.is_some_and(|until| until > set.at);
    match fraud.outcome {
        FraudOutcome::Decline => Some(Stage::new(Outcome::Decline, vec![notice.clone()], false)),
        FraudOutcome::Review if !cleared => {
            let reason = Reason::new(REVIEW, notice.text.clone());
            Some(Stage::new(Outcome::MoreInfo, vec![reason], false))
        }
        FraudOutcome::Review | FraudOutcome::Approve => None,
    }
}

/// Needed facts that are not there, and a model after its last day: nothing is decided then.
fn missing(policy: &Policy, set: &FeatureSet, view: &View, expired: bool) -> Option<Stage> {
    let asking = set.amount_minor > 0 && set.term_days > 0;
    let code = if !asking || policy.needed().iter().any(|fact| view.get(*fact).is_none()) {
        INCOMPLETE
    } else if expired {
        REVIEW
    } else {
        return None;
    };
    Some(Stage::new(
        Outcome::MoreInfo,
        policy.reason(code).into_iter().collect(),
        false,
    ))
}

fn limit(
    policy: &Policy,
    set: &FeatureSet,
    view: &View,
    (band, wallet): (&Band, Option<&WalletResult>),
) -> LimitDerivation {
    let inputs = LimitInputs {
        asked: set.amount_minor,
        income: view.get(Fact::MonthlyIncomeMinor).unwrap_or(0),
        spent: view.spent().unwrap_or(0),
        days: view.spread_days,
        income_multiple_ppm: band.income_multiple_ppm,
        debt_to_income_ppm: policy.capacity().debt_to_income_ppm,
        principal_share_ppm: policy.capacity().principal_share_ppm,
        raise_ppm: policy.behavior().raise_ppm(view),
        cut_ppm: policy.behavior().cut_ppm(view),
        wallet_ppm: wallet.map_or(FULL, |wallet| wallet.limit_factor_ppm),
        outstanding: set.exposure.outstanding_minor,
        reserved: set.exposure.reserved_minor,
        frozen: set.exposure.late_days >= policy.exposure().freeze_late_days,
        unit: 10_i128.pow(set.currency.decimals()),
    };
    limits::derive(&inputs, view.income_source)
}

/// What score and limit allow. A limit that is used up, or lowered by a wallet, refuses nobody: lenders may still lend
/// against collateral.
fn credit(
    models: &ModelSet,
    set: &FeatureSet,
    derived: Option<&LimitDerivation>,
    wallet: Option<&WalletResult>,
) -> Stage {
    let Some(derived) = derived else {
        return Stage::new(Outcome::Decline, vec![], true);
    };
    if derived.available_minor >= set.amount_minor {
        return Stage::new(Outcome::Offer, vec![], false);
    }
    let policy = models.policy();
    let against = wallet.and_then(|wallet| wallet.against.first());
    let (reason, lends) = match derived.binding {
        Bound::Income => (policy.reason(INCOME), derived.before_wallet_minor > 0),
        Bound::Capacity => (policy.reason(OBLIGATIONS), derived.before_wallet_minor > 0),
        Bound::Behavior => (
            policy.reason(&policy.behavior().reason),
            derived.before_wallet_minor > 0,
        ),
        Bound::Frozen => (policy.reason(&policy.exposure().reason), false),
        Bound::Wallet => (against.and_then(|code| models.wallet().reason(code)), true),
        Bound::Exposure => (policy.reason(OBLIGATIONS), true),
    };
    let outcome = if lends { Outcome::Counter } else { Outcome::Decline };
    Stage::new(outcome, reason.into_iter().collect(), true)
}

/// The reasons of the stages that decided, in their order; then the model's own, which are computed only now.
fn reasons(
    stages: &[Option<Stage>; 4],
    outcome: Outcome,
    (scores, policy, view): (&Scores<'_>, &Policy, &View),
) -> (Vec<Reason>, Vec<Explained>) {
    if outcome == Outcome::Offer {
        return (Vec::new(), Vec::new());
    }
    let said: Vec<&Stage> = stages
        .iter()
        .flatten()
        .filter(|stage| stage.outcome == outcome)
        .collect();
    let mut reasons: Vec<Reason> = said.iter().flat_map(|stage| stage.reasons.iter().cloned()).collect();
    let mut explanation = Vec::new();
    if said.iter().any(|stage| stage.scored) {
        let (values, against) = scores.seat.explain(&scores.row);
        explanation = values;
        reasons.extend(against.iter().map(|group| reason_of(scores.seat, policy, view, group)));
    }
    let mut principal: Vec<Reason> = Vec::new();
    for reason in reasons {
        if principal.len() < MOST_REASONS && !principal.iter().any(|known| known.code == reason.code) {
            principal.push(reason);
        }
    }
    (principal, explanation)
}

/// A group's reason; a fact that is missing may have words of its own.
fn reason_of(seat: &Seat, policy: &Policy, view: &View, group: &str) -> Reason {
    let rule = policy
        .when_missing()
        .iter()
        .find(|rule| rule.group == group && view.get(rule.fact).is_none());
    let text = || Reason::new(group, seat.artefact.reason_text(group).unwrap_or(group));
    rule.and_then(|rule| policy.reason(&rule.reason)).unwrap_or_else(text)
}

fn rule_versions(models: &ModelSet, seat: &Seat) -> Vec<RuleVersion> {
    let major = seat.name.version.split('.').next().and_then(|major| major.parse().ok());
    let rule = |id: &str, version: u32| RuleVersion {
        id: id.to_owned(),
        version,
    };
    let (policy, wallet) = (models.policy().name(), models.wallet().name());
    vec![
        rule(&seat.name.name, major.unwrap_or(0)),
        rule("risk-engine", ENGINE_VERSION),
        rule(&policy.id, policy.version),
        rule(&wallet.id, wallet.version),
    ]
}

/// The bytes that are stored: fields in the order of the type, no whitespace. Equal values give equal bytes.
pub fn to_canonical_json(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(value)
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
