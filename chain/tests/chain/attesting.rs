//! Unsecured loans on attestations, and the keys that sign them.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use chain::attester::Attesters;
use chain::bindings::scoring::CreditScoringOracle;
use chain::keys::{DevAccount, DynSigner};
use chain::registry::{Finality, Profile, Registry};
use chain::remote::RemoteSigner;
use domain::offer::Onchain;
use domain::ports::{
    Attester, Call, ChainError, ChainReader, Contracts, CreditAttestation, LoanEventKind, SignedAttestation,
};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::kms::{Behavior, Kms};
use crate::lab::{CHAIN, Lab, PRINCIPAL};

/// Units of the asset class have 18 decimals, the dollar has 6.
const SCALE: u128 = 1_000_000_000_000;

fn keys(accounts: &[DevAccount]) -> Vec<Arc<DynSigner>> {
    let key = |account: &DevAccount| Arc::new(account.signer()) as Arc<DynSigner>;
    accounts.iter().map(key).collect()
}

fn attesters(lab: &Lab, signers: Vec<Arc<DynSigner>>, threshold: usize) -> Attesters {
    let registry = Registry::new(vec![lab.config.clone()], Profile::Development).unwrap();
    Attesters::new(registry, signers, threshold).unwrap()
}

async fn promise(lab: &Lab) -> CreditAttestation {
    let now = lab.now().await;
    CreditAttestation {
        borrower: DevAccount::Borrower.address(),
        limit: U256::from(PRINCIPAL * SCALE),
        asset_class: 1,
        score_band: 2,
        issued_at: now,
        expires_at: now + 3_600,
        epoch: lab.reader.attestation_epoch(CHAIN).await.unwrap(),
        id: B256::repeat_byte(1),
    }
}

/// An unsecured order, and the call that takes it under that attestation.
async fn unsecured(lab: &Lab, nonce: u64, signed: &SignedAttestation) -> (Onchain, Call) {
    let mut order = lab.order(nonce).await;
    order.collateral = Address::ZERO;
    order.collateral_amount = 0;
    order.attestation_policy = 1;
    let onchain = lab.signed(order);
    let mut intent = lab.wish(&onchain).await;
    intent.attestation = signed.digest;
    let signature = lab.borrower_signs(&intent).await;
    assert!(
        lab.contracts.originate(&onchain, &intent, &signature, None).is_err(),
        "an intent that names an attestation comes with it"
    );
    let call = lab.contracts.originate(&onchain, &intent, &signature, Some(signed));
    (onchain, call.unwrap())
}

#[tokio::test]
async fn an_unsecured_loan_draws_on_an_attestation_up_to_its_limit() {
    let lab = Lab::start(Finality::Depth(0)).await;
    let submitter = DevAccount::Submitter.address();
    let attesters = attesters(&lab, keys(&DevAccount::ATTESTERS), 2);
    let signed = attesters.attest(CHAIN, promise(&lab).await).await.unwrap();
    let (onchain, call) = unsecured(&lab, 1, &signed).await;
    lab.done(submitter, &call).await;
    let events = lab.events().await;
    assert!(
        matches!(events[0].kind, LoanEventKind::Originated { order_hash, .. } if order_hash == onchain.order_hash),
        "{events:?}"
    );
    let used = CreditScoringOracle::usedOfCall {
        attestation: signed.digest,
    };
    let data = used.abi_encode().into();
    let answer = lab.rpc.call(None, lab.at.scoring_oracle, &data, 100_000).await;
    assert_eq!(
        CreditScoringOracle::usedOfCall::abi_decode_returns(&answer.unwrap()).unwrap(),
        U256::from(PRINCIPAL * SCALE)
    );
    let (_, again) = unsecured(&lab, 2, &signed).await;
    assert!(lab.refusal(submitter, &again).await.contains("LimitExceeded"));
}

#[tokio::test]
async fn an_attestation_that_does_not_meet_the_policy_carries_nothing() {
    let lab = Lab::start(Finality::Depth(0)).await;
    let submitter = DevAccount::Submitter.address();
    let good = promise(&lab).await;
    let weak = CreditAttestation {
        score_band: 4,
        ..good.clone()
    };
    let stale = CreditAttestation {
        epoch: good.epoch + 1,
        ..good.clone()
    };
    let foreign = CreditAttestation {
        borrower: DevAccount::Desk.address(),
        ..good.clone()
    };
    let three = || keys(&DevAccount::ATTESTERS);
    let strangers = || keys(&[DevAccount::Desk, DevAccount::Borrower]);
    let cases = [
        (weak, three(), 2, "PolicyNotMet"),
        (stale, three(), 2, "StaleAttestationEpoch"),
        (foreign, three(), 2, "WrongBorrower"),
        (good.clone(), three(), 1, "NotEnoughAttesters"),
        (good.clone(), strangers(), 2, "UnknownAttester"),
    ];
    for (attestation, signers, threshold, name) in cases {
        let signed = attesters(&lab, signers, threshold)
            .attest(CHAIN, attestation)
            .await
            .unwrap();
        let (_, call) = unsecured(&lab, 1, &signed).await;
        let refusal = lab.refusal(submitter, &call).await;
        assert!(refusal.contains(name), "{name}: {refusal}");
    }
    // What was signed is what is sent.
    let signed = attesters(&lab, three(), 2).attest(CHAIN, good.clone()).await.unwrap();
    let altered = SignedAttestation {
        attestation: CreditAttestation {
            limit: good.limit + U256::ONE,
            ..good
        },
        ..signed
    };
    let onchain = lab.onchain(9).await;
    let mut intent = lab.wish(&onchain).await;
    intent.attestation = altered.digest;
    assert!(
        lab.contracts
            .originate(&onchain, &intent, &Bytes::new(), Some(&altered))
            .is_err()
    );
}

#[tokio::test]
async fn a_threshold_is_met_with_one_key_service_down_and_another_lying() {
    let lab = Lab::start(Finality::Depth(0)).await;
    let [one, two, three] = DevAccount::ATTESTERS;
    let service = Kms::start(vec![one.signer(), two.signer()], "token").await;
    let remote = |account: DevAccount, token: &str| {
        let token = Some(SecretString::from(token.to_owned()));
        let signer = RemoteSigner::new(&service.url(), account.address(), token, Profile::Development).unwrap();
        Arc::new(signer) as Arc<DynSigner>
    };
    let quorum = |token: &str| {
        attesters(
            &lab,
            vec![remote(one, token), remote(two, token), Arc::new(three.signer())],
            2,
        )
    };
    let promise = promise(&lab).await;
    for behavior in [
        Behavior::Good,
        Behavior::HighS,
        Behavior::SecondDown,
        Behavior::SecondLies,
    ] {
        service.behave(behavior);
        let signed = quorum("token").attest(CHAIN, promise.clone()).await.unwrap();
        let signers: Vec<Address> = signed.signatures.iter().map(|s| recovered(s, signed.digest)).collect();
        assert!(
            signers.len() == 2 && signers[0] < signers[1],
            "{behavior:?}: {signers:?}"
        );
        let (_, call) = unsecured(&lab, 1, &signed).await;
        let answer = lab.rpc.call(None, call.to, &call.data, call.gas_limit).await;
        assert!(answer.is_ok(), "{behavior:?}: {answer:?}");
    }
    for behavior in [Behavior::Down, Behavior::Hangs, Behavior::Garbage, Behavior::Huge] {
        service.behave(behavior);
        let failed = quorum("token").attest(CHAIN, promise.clone()).await;
        assert!(
            matches!(&failed, Err(ChainError::Unavailable { detail, .. }) if detail.contains("1 of 2")),
            "{behavior:?}: {failed:?}"
        );
    }
    service.behave(Behavior::Good);
    assert!(
        quorum("wrong").attest(CHAIN, promise).await.is_err(),
        "the service knows its callers"
    );
}

fn recovered(signature: &Bytes, digest: B256) -> Address {
    let signature = alloy_primitives::Signature::from_raw(signature).unwrap();
    assert!(signature.normalize_s().is_none(), "the contract refuses a high s");
    signature.recover_address_from_prehash(&digest).unwrap()
}

#[test]
fn a_threshold_needs_that_many_keys_and_each_once() {
    let registry = || Registry::new(vec![], Profile::Development).unwrap();
    for (accounts, threshold) in [(&DevAccount::ATTESTERS[..], 0), (&DevAccount::ATTESTERS[..2], 3)] {
        assert!(Attesters::new(registry(), keys(accounts), threshold).is_err());
    }
    let twice = keys(&[DevAccount::AttesterOne, DevAccount::AttesterOne]);
    assert!(Attesters::new(registry(), twice, 1).is_err());
}

/// What the service is sent is what its documentation says.
#[tokio::test]
async fn the_protocol_of_the_key_service_is_as_documented() {
    let account = DevAccount::AttesterOne;
    let service = Kms::start(vec![account.signer()], "token").await;
    let token = Some(SecretString::from("token".to_owned()));
    let signer = RemoteSigner::new(&service.url(), account.address(), token, Profile::Development).unwrap();
    let digest = B256::repeat_byte(9);
    let signature = alloy_signer::Signer::sign_hash(&signer, &digest).await.unwrap();
    assert_eq!(
        signature.recover_address_from_prehash(&digest).unwrap(),
        account.address()
    );
    let seen: Vec<Value> = service.seen();
    assert_eq!(seen, [json!({ "address": account.address(), "digest": digest })]);
}
