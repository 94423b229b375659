//! Every way in which a loan on chain ends, what secures it, and a breaker that trips.

use alloy_primitives::{Address, B256};
use domain::loan::{LoanState, SettlementState};
use domain::ports::{Health, LoanEventKind, TxJournal, TxState};
use sqlx::PgPool;

use super::support::{Bench, CHAIN, desk_quote, priced_quote};
use super::told::{MONTH, Told, code, live, loan, repaid, signed, state, submitted};
use crate::Error;
use crate::api::{EndedBy, LoanView};

async fn view_of(bench: &Bench, told: &Told<'_>, id: domain::LoanId) -> LoanView {
    told.finalize().await;
    let view = bench.aggregator.loan(&bench.borrower, id).await.unwrap();
    bench.assert_clean().await;
    view
}

fn liquidated(shortfall: u128, ended: bool) -> LoanEventKind {
    LoanEventKind::Liquidated {
        liquidator: Address::repeat_byte(0x51),
        late: false,
        seized: 10u128.pow(17),
        returned: 0,
        shortfall,
        ended,
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_part_of_a_loan_liquidated_leaves_the_rest_owed(db: PgPool) {
    let bench = Bench::new(db);
    let (view, mut told) = live(&bench, &priced_quote(1)).await;
    let half = vec![repaid(1_000, 600_000_000, 600_000_000), liquidated(0, false)];
    told.block(MONTH / 2, half).await;
    let seen = view_of(&bench, &told, view.loan_id).await;
    assert_eq!((seen.state, seen.outstanding.units), (LoanState::Active, 600_000_000));
    assert_eq!((seen.ended_by, seen.shortfall), (None, None));
    let rest = vec![repaid(1_000, 600_000_000, 0), liquidated(0, true)];
    told.block(12, rest).await;
    let seen = view_of(&bench, &told, view.loan_id).await;
    assert_eq!(
        (seen.state, seen.ended_by),
        (LoanState::Closed, Some(EndedBy::Liquidated))
    );
    assert!(seen.closed_at.is_some() && seen.next_due.is_none());
}

#[sqlx::test(migrations = "./migrations")]
async fn a_liquidation_that_does_not_reach_is_the_lenders_loss(db: PgPool) {
    let bench = Bench::new(db.clone());
    let (view, mut told) = live(&bench, &priced_quote(1)).await;
    let short = vec![repaid(1_000, 900_000_000, 300_000_000), liquidated(300_000_500, true)];
    told.block(MONTH / 2, short).await;
    let seen = view_of(&bench, &told, view.loan_id).await;
    assert_eq!(
        (seen.state, seen.ended_by),
        (LoanState::Defaulted, Some(EndedBy::Liquidated))
    );
    assert_eq!(seen.shortfall.unwrap().units, 300_000_500);
    let lost: String = sqlx::query_scalar("select sum(amount)::text from ledger.posting where account = 'written_off'")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(lost, "300000000", "the principal; unpaid charges were never earned");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_liquidation_without_loss_must_leave_no_principal(db: PgPool) {
    let bench = Bench::new(db);
    let (view, mut told) = live(&bench, &priced_quote(1)).await;
    told.block(12, vec![liquidated(0, true)]).await;
    told.finalize().await;
    assert_eq!(loan(&bench, view.loan_id).await, (LoanState::Active, 1_200_000_000));
    assert_eq!(bench.aggregator.reconcile().await.unwrap().parked_events, 1);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_loan_that_another_one_repaid_is_closed_by_it(db: PgPool) {
    let bench = Bench::new(db);
    let (view, mut told) = live(&bench, &priced_quote(1)).await;
    let foreign = LoanEventKind::Refinanced {
        new_loan: B256::repeat_byte(0x77),
    };
    told.block(12, vec![repaid(1_000, 1_200_000_000, 0), foreign]).await;
    let seen = view_of(&bench, &told, view.loan_id).await;
    assert_eq!(
        (seen.state, seen.ended_by),
        (LoanState::Closed, Some(EndedBy::Refinanced))
    );
    assert_eq!(seen.refinanced_by, None, "the new loan is not in our books");
}

#[sqlx::test(migrations = "./migrations")]
async fn collateral_is_shown_as_the_chain_holds_it_and_its_changes_are_remembered(db: PgPool) {
    let bench = Bench::new(db.clone());
    let (view, mut told) = live(&bench, &priced_quote(1)).await;
    let aggregator = &bench.aggregator;
    bench.chain.set(|chain| {
        chain.health = Health {
            collateral: 7,
            ltv_bps: Some(5_001),
            late: false,
        };
    });
    let held = aggregator
        .collateral(&bench.borrower, view.loan_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (held.held.units.to::<u64>(), held.held.asset.symbol.as_str()),
        (7, "dWETH")
    );
    assert_eq!(
        (held.ltv_bps, held.liquidation_ltv_bps, held.late),
        (Some(5_001), Some(8_000), false)
    );
    let add = aggregator.add_collateral_calls(&bench.borrower, view.loan_id, 5).await;
    assert_eq!(add.unwrap()[0].title, "Add 5");
    let nothing = aggregator.add_collateral_calls(&bench.borrower, view.loan_id, 0).await;
    assert!(matches!(nothing, Err(Error::Invalid { field, .. }) if field == "amount"));
    let take = async |to| {
        aggregator
            .withdraw_collateral_calls(&bench.borrower, view.loan_id, Some(5), to)
            .await
    };
    let (wallet, other) = (Address::repeat_byte(9), Address::repeat_byte(8));
    assert_eq!(take(None).await.unwrap()[0].title, format!("Withdraw 5 to {wallet}"));
    assert_eq!(
        take(Some(other)).await.unwrap()[0].title,
        format!("Withdraw 5 to {other}")
    );
    assert!(take(Some(Address::ZERO)).await.is_err());

    let changed = LoanEventKind::CollateralChanged { by: wallet, held: 12 };
    told.block(12, vec![changed]).await;
    let seen = view_of(&bench, &told, view.loan_id).await;
    assert_eq!((seen.state, seen.outstanding.units), (LoanState::Active, 1_200_000_000));
    let last: (String, String) =
        sqlx::query_as("select kind, payload from lending.loan_event order by version desc limit 1")
            .fetch_one(&db)
            .await
            .unwrap();
    assert_eq!(last.0, "LoanCollateralChanged");
    assert!(last.1.contains(r#""held":"12""#), "{}", last.1);

    told.block(12, vec![repaid(1_000, 1_200_000_000, 0), LoanEventKind::Closed])
        .await;
    told.finalize().await;
    assert_eq!(
        aggregator.collateral(&bench.borrower, view.loan_id).await.unwrap(),
        None,
        "it ended"
    );
    assert_eq!(code(take(None).await), "LOAN_NOT_LIVE");
}

fn tripped() -> (B256, LoanEventKind) {
    let kind = LoanEventKind::BreakerTripped {
        asset: Address::repeat_byte(2),
        used: 900,
        refused: 1_200_000_000,
        cap: 1_000,
    };
    (B256::ZERO, kind)
}

#[sqlx::test(migrations = "./migrations")]
async fn a_settlement_that_trips_the_breaker_fails_and_operators_are_told(db: PgPool) {
    let bench = Bench::new(db.clone());
    let (view, mut told) = signed(&bench).await;
    let (journal, tx) = submitted(&bench).await;
    told.block_of(12, vec![tripped()]).await;
    let mined = Some((told.tip.hash, told.tip.number));
    journal.set_state(tx, TxState::Succeeded, mined).await.unwrap();
    bench.aggregator.tick_all().await.unwrap();
    assert_eq!(
        state(&bench, &view).await,
        SettlementState::Submitted,
        "not seen to be final"
    );
    told.finalize().await;
    let failed = bench.aggregator.settlement(&bench.borrower, view.id).await.unwrap();
    assert_eq!(failed.state, SettlementState::Failed);
    assert_eq!(failed.failure.unwrap().code, "BREAKER_TRIPPED");
    assert_eq!(loan(&bench, view.loan_id).await, (LoanState::Cancelled, 0));
    bench.assert_clean().await;

    let pauses = bench.aggregator.asset_pauses(&bench.officer()).await.unwrap();
    assert_eq!(pauses.len(), 1);
    assert_eq!((pauses[0].chain_id, pauses[0].used, pauses[0].cap), (CHAIN, 900, 1_000));
    assert_eq!((pauses[0].refused, pauses[0].tx_hash), (1_200_000_000, told.tip.hash));
    let refused = bench.aggregator.asset_pauses(&bench.borrower).await;
    assert!(matches!(refused, Err(Error::Forbidden)));
    let told_once: i64 = sqlx::query_scalar("select count(*) from events.outbox where kind = 'AssetPaused'")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(told_once, 1);
}

#[sqlx::test(migrations = "./migrations")]
async fn the_breaker_of_another_loan_does_not_touch_a_settled_one(db: PgPool) {
    let bench = Bench::new(db);
    let (view, mut told) = signed(&bench).await;
    let (journal, tx) = submitted(&bench).await;
    told.block_of(12, vec![(told.part.loan, told.originated()), tripped()])
        .await;
    let mined = Some((told.tip.hash, told.tip.number));
    journal.set_state(tx, TxState::Succeeded, mined).await.unwrap();
    told.finalize().await;
    assert_eq!(state(&bench, &view).await, SettlementState::Settled);
    bench.assert_clean().await;
    assert_eq!(
        bench.open(&desk_quote(2)).await.unwrap().state,
        SettlementState::AwaitingSignature
    );
}
