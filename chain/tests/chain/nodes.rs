//! Nodes that refuse, lie, lag or serve another chain.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alloy_consensus::{Transaction, TxEnvelope};
use alloy_eips::Decodable2718;
use alloy_primitives::Bytes;
use chain::registry::Finality;
use chain::rpc::{Rpc, RpcError, RpcOptions};
use domain::ports::TxState;
use serde_json::{Value, json};

use crate::lab::{CHAIN, Lab, connect};
use crate::proxy::{Proxy, Verdict};

fn raw_of(request: &Value) -> Option<TxEnvelope> {
    if request["method"] != "eth_sendRawTransaction" {
        return None;
    }
    let raw: Bytes = serde_json::from_value(request["params"][0].clone()).unwrap();
    Some(TxEnvelope::decode_2718(&mut raw.as_ref()).unwrap())
}

#[tokio::test]
async fn a_replacement_passes_a_pool_that_wants_a_tenth_more_on_both_fields() {
    let lab = Lab::start_manual(Finality::Depth(0)).await;
    let id = lab.queue_origination(1).await;
    // This pool takes bytes, never mines the first two versions, and refuses the second version once out of spite.
    let pool: Mutex<Vec<(u128, u128)>> = Mutex::default();
    let nonces: Arc<Mutex<Vec<u64>>> = Arc::default();
    let seen = Arc::clone(&nonces);
    let spite = AtomicBool::new(true);
    let proxy = Proxy::start(lab.net.url(), move |request| {
        let Some(tx) = raw_of(request) else {
            return Verdict::Forward;
        };
        seen.lock().unwrap().push(tx.nonce());
        let fees = (tx.max_fee_per_gas(), tx.max_priority_fee_per_gas().unwrap());
        let mut pool = pool.lock().unwrap();
        match pool.last() {
            Some(last) if *last == fees => return Verdict::Error("already known".to_owned()),
            Some(last) if fees.0 * 10 < last.0 * 11 || fees.1 * 10 < last.1 * 11 => {
                return Verdict::Error("replacement transaction underpriced".to_owned());
            }
            Some(_) if spite.swap(false, Ordering::Relaxed) => {
                return Verdict::Error("replacement transaction underpriced".to_owned());
            }
            _ => pool.push(fees),
        }
        if pool.len() < 3 {
            Verdict::Result(json!(tx.tx_hash()))
        } else {
            Verdict::Forward
        }
    })
    .await;
    let submitter = lab.submitter_of(connect(&[proxy.url()]).await, lab.journal.clone());
    for _ in 0..12 {
        submitter.tick().await.unwrap();
        lab.mine(1).await;
    }
    submitter.tick().await.unwrap();
    let tx = lab.journal.get(id);
    assert_eq!((tx.state, tx.nonce), (TxState::Succeeded, Some(0)));
    assert_eq!(tx.attempts.len(), 4, "first, refused, accepted, mined");
    assert!(
        nonces.lock().unwrap().iter().all(|n| *n == 0),
        "a refusal never costs a nonce"
    );
}

#[tokio::test]
async fn a_lost_answer_to_a_broadcast_is_neither_success_nor_failure() {
    let lab = Lab::start_manual(Finality::Depth(0)).await;
    let id = lab.queue_origination(1).await;
    let proxy = Proxy::start(lab.net.url(), |request| {
        if raw_of(request).is_some() {
            Verdict::ForwardAndHangUp
        } else {
            Verdict::Forward
        }
    })
    .await;
    let submitter = lab.submitter_of(connect(&[proxy.url()]).await, lab.journal.clone());
    submitter.tick().await.unwrap();
    assert_eq!(lab.state(id), TxState::Broadcast);
    lab.mine(1).await;
    submitter.tick().await.unwrap();
    let tx = lab.journal.get(id);
    assert_eq!(
        (tx.state, tx.nonce, tx.attempts.len()),
        (TxState::Succeeded, Some(0), 1)
    );
}

#[tokio::test]
async fn each_kind_of_refusal_leaves_one_nonce_and_the_same_bytes() {
    for words in [
        "already known",
        "nonce too low",
        "Known transaction",
        "NonceGap",
        "txpool is full",
        "gibberish",
    ] {
        let lab = Lab::start_manual(Finality::Depth(0)).await;
        let id = lab.queue_origination(1).await;
        let refuse = Arc::new(AtomicBool::new(true));
        let flag = Arc::clone(&refuse);
        let proxy = Proxy::start(lab.net.url(), move |request| {
            let refused = raw_of(request).is_some() && flag.load(Ordering::Relaxed);
            if refused {
                Verdict::Error(words.to_owned())
            } else {
                Verdict::Forward
            }
        })
        .await;
        let submitter = lab.submitter_of(connect(&[proxy.url()]).await, lab.journal.clone());
        submitter.tick().await.unwrap();
        lab.mine(1).await;
        submitter.tick().await.unwrap();
        refuse.store(false, Ordering::Relaxed);
        lab.mine(1).await;
        submitter.tick().await.unwrap();
        lab.mine(1).await;
        submitter.tick().await.unwrap();
        let tx = lab.journal.get(id);
        assert_eq!(
            (tx.state, tx.nonce, tx.attempts.len()),
            (TxState::Succeeded, Some(0), 1),
            "{words}"
        );
    }
}

#[tokio::test]
async fn another_chain_is_refused_at_start_and_at_run_time() {
    let lab = Lab::start_manual(Finality::Depth(0)).await;
    let options = RpcOptions {
        timeout: Duration::from_secs(5),
        verify_every: Duration::ZERO,
    };
    let refused = Rpc::connect(1, &[lab.net.url().to_owned()], options).await.unwrap_err();
    assert!(
        matches!(
            refused,
            RpcError::WrongChain {
                expected: 1,
                got: CHAIN,
                ..
            }
        ),
        "{refused}"
    );

    let moved = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&moved);
    let proxy = Proxy::start(lab.net.url(), move |request| {
        if request["method"] == "eth_chainId" && flag.load(Ordering::Relaxed) {
            return Verdict::Result(json!("0x1"));
        }
        Verdict::Forward
    })
    .await;
    let rpc = Arc::new(Rpc::connect(CHAIN, &[proxy.url()], options).await.unwrap());
    let submitter = lab.submitter_of(Arc::clone(&rpc), lab.journal.clone());
    let id = lab.queue_origination(1).await;
    moved.store(true, Ordering::Relaxed);
    submitter.tick().await.unwrap_err();
    assert!(matches!(rpc.head().await, Err(RpcError::WrongChain { .. })));
    assert_eq!(lab.state(id), TxState::Queued);
    moved.store(false, Ordering::Relaxed);
    submitter.tick().await.unwrap();
    assert_eq!(lab.state(id), TxState::Broadcast);
}

#[tokio::test]
async fn a_lagging_endpoint_is_passed_over_and_a_dead_one_does_not_stop_us() {
    let lab = Lab::start_manual(Finality::Depth(0)).await;
    let old = lab
        .rpc
        .raw::<Value>("eth_getBlockByNumber", json!(["latest", false]))
        .await
        .unwrap();
    let lagging = Proxy::start(lab.net.url(), move |request| match request["method"].as_str() {
        Some("eth_getBlockByNumber") if request["params"][0] == "latest" => Verdict::Result(old.clone()),
        Some("eth_getTransactionReceipt" | "eth_getBlockByNumber") => Verdict::Result(Value::Null),
        _ => Verdict::Forward,
    })
    .await;
    let calls = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&calls);
    let dying = Proxy::start(lab.net.url(), move |_| {
        if counter.fetch_add(1, Ordering::Relaxed) == 0 {
            Verdict::Forward
        } else {
            Verdict::ForwardAndHangUp
        }
    })
    .await;
    let rpc = connect(&[dying.url(), lagging.url(), lab.net.url().to_owned()]).await;
    let submitter = lab.submitter_of(rpc, lab.journal.clone());
    let id = lab.queue_origination(1).await;
    lab.mine(1).await;
    submitter.tick().await.unwrap();
    lab.mine(1).await;
    submitter.tick().await.unwrap();
    assert_eq!(lab.state(id), TxState::Succeeded);
}

#[tokio::test]
async fn endpoints_that_disagree_about_a_block_make_nothing_final() {
    let lab = Lab::start_manual(Finality::Depth(0)).await;
    let lie = Arc::new(AtomicBool::new(true));
    let flag = Arc::clone(&lie);
    let other = lab
        .rpc
        .raw::<Value>("eth_getBlockByNumber", json!(["0x0", false]))
        .await
        .unwrap();
    let liar = Proxy::start(lab.net.url(), move |request| {
        let by_number = request["method"] == "eth_getBlockByNumber" && request["params"][0] != "latest";
        if by_number && flag.load(Ordering::Relaxed) {
            Verdict::Result(other.clone())
        } else {
            Verdict::Forward
        }
    })
    .await;
    let rpc = connect(&[lab.net.url().to_owned(), liar.url()]).await;
    let submitter = lab.submitter_of(rpc, lab.journal.clone());
    let id = lab.queue_origination(1).await;
    submitter.tick().await.unwrap();
    lab.mine(1).await;
    submitter.tick().await.unwrap();
    assert_eq!(lab.state(id), TxState::Included);
    lie.store(false, Ordering::Relaxed);
    submitter.tick().await.unwrap();
    assert_eq!(lab.state(id), TxState::Succeeded);
}
