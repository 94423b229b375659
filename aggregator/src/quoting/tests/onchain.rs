//! Orders of contracts, oracles, and loans without full collateral by attestation.

use alloy_primitives::{Address, U256};
use domain::offer::Offer;
use domain::quote::LoserKind;
use domain::request::CreditRequest;
use sqlx::PgPool;

use super::desks::{DESK, WALLET, accept, best, code, order_of, part, sign, with_wallet};
use super::support::{Manner, Stage};
use crate::fake_chain::{CONTRACT_SIGNED, ORACLE};
use crate::{AttestationPolicy, Settings};

const LOCKED: u128 = 4_000_000_000_000_000_000;

type Make = fn(&CreditRequest) -> Offer;

fn by_contract(request: &CreditRequest) -> Offer {
    let mut offer = order_of(request, LOCKED, |_| {});
    offer.onchain.as_mut().unwrap().signature = CONTRACT_SIGNED;
    offer
}

fn foreign_oracle(request: &CreditRequest) -> Offer {
    order_of(request, LOCKED, |order| {
        order.oracle = Address::repeat_byte(0x66);
        order.liquidation_ltv_bps = 8_000;
    })
}

fn own_oracle(request: &CreditRequest) -> Offer {
    order_of(request, LOCKED, |order| {
        order.oracle = ORACLE;
        order.liquidation_ltv_bps = 8_000;
    })
}

fn oracle_without_limit(request: &CreditRequest) -> Offer {
    order_of(request, LOCKED, |order| order.oracle = ORACLE)
}

fn for_nothing(request: &CreditRequest) -> Offer {
    order_of(request, 0, |_| {})
}

fn locks_more_than_it_says(request: &CreditRequest) -> Offer {
    order_of(request, LOCKED, |order| order.collateral_amount = LOCKED + 1)
}

fn lends_less_than_it_says(request: &CreditRequest) -> Offer {
    let mut offer = order_of(request, LOCKED, |_| {});
    let onchain = offer.onchain.as_mut().unwrap();
    onchain.principal.units -= U256::from(1);
    offer
}

fn attested(request: &CreditRequest) -> Offer {
    order_of(request, 0, |order| order.attestation_policy = 1)
}

fn attested_by_another_policy(request: &CreditRequest) -> Offer {
    order_of(request, 0, |order| order.attestation_policy = 2)
}

/// What became of the lender's only offer; none when it is a quote.
async fn fate(stage: &Stage, name: &str) -> Option<(LoserKind, String)> {
    let book = stage.closed_for(name, with_wallet(Some(LOCKED))).await;
    let loser = book.losers.first()?;
    Some((loser.kind, loser.reasons[0].code.clone()))
}

#[sqlx::test(migrations = "./migrations")]
async fn the_order_of_a_contract_counts_when_the_contract_accepts_it(db: PgPool) {
    let stage = Stage::new(db, &[("pool-one", Manner::Locks(by_contract))]);
    let malformed = (LoserKind::Malformed, "ANSWER_NOT_USABLE".to_owned());
    assert_eq!(fate(&stage, "refused").await, Some(malformed));
    stage.chain.set(|chain| chain.contracts.push(DESK));
    assert_eq!(fate(&stage, "taken").await, None);
    stage.chain.set(|chain| chain.down = true);
    let unchecked = (LoserKind::Unavailable, "CHAIN_NOT_REACHABLE".to_owned());
    assert_eq!(
        fate(&stage, "down").await,
        Some(unchecked),
        "what was not checked is not shown"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn an_order_is_taken_only_by_the_rules_of_the_contract_and_of_the_chain(db: PgPool) {
    let made: [(&str, Make, bool); 6] = [
        ("own-oracle", own_oracle, true),
        ("foreign-oracle", foreign_oracle, false),
        ("oracle-without-limit", oracle_without_limit, false),
        ("for-nothing", for_nothing, false),
        ("locks-more", locks_more_than_it_says, false),
        ("lends-less", lends_less_than_it_says, false),
    ];
    let lenders: Vec<_> = made
        .iter()
        .map(|(name, make, _)| (*name, Manner::Locks(*make)))
        .collect();
    let stage = Stage::new(db, &lenders);
    let book = stage.closed_for("rules", with_wallet(Some(LOCKED))).await;
    for (name, _, taken) in made {
        let loser = book.losers.iter().find(|loser| loser.provider.as_str() == name);
        let fate = loser.map(|loser| loser.kind);
        assert_eq!(fate, (!taken).then_some(LoserKind::Malformed), "{name}");
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn an_accepted_loan_without_collateral_carries_one_attestation_of_our_decision(db: PgPool) {
    let stage = Stage::new(db, &[("unsecured-one", Manner::Gives(attested))]);
    let book = stage.closed_for("ask", with_wallet(None)).await;
    let quote = best(&stage, &book).await;
    stage.chain.set(|chain| chain.epoch = 7);
    let view = accept(&stage, "accept", &quote).await.unwrap();
    assert_eq!(view.approvals, vec![], "nothing is locked");
    let again = accept(&stage, "accept", &quote).await.unwrap();
    assert_eq!(again, view);
    let attested = stage.chain.get(|chain| chain.attested.clone());
    assert_eq!(attested.len(), 1, "a repeated call attests nothing anew");
    let made = &attested[0];
    assert_eq!((made.borrower, made.epoch, made.asset_class), (WALLET, 7, 1));
    assert_eq!(made.limit, U256::from(5_000u64) * U256::from(10u64).pow(U256::from(18)));
    assert!((1..=3).contains(&made.score_band), "a band, never the score");
    let part = part(&stage, view.id).await;
    assert_eq!(made.expires_at, part.intent.deadline);
    assert!(made.issued_at <= u64::try_from(quote.received_at.timestamp()).unwrap());
    let stored = part.attestation.unwrap();
    assert_eq!((&stored.attestation, stored.digest), (made, part.intent.attestation));
    let words = sign(&stage, "sign", view.id, &part.intent).await;
    assert_eq!(words, format!("originate by {}", stored.digest));
}

#[sqlx::test(migrations = "./migrations")]
async fn attesters_that_do_not_answer_leave_the_quote_open(db: PgPool) {
    let stage = Stage::new(db, &[("unsecured-one", Manner::Gives(attested))]);
    let book = stage.closed_for("ask", with_wallet(None)).await;
    let quote = best(&stage, &book).await;
    stage.chain.set(|chain| chain.down = true);
    let failed = accept(&stage, "accept", &quote).await;
    assert!(matches!(failed, Err(crate::Error::Unavailable(_))), "{failed:?}");
    stage.chain.set(|chain| chain.down = false);
    accept(&stage, "accept", &quote).await.unwrap();
}

#[sqlx::test(migrations = "./migrations")]
async fn a_borrower_who_does_not_meet_the_policy_is_refused_with_reasons(db: PgPool) {
    let mut settings = Settings::default();
    let strict = AttestationPolicy {
        asset_class: 1,
        worst_band: 0,
    };
    settings.attestation.policies.insert(1, strict);
    let lenders = [
        ("strict", Manner::Gives(attested)),
        ("unknown", Manner::Gives(attested_by_another_policy)),
    ];
    let stage = Stage::with(db, &lenders, settings, Vec::new());
    let book = stage.closed_for("ask", with_wallet(None)).await;
    let mut fates: Vec<_> = book
        .losers
        .iter()
        .map(|loser| (loser.kind, loser.reasons[0].code.as_str()))
        .collect();
    fates.sort_unstable();
    let refused = [
        (LoserKind::Refused, "ATTESTATION_BAND"),
        (LoserKind::Refused, "ATTESTATION_POLICY_UNKNOWN"),
    ];
    assert_eq!(fates, refused);
}

#[sqlx::test(migrations = "./migrations")]
async fn nothing_above_the_decided_limit_is_attested(db: PgPool) {
    let stage = Stage::new(db, &[("unsecured-one", Manner::Gives(attested))]);
    let book = stage.closed_for("ask", with_wallet(None)).await;
    let mut quote = best(&stage, &book).await;
    let request = {
        let mut conn = stage.aggregator.world().db.acquire().await.unwrap();
        let row = crate::store::quoting::request(&mut conn, book.id).await.unwrap();
        row.unwrap().asked.request
    };
    quote.offer.amounts.offered.minor = 100_000_000_000;
    assert_eq!(
        code(stage.aggregator.attest(&request, &quote).await),
        "ATTESTATION_REFUSED"
    );
    quote.offer.amounts.offered.minor = 400_000;
    let other = stage.aggregator.attest(&request, &quote).await;
    assert_eq!(code(other), "ATTESTATION_REFUSED", "the order lends another amount");
    assert!(stage.chain.get(|chain| chain.attested.is_empty()));
}
