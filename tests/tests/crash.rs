//! The process dies at a named point, is started again, and everything ends as if it had not: nothing lost, nothing twice.

use anyhow::{Result, ensure};
use usance_tests::{Desk, Environment, Options, journey, scenarios};

const PROGRAM: &str = env!("CARGO_BIN_EXE_usance-under-test");

#[derive(Clone, Copy)]
enum Kind {
    OnChain,
    Bank,
    Attested,
    Refinancing,
    Liquidation,
    /// The point lies in work that goes on all the time, so it is armed when the book is closed: a process that dies while lenders answer
    /// has no quotes to go on with.
    Trail,
}

impl Kind {
    fn options(self) -> Options {
        let desks = match self {
            Self::OnChain | Self::Bank | Self::Liquidation | Self::Trail => vec![Desk::Secured],
            Self::Attested => vec![Desk::Unsecured],
            Self::Refinancing => vec![Desk::Secured, Desk::Cheaper],
        };
        Options {
            desks,
            keeper: matches!(self, Self::Liquidation),
            ..Options::quick()
        }
    }

    /// Loans, all of which end well, and repayments.
    fn counts(self) -> (i64, i64) {
        match self {
            Self::OnChain | Self::Bank | Self::Trail => (1, 3),
            Self::Attested | Self::Liquidation => (1, 1),
            Self::Refinancing => (2, 2),
        }
    }
}

/// The scenario itself checks that the contract and the lender's book saw exactly one origination, disbursement, attestation or
/// liquidation, that each repayment counts once, and the books after each step. Client calls are repeated under their keys.
async fn survives(point: &str, kind: Kind) -> Result<()> {
    let mut options = kind.options();
    if !matches!(kind, Kind::Trail) {
        options = options.crash_at(point);
    }
    let mut world = Environment::start(PROGRAM, options).await?;
    match kind {
        Kind::Trail => {
            let book = journey::quoted(&mut world, "5000.00").await?;
            world.restart_to_die(point).await?;
            journey::bank_loan_of(&mut world, &book).await.map(drop)?;
        }
        Kind::OnChain => journey::onchain_loan(&mut world).await.map(drop)?,
        Kind::Bank => journey::bank_loan(&mut world).await.map(drop)?,
        Kind::Attested => scenarios::attested_loan(&mut world).await?,
        Kind::Refinancing => scenarios::refinancing(&mut world).await?,
        Kind::Liquidation => scenarios::liquidation(&mut world).await?,
    }
    ensure!(world.crashes == 1, "{point} was never reached");
    let (loans, repayments) = kind.counts();
    for (query, wanted) in [
        ("select count(*) from lending.settlement", loans),
        ("select count(*) from lending.settlement where state = 'SETTLED'", loans),
        ("select count(*) from lending.loan where state = 'CLOSED'", loans),
        ("select count(*) from lending.repayment", repayments),
        (
            "select count(*) from (select external_id from ledger.entry group by 1 having count(*) > 1) twice",
            0,
        ),
    ] {
        let found = world.books.count(query).await?;
        ensure!(found == wanted, "{query}: {found}, not {wanted}");
    }
    world.finish().await
}

macro_rules! crashes {
    ($($name:ident: $point:literal, $kind:ident;)+) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() -> Result<()> {
                survives($point, Kind::$kind).await
            }
        )+
    };
}

crashes! {
    acceptance_before_its_commit: "accept::before_commit", Bank;
    acceptance_after_its_commit: "accept::after_commit", OnChain;
    signature_after_its_commit: "signature::after_commit", OnChain;
    release_after_its_wallets_were_asked_about: "screening::after_ask", OnChain;
    submitter_after_taking_a_nonce: "submitter::after_nonce", OnChain;
    submitter_after_storing_the_signed_bytes: "submitter::after_store_attempt", OnChain;
    submitter_after_the_broadcast: "submitter::after_broadcast", OnChain;
    submitter_before_noting_finality: "submitter::before_final", OnChain;
    bank_settlement_after_it_is_marked_submitted: "settlement::after_submitted_commit", Bank;
    bank_settlement_after_the_lender_paid_out: "settlement::after_lender_call", Bank;
    bank_settlement_before_it_is_booked: "settlement::before_settled_commit", Bank;
    bank_settlement_after_it_is_booked: "settlement::after_settled_commit", Bank;
    chain_settlement_before_it_is_booked: "settlement::before_settled_commit", OnChain;
    chain_settlement_after_it_is_booked: "settlement::after_settled_commit", OnChain;
    bank_repayment_before_its_commit: "repayment::before_commit", Bank;
    bank_repayment_after_its_commit: "repayment::after_commit:2", Bank;
    chain_repayment_before_its_commit: "repayment::before_commit:2", OnChain;
    chain_repayment_after_its_commit: "repayment::after_commit", OnChain;
    attested_acceptance_after_its_commit: "accept::after_commit", Attested;
    attested_signature_after_its_commit: "signature::after_commit", Attested;
    refinancing_signature_after_its_commit: "signature::after_commit:2", Refinancing;
    refinancing_before_it_is_booked: "settlement::before_settled_commit:2", Refinancing;
    refinanced_loan_before_its_payoff_is_booked: "repayment::before_commit", Refinancing;
    keeper_before_it_wants_a_liquidation: "keeper::before_commit", Liquidation;
    liquidation_after_the_broadcast: "submitter::after_broadcast:2", Liquidation;
    liquidation_before_it_is_booked: "repayment::before_commit", Liquidation;
    trail_before_a_batch_of_numbers: "audit::before_commit", Trail;
    trail_after_a_batch_of_numbers: "audit::after_commit", Trail;
    trail_before_its_checkpoint: "audit::before_sign_commit", Trail;
}
