//! One lender's answer becomes quotes and losers. Whatever a lender says, this answers; it never panics and never lets
//! an offer through whose numbers we did not compute.

use chrono::{DateTime, Utc};
use domain::Reason;
use domain::appraisal::appraise;
use domain::digest::Arrival;
use domain::ids::{ProviderId, QuoteId};
use domain::offer::Offer;
use domain::ports::{Answer, ChainError, LenderError};
use domain::provider::CallResult;
use domain::quote::{Loser, LoserKind, Quote};
use domain::request::CreditRequest;
use risk::RiskDecision;

use super::orders::{Flaw, check_order};
use super::venues;
use crate::api::Error;
use crate::decisions::{Decided, about_offer, refusal};
use crate::store::to_json;
use crate::{World, attestation};

/// More offers of one lender than anybody reads.
const MAX_OFFERS: usize = 16;
/// Longest text and most reasons that we take from a decline.
const MAX_REASONS: usize = 8;

/// What one lender's answer came to.
#[derive(Debug, Default)]
pub(super) struct Weighed {
    pub quotes: Vec<Quote>,
    /// Exact JSON of the quotes, in step.
    pub bodies: Vec<String>,
    pub losers: Vec<Loser>,
    pub decisions: Vec<Decided>,
    /// An offer of it was wrong in this way: the answer was not as good as it looked.
    pub fault: Option<CallResult>,
}

impl Weighed {
    pub(super) fn lost(provider: &ProviderId, kind: LoserKind, reasons: Vec<Reason>) -> Self {
        let loser = Loser {
            provider: provider.clone(),
            kind,
            reasons,
        };
        Self {
            losers: vec![loser],
            ..Self::default()
        }
    }

    /// No answer before the deadline.
    pub(super) fn late(provider: &ProviderId) -> Self {
        Self::lost(
            provider,
            LoserKind::Late,
            vec![Reason::new("NO_ANSWER", "The lender did not answer in time.")],
        )
    }

    /// Not reachable, or broken.
    pub(super) fn unavailable(provider: &ProviderId) -> Self {
        let reason = Reason::new("NOT_REACHABLE", "The lender cannot be reached at the moment.");
        Self::lost(provider, LoserKind::Unavailable, vec![reason])
    }

    fn malformed(provider: &ProviderId) -> Loser {
        let reason = Reason::new("ANSWER_NOT_USABLE", "The lender's answer could not be checked.");
        Loser {
            provider: provider.clone(),
            kind: LoserKind::Malformed,
            reasons: vec![reason],
        }
    }
}

/// Weighs a lender's answer. A chain may be asked about signatures: the caller holds the deadline.
pub(super) async fn weigh(
    world: &World,
    (request, risk): (&CreditRequest, &RiskDecision),
    provider: &ProviderId,
    answer: Result<Answer, LenderError>,
) -> Weighed {
    match answer {
        Ok(Answer::Declined(reasons)) => {
            let reasons = reasons.into_iter().take(MAX_REASONS).collect();
            Weighed::lost(provider, LoserKind::Declined, reasons)
        }
        Ok(Answer::Offers(offers)) if offers.is_empty() => {
            let reason = Reason::new("NO_OFFER", "The lender made no offer.");
            Weighed::lost(provider, LoserKind::Declined, vec![reason])
        }
        Ok(Answer::Offers(offers)) => weigh_offers(world, (request, risk), provider, offers).await,
        Err(LenderError::TimedOut) => Weighed::late(provider),
        Err(error @ LenderError::Malformed { .. }) => {
            tracing::warn!(%provider, request = %request.id, %error, "malformed answer");
            Weighed {
                losers: vec![Weighed::malformed(provider)],
                ..Weighed::default()
            }
        }
        Err(error) => {
            tracing::warn!(%provider, request = %request.id, %error, "lender failed");
            Weighed::unavailable(provider)
        }
    }
}

async fn weigh_offers(
    world: &World,
    (request, risk): (&CreditRequest, &RiskDecision),
    provider: &ProviderId,
    offers: Vec<Offer>,
) -> Weighed {
    let mut weighed = Weighed::default();
    if offers.len() > MAX_OFFERS {
        tracing::warn!(%provider, request = %request.id, offers = offers.len(), "too many offers, the rest is dropped");
        weighed.losers.push(Weighed::malformed(provider));
    }
    let now = world.clock.now();
    for offer in offers.into_iter().take(MAX_OFFERS) {
        match weigh_offer(world, (request, risk), provider, offer, now).await {
            Ok(Verdict::Quote(quote, body, decision)) => {
                weighed.quotes.push(*quote);
                weighed.bodies.push(body);
                weighed.decisions.push(decision);
            }
            Ok(Verdict::Refused(reasons, decision)) => {
                weighed.losers.push(Loser {
                    provider: provider.clone(),
                    kind: LoserKind::Refused,
                    reasons,
                });
                weighed.decisions.extend(decision);
            }
            Ok(Verdict::Unchecked(error)) => {
                tracing::warn!(%provider, request = %request.id, %error, "an order cannot be checked");
                let reason = Reason::new(
                    "CHAIN_NOT_REACHABLE",
                    "The lender's chain cannot be reached at the moment.",
                );
                weighed.losers.push(Loser {
                    provider: provider.clone(),
                    kind: LoserKind::Unavailable,
                    reasons: vec![reason],
                });
            }
            Ok(Verdict::Malformed { field, detail }) => {
                tracing::warn!(%provider, request = %request.id, field, detail, "offer not usable");
                weighed.fault = weighed.fault.max(Some(CallResult::of_field(field)));
                weighed.losers.push(Weighed::malformed(provider));
            }
            Err(error) => {
                tracing::error!(%provider, request = %request.id, %error, "offer not weighed");
                weighed.losers.push(Weighed::malformed(provider));
            }
        }
    }
    weighed
}

enum Verdict {
    Quote(Box<Quote>, String, Decided),
    Refused(Vec<Reason>, Option<Decided>),
    Unchecked(ChainError),
    Malformed { field: &'static str, detail: String },
}

async fn weigh_offer(
    world: &World,
    (request, risk): (&CreditRequest, &RiskDecision),
    provider: &ProviderId,
    offer: Offer,
    now: DateTime<Utc>,
) -> Result<Verdict, Error> {
    if offer.valid_until <= now {
        return Ok(Verdict::Malformed {
            field: "valid_until",
            detail: "expired on arrival".to_owned(),
        });
    }
    if let Some((field, detail)) = venues::flaw(world, provider, &offer) {
        let detail = detail.to_owned();
        return Ok(Verdict::Malformed { field, detail });
    }
    match check_order(world, request, &offer).await {
        Ok(()) => {}
        Err(Flaw::Field { field, detail }) => return Ok(Verdict::Malformed { field, detail }),
        Err(Flaw::Rule(reason)) => return Ok(Verdict::Refused(vec![reason], None)),
        Err(Flaw::Unchecked(error)) => return Ok(Verdict::Unchecked(error)),
    }
    let appraisal = match appraise(request, &offer) {
        Ok(appraisal) => appraisal,
        Err(error) => {
            return Ok(Verdict::Malformed {
                field: error.field,
                detail: error.detail,
            });
        }
    };
    let id = QuoteId(world.ids.next());
    let (decision, decided) = about_offer(world, request, (id, &offer, &appraisal.verified), now)?;
    let rule_versions = decision.rule_versions.clone();
    let mut reasons = refusal(decision);
    if reasons.is_empty() {
        reasons = attestation::refusal(world, risk, &offer);
    }
    if !reasons.is_empty() {
        return Ok(Verdict::Refused(reasons, Some(decided)));
    }
    let arrival = Arrival {
        id,
        provider: provider.clone(),
        at: now,
    };
    let quote = Quote::seal(arrival, request, offer, appraisal, rule_versions);
    let body = to_json(&quote)?;
    Ok(Verdict::Quote(Box::new(quote), body, decided))
}
