//! The wallets of a settlement, looked at afresh in the transaction that moves it on: at acceptance, when the borrower's signature is
//! taken, and when the money is released. A listed wallet stops it; the look is stored with the version of the lists.

use alloy_primitives::Address;
use compliance::screening::Hit;
use domain::ids::SettlementId;
use serde::Serialize;
use sqlx::PgConnection;

use super::hits;
use crate::World;
use crate::api::Error;
use crate::store::lending::SettlementRow;
use crate::store::{screening as rows, to_json};

/// When it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Acceptance,
    Signature,
    Release,
}

impl Stage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Acceptance => "ACCEPTANCE",
            Self::Signature => "SIGNATURE",
            Self::Release => "RELEASE",
        }
    }
}

/// One wallet of a settlement.
#[derive(Debug, Serialize)]
struct Looked {
    role: &'static str,
    wallet: String,
    hits: Vec<Hit>,
}

/// Whether the settlement has to stop: a wallet of it is listed, or its borrower was blocked by a list that came later.
pub(crate) async fn must_stop(
    conn: &mut PgConnection,
    world: &World,
    row: &SettlementRow,
    stage: Stage,
) -> Result<bool, Error> {
    let lists = world.screening.current();
    let looked: Vec<Looked> = wallets(row)
        .into_iter()
        .map(|(role, wallet)| {
            let wallet = wallet.to_checksum(None);
            Looked {
                role,
                hits: lists.wallet_hits(&wallet),
                wallet,
            }
        })
        .collect();
    let later = hits::verdict_now(conn, world, row.quote.request_id).await?;
    let listed = looked.iter().any(|looked| !looked.hits.is_empty());
    let blocked = listed || later.as_deref() == Some("BLOCK");
    let verdict = match later.as_deref() {
        _ if blocked => "BLOCK",
        Some("REVIEW") => "REVIEW",
        _ => "CLEAR",
    };
    let stop = verdict != "CLEAR";
    // A look that finds something at acceptance is rolled back with it: the decision beside it tells.
    store(conn, row.id, (stage.as_str(), lists.version(), verdict), &looked, world).await?;
    if stop {
        // What is refused at acceptance and signature is undone; at release the stop itself is kept.
        let found = looked
            .iter()
            .flat_map(|of| of.hits.iter().map(|hit| (of.role, of.wallet.as_str(), hit)));
        let found: Vec<_> = found.collect();
        hits::open_wallet_cases(conn, world, (row, stage.as_str(), stage == Stage::Release), &found).await?;
        metrics::counter!("usance_screening_stopped_total", "stage" => stage.as_str(), "verdict" => verdict)
            .increment(1);
        tracing::warn!(settlement = %row.id, stage = stage.as_str(), verdict, version = lists.version(), "screening stops a settlement");
    }
    Ok(stop)
}

async fn store(
    conn: &mut PgConnection,
    settlement: SettlementId,
    what: (&str, &str, &str),
    looked: &[Looked],
    world: &World,
) -> Result<(), Error> {
    let evidence = to_json(&looked)?;
    Ok(rows::insert_wallet_check(conn, settlement, what, &evidence, world.clock.now()).await?)
}

/// Payers and payees: the lender's account, the borrower's, the recipient of the money, and who gets the fee.
fn wallets(row: &SettlementRow) -> Vec<(&'static str, Address)> {
    let mut found = Vec::new();
    if let (Some(part), Some(onchain)) = (&row.onchain, &row.quote.offer.onchain) {
        found.push(("LENDER", onchain.order.lender));
        found.push(("BORROWER", part.intent.borrower));
        found.push(("RECIPIENT", part.intent.recipient));
        found.push(("FEE_RECIPIENT", onchain.order.fee_recipient));
    }
    if let Some(part) = &row.venue {
        found.push(("BORROWER", part.plan.opening.borrower));
    }
    found.retain(|(_, wallet)| !wallet.is_zero());
    found
}

/// The neutral words for the borrower: nobody is tipped off.
pub(crate) fn refusal() -> Error {
    Error::refused("NOT_PERMITTED", "We cannot offer credit for this request.", None)
}
