//! The wallets of a settlement, looked at afresh in the transaction that moves it on: at acceptance, when the borrower's signature is
//! taken, and when the money is released. By the lists of that moment, and by what oracle and services said just before. A wallet that
//! somebody knows stops it; one that somebody did not answer about lets it wait. Each look is stored with what it rests on.

use alloy_primitives::Address;
use compliance::screening::Hit;
use domain::ids::{PrincipalId, RequestId, SettlementId, TenantId};
use domain::quote::Quote;
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgTransaction};

use super::hits;
use super::wallets::{Asked, Said, Word};
use crate::api::Error;
use crate::idempotency::Call;
use crate::store::lending::{self, SettlementRow};
use crate::store::{screening as rows, to_json};
use crate::{Aggregator, World};

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
    /// What oracle and services said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    said: Vec<Said>,
}

/// What a look came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It goes on.
    Goes,
    /// It is looked at again: somebody did not answer.
    Waits,
    /// It ends.
    Stops,
}

/// A look at the wallets of a settlement.
#[derive(Debug)]
pub(crate) struct Look {
    settlement: SettlementId,
    of: (TenantId, PrincipalId, RequestId),
    quote: uuid::Uuid,
    stage: Stage,
    version: String,
    verdict: &'static str,
    evidence: String,
    /// What becomes a case.
    found: Vec<hits::Found>,
}

impl Look {
    pub(crate) fn outcome(&self) -> Outcome {
        match self.verdict {
            "CLEAR" => Outcome::Goes,
            "UNKNOWN" => Outcome::Waits,
            _ => Outcome::Stops,
        }
    }

    /// What a borrower hears instead of going on.
    fn refusal(&self) -> Error {
        match self.outcome() {
            Outcome::Waits => Error::Unavailable(Box::new(NotAnswered)),
            Outcome::Goes | Outcome::Stops => refusal(),
        }
    }
}

/// A wallet was not judged: nobody is to be named.
#[derive(Debug, thiserror::Error)]
#[error("a source of wallet screening did not answer")]
struct NotAnswered;

/// Looks at the wallets. Writes nothing: see [`keep`].
pub(crate) async fn look(
    conn: &mut PgConnection,
    world: &World,
    row: &SettlementRow,
    (stage, asked): (Stage, &Asked),
) -> Result<Look, Error> {
    let lists = world.screening.current();
    let (chain_id, wallets) = wallets(row);
    let sources = world.wallet_sources(chain_id);
    let (fresh, now) = (world.settings.wallets.fresh, world.clock.now());
    let words = wallets
        .iter()
        .map(|(_, wallet)| asked.word(*wallet, &sources, fresh, now));
    let gravest = words.max().unwrap_or(Word::Clear);
    let looked: Vec<Looked> = wallets
        .into_iter()
        .map(|(role, account)| {
            let wallet = account.to_checksum(None);
            Looked {
                role,
                hits: lists.wallet_hits(&wallet),
                wallet,
                said: asked.of(account).into_iter().cloned().collect(),
            }
        })
        .collect();
    let later = hits::verdict_now(conn, world, row.quote.request_id).await?;
    let listed = looked.iter().any(|looked| !looked.hits.is_empty());
    let verdict = match later.as_deref() {
        Some("BLOCK") => "BLOCK",
        _ if listed || gravest == Word::Block => "BLOCK",
        Some("REVIEW") => "REVIEW",
        _ if gravest == Word::Review => "REVIEW",
        _ if gravest == Word::Missing => "UNKNOWN",
        _ => "CLEAR",
    };
    let mut found = Vec::new();
    if verdict != "CLEAR" {
        let hits = looked
            .iter()
            .flat_map(|of| of.hits.iter().map(|hit| (of.role, of.wallet.as_str(), hit)));
        found = hits::wallets_found(world, row, &hits.collect::<Vec<_>>()).await?;
        found.extend(hits::said_found(world, row, asked).await?);
    }
    Ok(Look {
        settlement: row.id,
        of: (row.tenant, row.borrower, row.quote.request_id),
        quote: row.quote.id.0,
        stage,
        version: lists.version().to_owned(),
        verdict,
        evidence: to_json(&looked)?,
        found,
    })
}

/// Stores a look and opens its cases, in the transaction that it lets go on or ends. With `once` the same look is not stored twice.
pub(crate) async fn keep(
    conn: &mut PgConnection,
    world: &World,
    look: &Look,
    once: Option<[u8; 32]>,
) -> Result<(), Error> {
    let check = rows::NewWalletCheck {
        settlement: look.settlement,
        quote: look.quote,
        stage: look.stage.as_str(),
        version: &look.version,
        verdict: look.verdict,
        evidence: &look.evidence,
        once: once.as_ref().map(<[u8; 32]>::as_slice),
    };
    let new = rows::insert_wallet_check(conn, &check, world.clock.now()).await?;
    if new && look.outcome() != Outcome::Goes {
        let (stage, verdict) = (look.stage.as_str(), look.verdict);
        metrics::counter!("usance_screening_stopped_total", "stage" => stage, "verdict" => verdict).increment(1);
        tracing::warn!(settlement = %look.settlement, stage, verdict, version = look.version, "screening stops a settlement");
    }
    if new {
        hits::open_cases(conn, world, look.of, (look.stage.as_str(), &look.found)).await?;
    }
    Ok(())
}

/// Looks, and stores the look when it lets the settlement go on. Answers the look that does not: it is stored by [`Aggregator::keep_refused`],
/// after the rest was rolled back.
pub(crate) async fn refused(
    conn: &mut PgConnection,
    world: &World,
    row: &SettlementRow,
    at: (Stage, &Asked),
) -> Result<Option<Look>, Error> {
    let look = look(conn, world, row, at).await?;
    if look.outcome() != Outcome::Goes {
        return Ok(Some(look));
    }
    keep(conn, world, &look, None).await?;
    Ok(None)
}

/// What makes a look of a call, or of a release that waits, the same one.
fn once(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

impl Aggregator {
    /// Rolls the call back that a look refuses, and stores the look in a transaction of its own: once for each call and verdict, however
    /// often the call is repeated. Answers what the caller hears.
    pub(crate) async fn keep_refused(
        &self,
        refused: PgTransaction<'_>,
        call: &Call<'_>,
        look: &Look,
    ) -> Result<Error, Error> {
        refused.rollback().await?;
        let caller = call.caller;
        let once = once(&[
            b"call",
            caller.tenant.0.as_bytes(),
            caller.id.0.as_bytes(),
            call.operation.as_bytes(),
            call.key.as_str().as_bytes(),
            look.verdict.as_bytes(),
        ]);
        let mut tx = self.world.db.begin().await?;
        keep(&mut tx, &self.world, look, Some(once)).await?;
        tx.commit().await?;
        Ok(look.refusal())
    }

    /// Stores that a release waits: once for each settlement, until it goes on or ends.
    pub(crate) async fn keep_waiting(&self, look: &Look) -> Result<(), Error> {
        let once = once(&[b"wait", look.settlement.0.as_bytes(), look.stage.as_str().as_bytes()]);
        let mut conn = self.world.db.acquire().await?;
        keep(&mut conn, &self.world, look, Some(once)).await
    }

    /// Asks about the wallets of a stored settlement.
    pub(crate) async fn ask_for(&self, id: SettlementId) -> Result<Asked, Error> {
        let mut conn = self.world.db.acquire().await?;
        let row = lending::settlement(&mut conn, id).await?.ok_or(Error::NotFound)?;
        drop(conn);
        let (chain_id, wallets) = wallets(&row);
        let wallets: Vec<Address> = wallets.into_iter().map(|(_, wallet)| wallet).collect();
        Ok(self.world.ask_about(chain_id, &wallets).await)
    }
}

/// The chain, and payers and payees: the lender's account, the borrower's, the recipient of the money, and who gets the fee.
fn wallets(row: &SettlementRow) -> (Option<u64>, Vec<(&'static str, Address)>) {
    let mut found = Vec::new();
    let mut chain_id = None;
    if let (Some(part), Some(onchain)) = (&row.onchain, &row.quote.offer.onchain) {
        chain_id = Some(part.chain_id);
        found.push(("LENDER", onchain.order.lender));
        found.push(("BORROWER", part.intent.borrower));
        found.push(("RECIPIENT", part.intent.recipient));
        found.push(("FEE_RECIPIENT", onchain.order.fee_recipient));
    }
    if let Some(part) = &row.venue {
        chain_id = chain_id.or(row.quote.offer.venue.as_ref().map(|loan| loan.chain_id));
        found.push(("BORROWER", part.plan.opening.borrower));
    }
    found.retain(|(_, wallet)| !wallet.is_zero());
    (chain_id, found)
}

/// The same before a quote is accepted by that wallet.
pub(crate) fn wallets_of(
    quote: &Quote,
    wallet: Option<Address>,
    recipient: Option<Address>,
) -> (Option<u64>, Vec<Address>) {
    let mut found: Vec<Address> = wallet.into_iter().collect();
    let mut chain_id = quote.offer.venue.as_ref().map(|loan| loan.chain_id);
    if let Some(onchain) = &quote.offer.onchain {
        chain_id = Some(onchain.chain_id);
        found.extend([onchain.order.lender, onchain.order.fee_recipient]);
        found.extend(recipient);
    }
    found.retain(|wallet| !wallet.is_zero());
    // Money that goes to no wallet needs none looked at.
    if chain_id.is_none() {
        found.clear();
    }
    (chain_id, found)
}

/// The neutral words for the borrower: nobody is tipped off.
pub(crate) fn refusal() -> Error {
    Error::refused("NOT_PERMITTED", "We cannot offer credit for this request.", None)
}
