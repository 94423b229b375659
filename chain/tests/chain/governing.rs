//! Timelock, guardian, and chains that are not as they should be.

use std::sync::Mutex;

use alloy_primitives::aliases::U104;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use chain::bindings::aggregator::CreditAggregator as sol;
use chain::bindings::timelock::TimelockController;
use chain::deploy::{Addresses, DeployError, Deployer, DevAsset, Governance, Plan, Sent, TIMELOCK_DELAY, verify};
use chain::devnet::{Devnet, DevnetOptions, advance_time};
use chain::keys::DevAccount;
use chain::rpc::Rpc;
use serde_json::{Value, json};

use crate::lab::{CHAIN, FEE_CAP};

/// No transaction may take more (EIP-7825).
const TRANSACTION_CAP: u64 = 16_777_216;

/// As in production, with an account where the Safe would be.
fn governed() -> Plan {
    Plan {
        deployer: DevAccount::Deployer.address(),
        governance: Governance::Timelock {
            safe: DevAccount::Desk.address(),
            guardian: DevAccount::Guardian.address(),
        },
    }
}

async fn send(rpc: &Rpc, from: Address, to: Address, data: &Bytes) -> Result<(), String> {
    rpc.call(Some(from), to, data, 1_000_000)
        .await
        .map_err(|error| match error {
            chain::rpc::RpcError::Refused { data: Some(data), .. } => chain::contracts::revert_reason(&data).unwrap(),
            other => other.to_string(),
        })?;
    let tx = json!([{ "from": from, "to": to, "data": data, "gas": "0xf4240" }]);
    rpc.raw::<Value>("eth_sendTransaction", tx).await.unwrap();
    chain::devnet::mine(rpc, 1).await.unwrap();
    Ok(())
}

#[tokio::test]
async fn every_step_of_a_governed_deployment_fits_and_addresses_do_not_depend_on_the_chain() {
    let signer = DevAccount::Deployer.signer();
    // Chain 10 is no development chain: there an owner that is no timelock is refused.
    for chain_id in [31337, 10] {
        let net = Devnet::start(&DevnetOptions::new(chain_id)).await.unwrap();
        let sent: Mutex<Vec<Sent>> = Mutex::default();
        let watch = |step| sent.lock().unwrap().push(step);
        let deployer = Deployer::new(net.rpc(), &signer, FEE_CAP).watched(&watch);
        let at = deployer.deploy(&governed()).await.unwrap();
        assert_eq!(at, Addresses::of(&governed()));
        let sent = sent.into_inner().unwrap();
        assert_eq!(sent.len(), 16, "{sent:?}");
        for step in &sent {
            println!("{:>24} {:>9}", step.step, step.gas_used);
            assert!(step.gas_used < TRANSACTION_CAP, "{step:?}");
        }
        println!("{:>24} {:>9}", "total", sent.iter().map(|s| s.gas_used).sum::<u64>());
        let account = verify(net.rpc(), &Plan::development()).await;
        assert!(matches!(account, Err(DeployError::HalfConfigured(_))), "{account:?}");
    }
}

#[tokio::test]
async fn nothing_is_raised_before_two_days_and_the_guardian_only_lowers() {
    let net = Devnet::start(&DevnetOptions::new(CHAIN)).await.unwrap();
    let signer = DevAccount::Deployer.signer();
    let plan = governed();
    let at = Deployer::new(net.rpc(), &signer, FEE_CAP).deploy(&plan).await.unwrap();
    let (rpc, timelock) = (net.rpc(), at.timelock.unwrap());
    let (safe, guardian) = (DevAccount::Desk.address(), DevAccount::Guardian.address());
    let asset = DevAsset::Dollar.address();
    let cap = |cap: u64| -> Bytes {
        let cap = U104::from(cap);
        sol::setAssetCapCall { asset, cap }.abi_encode().into()
    };
    for account in [plan.deployer, safe, DevAccount::Borrower.address()] {
        let refused = send(rpc, account, at.aggregator, &cap(100)).await.unwrap_err();
        assert!(
            refused.contains("NotGuardian") || refused.contains("NotOwner"),
            "{refused}"
        );
    }
    assert!(
        send(rpc, guardian, at.aggregator, &cap(100)).await.is_err(),
        "a guardian never raises"
    );

    let schedule: Bytes = TimelockController::scheduleCall {
        target: at.aggregator,
        value: U256::ZERO,
        data: cap(100),
        predecessor: B256::ZERO,
        salt: B256::ZERO,
        delay: U256::from(TIMELOCK_DELAY),
    }
    .abi_encode()
    .into();
    let execute: Bytes = TimelockController::executeCall {
        target: at.aggregator,
        value: U256::ZERO,
        payload: cap(100),
        predecessor: B256::ZERO,
        salt: B256::ZERO,
    }
    .abi_encode()
    .into();
    let anyone = DevAccount::Borrower.address();
    let refused = send(rpc, plan.deployer, timelock, &schedule).await.unwrap_err();
    assert!(refused.contains("AccessControlUnauthorizedAccount"), "{refused}");
    send(rpc, safe, timelock, &schedule).await.unwrap();
    advance_time(CHAIN, net.url(), TIMELOCK_DELAY - 60).await.unwrap();
    let refused = send(rpc, anyone, timelock, &execute).await.unwrap_err();
    assert!(refused.contains("TimelockUnexpectedOperationState"), "{refused}");
    advance_time(CHAIN, net.url(), 61).await.unwrap();
    send(rpc, anyone, timelock, &execute).await.unwrap();
    send(rpc, guardian, at.aggregator, &cap(50)).await.unwrap();
    assert!(send(rpc, guardian, at.aggregator, &cap(60)).await.is_err());
    verify(rpc, &plan).await.unwrap();
}

fn problems(result: Result<(), DeployError>) -> String {
    match result {
        Err(DeployError::HalfConfigured(problems)) => problems.join("\n"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_chain_that_is_not_as_planned_is_refused_with_what_is_missing() {
    let net = Devnet::start(&DevnetOptions::new(CHAIN)).await.unwrap();
    let (rpc, plan) = (net.rpc(), governed());
    let missing = problems(verify(rpc, &plan).await);
    for part in [
        "aggregator: no code",
        "collateral manager: no code",
        "price oracle: no code",
    ] {
        assert!(missing.contains(part), "{part}: {missing}");
    }
    let signer = DevAccount::Deployer.signer();
    let at = Deployer::new(rpc, &signer, FEE_CAP).deploy(&plan).await.unwrap();
    verify(rpc, &plan).await.unwrap();

    let snapshot = async || -> Value { rpc.raw("evm_snapshot", json!([])).await.unwrap() };
    let code = rpc.code(at.servicing).await.unwrap();
    let mut altered = code.to_vec();
    *altered.last_mut().unwrap() ^= 1;
    let slot = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc";
    let broken: [(&str, Value, &str); 4] = [
        (
            "anvil_setCode",
            json!([at.servicing, Bytes::from(altered)]),
            "servicing: the code",
        ),
        (
            "anvil_setCode",
            json!([at.price_implementation, "0x"]),
            "price implementation: no code",
        ),
        (
            "anvil_setStorageAt",
            json!([at.aggregator, slot, at.bootstrap.into_word()]),
            "the implementation of the aggregator is",
        ),
        ("anvil_setCode", json!([at.owner, "0x"]), "the owner is not a timelock"),
    ];
    for (method, params, part) in broken {
        let before = snapshot().await;
        rpc.raw::<Value>(method, params).await.unwrap();
        let missing = problems(verify(rpc, &plan).await);
        assert!(missing.contains(part), "{part}: {missing}");
        assert_eq!(rpc.raw::<Value>("evm_revert", json!([before])).await.unwrap(), true);
    }
    verify(rpc, &plan).await.unwrap();
    // Another plan's powers are not there, though its aggregator would be at the same address.
    let mut other = plan;
    other.governance = Governance::Timelock {
        safe: DevAccount::Desk.address(),
        guardian: DevAccount::Borrower.address(),
    };
    let missing = problems(verify(rpc, &other).await);
    assert!(missing.contains("the guardian of the aggregator"), "{missing}");
}

#[tokio::test]
async fn the_status_of_a_development_chain_is_clean_until_something_is_wrong() {
    let net = Devnet::start(&DevnetOptions::new(CHAIN)).await.unwrap();
    let (rpc, signer) = (net.rpc(), DevAccount::Deployer.signer());
    let at = Deployer::new(rpc, &signer, FEE_CAP).deploy_development().await.unwrap();
    let chain = net.config(&at);
    let tokens = [DevAsset::Dollar, DevAsset::Ether].map(DevAsset::address);
    let read = async || chain::status::status(rpc, &chain, &tokens).await.unwrap();
    let clean = read().await;
    assert_eq!(clean.problems, [] as [&str; 0]);
    assert!(clean.deployment.contracts.iter().all(|c| c.shipped), "{clean:?}");
    let attestation = clean.attestation.unwrap();
    assert_eq!((attestation.attesters, attestation.threshold), (3, 2));
    let pool = &clean.pools[0];
    assert!(
        !pool.value.is_zero() && pool.cash == pool.value && pool.lent.is_zero(),
        "{pool:?}"
    );
    let ether = clean.assets.iter().find(|a| a.symbol == "dWETH").unwrap();
    assert_eq!(ether.feeds[0].dollars.as_deref(), Some("2000"));

    let guardian = DevAccount::Guardian.address();
    let pause: Bytes = sol::pauseOriginationCall {
        assets: vec![DevAsset::Dollar.address()],
    }
    .abi_encode()
    .into();
    send(rpc, guardian, at.aggregator, &pause).await.unwrap();
    let pause: Bytes = sol::pauseLiquidationCall {}.abi_encode().into();
    send(rpc, guardian, at.aggregator, &pause).await.unwrap();
    chain::devnet::set_price(CHAIN, net.url(), DevAsset::Ether.feed(), 0)
        .await
        .unwrap();
    let wrong = read().await;
    let all = wrong.problems.join("\n");
    for part in [
        "dUSD: new loans are paused",
        "liquidations are paused",
        "dWETH: the feed",
    ] {
        assert!(all.contains(part), "{part}: {all}");
    }
    assert!(wrong.liquidation_resumes_at.is_some());
    let text = serde_json::to_value(&wrong).unwrap();
    assert!(text["assets"][0]["cap"].is_string(), "amounts are exact in JSON");
}
