//! A new loan repays an old one in the same transaction.

use alloy_primitives::{Address, B256};
use domain::LoanId;
use domain::loan::{LoanState, SettlementState};
use domain::offer::Offer;
use domain::ports::{BlockRef, ChainLog, LoanEvent, LoanEventKind};
use domain::quote::{LoserKind, Quote};
use domain::request::CreditRequest;
use sqlx::PgPool;

use super::desks::{DESK, WALLET, accept, code, dweth, order_of, part, sign, with_wallet};
use super::support::{Manner, Stage, ask, borrower, key, stranger};
use crate::api::{EndedBy, Error, NewRequest, PageRequest, SettlementView};
use crate::fake_chain::CHAIN;

const LOCKED: u128 = 4_000_000_000_000_000_000;
const PRINCIPAL: u128 = 5_000_000_000;

fn first(request: &CreditRequest) -> Offer {
    order_of(request, LOCKED, |_| {})
}

/// Locks a quarter more and withholds 1 %.
fn better(request: &CreditRequest) -> Offer {
    let mut offer = order_of(request, LOCKED + LOCKED / 4, |order| {
        order.lender = Address::repeat_byte(0x22);
        order.nonce = alloy_primitives::U256::from(request.id.0.as_u128());
    });
    offer.provider_ref = "better".into();
    offer
}

fn other_asset(request: &CreditRequest) -> Offer {
    order_of(request, LOCKED, |order| order.asset = Address::repeat_byte(0x44))
}

/// A chain that grows by one final block a call.
struct Chain<'a> {
    stage: &'a Stage,
    tip: BlockRef,
}

impl<'a> Chain<'a> {
    async fn new(stage: &'a Stage) -> Self {
        let tip = BlockRef {
            number: 1,
            hash: B256::repeat_byte(1),
            parent: B256::ZERO,
            timestamp: u64::try_from(stage.aggregator.world().clock.now().timestamp()).unwrap(),
        };
        let chain = Self { stage, tip };
        chain.append(Vec::new()).await;
        chain
    }

    async fn append(&self, events: Vec<LoanEvent>) {
        let log = self.stage.aggregator.chain_log();
        log.append(CHAIN, self.tip, events).await.unwrap();
        log.finalize(CHAIN, self.tip.number).await.unwrap();
        self.stage.aggregator.tick_all().await.unwrap();
    }

    async fn block(&mut self, events: Vec<(B256, LoanEventKind)>) {
        let number = self.tip.number + 1;
        let hash = B256::repeat_byte(u8::try_from(number).unwrap());
        self.tip = BlockRef {
            number,
            hash,
            parent: self.tip.hash,
            timestamp: self.tip.timestamp + 12,
        };
        let events = (0..).zip(events).map(|(log_index, (loan, kind))| LoanEvent {
            loan,
            tx_hash: hash,
            log_index,
            kind,
        });
        self.append(events.collect()).await;
    }
}

async fn originated(stage: &Stage, view: &SettlementView) -> (B256, LoanEventKind) {
    let part = part(stage, view.id).await;
    let kind = LoanEventKind::Originated {
        order_hash: part.intent.order_hash,
        lender: DESK,
        borrower: WALLET,
        principal: part.intent.principal,
        fee: 0,
    };
    (part.loan, kind)
}

/// A live loan of the first desk.
async fn old_loan(stage: &Stage, chain: &mut Chain<'_>) -> (LoanId, B256) {
    let book = stage.closed_for("first", with_wallet(Some(LOCKED))).await;
    let quotes = stage
        .aggregator
        .quotes(&borrower(), book.id, PageRequest { first: 10, after: None })
        .await
        .unwrap();
    let quote = quotes
        .items
        .iter()
        .find(|q| q.quote.provider.as_str() == "desk-one")
        .unwrap();
    let view = accept(stage, "accept-first", &quote.quote).await.unwrap();
    let intent = part(stage, view.id).await.intent;
    sign(stage, "sign-first", view.id, &intent).await;
    let event = originated(stage, &view).await;
    let hash = event.0;
    chain.block(vec![event]).await;
    (view.loan_id, hash)
}

fn refinancing(loan: LoanId) -> NewRequest {
    NewRequest {
        refinances: Some(loan),
        ..ask()
    }
}

fn stage(db: PgPool) -> Stage {
    let lenders = [
        ("desk-one", Manner::Locks(first)),
        ("desk-two", Manner::Locks(better)),
        ("harbor-bank", Manner::Offers(45_000)),
        ("other-asset", Manner::Locks(other_asset)),
    ];
    Stage::new(db, &lenders)
}

/// The second desk's quote for the refinancing.
async fn better_quote(stage: &Stage, name: &str, loan: LoanId) -> Quote {
    let book = stage.closed_for(name, refinancing(loan)).await;
    let quotes = stage
        .aggregator
        .quotes(&borrower(), book.id, PageRequest { first: 10, after: None })
        .await
        .unwrap();
    let found = quotes.items.iter().find(|q| q.quote.provider.as_str() == "desk-two");
    found.unwrap().quote.clone()
}

#[sqlx::test(migrations = "./migrations")]
async fn a_refinancing_asks_only_lenders_that_can_repay_the_loan_where_it_is(db: PgPool) {
    let stage = stage(db);
    let mut chain = Chain::new(&stage).await;
    let (loan, hash) = old_loan(&stage, &mut chain).await;
    stage.chain.set(|chain| chain.health.collateral = LOCKED);
    let book = stage.closed_for("again", refinancing(loan)).await;
    assert_eq!(book.refinances, Some(loan));
    let fate = |name: &str| {
        let loser = book.losers.iter().find(|loser| loser.provider.as_str() == name);
        loser.map(|loser| (loser.kind, loser.reasons[0].code.clone()))
    };
    let left_out = "NOT_A_REFINANCING".to_owned();
    assert_eq!(
        fate("harbor-bank"),
        Some((LoserKind::Ineligible, left_out.clone())),
        "not asked"
    );
    assert_eq!(fate("other-asset"), Some((LoserKind::Refused, left_out)));
    assert_eq!((fate("desk-one"), fate("desk-two")), (None, None));
    let mut conn = stage.aggregator.world().db.acquire().await.unwrap();
    let row = crate::store::quoting::request(&mut conn, book.id)
        .await
        .unwrap()
        .unwrap();
    let request = row.asked.request;
    assert_eq!(
        (request.wallet, request.collateral),
        (Some(WALLET), Some(dweth(LOCKED))),
        "the loan brings both"
    );
    assert_eq!(request.refinances.unwrap().onchain, hash);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_new_loan_repays_the_old_one_and_both_say_so(db: PgPool) {
    let stage = stage(db);
    let mut chain = Chain::new(&stage).await;
    let (old, old_hash) = old_loan(&stage, &mut chain).await;
    stage.chain.set(|chain| {
        chain.health.collateral = LOCKED;
        chain.payoff = Some(PRINCIPAL + 7_000_000);
    });
    let quote = better_quote(&stage, "refinance", old).await;
    let view = accept(&stage, "accept", &quote).await.unwrap();
    let part = part(&stage, view.id).await;
    assert_eq!(
        (part.intent.refinances, part.intent.min_received),
        (old_hash, -7_000_000)
    );
    let titles: Vec<_> = view.approvals.iter().map(|call| call.title.as_str()).collect();
    let extra = LOCKED / 4;
    assert_eq!(
        titles,
        [format!("Allow {extra} collateral").as_str(), "Allow 7000000 asset"]
    );
    let words = sign(&stage, "sign", view.id, &part.intent).await;
    assert_eq!(words, format!("refinance {old_hash}"));

    let paid = LoanEventKind::Repaid {
        payer: DESK,
        late_fee: 0,
        interest: 6_000_000,
        principal: PRINCIPAL,
        outstanding: 0,
    };
    let replaced = LoanEventKind::Refinanced { new_loan: part.loan };
    let begun = originated(&stage, &view).await;
    chain.block(vec![(old_hash, paid), (old_hash, replaced), begun]).await;

    let aggregator = &stage.aggregator;
    let old_view = aggregator.loan(&borrower(), old).await.unwrap();
    assert_eq!(
        (old_view.state, old_view.ended_by),
        (LoanState::Closed, Some(EndedBy::Refinanced))
    );
    assert_eq!(old_view.refinanced_by, Some(view.loan_id));
    let new_view = aggregator.loan(&borrower(), view.loan_id).await.unwrap();
    assert_eq!((new_view.state, new_view.refinances), (LoanState::Active, Some(old)));
    let settled = aggregator.settlement(&borrower(), view.id).await.unwrap();
    assert_eq!(settled.state, SettlementState::Settled);
    let report = aggregator.reconcile().await.unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(code(aggregator.refinanceable(old).await), "LOAN_NOT_LIVE");
}

#[sqlx::test(migrations = "./migrations")]
async fn one_refinancing_of_a_loan_is_under_way_at_a_time(db: PgPool) {
    let stage = stage(db);
    let mut chain = Chain::new(&stage).await;
    let (old, _) = old_loan(&stage, &mut chain).await;
    stage.chain.set(|chain| {
        chain.health.collateral = LOCKED * 2;
        chain.payoff = Some(PRINCIPAL);
    });
    let (one, two) = (
        better_quote(&stage, "one", old).await,
        better_quote(&stage, "two", old).await,
    );
    let (first, second) = tokio::join!(accept(&stage, "accept-one", &one), accept(&stage, "accept-two", &two));
    let (won, lost) = if first.is_ok() {
        (first, second)
    } else {
        (second, first)
    };
    let won = won.unwrap();
    assert_eq!(code(lost), "REFINANCING_PENDING");
    assert_eq!(
        won.approvals,
        vec![],
        "more is held than is needed, and the money reaches"
    );
    let third = stage
        .aggregator
        .request_quotes(&borrower(), &key("third"), refinancing(old))
        .await;
    assert_eq!(code(third), "REFINANCING_PENDING");
    let withdrawn = stage
        .aggregator
        .cancel_settlement(&borrower(), &key("cancel"), won.id)
        .await;
    assert_eq!(withdrawn.unwrap().state, SettlementState::Cancelled);
    stage.closed_for("fourth", refinancing(old)).await;
}

#[sqlx::test(migrations = "./migrations")]
async fn what_is_no_live_loan_of_the_borrower_is_not_refinanced(db: PgPool) {
    let stage = stage(db);
    let mut chain = Chain::new(&stage).await;
    let (old, hash) = old_loan(&stage, &mut chain).await;
    let refused = async |who, name: &str, ask| stage.aggregator.request_quotes(&who, &key(name), ask).await;
    let invalid =
        |result: Result<_, Error>, name: &str| matches!(&result, Err(Error::Invalid { field, .. }) if field == name);
    assert!(invalid(
        refused(stranger(), "stranger", refinancing(old)).await.map(drop),
        "refinances"
    ));
    let wallet = NewRequest {
        wallet: Some(Address::repeat_byte(1)),
        ..refinancing(old)
    };
    assert!(invalid(refused(borrower(), "wallet", wallet).await.map(drop), "wallet"));
    let collateral = NewRequest {
        collateral: Some(dweth(1)),
        ..refinancing(old)
    };
    assert!(invalid(
        refused(borrower(), "collateral", collateral).await.map(drop),
        "collateral"
    ));
    let bank = stage.closed_for("bank", ask()).await;
    let bank = best_of_bank(&stage, bank.id).await;
    let offchain = accept(&stage, "accept-bank", &bank).await.unwrap();
    let asked = refused(borrower(), "offchain", refinancing(offchain.loan_id)).await;
    assert_eq!(code(asked), "OFFCHAIN_LOAN");

    let paid = LoanEventKind::Repaid {
        payer: WALLET,
        late_fee: 0,
        interest: 1,
        principal: PRINCIPAL,
        outstanding: 0,
    };
    chain.block(vec![(hash, paid), (hash, LoanEventKind::Closed)]).await;
    assert_eq!(
        code(refused(borrower(), "closed", refinancing(old)).await),
        "LOAN_NOT_LIVE"
    );
}

async fn best_of_bank(stage: &Stage, request: domain::RequestId) -> Quote {
    let page = PageRequest { first: 10, after: None };
    let quotes = stage.aggregator.quotes(&borrower(), request, page).await.unwrap();
    let found = quotes.items.iter().find(|q| q.quote.provider.as_str() == "harbor-bank");
    found.unwrap().quote.clone()
}
