//! What our books and a chain say of a borrower and a wallet, for the next decision.

use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy_primitives::Address;
use domain::calendar::{Period, Unit};
use domain::ports::LoanEventKind;
use domain::request::{Applicant, CreditRequest, Employment, Purpose};
use risk::{Fact, Source};
use sqlx::PgPool;
use uuid::Uuid;

use super::support::{Bench, CHAIN, at, bank_quote, desk_quote, usd};
use super::told::{MONTH, live, repaid, signed};
use crate::api::NewRepayment;
use crate::facts::{Gathered, gather};

const WALLET: Address = Address::repeat_byte(9);

fn request(bench: &Bench, wallet: Option<Address>) -> CreditRequest {
    let quote = bank_quote(1);
    CreditRequest {
        id: Uuid::from_u128(77).into(),
        tenant: bench.borrower.tenant,
        borrower: bench.borrower.id,
        at: bench.aggregator.world().clock.now(),
        amount: usd(120_000),
        term: Period::new(12, Unit::Month),
        purpose: Purpose::Other,
        products: vec![],
        jurisdiction: quote.jurisdiction,
        applicant: Applicant {
            full_name: "Alex Sample".into(),
            date_of_birth: None,
            monthly_income: usd(1),
            monthly_housing_cost: usd(1),
            monthly_debt_payments: usd(1),
            employment: Employment::Employed,
            employment_months: 1,
            residence_months: 1,
            delinquencies_24m: 0,
            inquiries_6m: 0,
            credit_history_months: None,
            revolving_utilization_percent: None,
            military_covered: false,
        },
        wallet,
        collateral: None,
        refinances: None,
        data_consents: vec![],
    }
}

async fn gathered(bench: &Bench, wallet: Option<Address>) -> Gathered {
    let mut world = bench.aggregator.world().clone();
    // Nothing is late here because the machine is busy.
    let patient = crate::facts::CreditData::new(None, None, Duration::from_mins(1), Duration::ZERO);
    world.credit_data = Arc::new(patient);
    gather(&world, &request(bench, wallet), Instant::now() + Duration::from_mins(1)).await
}

fn own(found: &Gathered, fact: Fact) -> Option<i64> {
    let of = found.facts.iter().find(|(known, _)| *known == fact);
    of.filter(|(_, known)| known.source == Source::Own)
        .map(|(_, known)| known.value)
}

#[sqlx::test(migrations = "./migrations")]
async fn own_loans_make_history_and_unsecured_ones_exposure(db: PgPool) {
    let bench = Bench::new(db);
    let empty = gathered(&bench, None).await;
    assert_eq!(empty, Gathered::default(), "who never borrowed has no facts");
    let opened = bench.open(&bank_quote(1)).await.unwrap();
    assert_eq!(gathered(&bench, None).await.exposure.reserved_minor, 120_000);
    // Collateral stands for the second; the third is in tokens, at their quoted worth.
    bench.open(&super::support::secured(desk_quote(2))).await.unwrap();
    assert_eq!(gathered(&bench, None).await.exposure.reserved_minor, 120_000);
    bench.open(&desk_quote(3)).await.unwrap();
    assert_eq!(gathered(&bench, None).await.exposure.reserved_minor, 240_000);
    bench.aggregator.tick_all().await.unwrap();
    bench.clock.set(at("2026-02-20T12:00:00Z"));
    let late = gathered(&bench, None).await;
    assert_eq!(
        (late.exposure.outstanding_minor, late.exposure.reserved_minor),
        (120_000, 120_000)
    );
    assert_eq!(late.exposure.late_days, 10);
    let new = NewRepayment {
        loan_id: opened.loan_id,
        amount: usd(10_600),
        paid_at: at("2026-02-20T09:00:00Z"),
        evidence: "wire-2".into(),
    };
    bench
        .aggregator
        .record_repayment(&bench.provider(), &bench.key(), new)
        .await
        .unwrap();
    let paid = gathered(&bench, None).await;
    assert_eq!((paid.exposure.outstanding_minor, paid.exposure.late_days), (110_000, 0));
    let facts = [
        (Fact::OwnLoansOpen, 1),
        (Fact::OwnLoansClosed, 0),
        (Fact::OwnLateDays12m, 10),
        (Fact::OwnWorstLateDays, 10),
        (Fact::OwnRepaidPpm, 1_000_000),
        (Fact::OwnTenureDays, 41),
    ];
    for (fact, value) in facts {
        assert_eq!(own(&paid, fact), Some(value), "{fact:?}");
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_wallet_that_signed_is_proven_and_its_block_is_frozen(db: PgPool) {
    let bench = Bench::new(db);
    bench.chain.set(|answers| answers.sent = 41);
    let unknown = gathered(&bench, Some(WALLET)).await;
    let wallet = unknown.wallet.unwrap();
    assert_eq!(
        (wallet.proven_link, wallet.outbound_tx, wallet.borrows),
        (false, None, None)
    );
    let why: Vec<_> = unknown
        .missing_sources
        .iter()
        .map(|m| (m.source, m.why.as_str()))
        .collect();
    assert_eq!(why, [(Source::Chain, "NOT_INDEXED")]);
    let (_view, told) = signed(&bench).await;
    told.finalize().await;
    let seen = gathered(&bench, Some(WALLET)).await;
    let wallet = seen.wallet.unwrap();
    assert!(wallet.proven_link && wallet.borrows.is_none() && seen.missing_sources.is_empty());
    assert_eq!(wallet.outbound_tx, Some(41));
    let frame = &wallet.frames[0];
    assert_eq!(
        (frame.chain_id, frame.block, frame.block_hash),
        (CHAIN, told.tip.number, told.tip.hash)
    );
    let stranger = gathered(&bench, Some(Address::repeat_byte(8))).await;
    assert!(!stranger.wallet.unwrap().proven_link);
    bench.chain.set(|answers| answers.down = true);
    let down = gathered(&bench, Some(WALLET)).await;
    let wallet = down.wallet.unwrap();
    assert_eq!(
        (wallet.outbound_tx, wallet.proven_link, wallet.frames.len()),
        (None, true, 1)
    );
    assert_eq!(down.missing_sources[0].why, "UNAVAILABLE");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_wallets_record_is_made_of_final_events(db: PgPool) {
    let bench = Bench::new(db);
    let (_view, mut told) = live(&bench, &desk_quote(1)).await;
    told.block(MONTH, vec![repaid(12_000_000, 400_000_000, 800_000_000)])
        .await;
    told.finalize().await;
    // Not final yet.
    told.block(60, vec![repaid(8_000_000, 400_000_000, 400_000_000)]).await;
    bench.clock.set(at("2026-02-19T12:00:00Z"));
    let wallet = gathered(&bench, Some(WALLET)).await.wallet.unwrap();
    assert_eq!(
        (wallet.borrows, wallet.repays, wallet.liquidations),
        (Some(1), Some(1), Some(0))
    );
    assert_eq!(
        (wallet.repay_ppm, wallet.liquidated_share_ppm),
        (Some(333_333), Some(0))
    );
    assert_eq!(
        (wallet.age_days, wallet.protocols, wallet.flagged_contacts),
        (Some(39), Some(1), Some(0))
    );
    told.finalize().await;
    let liquidated = LoanEventKind::Liquidated {
        liquidator: Address::repeat_byte(0x77),
        late: true,
        seized: 10u128.pow(18),
        returned: 0,
        shortfall: 100_000_000,
        ended: true,
    };
    told.block(MONTH, vec![repaid(4_000_000, 300_000_000, 100_000_000), liquidated])
        .await;
    told.finalize().await;
    bench.clock.set(at("2026-04-10T12:00:00Z"));
    let wallet = gathered(&bench, Some(WALLET)).await.wallet.unwrap();
    assert_eq!((wallet.repays, wallet.liquidations), (Some(2), Some(1)));
    assert_eq!(
        (wallet.repay_ppm, wallet.liquidated_share_ppm),
        (Some(666_666), Some(333_334))
    );
    // Two months and a minute after the 10th of January, at noon: not quite 30 days.
    assert_eq!(wallet.days_since_liquidation, Some(29));
}
