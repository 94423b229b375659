//! Loans of a pool: born, paid and ended by what the pool says in final blocks, each time once.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};

use alloy_primitives::{Address, B256, Bytes, U256};
use async_trait::async_trait;
use domain::ids::ProviderId;
use domain::loan::{LoanState, SettlementState};
use domain::money::{Asset, TokenAmount};
use domain::offer::VenueLoan;
use domain::ports::*;
use domain::quote::Quote;
use rust_decimal::Decimal;
use sqlx::PgPool;

use super::support::{Bench, CHAIN, LENDER, at, bank_quote};
use super::told::{MONTH, code, loan, state};
use crate::Settings;
use crate::api::{EndedBy, SettlementView};
use crate::settlement::Prepared;
use crate::store::lending::VenuePart;

const WALLET: Address = Address::repeat_byte(9);
const LENT: u128 = 1_000_000_000;
const PLEDGED: u128 = 2_000_000;

/// What the pool says: positions by block, and events.
#[derive(Default)]
struct Said {
    positions: BTreeMap<u64, (u128, u128)>,
    events: Vec<VenueEvent>,
}

struct Pool {
    id: ProviderId,
    said: Mutex<Said>,
}

fn token(n: u8, symbol: &str) -> Asset {
    Asset {
        chain_id: CHAIN,
        token: Address::repeat_byte(n),
        symbol: symbol.into(),
        decimals: 6,
    }
}

fn wallet_call(title: &str) -> WalletCall {
    WalletCall {
        title: title.into(),
        call: Call {
            chain_id: CHAIN,
            to: Address::repeat_byte(0xdd),
            data: Bytes::new(),
            gas_limit: 1,
        },
    }
}

fn view_block(number: u64) -> ViewBlock {
    ViewBlock {
        number,
        timestamp: time(number),
        parent: B256::repeat_byte(u8::try_from(number - 1).unwrap()),
    }
}

/// A block a month.
fn time(number: u64) -> u64 {
    let start = u64::try_from(at("2026-01-10T12:00:00Z").timestamp()).unwrap();
    start + (number - 10) * MONTH
}

impl Pool {
    fn at(&self, number: u64) -> VenuePosition {
        let (debt, collateral) = self
            .said
            .lock()
            .unwrap()
            .positions
            .range(..=number)
            .next_back()
            .map_or((0, 0), |(_, position)| *position);
        VenuePosition {
            block: view_block(number),
            collateral: U256::from(collateral),
            debt: U256::from(debt),
            rate: Decimal::new(5, 2),
            ltv: (collateral > 0).then(|| Decimal::new(50_001, 5)),
            liquidation_ltv: Decimal::new(8, 1),
            price: Decimal::ONE,
            liquidation_price: None,
            liquidatable: false,
        }
    }
}

#[async_trait]
impl Venue for Pool {
    fn id(&self) -> &ProviderId {
        &self.id
    }

    fn market(&self) -> VenueMarket {
        VenueMarket {
            chain_id: CHAIN,
            name: "Pool".into(),
            asset: token(2, "USD"),
            collateral: token(3, "ETH"),
            router: Some(Address::repeat_byte(0xdd)),
        }
    }

    async fn position(&self, _: Address) -> Result<VenuePosition, LenderError> {
        Ok(self.at(200))
    }

    async fn position_at(&self, _: Address, block: ViewBlock) -> Result<VenuePosition, LenderError> {
        Ok(self.at(block.number))
    }

    async fn plan(&self, opening: VenueOpening) -> Result<VenuePlan, LenderError> {
        Ok(plan(opening.deadline))
    }

    fn open_signed(&self, _: &VenuePlan, signature: &Bytes) -> Option<WalletCall> {
        (*signature == Bytes::from_static(b"the wallet's")).then(|| wallet_call("Open"))
    }

    async fn lock(&self, _: Address, _: U256) -> Result<Vec<WalletCall>, LenderError> {
        Ok(vec![wallet_call("Lock")])
    }

    async fn repay(&self, _: Address, amount: Option<U256>) -> Result<Vec<WalletCall>, LenderError> {
        Ok(vec![wallet_call(&format!("Repay {amount:?}"))])
    }

    async fn withdraw(&self, _: Address, _: Option<U256>) -> Result<Vec<WalletCall>, LenderError> {
        Ok(vec![wallet_call("Withdraw")])
    }

    async fn close(&self, _: Address) -> Result<Vec<WalletCall>, LenderError> {
        Ok(vec![wallet_call("Close")])
    }

    async fn events(&self, wallet: Address, blocks: RangeInclusive<u64>) -> Result<Vec<VenueEvent>, LenderError> {
        assert_eq!(wallet, WALLET);
        let said = self.said.lock().unwrap();
        let within = said.events.iter().filter(|event| blocks.contains(&event.block.number));
        Ok(within.copied().collect())
    }
}

/// Dead when the second block comes.
fn plan(deadline: u64) -> VenuePlan {
    VenuePlan {
        opening: VenueOpening {
            borrower: WALLET,
            collateral: U256::from(PLEDGED),
            debt: U256::from(LENT),
            deadline,
        },
        approvals: vec![wallet_call("Allow")],
        permission: Some(VenuePermission {
            typed_data: serde_json::json!({ "primaryType": "Permission" }),
            digest: B256::repeat_byte(1),
            contract: Address::repeat_byte(4),
            nonce: U256::ZERO,
        }),
        calls: Vec::new(),
    }
}

fn pool_quote(n: u128) -> Quote {
    let mut quote = bank_quote(n);
    let amount = |units, asset| TokenAmount {
        units: U256::from(units),
        asset,
    };
    quote.offer.fees.clear();
    quote.offer.venue = Some(VenueLoan {
        chain_id: CHAIN,
        venue: "Pool".into(),
        debt: amount(LENT, token(2, "USD")),
        collateral: amount(PLEDGED, token(3, "ETH")),
        gas_estimate: 500_000,
        router: Some(Address::repeat_byte(0xdd)),
    });
    quote
}

/// A bench with the pool, and an accepted loan of it.
struct Case {
    bench: Bench,
    pool: Arc<Pool>,
    view: SettlementView,
    tip: Mutex<BlockRef>,
}

impl Case {
    async fn accepted(db: PgPool) -> Self {
        let pool = Arc::new(Pool {
            id: LENDER.parse().unwrap(),
            said: Mutex::default(),
        });
        let bench = Bench::of(db, Settings::default(), vec![pool.clone()]);
        let view = bench.open_prepared(&pool_quote(1), &prepared()).await.unwrap();
        let tip = BlockRef {
            number: 10,
            hash: B256::repeat_byte(10),
            parent: B256::repeat_byte(9),
            timestamp: time(10),
        };
        bench.aggregator.chain_log().append(CHAIN, tip, vec![]).await.unwrap();
        let tip = Mutex::new(tip);
        Self { bench, pool, view, tip }
    }

    /// A live loan: the first block is the one that it was taken in.
    async fn live(db: PgPool) -> Self {
        let case = Self::accepted(db).await;
        case.sign("the wallet's").await.unwrap();
        case.block(&[borrowed(LENT)], (LENT, PLEDGED)).await;
        case.finalize().await;
        assert_eq!(case.loan().await, (LoanState::Active, LENT));
        case
    }

    async fn sign(&self, signature: &'static str) -> Result<SettlementView, crate::Error> {
        let signature = Bytes::from_static(signature.as_bytes());
        let (aggregator, bench) = (&self.bench.aggregator, &self.bench);
        aggregator
            .submit_signature(&bench.borrower, &bench.key(), self.view.id, signature)
            .await
    }

    /// A month later: a block with these events, and debt and collateral at its end.
    async fn block(&self, kinds: &[VenueEventKind], position: (u128, u128)) {
        let next = {
            let mut tip = self.tip.lock().unwrap();
            let number = tip.number + 1;
            *tip = BlockRef {
                number,
                hash: B256::repeat_byte(u8::try_from(number).unwrap()),
                parent: tip.hash,
                timestamp: time(number),
            };
            *tip
        };
        {
            let mut said = self.pool.said.lock().unwrap();
            said.positions.insert(next.number, position);
            said.events.extend((0..).zip(kinds).map(|(log_index, kind)| VenueEvent {
                block: view_block(next.number),
                tx_hash: next.hash,
                log_index,
                kind: *kind,
            }));
        }
        let log = self.bench.aggregator.chain_log();
        log.append(CHAIN, next, vec![]).await.unwrap();
    }

    async fn finalize(&self) {
        let number = self.tip.lock().unwrap().number;
        self.bench.aggregator.chain_log().finalize(CHAIN, number).await.unwrap();
        self.bench.aggregator.tick_all().await.unwrap();
        self.bench.assert_clean().await;
    }

    async fn loan(&self) -> (LoanState, u128) {
        loan(&self.bench, self.view.loan_id).await
    }

    /// Interest and principal of every repayment.
    async fn paid(&self) -> Vec<(u128, u128)> {
        let (aggregator, borrower) = (&self.bench.aggregator, &self.bench.borrower);
        let paid = aggregator.repayments(borrower, self.view.loan_id).await.unwrap();
        paid.iter()
            .map(|paid| (paid.interest.units, paid.principal.units))
            .collect()
    }

    async fn ended_by(&self) -> (Option<EndedBy>, Option<u128>) {
        let view = self
            .bench
            .aggregator
            .loan(&self.bench.borrower, self.view.loan_id)
            .await
            .unwrap();
        (view.ended_by, view.shortfall.map(|short| short.units))
    }
}

fn prepared() -> Prepared {
    Prepared {
        venue: Some(VenuePart {
            plan: plan(time(10) + MONTH),
            from: 10,
        }),
        ..Prepared::default()
    }
}

fn borrowed(amount: u128) -> VenueEventKind {
    VenueEventKind::Borrowed {
        amount: U256::from(amount),
    }
}

fn repaid(amount: u128) -> VenueEventKind {
    VenueEventKind::Repaid {
        payer: WALLET,
        amount: U256::from(amount),
    }
}

fn liquidated(repaid: u128, bad_debt: u128) -> VenueEventKind {
    VenueEventKind::Liquidated {
        liquidator: Address::repeat_byte(0x51),
        repaid: U256::from(repaid),
        seized: U256::from(1_000_000),
        bad_debt: U256::from(bad_debt),
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn the_wallet_signs_sends_and_the_final_event_alone_makes_the_loan(db: PgPool) {
    let case = Case::accepted(db).await;
    assert_eq!(case.view.state, SettlementState::AwaitingSignature);
    assert!(case.view.typed_data.is_some() && case.view.calls.is_empty());
    assert_eq!(code(case.sign("somebody's").await), "WRONG_SIGNER");
    let ready = case.sign("the wallet's").await.unwrap();
    assert_eq!((ready.state, ready.calls.len()), (SettlementState::Ready, 1));
    assert_eq!(
        case.sign("the wallet's").await.unwrap(),
        ready,
        "the same signature again"
    );
    case.block(&[borrowed(LENT)], (LENT, PLEDGED)).await;
    case.bench.aggregator.tick_all().await.unwrap();
    assert_eq!(
        state(&case.bench, &case.view).await,
        SettlementState::Ready,
        "not final"
    );
    let (aggregator, bench) = (&case.bench.aggregator, &case.bench);
    let late = aggregator
        .cancel_settlement(&bench.borrower, &bench.key(), case.view.id)
        .await;
    assert_eq!(code(late), "TOO_LATE", "the wallet knows its call");
    case.finalize().await;
    let done = aggregator.settlement(&bench.borrower, case.view.id).await.unwrap();
    assert_eq!(
        (done.state, done.tx_hash),
        (SettlementState::Settled, Some(B256::repeat_byte(11)))
    );
    assert_eq!(case.loan().await, (LoanState::Active, LENT));
    assert!(
        aggregator
            .schedule(&bench.borrower, case.view.loan_id)
            .await
            .unwrap()
            .is_empty()
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn what_two_workers_read_at_once_is_booked_once(db: PgPool) {
    let case = Case::live(db).await;
    case.block(&[repaid(400_000_000)], (650_000_000, PLEDGED)).await;
    let number = case.tip.lock().unwrap().number;
    let aggregator = &case.bench.aggregator;
    aggregator.chain_log().finalize(CHAIN, number).await.unwrap();
    for _ in 0..2 {
        let looks = tokio::join!(aggregator.follow_venues(false), aggregator.follow_venues(false));
        assert!(looks.0.is_ok() && looks.1.is_ok(), "{looks:?}");
    }
    // 1,050 was owed: 50 of the 400 are interest.
    assert_eq!(case.paid().await, [(50_000_000, 350_000_000)]);
    assert_eq!(case.loan().await, (LoanState::Active, 650_000_000));
    case.finalize().await;
    case.block(&[repaid(300_000_000), repaid(360_000_000)], (0, 0)).await;
    case.finalize().await;
    let parts = [(50_000_000, 350_000_000), (10_000_000, 290_000_000), (0, 360_000_000)];
    assert_eq!(case.paid().await, parts);
    assert_eq!(case.loan().await, (LoanState::Closed, 0));
    case.block(&[borrowed(LENT), repaid(5)], (LENT, PLEDGED)).await;
    case.finalize().await;
    assert_eq!(
        case.paid().await.len(),
        3,
        "what the wallet does afterwards is none of ours"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn what_the_wallet_never_sends_ends_by_final_time(db: PgPool) {
    let case = Case::accepted(db).await;
    case.sign("the wallet's").await.unwrap();
    case.block(&[], (0, 0)).await;
    case.finalize().await;
    assert_eq!(
        state(&case.bench, &case.view).await,
        SettlementState::Ready,
        "its last second counts"
    );
    case.block(&[], (0, 0)).await;
    case.bench.aggregator.tick_all().await.unwrap();
    assert_eq!(
        state(&case.bench, &case.view).await,
        SettlementState::Ready,
        "not final"
    );
    case.finalize().await;
    assert_eq!(state(&case.bench, &case.view).await, SettlementState::Cancelled);
    assert_eq!(case.loan().await.0, LoanState::Cancelled);
    // The wallet may have another loan there now.
    case.bench.open_prepared(&pool_quote(2), &prepared()).await.unwrap();
    let third = case.bench.open_prepared(&pool_quote(3), &prepared()).await;
    assert_eq!(code(third), "POSITION_EXISTS", "two could not be told apart");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_position_seen_in_its_last_block_is_no_expiry(db: PgPool) {
    let case = Case::accepted(db).await;
    case.sign("the wallet's").await.unwrap();
    case.block(&[borrowed(LENT)], (LENT, PLEDGED)).await;
    case.block(&[], (LENT, PLEDGED)).await;
    case.finalize().await;
    assert_eq!(case.loan().await, (LoanState::Active, LENT));
}

#[sqlx::test(migrations = "./migrations")]
async fn another_amount_is_not_the_loan(db: PgPool) {
    let case = Case::accepted(db).await;
    case.sign("the wallet's").await.unwrap();
    case.block(&[borrowed(LENT - 1)], (LENT - 1, PLEDGED)).await;
    case.finalize().await;
    assert_eq!(state(&case.bench, &case.view).await, SettlementState::Ready);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_liquidation_in_part_leaves_the_rest_owed_and_a_whole_one_ends_the_loan(db: PgPool) {
    let case = Case::live(db).await;
    case.block(&[liquidated(500_000_000, 0)], (520_000_000, 1_000_000))
        .await;
    case.finalize().await;
    assert_eq!(case.loan().await, (LoanState::Active, 520_000_000));
    assert_eq!(case.paid().await, [(20_000_000, 480_000_000)]);
    case.block(&[liquidated(530_000_000, 0)], (0, 0)).await;
    case.finalize().await;
    assert_eq!(case.loan().await, (LoanState::Closed, 0));
    assert_eq!(case.ended_by().await, (Some(EndedBy::Liquidated), None));
}

#[sqlx::test(migrations = "./migrations")]
async fn what_a_liquidation_does_not_reach_is_the_pools_loss(db: PgPool) {
    let case = Case::live(db).await;
    // 1,050 is owed; 700 is paid, 350 is written off.
    case.block(&[liquidated(700_000_000, 350_000_000)], (0, 0)).await;
    case.finalize().await;
    assert_eq!(case.paid().await, [(50_000_000, 650_000_000)]);
    assert_eq!(case.loan().await, (LoanState::Defaulted, 350_000_000));
    assert_eq!(case.ended_by().await, (Some(EndedBy::Liquidated), Some(350_000_000)));
}

#[sqlx::test(migrations = "./migrations")]
async fn what_the_wallet_borrows_beside_the_loan_is_not_its_interest(db: PgPool) {
    let case = Case::live(db).await;
    case.block(&[borrowed(500_000_000)], (1_510_000_000, PLEDGED)).await;
    case.finalize().await;
    assert_eq!(case.loan().await, (LoanState::Active, LENT));
    case.block(&[repaid(1_020_000_000)], (500_000_000, PLEDGED)).await;
    case.finalize().await;
    assert_eq!(case.paid().await, [(20_000_000, LENT)]);
    assert_eq!(case.loan().await, (LoanState::Closed, 0));
}

#[sqlx::test(migrations = "./migrations")]
async fn a_rounding_of_the_pool_closes_and_more_is_for_an_operator(db: PgPool) {
    let case = Case::live(db.clone()).await;
    case.block(&[repaid(LENT - 1)], (0, PLEDGED)).await;
    case.finalize().await;
    assert_eq!(case.paid().await, [(0, LENT - 1)]);
    assert_eq!(case.loan().await, (LoanState::Closed, 0));
    // What the pool holds is there until it is taken back.
    let (aggregator, borrower) = (&case.bench.aggregator, &case.bench.borrower);
    let held = aggregator
        .collateral(borrower, case.view.loan_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((held.ltv_bps, held.liquidation_ltv_bps), (Some(5_001), Some(8_000)));
    let calls = aggregator
        .withdraw_collateral_calls(borrower, case.view.loan_id, None, None)
        .await;
    assert_eq!(calls.unwrap().len(), 1);

    let again = case
        .bench
        .open_prepared(&pool_quote(2), &prepared_from(&case))
        .await
        .unwrap();
    case.block(&[borrowed(LENT)], (LENT, PLEDGED)).await;
    case.finalize().await;
    case.block(&[repaid(LENT - 3)], (0, PLEDGED)).await;
    let number = case.tip.lock().unwrap().number;
    aggregator.chain_log().finalize(CHAIN, number).await.unwrap();
    aggregator.tick_all().await.unwrap();
    assert_eq!(
        loan(&case.bench, again.loan_id).await,
        (LoanState::Active, LENT),
        "nothing of that block"
    );
    assert_eq!(aggregator.reconcile().await.unwrap().parked_events, 1);
}

/// From the tip on, and alive for long.
fn prepared_from(case: &Case) -> Prepared {
    let number = case.tip.lock().unwrap().number;
    Prepared {
        venue: Some(VenuePart {
            plan: plan(time(200)),
            from: number,
        }),
        ..Prepared::default()
    }
}
