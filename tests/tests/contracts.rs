//! What the settlement contracts can do beyond a loan that is repaid, each end to end through the public API.

use anyhow::Result;
use usance_tests::{Desk, Environment, Options, scenarios};

const PROGRAM: &str = env!("CARGO_BIN_EXE_usance-under-test");

fn with(desks: &[Desk]) -> Options {
    Options {
        desks: desks.to_vec(),
        ..Options::quick()
    }
}

macro_rules! scenarios {
    ($($(#[$about:meta])+ $name:ident: $scenario:ident, $options:expr;)+) => {
        $(
            $(#[$about])+
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() -> Result<()> {
                let mut world = Environment::start(PROGRAM, $options).await?;
                scenarios::$scenario(&mut world).await?;
                world.finish().await
            }
        )+
    };
}

scenarios! {
    /// Another lender pays the old loan off at a better rate; the collateral stays where it is.
    another_lender_takes_a_loan_over_and_the_collateral_stays: refinancing, with(&[Desk::Secured, Desk::Cheaper]);
    /// The price falls, the keeper pays the lender and sells, and what is above belongs to the borrower.
    a_fallen_price_makes_the_keeper_liquidate_and_the_borrower_keeps_the_surplus: liquidation, Options {
        keeper: true,
        ..Options::quick()
    };
    /// An installment is missed past its grace: the keeper ends the loan, and the lender gets the collateral.
    a_missed_installment_ends_the_loan_in_default: late_default, Options {
        chains: vec![31338],
        keeper: true,
        manual_clock: true,
        ..Options::quick()
    };
    /// Without collateral the lender wants an attestation: two of three attesters sign it, and the contract counts it.
    an_attestation_stands_for_collateral: attested_loan, with(&[Desk::Unsecured]);
    /// The pool lends by its underwriter's signature and counts what is lent, repaid and earned.
    a_pool_lends_through_the_same_path_and_keeps_its_books: pool_loan, with(&[Desk::Pool]);
    /// Collateral is added and taken back by the borrower's own wallet, within the limit.
    collateral_is_added_and_taken_back_within_the_limit: collateral_changes, Options::quick();
    /// The hour's cap is reached: the loan above it does not settle, says why, and the asset stays paused.
    a_loan_above_the_hours_cap_fails_with_the_reason_and_pauses_the_asset: breaker, Options::quick();
}
