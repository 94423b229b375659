//! Deliveries as their owners see them, sent again, and tried.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::Principal;
use serde::{Deserialize, Serialize};
use serde_json::Map;
use uuid::Uuid;

use super::catalogue::{TEST, body};
use super::endpoints::{held, note};
use crate::Aggregator;
use crate::access::{Action, Class, check, may_ever};
use crate::api::{Error, IdempotencyKey};
use crate::idempotency::{Begun, Call, begin, finish};
use crate::store::webhooks::{self as rows, AttemptRow, DeliveryRow, NewDelivery};
use crate::store::{Unreadable, corrupt};

/// Largest page.
const LARGEST: u32 = 100;

/// Where a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryState {
    /// To be sent, for the first time or again.
    Pending,
    /// A 2xx answered.
    Delivered,
    /// No attempt succeeded; it can be sent again by hand.
    Failed,
    /// Its endpoint was deleted.
    Cancelled,
}

impl DeliveryState {
    /// As stored.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Delivered => "DELIVERED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let all = [Self::Pending, Self::Delivered, Self::Failed, Self::Cancelled];
        all.into_iter().find(|state| state.as_str() == text)
    }
}

/// One event to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryView {
    /// Id: the `webhook-id` of every attempt, without its prefix.
    pub id: Uuid,
    /// To which endpoint.
    pub endpoint: Uuid,
    /// Name of the event.
    pub event: String,
    /// The exact body.
    pub body: String,
    /// Where it is.
    pub state: DeliveryState,
    /// When it is tried next; none when it is not.
    pub next_at: Option<DateTime<Utc>>,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When it ended.
    pub done_at: Option<DateTime<Utc>>,
    /// The newest 20 attempts, oldest first.
    pub attempts: Vec<AttemptView>,
}

/// What came of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptView {
    /// From 1. One that a crash cut off is missing.
    pub number: u32,
    /// When it began.
    pub at: DateTime<Utc>,
    /// How long it took, milliseconds.
    pub duration_ms: u32,
    /// HTTP status; none without an answer.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub failure: Option<String>,
    /// The beginning of the answer, without control characters.
    pub answer: String,
}

/// Which deliveries.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeliveryFilter {
    /// In that state.
    pub state: Option<DeliveryState>,
    /// At most so many, 1 to 100; 20 when none is said.
    pub first: Option<u32>,
    /// Older than that delivery.
    pub before: Option<Uuid>,
}

fn view(row: DeliveryRow, attempts: Vec<AttemptView>) -> Result<DeliveryView, Error> {
    Ok(DeliveryView {
        id: row.id,
        endpoint: row.endpoint_id,
        event: row.event,
        body: row.body,
        state: DeliveryState::parse(&row.state).ok_or_else(|| corrupt(Unreadable("state of a delivery")))?,
        next_at: row.next_at,
        occurred_at: row.occurred_at,
        done_at: row.done_at,
        attempts,
    })
}

fn attempt(row: AttemptRow) -> Result<(Uuid, AttemptView), Error> {
    let view = AttemptView {
        number: u32::try_from(row.number).map_err(corrupt)?,
        at: row.at,
        duration_ms: u32::try_from(row.duration_ms).map_err(corrupt)?,
        status: row.status.map(u16::try_from).transpose().map_err(corrupt)?,
        failure: row.failure,
        answer: row.answer,
    };
    Ok((row.delivery_id, view))
}

fn off<T>() -> Result<T, Error> {
    let text = "The endpoint is disabled: enable it first.";
    Err(Error::refused("ENDPOINT_DISABLED", text, None))
}

impl Aggregator {
    /// Deliveries to an endpoint, newest first, with their attempts.
    pub async fn webhook_deliveries(
        &self,
        caller: &Principal,
        endpoint: Uuid,
        filter: DeliveryFilter,
    ) -> Result<Vec<DeliveryView>, Error> {
        may_ever(caller, Action::Read, Class::Webhook)?;
        let first = filter.first.unwrap_or(20);
        if !(1..=LARGEST).contains(&first) {
            return Err(Error::invalid("first", "1 to 100"));
        }
        let mut conn = self.world.db.acquire().await?;
        let row = rows::endpoint(&mut conn, endpoint).await?.ok_or(Error::NotFound)?;
        check(caller, Action::Read, &row.owner()?.resource())?;
        let state = filter.state.map(DeliveryState::as_str);
        let found = rows::deliveries(&mut conn, endpoint, (state, filter.before), i64::from(first)).await?;
        let ids: Vec<Uuid> = found.iter().map(|row| row.id).collect();
        let mut attempts: HashMap<Uuid, Vec<AttemptView>> = HashMap::new();
        for row in rows::attempts(&mut conn, &ids).await? {
            let (delivery, view) = attempt(row)?;
            attempts.entry(delivery).or_default().push(view);
        }
        let with = |row: DeliveryRow| {
            let attempts = attempts.remove(&row.id).unwrap_or_default();
            view(row, attempts)
        };
        found.into_iter().map(with).collect()
    }

    /// Sends a delivery that ended once more, with the same `webhook-id` and body.
    ///
    /// Refusals: `DELIVERY_PENDING`, `ENDPOINT_DISABLED`, `WEBHOOKS_OFF`.
    pub async fn replay_webhook_delivery(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        id: Uuid,
    ) -> Result<DeliveryView, Error> {
        may_ever(caller, Action::Change, Class::Webhook)?;
        let call = Call::new(caller, key, "replayWebhookDelivery", &id)?;
        let now = self.world.clock.now();
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(first) = begin(&mut tx, &self.world, &call).await? {
            return Ok(first);
        }
        // The endpoint is locked before its deliveries, everywhere.
        let endpoint = rows::endpoint_of(&mut tx, id).await?.ok_or(Error::NotFound)?;
        let row = held(&mut tx, caller, (Action::Change, endpoint)).await?;
        self.webhook_sender()?;
        if row.state != "ENABLED" {
            return off();
        }
        if !rows::begin_again(&mut tx, id, now).await? {
            let text = "It is still being sent.";
            return Err(Error::refused("DELIVERY_PENDING", text, Some("id")));
        }
        note(
            &mut tx,
            &self.world,
            caller,
            ("webhook.replayed", &row.owner()?, endpoint),
        )
        .await?;
        let delivery = rows::delivery(&mut tx, id).await?.ok_or(Error::NotFound)?;
        let attempts = rows::attempts(&mut tx, &[id]).await?;
        let attempts: Result<Vec<_>, Error> = attempts.into_iter().map(|row| Ok(attempt(row)?.1)).collect();
        let again = view(delivery, attempts?)?;
        finish(&mut tx, &call, &again).await?;
        tx.commit().await?;
        self.wake.webhooks.notify_one();
        Ok(again)
    }

    /// Sends `webhook.test` to an endpoint, as an event would be sent. Refusals: `ENDPOINT_DISABLED`, `WEBHOOKS_OFF`.
    pub async fn send_test_webhook(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        endpoint: Uuid,
    ) -> Result<DeliveryView, Error> {
        may_ever(caller, Action::Change, Class::Webhook)?;
        let call = Call::new(caller, key, "sendTestWebhook", &endpoint)?;
        let now = self.world.clock.now();
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(first) = begin(&mut tx, &self.world, &call).await? {
            return Ok(first);
        }
        let row = held(&mut tx, caller, (Action::Change, endpoint)).await?;
        self.webhook_sender()?;
        if row.state != "ENABLED" {
            return off();
        }
        let mut data = Map::new();
        data.insert("endpointId".to_owned(), format!("whe_{}", endpoint.simple()).into());
        let new = NewDelivery {
            id: self.world.ids.next(),
            endpoint,
            event_id: self.world.ids.next(),
            event: TEST,
            body: &body(TEST, now, data),
            occurred_at: now,
        };
        rows::add_delivery(&mut tx, &new, now).await?;
        note(
            &mut tx,
            &self.world,
            caller,
            ("webhook.tested", &row.owner()?, endpoint),
        )
        .await?;
        let delivery = rows::delivery(&mut tx, new.id).await?.ok_or(Error::NotFound)?;
        let made = view(delivery, Vec::new())?;
        finish(&mut tx, &call, &made).await?;
        tx.commit().await?;
        self.wake.webhooks.notify_one();
        Ok(made)
    }
}
