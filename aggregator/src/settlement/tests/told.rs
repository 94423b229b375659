//! A chain that is told block by block, and the steps that every on-chain test takes.

use alloy_primitives::{Address, B256};
use domain::ids::LoanId;
use domain::loan::{LoanState, SettlementState};
use domain::ports::{BlockRef, ChainLog, LoanEvent, LoanEventKind, TxJournal};
use domain::quote::Quote;

use super::support::{Bench, CHAIN, at, desk_quote, signature_of};
use crate::Error;
use crate::api::SettlementView;
use crate::store::lending::{self, OnchainPart};

pub(super) const SIGNER: Address = Address::repeat_byte(0x51);
pub(super) const MONTH: u64 = 30 * 86_400;

/// A chain that grows by a block a call.
pub(super) struct Told<'a> {
    bench: &'a Bench,
    pub(super) part: OnchainPart,
    pub(super) tip: BlockRef,
}

impl<'a> Told<'a> {
    pub(super) async fn new(bench: &'a Bench, view: &SettlementView) -> Self {
        let mut conn = bench.aggregator.world.db.acquire().await.unwrap();
        let part = lending::settlement(&mut conn, view.id)
            .await
            .unwrap()
            .unwrap()
            .onchain
            .unwrap();
        let timestamp = u64::try_from(at("2026-01-10T12:01:00Z").timestamp()).unwrap();
        let tip = BlockRef {
            number: 10,
            hash: B256::repeat_byte(10),
            parent: B256::repeat_byte(9),
            timestamp,
        };
        bench.aggregator.chain_log().append(CHAIN, tip, vec![]).await.unwrap();
        Self { bench, part, tip }
    }

    pub(super) async fn block(&mut self, seconds: u64, kinds: Vec<LoanEventKind>) {
        let loan = self.part.loan;
        self.block_of(seconds, kinds.into_iter().map(|kind| (loan, kind)).collect())
            .await;
    }

    /// A block with events of any loan.
    pub(super) async fn block_of(&mut self, seconds: u64, kinds: Vec<(B256, LoanEventKind)>) {
        let number = self.tip.number + 1;
        let hash = B256::repeat_byte(u8::try_from(number).unwrap());
        self.tip = BlockRef {
            number,
            hash,
            parent: self.tip.hash,
            timestamp: self.tip.timestamp + seconds,
        };
        let events = (0..).zip(kinds);
        let events = events.map(|(log_index, (loan, kind))| LoanEvent {
            loan,
            tx_hash: hash,
            log_index,
            kind,
        });
        self.bench
            .aggregator
            .chain_log()
            .append(CHAIN, self.tip, events.collect())
            .await
            .unwrap();
    }

    pub(super) async fn finalize(&self) {
        for _ in 0..2 {
            self.bench
                .aggregator
                .chain_log()
                .finalize(CHAIN, self.tip.number)
                .await
                .unwrap();
            self.bench.aggregator.tick_all().await.unwrap();
        }
    }

    pub(super) fn originated(&self) -> LoanEventKind {
        LoanEventKind::Originated {
            order_hash: self.part.intent.order_hash,
            lender: Address::repeat_byte(1),
            borrower: self.part.intent.borrower,
            principal: 1_200_000_000,
            fee: 12_000_000,
        }
    }
}

pub(super) fn repaid(interest: u128, principal: u128, outstanding: u128) -> LoanEventKind {
    LoanEventKind::Repaid {
        payer: Address::repeat_byte(9),
        late_fee: 0,
        interest,
        principal,
        outstanding,
    }
}

pub(super) async fn signed(bench: &Bench) -> (SettlementView, Told<'_>) {
    signed_quote(bench, &desk_quote(1)).await
}

pub(super) async fn signed_quote<'a>(bench: &'a Bench, quote: &Quote) -> (SettlementView, Told<'a>) {
    let view = bench.open(quote).await.unwrap();
    let told = Told::new(bench, &view).await;
    let signature = signature_of(&told.part.intent);
    let view = bench
        .aggregator
        .submit_signature(&bench.borrower, &bench.key(), view.id, signature)
        .await
        .unwrap();
    (view, told)
}

/// A live loan of that quote.
pub(super) async fn live<'a>(bench: &'a Bench, quote: &Quote) -> (SettlementView, Told<'a>) {
    let (view, mut told) = signed_quote(bench, quote).await;
    submitted(bench).await;
    told.block(12, vec![told.originated()]).await;
    told.finalize().await;
    (view, told)
}

/// The submitter takes the queued transaction.
pub(super) async fn submitted(bench: &Bench) -> (std::sync::Arc<crate::tx_journal::PgTxJournal>, domain::ChainTxId) {
    let journal = bench.aggregator.tx_journal();
    assert!(journal.lead(CHAIN, SIGNER).await.unwrap());
    let queued = journal.queued(CHAIN, SIGNER, 10).await.unwrap();
    assert_eq!(queued.len(), 1);
    let tx = journal
        .take_nonce(CHAIN, SIGNER, queued[0].id, 0)
        .await
        .unwrap()
        .unwrap();
    (journal, tx.id)
}

pub(super) async fn state(bench: &Bench, view: &SettlementView) -> SettlementState {
    bench
        .aggregator
        .settlement(&bench.borrower, view.id)
        .await
        .unwrap()
        .state
}

pub(super) async fn loan(bench: &Bench, id: LoanId) -> (LoanState, u128) {
    let view = bench.aggregator.loan(&bench.borrower, id).await.unwrap();
    (view.state, view.outstanding.units)
}

pub(super) fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Refused(refusal)) => refusal.code,
        other => panic!("{other:?}"),
    }
}
