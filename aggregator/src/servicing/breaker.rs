//! The breaker of an asset tripped: operators are told, nothing of ours moves.

use domain::Principal;
use domain::ports::LoanEventKind;
use sqlx::PgConnection;

use super::plan::instant;
use crate::access::{Action, Class, Resource, check};
use crate::api::{AssetPauseView, Error};
use crate::events::Event;
use crate::store::chain::{self, ChainEvent};
use crate::{Aggregator, World, events};

/// Most pauses that are shown.
const SHOWN: i64 = 100;

/// Keeps the pause, counts it and tells the world, in the caller's transaction. Other events are none of its business.
pub(super) async fn tripped(conn: &mut PgConnection, world: &World, event: &ChainEvent) -> Result<(), Error> {
    let LoanEventKind::BreakerTripped {
        asset,
        used,
        refused,
        cap,
    } = event.event.kind
    else {
        return Ok(());
    };
    let pause = AssetPauseView {
        chain_id: event.chain_id,
        asset,
        used,
        refused,
        cap,
        tx_hash: event.event.tx_hash,
        at: instant(event.block_time)?,
    };
    let id = world.ids.next();
    chain::insert_asset_pause(conn, id, event, &pause).await?;
    metrics::counter!("usance_asset_pauses_total", "chain" => event.chain_id.to_string()).increment(1);
    tracing::error!(chain = event.chain_id, %asset, used, refused, cap, "the breaker of an asset tripped: it is lent no more until the owner resumes");
    let payload = serde_json::json!({
        "chainId": event.chain_id.to_string(), "asset": asset, "used": used.to_string(),
        "refused": refused.to_string(), "cap": cap.to_string(), "txHash": event.event.tx_hash,
    });
    let told = Event {
        aggregate: "asset_pause",
        aggregate_id: id,
        version: 1,
        kind: "AssetPaused",
        payload,
    };
    events::append(conn, world, &[told]).await
}

impl Aggregator {
    /// Assets whose breaker tripped, newest first, at most 100. Only for officers. Whether an asset is lent again is read
    /// from the chain by `usance chain status`.
    pub async fn asset_pauses(&self, caller: &Principal) -> Result<Vec<AssetPauseView>, Error> {
        check(caller, Action::Read, &Resource::platform(Class::AssetPause))?;
        let mut conn = self.world.db.acquire().await?;
        chain::asset_pauses(&mut conn, SHOWN).await
    }
}
