//! Settlements as lists of offers need them.

use domain::ids::{QuoteId, SettlementId};
use domain::loan::SettlementState;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::Error;
use crate::store::{Unreadable, corrupt};

/// Quotes that were accepted and whose settlement came to nothing, the newest; of one lender or of all.
pub(crate) async fn ended_quotes(
    conn: &mut PgConnection,
    provider: Option<&str>,
    limit: i64,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select quote_id from lending.settlement
         where state in ('FAILED', 'CANCELLED') and ($1::text is null or provider = $1) order by created_at desc limit $2",
        provider,
        limit
    )
    .fetch_all(conn)
    .await
}

/// The settlements of these quotes, as far as there are some.
pub(crate) async fn settlements_of_quotes(
    conn: &mut PgConnection,
    quotes: &[Uuid],
) -> Result<Vec<(QuoteId, SettlementId, SettlementState)>, Error> {
    let rows = sqlx::query!(
        "select quote_id, id, state from lending.settlement where quote_id = any ($1)",
        quotes
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let state = SettlementState::parse(&row.state).ok_or_else(|| corrupt(Unreadable("state")))?;
            Ok((row.quote_id.into(), row.id.into(), state))
        })
        .collect()
}
