//! Borrowers whose wallet is a contract.

use alloy_primitives::{Address, Bytes};
use domain::loan::SettlementState;
use sqlx::PgPool;

use super::support::{Bench, desk_quote};
use super::told::code;
use crate::Error;
use crate::fake_chain::CONTRACT_SIGNED;

const WALLET: Address = Address::repeat_byte(9);

#[sqlx::test(migrations = "./migrations")]
async fn a_wallet_that_is_a_contract_is_asked_on_its_chain(db: PgPool) {
    let bench = Bench::new(db);
    let view = bench.open(&desk_quote(1)).await.unwrap();
    let sign = async |signature: &Bytes| {
        bench
            .aggregator
            .submit_signature(&bench.borrower, &bench.key(), view.id, signature.clone())
            .await
    };
    assert_eq!(
        code(sign(&CONTRACT_SIGNED).await),
        "WRONG_SIGNER",
        "an account has no code"
    );
    bench.chain.set(|chain| chain.contracts.push(WALLET));
    let forged = Bytes::from_static(b"forged");
    assert_eq!(code(sign(&forged).await), "WRONG_SIGNER", "the contract says no");
    bench.chain.set(|chain| chain.down = true);
    let unasked = sign(&CONTRACT_SIGNED).await;
    assert!(matches!(unasked, Err(Error::Unavailable(_))), "{unasked:?}");
    bench.chain.set(|chain| chain.down = false);
    assert_eq!(sign(&CONTRACT_SIGNED).await.unwrap().state, SettlementState::Ready);
    bench.chain.set(|chain| chain.down = true);
    assert_eq!(
        sign(&CONTRACT_SIGNED).await.unwrap().state,
        SettlementState::Ready,
        "the same again asks nobody"
    );
}
