//! Table `chain.asset_pause`.

use alloy_primitives::Address;
use sqlx::PgConnection;
use uuid::Uuid;

use super::ChainEvent;
use crate::api::{AssetPauseView, Error};
use crate::store::corrupt;
use crate::store::lending::{hash, natural, signed, units};

/// Keeps a pause; the event is its key.
pub(crate) async fn insert_asset_pause(
    conn: &mut PgConnection,
    id: Uuid,
    event: &ChainEvent,
    pause: &AssetPauseView,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into chain.asset_pause (id, chain_id, asset, number, log_index, tx_hash, used, refused, cap, at)
         values ($1, $2, $3, $4, $5, $6, $7::text::numeric, $8::text::numeric, $9::text::numeric, $10)",
        id,
        signed(event.chain_id)?,
        pause.asset.to_vec(),
        signed(event.number)?,
        signed(event.event.log_index)?,
        pause.tx_hash.to_vec(),
        pause.used.to_string(),
        pause.refused.to_string(),
        pause.cap.to_string(),
        pause.at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Pauses, newest first.
pub(crate) async fn asset_pauses(conn: &mut PgConnection, limit: i64) -> Result<Vec<AssetPauseView>, Error> {
    let rows = sqlx::query!(
        r#"select chain_id, asset, tx_hash, used::text as "used!", refused::text as "refused!", cap::text as "cap!", at
           from chain.asset_pause order by at desc, chain_id, number desc, log_index desc limit $1"#,
        limit
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            Ok(AssetPauseView {
                chain_id: natural(r.chain_id)?,
                asset: Address::try_from(r.asset.as_slice()).map_err(corrupt)?,
                used: units(&r.used)?,
                refused: units(&r.refused)?,
                cap: units(&r.cap)?,
                tx_hash: hash(&r.tx_hash)?,
                at: r.at,
            })
        })
        .collect()
}
