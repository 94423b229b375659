//! Where a borrower pays a loan that no wallet repays.

use domain::{Principal, Role};
use sqlx::PgPool;

use super::support::{Bench, LENDER, bank_quote};
use crate::servicing::RepaymentAccount;
use crate::{Error, Settings};

fn account() -> RepaymentAccount {
    RepaymentAccount {
        holder: "Harbor Bank loans".into(),
        bank: None,
        iban: Some("DE89370400440532013000".into()),
        number: None,
        bic: None,
        routing: None,
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn only_the_borrowers_side_is_told_where_to_pay_a_running_loan(db: PgPool) {
    let settings = Settings {
        repayment_accounts: [(LENDER.parse().unwrap(), account())].into(),
        ..Settings::default()
    };
    let bench = Bench::with(db, settings);
    let opened = bench.open(&bank_quote(1)).await.unwrap();
    let told = |who: Principal| {
        let aggregator = bench.aggregator.clone();
        async move { aggregator.repayment_instructions(&who, opened.loan_id).await }
    };
    assert_eq!(told(bench.borrower.clone()).await.unwrap(), None, "nothing is owed yet");
    bench.aggregator.tick_all().await.unwrap();
    let found = told(bench.borrower.clone()).await.unwrap().unwrap();
    assert_eq!((found.account, found.reference.as_str()), (account(), "loan-1"));
    let integrator = Principal {
        role: Role::Integrator,
        ..bench.borrower.clone()
    };
    assert!(told(integrator).await.unwrap().is_some());
    for other in [bench.provider(), bench.officer()] {
        assert!(matches!(told(other).await, Err(Error::Forbidden)));
    }
    let stranger = Principal {
        id: domain::ids::PrincipalId(uuid::Uuid::from_u128(77)),
        ..bench.borrower.clone()
    };
    assert!(matches!(told(stranger).await, Err(Error::NotFound)));
}

#[sqlx::test(migrations = "./migrations")]
async fn a_lender_without_an_account_is_paid_as_the_contract_says(db: PgPool) {
    let bench = Bench::new(db);
    let opened = bench.open(&bank_quote(1)).await.unwrap();
    bench.aggregator.tick_all().await.unwrap();
    let told = bench
        .aggregator
        .repayment_instructions(&bench.borrower, opened.loan_id)
        .await;
    assert_eq!(told.unwrap(), None);
}

#[sqlx::test(migrations = "./migrations")]
async fn the_last_comparison_of_the_books_is_kept_and_shown_to_staff(db: PgPool) {
    let bench = Bench::new(db);
    let made = bench.aggregator.reconciliation(&bench.officer()).await.unwrap();
    assert!(made.report.is_clean() && made.report.loans == 0);
    bench.open(&bank_quote(1)).await.unwrap();
    bench.aggregator.tick_all().await.unwrap();
    let kept = bench.aggregator.reconciliation(&bench.officer()).await.unwrap();
    assert_eq!(kept, made, "the last one, not a new one");
    let next = bench.aggregator.reconcile_and_keep().await.unwrap();
    assert_eq!(next.report.loans, 1);
    assert_eq!(bench.aggregator.reconciliation(&bench.officer()).await.unwrap(), next);
    let refused = bench.aggregator.reconciliation(&bench.borrower).await;
    assert!(matches!(refused, Err(Error::Forbidden)));
}
