//! Following a transaction from its nonce to finality.

use std::collections::HashSet;

use domain::ports::{Attempt, BlockRef, JournaledTx, TxState};

use super::{Frozen, MinedAt, SubmitError, Submitter};
use crate::fees::{self, Fees};
use crate::registry::Finality;
use crate::rpc::Receipt;

impl Submitter {
    /// One step for one transaction in flight. Answers whether it is final.
    pub(super) async fn follow(&self, tx: &JournaledTx, head: BlockRef, used: u64) -> Result<bool, SubmitError> {
        let Some(last) = tx.attempts.last() else {
            // We stopped between the nonce and the signature: the nonce must be filled, or it blocks all later ones.
            let market = fees::market(&self.rpc, self.options.fee_cap).await?;
            self.sign_and_send(tx, market, head).await?;
            return Ok(false);
        };
        let nonce_is_used = tx.nonce.is_some_and(|nonce| nonce < used);
        if let Some((attempt, receipt)) = self.find_receipt(tx, nonce_is_used).await? {
            return self.included(tx, attempt, receipt, head).await;
        }
        if tx.state == TxState::Included {
            tracing::warn!(tx = %tx.id, "a block with a transaction of ours vanished; sending it again");
            metrics::counter!("chain_reorged_transactions_total", "chain" => self.chain()).increment(1);
            self.set_state(tx, TxState::Broadcast, None).await?;
            self.remember(|m| m.forget_included(tx.id));
            self.broadcast(tx.id, &last.raw, head).await;
            return Ok(false);
        }
        if !nonce_is_used {
            self.push(tx, last, head).await?;
        }
        Ok(false)
    }

    /// A receipt of any version. Once the nonce is used every endpoint is asked: a receipt index may lag.
    async fn find_receipt<'a>(
        &self,
        tx: &'a JournaledTx,
        everywhere: bool,
    ) -> Result<Option<(&'a Attempt, Receipt)>, SubmitError> {
        for attempt in tx.attempts.iter().rev() {
            let found = if everywhere {
                self.rpc.receipt_anywhere(attempt.hash).await?
            } else {
                self.rpc.receipt(attempt.hash).await?
            };
            if let Some(receipt) = found {
                return Ok(Some((attempt, receipt)));
            }
        }
        Ok(None)
    }

    /// Mined. Success and revert wait for the same finality, and no endpoint may know another block there.
    async fn included(
        &self,
        tx: &JournaledTx,
        attempt: &Attempt,
        receipt: Receipt,
        head: BlockRef,
    ) -> Result<bool, SubmitError> {
        let at = MinedAt {
            hash: attempt.hash,
            number: receipt.block_number,
        };
        let news = self.remember(|m| m.note_included(tx.id, at));
        if tx.state != TxState::Included || news {
            self.set_state(tx, TxState::Included, Some(at)).await?;
        }
        if !self.is_final(receipt.block_number, head).await?
            || !self.rpc.undisputed(receipt.block_number, receipt.block_hash).await?
        {
            return Ok(false);
        }
        fail::fail_point!("submitter::before_final");
        let state = if receipt.succeeded {
            TxState::Succeeded
        } else {
            TxState::Reverted
        };
        self.set_state(tx, state, Some(at)).await?;
        metrics::counter!("chain_final_transactions_total", "chain" => self.chain(), "state" => state.as_str())
            .increment(1);
        Ok(true)
    }

    async fn is_final(&self, number: u64, head: BlockRef) -> Result<bool, SubmitError> {
        Ok(match self.options.finality {
            Finality::Depth(depth) => number.saturating_add(depth) <= head.number,
            Finality::Tags => self.rpc.finalized().await?.is_some_and(|f| number <= f.number),
        })
    }

    /// Not mined yet: the same bytes with each new block, higher fees from time to time.
    async fn push(&self, tx: &JournaledTx, last: &Attempt, head: BlockRef) -> Result<(), SubmitError> {
        let due = head.number.saturating_sub(last.sent_block) >= self.options.bump_every;
        if self.remember(|m| m.take_bump(tx.id)) || due {
            let market = fees::market(&self.rpc, self.options.fee_cap).await?;
            let previous = Fees {
                max_fee: last.max_fee,
                tip: last.tip,
            };
            if let Some(higher) = fees::bumped_up(previous, market, self.options.fee_cap) {
                metrics::counter!("chain_fee_bumps_total", "chain" => self.chain()).increment(1);
                return self.sign_and_send(tx, higher, head).await;
            }
            metrics::counter!("chain_fee_cap_reached_total", "chain" => self.chain()).increment(1);
        }
        if !self.remember(|m| m.sent_in(tx.id, head.hash)) {
            self.broadcast(tx.id, &last.raw, head).await;
        }
        Ok(())
    }

    /// A nonce that the chain counts as used, while no version of ours was mined, was used by somebody else with our key.
    pub(super) fn watch_for_strangers(&self, in_flight: &[JournaledTx], head: BlockRef, used: u64) {
        let certain = self.remember(|m| {
            let mut suspects: HashSet<u64> = in_flight
                .iter()
                .filter(|tx| tx.state == TxState::Broadcast && !m.is_included(tx.id))
                .filter_map(|tx| tx.nonce)
                .filter(|nonce| *nonce < used)
                .collect();
            // Nothing of ours ever had this nonce, and yet the chain counts past it.
            suspects.extend(m.highest_nonce().map(|highest| highest + 1).filter(|next| *next < used));
            m.clear_suspicions_but(&suspects);
            let frozen = suspects
                .into_iter()
                .filter(|nonce| head.number.saturating_sub(m.suspect(*nonce, head.number)) >= self.options.freeze_after)
                .min()
                .map(|nonce| Frozen {
                    nonce,
                    at_block: head.number,
                });
            match (&m.frozen, frozen) {
                (None, Some(frozen)) => {
                    m.frozen = Some(frozen.clone());
                    Some(frozen)
                }
                _ => None,
            }
        });
        if let Some(Frozen { nonce, at_block }) = certain {
            metrics::counter!("chain_signer_frozen_total", "chain" => self.chain()).increment(1);
            tracing::error!(
                chain_id = self.rpc.chain_id(), account = %self.account(), nonce, at_block,
                "somebody else used the key of this signer; it takes no new transactions"
            );
        }
    }

    /// Not while the key may be in other hands.
    pub(super) fn may_launch(&self) -> bool {
        self.remember(|m| m.frozen.is_none() && !m.is_suspicious())
    }
}
