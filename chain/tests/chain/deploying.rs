//! The same addresses everywhere, in steps that can be resumed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chain::deploy::{Addresses, Deployer, DevAsset, Plan};
use chain::devnet::{Devnet, DevnetOptions};
use chain::keys::DevAccount;

use crate::lab::{CHAIN, FEE_CAP, connect};
use crate::proxy::{Proxy, Verdict};

#[tokio::test]
async fn two_chains_have_the_same_addresses_and_a_second_deployment_sends_nothing() {
    let deployer = DevAccount::Deployer.signer();
    let mut seen = vec![];
    for chain_id in [31337, 31338] {
        let net = Devnet::start(&DevnetOptions::new(chain_id)).await.unwrap();
        let steps = Deployer::new(net.rpc(), &deployer, FEE_CAP);
        let at = steps.deploy_development().await.unwrap();
        let sent = net.rpc().nonce(deployer.address()).await.unwrap();
        assert_eq!(steps.deploy_development().await.unwrap(), at);
        assert_eq!(
            net.rpc().nonce(deployer.address()).await.unwrap(),
            sent,
            "everything was there"
        );
        for token in [DevAsset::Dollar, DevAsset::Ether] {
            assert!(!net.rpc().code(token.address()).await.unwrap().is_empty());
        }
        seen.push(at);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], Addresses::of(&Plan::development()));
}

#[tokio::test]
async fn a_deployment_that_stopped_half_way_is_resumed() {
    let net = Devnet::start(&DevnetOptions::new(CHAIN)).await.unwrap();
    let deployer = DevAccount::Deployer.signer();
    for stop_at in 1..=15 {
        let count = Arc::new(AtomicU32::new(0));
        let proxy = Proxy::start(net.url(), move |request| {
            let sends = request["method"] == "eth_sendRawTransaction";
            let stop = sends && count.fetch_add(1, Ordering::Relaxed) >= 1;
            // A refused estimate stops at once, without waiting for a receipt.
            if stop || (request["method"] == "eth_estimateGas" && count.load(Ordering::Relaxed) >= 1) {
                return Verdict::Error("node went away".to_owned());
            }
            Verdict::Forward
        })
        .await;
        let rpc = connect(&[proxy.url()]).await;
        let stopped = Deployer::new(&rpc, &deployer, FEE_CAP)
            .deploy(&Plan::development())
            .await;
        assert_eq!(stopped.is_ok(), stop_at == 15, "step {stop_at} is one transaction");
    }
}

#[tokio::test]
async fn development_tokens_stay_off_other_chains() {
    let net = Devnet::start(&DevnetOptions::new(1)).await.unwrap();
    let deployer = DevAccount::Deployer.signer();
    assert!(
        Deployer::new(net.rpc(), &deployer, FEE_CAP)
            .deploy_development()
            .await
            .is_err()
    );
    assert_eq!(net.rpc().nonce(deployer.address()).await.unwrap(), 0);
}
