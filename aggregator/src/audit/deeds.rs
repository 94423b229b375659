//! Records of the main flow: decisions, acceptances, settlement steps, and what officers do.

use ::audit::{Actor, Code, Object, Record};
use domain::ids::{PrincipalId, RequestId, TenantId};
use domain::request::CreditRequest;
use domain::{Outcome, Principal};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{actor, record, record_all};
use crate::World;
use crate::api::Error;
use crate::decisions::{Decided, DecisionKind};

/// The log of what concerns no tenant: lenders, models, rules.
pub const PLATFORM: Uuid = Uuid::nil();

/// Decisions about a request, with the versions of rules and lists that they were made under.
pub(crate) async fn decided(
    conn: &mut PgConnection,
    world: &World,
    (tenant, borrower): (TenantId, PrincipalId),
    decisions: &[Decided],
) -> Result<(), Error> {
    let mut records = Vec::with_capacity(decisions.len());
    for decision in decisions {
        let action = match decision.kind {
            DecisionKind::Risk => Code::of("decision.risk"),
            DecisionKind::Request => Code::of("decision.request"),
            DecisionKind::Offer => Code::of("decision.offer"),
            DecisionKind::Limit => Code::of("decision.limit"),
            DecisionKind::Acceptance => Code::of("decision.acceptance"),
        };
        let object = Object::of(Code::of("decision"), decision.id.0);
        let mut made = Record::new(tenant.0, Actor::SYSTEM, action, object)
            .about(borrower.0)
            .decided(Code::of(outcome(decision.outcome)));
        made.rules = decision.rules.as_deref().and_then(Code::named);
        made.lists = decision.lists.as_deref().and_then(Code::named);
        records.push(made);
    }
    record_all(conn, world, records).await
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Offer => "OFFER",
        Outcome::Counter => "COUNTER",
        Outcome::Decline => "DECLINE",
        Outcome::MoreInfo => "MORE_INFO",
    }
}

/// The book of a request closed.
pub(crate) async fn closed(
    conn: &mut PgConnection,
    world: &World,
    (request, state): (RequestId, &'static str),
    (tenant, borrower): (TenantId, PrincipalId),
) -> Result<(), Error> {
    let object = Object::of(Code::of("request"), request.0);
    let made = Record::new(tenant.0, Actor::SYSTEM, Code::of("request.closed"), object);
    record(conn, world, made.about(borrower.0).decided(Code::of(state))).await?;
    Ok(())
}

/// Somebody accepted a quote, or was refused.
pub(crate) async fn accepted(
    conn: &mut PgConnection,
    world: &World,
    caller: &Principal,
    (request, quote): (&CreditRequest, Uuid),
    refusal: Option<&'static str>,
) -> Result<(), Error> {
    let object = Object::of(Code::of("quote"), quote);
    let made = Record::new(request.tenant.0, actor(caller), Code::of("quote.accepted"), object);
    let made = made
        .about(request.borrower.0)
        .decided(Code::of(refusal.unwrap_or("ACCEPTED")));
    record(conn, world, made).await?;
    Ok(())
}

/// A settlement took a step.
pub(crate) async fn settled(
    conn: &mut PgConnection,
    world: &World,
    (settlement, state): (Uuid, &'static str),
    (tenant, borrower): (TenantId, PrincipalId),
) -> Result<(), Error> {
    let object = Object::of(Code::of("settlement"), settlement);
    let made = Record::new(tenant.0, Actor::SYSTEM, Code::of("settlement.moved"), object);
    record(conn, world, made.about(borrower.0).decided(Code::of(state))).await?;
    Ok(())
}

/// Something that an officer, or the program in an officer's place, did to what risk keeps. The reason that was given stays where it
/// was stored.
pub(crate) async fn governed(
    conn: &mut PgConnection,
    world: &World,
    (by, action): (&str, &'static str),
    object: Object,
    body: &Value,
) -> Result<(), Error> {
    let id = |name: &str| body[name].as_str().and_then(|text| text.parse::<Uuid>().ok());
    let mut made = Record::new(id("tenant").unwrap_or(PLATFORM), named(by), Code::of(action), object);
    made.subject = id("borrower");
    made.decision = body["state"].as_str().or(body["mode"].as_str()).and_then(Code::named);
    record(conn, world, made).await?;
    Ok(())
}

/// An officer by id; whatever else stands there is the program.
pub(crate) fn named(by: &str) -> Actor {
    by.parse().map_or(Actor::SYSTEM, |id| Actor {
        id,
        role: Code::of("officer"),
    })
}
