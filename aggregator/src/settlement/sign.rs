//! What a borrower does with an open settlement: sign it or withdraw it.

use alloy_primitives::Bytes;
use domain::Principal;
use domain::ids::{ChainTxId, SettlementId};
use domain::loan::SettlementState;
use domain::ports::ChainError;
use sqlx::PgConnection;

use super::{advance, cancel_loan, chain_error, view, visible};
use crate::Aggregator;
use crate::api::{Error, IdempotencyKey, SettlementView};
use crate::idempotency::{self, Begun, Call};
use crate::store::chain;
use crate::store::lending::{self, Learned, SettlementRow};

impl Aggregator {
    /// Takes the borrower's signature over the intent; the transaction is queued in the same commit. The same signature
    /// again changes nothing.
    ///
    /// Refusals: `NOT_ONCHAIN`, `NOT_AWAITING_SIGNATURE`, `ALREADY_SIGNED`, `INTENT_EXPIRED`, `WRONG_SIGNER`.
    pub async fn submit_signature(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        id: SettlementId,
        signature: Bytes,
    ) -> Result<SettlementView, Error> {
        let call = Call::new(caller, key, "submitSignature", &(id, &signature))?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(answer) = idempotency::begin(&mut tx, &self.world, &call).await? {
            return Ok(answer);
        }
        let mut row = self.own_settlement(&mut tx, caller, id).await?;
        self.sign(&mut tx, &mut row, signature).await?;
        let answer = view(&mut tx, &self.world, &row).await?;
        idempotency::finish(&mut tx, &call, &answer).await?;
        tx.commit().await?;
        fail::fail_point!("signature::after_commit");
        self.wake.lending.notify_one();
        self.wake.events.notify_one();
        Ok(answer)
    }

    async fn sign(&self, conn: &mut PgConnection, row: &mut SettlementRow, signature: Bytes) -> Result<(), Error> {
        let (Some(part), Some(onchain)) = (row.onchain.clone(), row.quote.offer.onchain.clone()) else {
            return Err(Error::refused(
                "NOT_ONCHAIN",
                "This settlement needs no signature.",
                None,
            ));
        };
        if row.state != SettlementState::AwaitingSignature {
            return match &row.signature {
                Some(known) if *known == signature => Ok(()),
                Some(_) => Err(Error::refused(
                    "ALREADY_SIGNED",
                    "Another signature was taken.",
                    Some("signature"),
                )),
                None => Err(Error::refused(
                    "NOT_AWAITING_SIGNATURE",
                    "The settlement has ended.",
                    None,
                )),
            };
        }
        if self.world.clock.now().timestamp() > i64::try_from(part.intent.deadline).unwrap_or(i64::MAX) {
            return Err(Error::refused("INTENT_EXPIRED", "The time to sign is over.", None));
        }
        let contracts = &self.world.contracts;
        match contracts.intent_signed(part.chain_id, &part.intent, &signature) {
            Ok(true) => {}
            Ok(false) => {
                let text = "The signature is not that of the borrower's wallet over this intent.";
                return Err(Error::refused("WRONG_SIGNER", text, Some("signature")));
            }
            Err(ChainError::Invalid { detail, .. }) => return Err(Error::invalid("signature", detail)),
            Err(other) => return Err(chain_error(other)),
        }
        let tx_id = ChainTxId(self.world.ids.next());
        let call = contracts
            .originate(&onchain, &part.intent, &signature, None)
            .map_err(chain_error)?;
        chain::enqueue_tx(conn, tx_id, row.id, &call).await?;
        let learned = Learned {
            signature: Some(signature),
            tx_id: Some(tx_id),
            ..Learned::default()
        };
        advance(conn, &self.world, row, SettlementState::Ready, learned).await
    }

    /// Withdraws a settlement before anything was handed over. One that is withdrawn already stays so.
    ///
    /// Refusal: `TOO_LATE` once the chain or the lender may have it.
    pub async fn cancel_settlement(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        id: SettlementId,
    ) -> Result<SettlementView, Error> {
        let call = Call::new(caller, key, "cancelSettlement", &id)?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(answer) = idempotency::begin(&mut tx, &self.world, &call).await? {
            return Ok(answer);
        }
        // The transaction before the settlement: the order in which the submitter locks them.
        let withdrawn = chain::withdraw_tx(&mut tx, id).await?;
        let mut row = self.own_settlement(&mut tx, caller, id).await?;
        let idle = row.onchain.is_none() || withdrawn || row.state == SettlementState::AwaitingSignature;
        match row.state {
            SettlementState::Cancelled => {}
            SettlementState::AwaitingSignature | SettlementState::Ready if idle => {
                advance(
                    &mut tx,
                    &self.world,
                    &mut row,
                    SettlementState::Cancelled,
                    Learned::default(),
                )
                .await?;
                cancel_loan(&mut tx, &self.world, &row).await?;
            }
            _ => return Err(Error::refused("TOO_LATE", "The settlement was handed over.", None)),
        }
        let answer = view(&mut tx, &self.world, &row).await?;
        idempotency::finish(&mut tx, &call, &answer).await?;
        tx.commit().await?;
        self.wake.events.notify_one();
        Ok(answer)
    }

    /// Locks a settlement of the caller's.
    async fn own_settlement(
        &self,
        conn: &mut PgConnection,
        caller: &Principal,
        id: SettlementId,
    ) -> Result<SettlementRow, Error> {
        let row = lending::lock_settlement(conn, id)
            .await?
            .filter(|row| visible(caller, row))
            .ok_or(Error::NotFound)?;
        if caller.acts_for(row.tenant, row.borrower) {
            Ok(row)
        } else {
            Err(Error::Forbidden)
        }
    }
}
