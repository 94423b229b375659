//! Decisions: made by pure functions from facts, stored with the exact bytes of both, and repeatable from them.

use chrono::{DateTime, Utc};
use compliance::{
    AcceptanceFacts, ComplianceDecision, Dates, DocumentRef, IdentityFact, OfferFacts, RequestFacts, Screening,
};
use domain::ids::{DecisionId, QuoteId, RequestId};
use domain::offer::Offer;
use domain::quote::{Quote, Verified};
use domain::request::CreditRequest;
use domain::{Outcome, Reason};
use risk::{FeatureSet, RiskDecision};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::Error;
use crate::store::{Unreadable, corrupt, decisions as rows, from_json, to_json};
use crate::{Aggregator, World};

/// What was decided about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionKind {
    /// How likely a default is, and what that allows.
    Risk,
    /// Whether a request may be quoted.
    Request,
    /// Whether an offer may be shown or accepted.
    Offer,
    /// Whether an acceptance keeps to the borrower's limit.
    Limit,
    /// Whether an offer may be accepted by its borrower.
    Acceptance,
}

impl DecisionKind {
    /// The name as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Risk => "RISK",
            Self::Request => "REQUEST",
            Self::Offer => "OFFER",
            Self::Limit => "LIMIT",
            Self::Acceptance => "ACCEPTANCE",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Risk, Self::Request, Self::Offer, Self::Limit, Self::Acceptance]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// A decision to store.
#[derive(Clone, Debug)]
pub(crate) struct Decided {
    pub id: DecisionId,
    pub kind: DecisionKind,
    pub subject: Uuid,
    pub facts: String,
    pub screening: Option<String>,
    pub result: String,
    /// What it came to, and the hashes of the rules and of the lists that it was made by: for the audit trail.
    pub outcome: Outcome,
    pub rules: Option<String>,
    pub lists: Option<String>,
}

/// A stored decision beside the same decision made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionReplay {
    /// Which.
    pub id: DecisionId,
    /// About what.
    pub kind: DecisionKind,
    /// The exact bytes stored.
    pub stored: Vec<u8>,
    /// The bytes that the stored facts give now.
    pub replayed: Vec<u8>,
}

/// A risk decision and what it refuses.
pub(crate) struct AboutRisk {
    /// Why the request may not be quoted; empty when it may.
    pub refusal: Vec<Reason>,
    /// The decision. Fraud details in it are for officers.
    pub decision: RiskDecision,
    /// The row to store.
    pub decided: Decided,
}

/// May the borrower owe this much? A limit below the amount refuses nobody: lenders decide what they offer.
pub(crate) fn about_risk(world: &World, request: &CreditRequest, features: &FeatureSet) -> Result<AboutRisk, Error> {
    let facts = to_json(features)?;
    let decision = world.risk.decide_stored(features, facts.as_bytes()).map_err(corrupt)?;
    let decided = Decided {
        id: world.ids.next().into(),
        kind: DecisionKind::Risk,
        subject: request.id.0,
        facts,
        screening: None,
        result: to_json(&decision)?,
        outcome: decision.outcome,
        rules: None,
        lists: None,
    };
    let refusal = match decision.outcome {
        Outcome::Offer | Outcome::Counter => Vec::new(),
        Outcome::Decline | Outcome::MoreInfo => named(decision.reasons.clone()),
    };
    Ok(AboutRisk {
        refusal,
        decision,
        decided,
    })
}

/// May the request be quoted, after what screening found and officers decided about it? Answers the refusal, empty when it may, and the decision to store.
pub(crate) fn about_request(
    world: &World,
    request: &CreditRequest,
    screening: Screening,
    now: DateTime<Utc>,
) -> Result<(Vec<Reason>, Decided), Error> {
    let facts = RequestFacts::of(request, reading(world, now));
    let decision = compliance::decide_request(&facts, &world.rules.running(), &screening);
    let decided = Decided {
        id: world.ids.next().into(),
        kind: DecisionKind::Request,
        subject: request.id.0,
        facts: to_json(&facts)?,
        screening: Some(to_json(&screening)?),
        result: to_json(&decision)?,
        outcome: decision.outcome,
        rules: Some(decision.rule_set.clone()),
        lists: Some(screening.list_version),
    };
    Ok((refusal(decision), decided))
}

/// May the offer be shown, or accepted?
pub(crate) fn about_offer(
    world: &World,
    request: &CreditRequest,
    (quote, offer, verified): (QuoteId, &Offer, &Verified),
    now: DateTime<Utc>,
) -> Result<(ComplianceDecision, Decided), Error> {
    let facts = OfferFacts::of(request, offer, verified, reading(world, now));
    let decision = compliance::decide_offer(&facts, &world.rules.running());
    let decided = Decided {
        id: world.ids.next().into(),
        kind: DecisionKind::Offer,
        subject: quote.0,
        facts: to_json(&facts)?,
        screening: None,
        result: to_json(&decision)?,
        outcome: decision.outcome,
        rules: Some(decision.rule_set.clone()),
        lists: None,
    };
    Ok((decision, decided))
}

/// The day that counts, and whether rules that nobody verified do.
fn reading(world: &World, now: DateTime<Utc>) -> (Dates, bool) {
    (Dates::today(now.date_naive()), world.settings.rules.allow_unverified)
}

/// May the quote be accepted by its borrower, who could read these documents?
pub(crate) fn about_acceptance(
    world: &World,
    request: &CreditRequest,
    (quote, documents, identity): (&Quote, Vec<DocumentRef>, IdentityFact),
    now: DateTime<Utc>,
) -> Result<(ComplianceDecision, Decided), Error> {
    let facts = AcceptanceFacts {
        offer: OfferFacts::of(request, &quote.offer, &quote.verified, reading(world, now)),
        identity_required: world.settings.rules.identity_required,
        identity,
        disclosures_required: world.settings.rules.disclosures_required,
        documents,
    };
    let decision = compliance::decide_acceptance(&facts, &world.rules.running());
    let decided = Decided {
        id: world.ids.next().into(),
        kind: DecisionKind::Acceptance,
        subject: quote.id.0,
        facts: to_json(&facts)?,
        screening: None,
        result: to_json(&decision)?,
        outcome: decision.outcome,
        rules: Some(decision.rule_set.clone()),
        lists: None,
    };
    Ok((decision, decided))
}

/// Why a decision does not let something pass; empty when it does.
pub(crate) fn refusal(decision: ComplianceDecision) -> Vec<Reason> {
    match decision.outcome {
        Outcome::Offer => Vec::new(),
        Outcome::Counter | Outcome::Decline | Outcome::MoreInfo => named(decision.reasons),
    }
}

/// A refusal always has a reason.
fn named(reasons: Vec<Reason>) -> Vec<Reason> {
    if reasons.is_empty() {
        vec![Reason::new("NOT_AVAILABLE", "We cannot offer credit for this request.")]
    } else {
        reasons
    }
}

/// Stores decisions in the caller's transaction.
pub(crate) async fn store(
    conn: &mut PgConnection,
    request: RequestId,
    stage: &str,
    decisions: &[Decided],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    Ok(rows::insert(conn, request, stage, decisions, now).await?)
}

impl Aggregator {
    /// Every stored decision about a request, made again from its stored facts.
    pub async fn replay_decisions(&self, request: RequestId) -> Result<Vec<DecisionReplay>, Error> {
        let mut conn = self.world.db.acquire().await?;
        let stored = rows::of_request(&mut conn, request).await?;
        let mut replays = Vec::with_capacity(stored.len());
        for row in stored {
            replays.push(self.replay(&mut conn, row).await?);
        }
        Ok(replays)
    }

    async fn replay(&self, conn: &mut PgConnection, row: rows::DecisionRow) -> Result<DecisionReplay, Error> {
        let kind = DecisionKind::parse(&row.kind).ok_or_else(|| corrupt(Unreadable("decision kind")))?;
        let facts = row.facts.as_bytes();
        let rules = match kind {
            DecisionKind::Request | DecisionKind::Offer | DecisionKind::Acceptance => {
                let decision: ComplianceDecision = from_json(&row.result)?;
                self.rule_set(conn, &decision.rule_set).await?
            }
            DecisionKind::Risk | DecisionKind::Limit => self.world.rules.running(),
        };
        let rules = rules.as_ref();
        let replayed = match (kind, &row.screening) {
            (DecisionKind::Risk, None) => {
                let again = self.world.risk.replay(facts, row.result.as_bytes());
                again.map_err(corrupt)?
            }
            (DecisionKind::Request, Some(screening)) => {
                compliance::replay_request(facts, screening.as_bytes(), rules).map_err(corrupt)?
            }
            (DecisionKind::Offer, None) => compliance::replay_offer(facts, rules).map_err(corrupt)?,
            (DecisionKind::Acceptance, None) => compliance::replay_acceptance(facts, rules).map_err(corrupt)?,
            (DecisionKind::Limit, None) => crate::risk::limits::replay(facts).map_err(corrupt)?,
            (DecisionKind::Request, None)
            | (DecisionKind::Risk | DecisionKind::Offer | DecisionKind::Limit | DecisionKind::Acceptance, Some(_)) => {
                return Err(corrupt(Unreadable("decision screening")));
            }
        };
        Ok(DecisionReplay {
            id: row.id.into(),
            kind,
            stored: row.result.into_bytes(),
            replayed,
        })
    }
}
