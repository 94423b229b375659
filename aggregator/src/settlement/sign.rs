//! What a borrower does with an open settlement: sign it or withdraw it.

use alloy_primitives::Bytes;
use domain::Principal;
use domain::ids::{ChainTxId, SettlementId};
use domain::loan::SettlementState;
use domain::ports::{Call as PortCall, ChainError};
use sqlx::PgConnection;

use super::{advance, cancel_loan, chain_error, resource, venue, view};
use crate::Aggregator;
use crate::access::{Action, Class, check, may_ever};
use crate::api::{Error, IdempotencyKey, SettlementView};
use crate::idempotency::{self, Begun, Call};
use crate::screening::release::{self, Look, Stage};
use crate::screening::wallets::Asked;
use crate::servicing::live_onchain;
use crate::store::chain::{self, Purpose};
use crate::store::lending::{self, Learned, SettlementRow};

/// Whose signature it is.
#[derive(Debug)]
enum Verdict {
    Borrower,
    Stranger,
    /// Not a signature at all.
    Unreadable(String),
    /// The settlement takes none now, or did not when it was looked at.
    NotAsked,
}

impl Verdict {
    fn check(self) -> Result<(), Error> {
        match self {
            Self::Borrower => Ok(()),
            Self::Unreadable(detail) => Err(Error::invalid("signature", detail)),
            Self::Stranger | Self::NotAsked => {
                let text = "The signature is not that of the borrower's wallet over this intent.";
                Err(Error::refused("WRONG_SIGNER", text, Some("signature")))
            }
        }
    }
}

impl Aggregator {
    /// Takes the borrower's signature over the intent; the transaction is queued in the same commit. The same signature
    /// again changes nothing. A wallet that is a contract is asked on its chain, before the transaction begins.
    ///
    /// Refusals: `NOT_ONCHAIN`, `NOT_AWAITING_SIGNATURE`, `ALREADY_SIGNED`, `INTENT_EXPIRED`, `WRONG_SIGNER`, and for a
    /// refinancing `LOAN_NOT_LIVE`.
    pub async fn submit_signature(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        id: SettlementId,
        signature: Bytes,
    ) -> Result<SettlementView, Error> {
        let call = Call::new(caller, key, "submitSignature", &(id, &signature))?;
        let verdict = self.verify(caller, id, &signature).await?;
        let asked = match verdict {
            Verdict::Borrower => self.ask_for(id).await?,
            _ => Asked::default(),
        };
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(answer) = idempotency::begin(&mut tx, &self.world, &call).await? {
            return Ok(answer);
        }
        let mut row = self.own_settlement(&mut tx, caller, (Action::Sign, id)).await?;
        if let Some(look) = self.sign(&mut tx, &mut row, signature, (verdict, &asked)).await? {
            return Err(self.keep_refused(tx, &call, &look).await?);
        }
        let answer = view(&mut tx, &self.world, &row).await?;
        idempotency::finish(&mut tx, &call, &answer).await?;
        tx.commit().await?;
        fail::fail_point!("signature::after_commit");
        self.wake.lending.notify_one();
        self.wake.events.notify_one();
        Ok(answer)
    }

    /// Whose signature it is, decided before the transaction: the intent never changes. Nothing is asked about a
    /// settlement that takes no signature now.
    async fn verify(&self, caller: &Principal, id: SettlementId, signature: &Bytes) -> Result<Verdict, Error> {
        let mut conn = self.world.db.acquire().await?;
        let row = lending::settlement(&mut conn, id)
            .await?
            .filter(|row| check(caller, Action::Sign, &resource(row)).is_ok());
        drop(conn);
        let awaiting = row.filter(|row| row.state == SettlementState::AwaitingSignature && !self.is_over(row));
        let Some(row) = awaiting else {
            return Ok(Verdict::NotAsked);
        };
        if let Some(part) = &row.venue {
            let own = venue::is_signed(&self.world, &row, part, signature);
            return Ok(if own { Verdict::Borrower } else { Verdict::Stranger });
        }
        let Some(part) = row.onchain else {
            return Ok(Verdict::NotAsked);
        };
        let (chain_id, intent) = (part.chain_id, &part.intent);
        let contracts = &self.world.contracts;
        let flaw = match contracts.intent_signed(chain_id, intent, signature) {
            Ok(true) => return Ok(Verdict::Borrower),
            Ok(false) => None,
            Err(ChainError::Invalid { detail, .. }) => Some(detail),
            Err(other) => return Err(chain_error(other)),
        };
        let digest = contracts.intent_hash(chain_id, intent).map_err(chain_error)?;
        let reader = &self.world.reader;
        match reader
            .signature_valid(chain_id, intent.borrower, digest, signature)
            .await
        {
            Ok(true) => Ok(Verdict::Borrower),
            Ok(false) | Err(ChainError::Invalid { .. }) => Ok(flaw.map_or(Verdict::Stranger, Verdict::Unreadable)),
            Err(other) => Err(chain_error(other)),
        }
    }

    /// Whether the time to sign is over, by our clock.
    fn is_over(&self, row: &SettlementRow) -> bool {
        let deadline = row.deadline().unwrap_or(0);
        self.world.clock.now().timestamp() > i64::try_from(deadline).unwrap_or(i64::MAX)
    }

    /// Answers the look at the wallets that refuses it; the caller rolls back and stores it.
    async fn sign(
        &self,
        conn: &mut PgConnection,
        row: &mut SettlementRow,
        signature: Bytes,
        (verdict, asked): (Verdict, &Asked),
    ) -> Result<Option<Look>, Error> {
        let asks = row.venue.as_ref().is_some_and(|part| part.plan.permission.is_some());
        if row.onchain.is_none() && !asks {
            let text = "This settlement needs no signature.";
            return Err(Error::refused("NOT_ONCHAIN", text, None));
        }
        if row.state != SettlementState::AwaitingSignature {
            return match &row.signature {
                Some(known) if *known == signature => Ok(None),
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
        if self.is_over(row) {
            return Err(Error::refused("INTENT_EXPIRED", "The time to sign is over.", None));
        }
        verdict.check()?;
        let look = release::refused(conn, &self.world, row, (Stage::Signature, asked)).await?;
        if look.is_some() {
            return Ok(look);
        }
        if row.venue.is_some() {
            return venue::signed(conn, &self.world, row, signature).await.map(|()| None);
        }
        let tx_id = ChainTxId(self.world.ids.next());
        let call = self.settling_call(conn, row, &signature).await?;
        chain::enqueue_tx(conn, tx_id, Purpose::Settlement(row.id), &call).await?;
        let learned = Learned {
            signature: Some(signature),
            tx_id: Some(tx_id),
            ..Learned::default()
        };
        advance(conn, &self.world, row, SettlementState::Ready, learned).await?;
        Ok(None)
    }

    /// The call that settles: a loan of its own, or one that repays another in the same transaction.
    async fn settling_call(
        &self,
        conn: &mut PgConnection,
        row: &SettlementRow,
        signature: &Bytes,
    ) -> Result<PortCall, Error> {
        let (Some(part), Some(onchain)) = (&row.onchain, &row.quote.offer.onchain) else {
            return Err(Error::NotFound);
        };
        let contracts = &self.world.contracts;
        let call = match &part.refinance {
            None => contracts.originate(onchain, &part.intent, signature, part.attestation.as_ref()),
            Some(old) => {
                let loan = lending::loan(conn, old.loan).await?.ok_or(Error::NotFound)?;
                contracts.refinance(&live_onchain(&loan)?, onchain, &part.intent, signature)
            }
        };
        call.map_err(chain_error)
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
        let mut row = self.own_settlement(&mut tx, caller, (Action::Cancel, id)).await?;
        // A wallet that knows its calls may have sent them.
        let offchain = row.onchain.is_none() && row.venue.is_none();
        let idle = offchain || withdrawn || row.state == SettlementState::AwaitingSignature;
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
        (action, id): (Action, SettlementId),
    ) -> Result<SettlementRow, Error> {
        may_ever(caller, action, Class::Settlement)?;
        let row = lending::lock_settlement(conn, id).await?.ok_or(Error::NotFound)?;
        check(caller, action, &resource(&row))?;
        Ok(row)
    }
}
