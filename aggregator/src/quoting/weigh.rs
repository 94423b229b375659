//! One lender's answer becomes quotes and losers. Whatever a lender says, this answers; it never panics and never lets
//! an offer through whose numbers we did not compute.

use chrono::{DateTime, Utc};
use domain::Reason;
use domain::appraisal::appraise;
use domain::digest::Arrival;
use domain::ids::{ProviderId, QuoteId};
use domain::offer::{Binding, Offer};
use domain::ports::{Answer, LenderError};
use domain::quote::{Loser, LoserKind, Quote};
use domain::request::CreditRequest;

use crate::World;
use crate::api::Error;
use crate::decisions::{Decided, about_offer, refusal};
use crate::store::to_json;

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

/// Weighs a lender's answer.
pub(super) fn weigh(
    world: &World,
    request: &CreditRequest,
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
        Ok(Answer::Offers(offers)) => weigh_offers(world, request, provider, offers),
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

fn weigh_offers(world: &World, request: &CreditRequest, provider: &ProviderId, offers: Vec<Offer>) -> Weighed {
    let mut weighed = Weighed::default();
    if offers.len() > MAX_OFFERS {
        tracing::warn!(%provider, request = %request.id, offers = offers.len(), "too many offers, the rest is dropped");
        weighed.losers.push(Weighed::malformed(provider));
    }
    let now = world.clock.now();
    for offer in offers.into_iter().take(MAX_OFFERS) {
        match weigh_offer(world, request, provider, offer, now) {
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
                weighed.decisions.push(decision);
            }
            Ok(Verdict::Malformed { field, detail }) => {
                tracing::warn!(%provider, request = %request.id, field, detail, "offer not usable");
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
    Refused(Vec<Reason>, Decided),
    Malformed { field: &'static str, detail: String },
}

fn weigh_offer(
    world: &World,
    request: &CreditRequest,
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
    if let Err((field, detail)) = check_order(world, &offer) {
        return Ok(Verdict::Malformed { field, detail });
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
    let reasons = refusal(decision);
    if !reasons.is_empty() {
        return Ok(Verdict::Refused(reasons, decided));
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

/// An order is what its hash says, for our contract, and signed by its lender.
fn check_order(world: &World, offer: &Offer) -> Result<(), (&'static str, String)> {
    let Some(onchain) = &offer.onchain else {
        return match offer.binding {
            Binding::OnchainExecutable => Err(("onchain", "missing".to_owned())),
            Binding::Firm | Binding::Prequalified | Binding::Indicative => Ok(()),
        };
    };
    let contracts = &world.contracts;
    let ours = contracts
        .chains()
        .iter()
        .any(|c| c.chain_id == onchain.chain_id && c.aggregator == onchain.contract);
    if !ours {
        return Err(("onchain.contract", "not a settlement contract of ours".to_owned()));
    }
    let hash = contracts
        .order_hash(onchain.chain_id, &onchain.order)
        .map_err(|e| ("onchain.order", e.to_string()))?;
    if hash != onchain.order_hash {
        return Err(("onchain.order_hash", "not the hash of the order".to_owned()));
    }
    match contracts.order_signed(onchain.chain_id, &onchain.order, &onchain.signature) {
        Ok(true) => Ok(()),
        Ok(false) => Err(("onchain.signature", "not of the order's lender".to_owned())),
        Err(e) => Err(("onchain.signature", e.to_string())),
    }
}
