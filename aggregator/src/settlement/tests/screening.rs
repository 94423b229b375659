//! Lists change between acceptance and release: a listed wallet stops the money.

use std::sync::Arc;

use ::screening::lists::{ListFile, load};
use alloy_primitives::Address;
use compliance::screening::Lists;
use domain::loan::{LoanState, SettlementState};
use domain::ports::TxJournal;
use sqlx::PgPool;

use super::support::{Bench, CHAIN, desk_quote, signature_of};
use super::told::{SIGNER, code, loan, signed, state};

fn list(bench: &Bench, wallet: Address) {
    let file = ListFile {
        name: "wallets.csv".to_owned(),
        bytes: format!("currency,address\nETH,{wallet:#x}\n").into_bytes(),
    };
    let lists = Arc::new(Lists::build(load(&[file]).unwrap()));
    bench.aggregator.world.screening.replace(lists);
}

async fn checks(db: &PgPool) -> Vec<(String, String)> {
    sqlx::query_as("select stage, verdict from screening.wallet_check order by seq")
        .fetch_all(db)
        .await
        .unwrap()
}

#[sqlx::test(migrations = "./migrations")]
async fn a_wallet_that_is_listed_after_the_signature_stops_the_release(db: PgPool) {
    let bench = Bench::new(db.clone());
    let (view, told) = signed(&bench).await;
    list(&bench, told.part.intent.recipient);
    let journal = bench.aggregator.tx_journal();
    assert!(journal.lead(CHAIN, SIGNER).await.unwrap());
    let queued = journal.queued(CHAIN, SIGNER, 10).await.unwrap();
    assert_eq!(queued.len(), 1);
    assert!(
        journal
            .take_nonce(CHAIN, SIGNER, queued[0].id, 0)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(state(&bench, &view).await, SettlementState::Cancelled);
    assert_eq!(loan(&bench, view.loan_id).await.0, LoanState::Cancelled);
    assert!(
        journal.queued(CHAIN, SIGNER, 10).await.unwrap().is_empty(),
        "nothing is left to send"
    );
    let found = checks(&db).await;
    let expected = [("ACCEPTANCE", "CLEAR"), ("SIGNATURE", "CLEAR"), ("RELEASE", "BLOCK")];
    assert_eq!(
        found,
        expected.map(|(stage, verdict)| (stage.to_owned(), verdict.to_owned()))
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn a_listed_wallet_is_not_accepted_and_not_signed_for(db: PgPool) {
    let bench = Bench::new(db);
    let view = bench.open(&desk_quote(1)).await.unwrap();
    let told = super::told::Told::new(&bench, &view).await;
    list(&bench, told.part.intent.borrower);
    let signature = signature_of(&told.part.intent);
    let taken = bench
        .aggregator
        .submit_signature(&bench.borrower, &bench.key(), view.id, signature)
        .await;
    assert_eq!(code(taken), "NOT_PERMITTED");
    let other = bench.open(&desk_quote(2)).await;
    assert_eq!(code(other), "NOT_PERMITTED");
    assert_eq!(state(&bench, &view).await, SettlementState::AwaitingSignature);
}
