//! What we compute without a chain is what the contract computes: digests, packed terms and ids of any order and intent.

use alloy_primitives::{Address, B256, I256, U256};
use alloy_sol_types::SolCall;
use chain::bindings::aggregator::CreditAggregator as sol;
use chain::bindings::scoring::CreditScoringOracle;
use chain::contracts::{attestation_digest, tree_digest};
use chain::registry::Finality;
use domain::offer::OnchainOrder;
use domain::ports::{Contracts, CreditAttestation, Intent, OnchainTerms};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::lab::{CHAIN, Lab};

const CASES: usize = 96;
/// Times are 40 bits.
const TIME: std::ops::Range<u64> = 0..1 << 40;

fn address() -> impl Strategy<Value = Address> {
    any::<[u8; 20]>().prop_map(Address::from)
}

fn word() -> impl Strategy<Value = B256> {
    any::<[u8; 32]>().prop_map(B256::from)
}

fn order() -> impl Strategy<Value = OnchainOrder> {
    let parties = (address(), address(), address(), address(), address(), address());
    let amounts = (1..=u128::MAX, any::<u128>(), any::<u128>(), any::<u128>());
    let times = (
        any::<u32>(),
        any::<u16>(),
        any::<u32>(),
        any::<u32>(),
        TIME,
        any::<u64>(),
    );
    let parts = (any::<u16>(), any::<u16>(), any::<u16>(), any::<u16>(), any::<u32>());
    (parties, amounts, times, parts, word()).prop_map(|(who, amounts, times, parts, nonce)| OnchainOrder {
        lender: who.0,
        borrower: who.1,
        asset: who.2,
        collateral: who.3,
        oracle: who.4,
        fee_recipient: who.5,
        principal: amounts.0,
        min_fill: amounts.1,
        collateral_amount: amounts.2,
        installment_amount: amounts.3,
        rate_ppm: times.0,
        installments: times.1,
        period: times.2,
        grace: times.3,
        expiry: times.4,
        epoch: times.5,
        late_fee_bps: parts.0,
        origination_fee_bps: parts.1,
        liquidation_ltv_bps: parts.2,
        liquidation_bonus_bps: parts.3,
        attestation_policy: parts.4,
        nonce: nonce.into(),
    })
}

/// An intent for the whole of an order, or for a part of a reusable one.
fn intent(order: &OnchainOrder) -> impl Strategy<Value = Intent> + use<> {
    let whole = order.principal;
    let principal = if order.min_fill == 0 { whole..=whole } else { 1..=whole };
    let rest = (address(), address(), any::<i128>(), TIME, word(), word());
    (principal, rest).prop_map(|(principal, rest)| Intent {
        order_hash: B256::ZERO,
        borrower: rest.0,
        recipient: rest.1,
        principal,
        min_received: rest.2,
        deadline: rest.3,
        attestation: rest.4,
        refinances: rest.5,
    })
}

/// The same cases in every run.
fn cases<S: Strategy>(strategy: &S) -> impl Iterator<Item = S::Value> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    (0..CASES).map(move |_| strategy.new_tree(&mut runner).unwrap().current())
}

fn offer_of(o: &OnchainOrder) -> sol::Offer {
    sol::Offer {
        lender: o.lender,
        borrower: o.borrower,
        asset: o.asset,
        collateral: o.collateral,
        oracle: o.oracle,
        principal: o.principal,
        minFill: o.min_fill,
        collateralAmount: o.collateral_amount,
        installmentAmount: o.installment_amount,
        ratePpm: o.rate_ppm,
        installments: o.installments,
        period: o.period,
        grace: o.grace,
        lateFeeBps: o.late_fee_bps,
        originationFeeBps: o.origination_fee_bps,
        liquidationLtvBps: o.liquidation_ltv_bps,
        liquidationBonusBps: o.liquidation_bonus_bps,
        attestationPolicy: o.attestation_policy,
        feeRecipient: o.fee_recipient,
        expiry: o.expiry.try_into().unwrap(),
        epoch: o.epoch,
        nonce: o.nonce,
    }
}

fn intent_of(i: &Intent) -> sol::Intent {
    sol::Intent {
        offerHash: i.order_hash,
        borrower: i.borrower,
        recipient: i.recipient,
        principal: i.principal,
        minReceived: I256::try_from(i.min_received).unwrap(),
        deadline: i.deadline.try_into().unwrap(),
        attestation: i.attestation,
        refinances: i.refinances,
    }
}

#[tokio::test]
async fn digests_and_loan_ids_of_any_order_and_intent_are_the_contracts_own() {
    let lab = Lab::start(Finality::Depth(0)).await;
    let any_order = order().prop_flat_map(|order| (intent(&order), Just(order), any::<bool>()));
    let mut parts = 0;
    for (mut intent, mut order, single) in cases(&any_order) {
        if single {
            order.min_fill = 0;
            intent.principal = order.principal;
        }
        parts += usize::from(intent.principal != order.principal);
        let order_hash = lab.contracts.order_hash(CHAIN, &order).unwrap();
        intent.order_hash = order_hash;
        let offer = offer_of(&order);
        let call = sol::hashOfferCall { offer: offer.clone() };
        assert_eq!(lab.ask(call).await, order_hash, "{order:?}");
        let wish = intent_of(&intent);
        let call = sol::hashIntentCall { intent: wish.clone() };
        let digest = lab.contracts.intent_hash(CHAIN, &intent).unwrap();
        assert_eq!(lab.ask(call).await, digest, "{intent:?}");
        let given = lab.ask(sol::termsOfCall { offer, intent: wish }).await;
        let terms = OnchainTerms { order, intent };
        let loan = lab.contracts.onchain_loan_id(CHAIN, &terms).unwrap();
        assert_eq!(given.loanId, loan, "{terms:?}");
    }
    assert!(parts > CASES / 4, "parts of reusable orders are among them");
}

#[tokio::test]
async fn digests_of_attestations_and_of_trees_are_the_contracts_own() {
    let lab = Lab::start(Finality::Depth(0)).await;
    let numbers = (any::<u16>(), any::<u8>(), TIME, TIME, any::<u32>());
    for (borrower, limit, numbers, id) in cases(&(address(), word(), numbers, word())) {
        let attestation = CreditAttestation {
            borrower,
            limit: limit.into(),
            asset_class: numbers.0,
            score_band: numbers.1,
            issued_at: numbers.2,
            expires_at: numbers.3,
            epoch: numbers.4,
            id,
        };
        let call = CreditScoringOracle::hashAttestationCall {
            attestation: CreditScoringOracle::CreditAttestation {
                borrower,
                limit: U256::from(attestation.limit),
                assetClass: numbers.0,
                scoreBand: numbers.1,
                issuedAt: numbers.2.try_into().unwrap(),
                expiresAt: numbers.3.try_into().unwrap(),
                epoch: numbers.4,
                id,
            },
        };
        let oracle = lab.at.scoring_oracle;
        let answer = lab.rpc.call(None, oracle, &call.abi_encode().into(), 1_000_000).await;
        let digest = attestation_digest(CHAIN, oracle, &attestation).unwrap();
        assert_eq!(B256::from_slice(&answer.unwrap()), digest, "{attestation:?}");
        let call = sol::hashOfferTreeCall { root: id };
        assert_eq!(lab.ask(call).await, tree_digest(id));
    }
}

#[tokio::test]
async fn what_an_order_does_not_lend_has_no_terms() {
    let lab = Lab::start(Finality::Depth(0)).await;
    let onchain = lab.onchain(1).await;
    let wish = lab.wish(&onchain).await;
    let id = |min_fill, principal| {
        let terms = OnchainTerms {
            order: OnchainOrder {
                min_fill,
                ..onchain.order.clone()
            },
            intent: Intent {
                principal,
                ..wish.clone()
            },
        };
        lab.contracts.onchain_loan_id(CHAIN, &terms)
    };
    let whole = onchain.order.principal;
    assert!(id(0, whole).is_ok() && id(1, whole - 1).is_ok());
    assert!(id(0, whole - 1).is_err(), "a part of an order that is taken whole");
    assert!(id(1, whole + 1).is_err(), "more than the order lends");
}
