//! Schema `networks`: journeys at lenders that call back, and open questions to them.

use chrono::{DateTime, Utc};
use domain::ids::{ProviderId, SettlementId};
use domain::ports::{Handoff, JourneyKey, JourneyRecord, Question};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{constraint, from_json, to_json};
use crate::api::Error;

/// Days for which an offer that nobody accepted is remembered: no offer is good for longer.
const UNUSED_DAYS: i32 = 100;

struct Row {
    id: String,
    version: i64,
    topic: Option<String>,
    settlement: Option<Uuid>,
    handoff: Option<String>,
    body: String,
}

impl Row {
    fn read(self) -> Result<JourneyRecord, Error> {
        Ok(JourneyRecord {
            id: self.id,
            version: self.version,
            topic: self.topic,
            settlement: self.settlement.map(SettlementId),
            handoff: self.handoff.map(|text| from_json(&text)).transpose()?,
            body: self.body,
        })
    }
}

/// The journey of that key.
pub(crate) async fn journey(
    conn: &mut PgConnection,
    provider: &ProviderId,
    key: JourneyKey<'_>,
) -> Result<Option<JourneyRecord>, Error> {
    let (id, settlement, topic) = match key {
        JourneyKey::Id(id) => (Some(id), None, None),
        JourneyKey::Settlement(settlement) => (None, Some(settlement.0), None),
        JourneyKey::Topic(topic) => (None, None, Some(topic)),
    };
    let row = sqlx::query_as!(
        Row,
        "select id, version, topic, settlement, handoff, body from networks.provider_journey
         where provider = $1 and ($2::text is null or id = $2) and ($3::uuid is null or settlement = $3)
           and ($4::text is null or (topic = $4 and settlement is null))
         order by created_at desc limit 1",
        provider.as_str(),
        id,
        settlement,
        topic
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::read).transpose()
}

/// Writes the next version of a journey. False when it has another version, or its settlement another journey.
pub(crate) async fn save_journey(
    conn: &mut PgConnection,
    provider: &ProviderId,
    record: &JourneyRecord,
) -> Result<bool, Error> {
    let handoff = record.handoff.as_ref().map(to_json).transpose()?;
    let settlement = record.settlement.map(|id| id.0);
    let written = if record.version == 0 {
        sqlx::query!(
            "insert into networks.provider_journey (provider, id, version, topic, settlement, handoff, body)
             values ($1, $2, 1, $3, $4, $5, $6) on conflict (provider, id) do nothing",
            provider.as_str(),
            record.id,
            record.topic,
            settlement,
            handoff,
            record.body
        )
        .execute(conn)
        .await
    } else {
        sqlx::query!(
            "update networks.provider_journey set version = version + 1, topic = $4, settlement = $5, handoff = $6, body = $7,
                    changed_at = clock_timestamp()
             where provider = $1 and id = $2 and version = $3",
            provider.as_str(),
            record.id,
            record.version,
            record.topic,
            settlement,
            handoff,
            record.body
        )
        .execute(conn)
        .await
    };
    match written {
        Ok(done) => Ok(done.rows_affected() == 1),
        Err(error) if constraint(&error) == Some("journey_of_settlement") => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Where the borrower of a settlement has to act now.
pub(crate) async fn handoff(
    conn: &mut PgConnection,
    provider: &ProviderId,
    settlement: SettlementId,
) -> Result<Option<Handoff>, Error> {
    let found = sqlx::query_scalar!(
        "select handoff from networks.provider_journey where provider = $1 and settlement = $2",
        provider.as_str(),
        settlement.0
    )
    .fetch_optional(conn)
    .await?;
    found.flatten().map(|text| from_json(&text)).transpose()
}

/// Notes a question; asked again under its id it waits for a new answer. Forgets what is over for long.
pub(crate) async fn ask(conn: &mut PgConnection, provider: &ProviderId, question: &Question) -> Result<(), Error> {
    sqlx::query!(
        "with over as (delete from networks.question where noted_at < clock_timestamp() - interval '1 day'),
              unused as (delete from networks.provider_journey
                         where settlement is null and changed_at < clock_timestamp() - make_interval(days => $7))
         insert into networks.question (provider, id, thread, kind, asked_at, until_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (provider, id) do update set thread = excluded.thread, kind = excluded.kind, asked_at = excluded.asked_at,
             until_at = excluded.until_at, answer = null, noted_at = excluded.noted_at",
        provider.as_str(),
        question.id,
        question.thread,
        question.kind,
        question.asked,
        question.until,
        UNUSED_DAYS
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The question of that id.
pub(crate) async fn question(
    conn: &mut PgConnection,
    provider: &ProviderId,
    id: &str,
) -> Result<Option<Question>, Error> {
    Ok(sqlx::query_as!(
        Question,
        "select id, thread, kind, asked_at as asked, until_at as until, answer from networks.question
         where provider = $1 and id = $2",
        provider.as_str(),
        id
    )
    .fetch_optional(conn)
    .await?)
}

/// Notes the answer to a question that has none.
pub(crate) async fn answer(
    conn: &mut PgConnection,
    provider: &ProviderId,
    id: &str,
    body: &[u8],
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update networks.question set answer = $3 where provider = $1 and id = $2 and answer is null",
        provider.as_str(),
        id,
        body
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Nobody waits for the answer from then on.
pub(crate) async fn give_up(
    conn: &mut PgConnection,
    provider: &ProviderId,
    id: &str,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query!(
        "update networks.question set until_at = least(until_at, $3) where provider = $1 and id = $2",
        provider.as_str(),
        id,
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}
