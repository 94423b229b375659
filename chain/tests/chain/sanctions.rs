//! The sanctions oracle of a chain, asked at one block.

use std::sync::Arc;

use alloy_primitives::Address;
use chain::contracts::SettlementReader;
use chain::deploy::dev_sanctions;
use chain::devnet::set_sanctioned;
use chain::registry::{ChainConfig, Finality, Profile, Registry};
use domain::ports::{ChainError, ChainReader};

use crate::lab::{CHAIN, Lab};

fn reader(lab: &Lab, sanctions_oracle: Option<Address>) -> SettlementReader {
    let config = ChainConfig {
        sanctions_oracle,
        ..lab.config.clone()
    };
    let registry = Registry::new(vec![config], Profile::Development).unwrap();
    SettlementReader::new(registry, [Arc::clone(&lab.rpc)])
}

#[tokio::test]
async fn listed_accounts_are_found_at_the_block_that_is_named() {
    let lab = Lab::start(Finality::Depth(1)).await;
    let [one, two, three] = [1, 2, 3].map(Address::repeat_byte);
    let url = lab.net.url().to_owned();
    let ask = async || lab.reader.sanctioned(CHAIN, &[one, two, three]).await.unwrap().unwrap();
    let before = ask().await;
    assert_eq!((before.oracle, before.listed), (dev_sanctions(), vec![]));
    set_sanctioned(CHAIN, &url, &[two, three], true).await.unwrap();
    let listed = ask().await;
    assert_eq!(listed.listed, [two, three]);
    assert!(listed.block.number > before.block.number);
    let block = lab.rpc.block(listed.block.number).await.unwrap();
    assert_eq!(block, Some(listed.block), "the block is of the chain");
    set_sanctioned(CHAIN, &url, &[two], false).await.unwrap();
    assert_eq!(ask().await.listed, [three]);
}

#[tokio::test]
async fn what_is_no_oracle_and_a_chain_that_is_silent_clear_nobody() {
    let lab = Lab::start(Finality::Depth(1)).await;
    let account = Address::repeat_byte(1);
    assert_eq!(
        reader(&lab, None).sanctioned(CHAIN, &[account]).await,
        Ok(None),
        "not configured"
    );
    let nobody = reader(&lab, Some(Address::repeat_byte(0xee)));
    let refused = nobody.sanctioned(CHAIN, &[account]).await;
    assert!(
        matches!(
            refused,
            Err(ChainError::Invalid {
                field: "sanctions_oracle",
                ..
            })
        ),
        "{refused:?}"
    );
    // A contract that knows no such function reverts.
    let token = reader(&lab, Some(chain::deploy::DevAsset::Dollar.address()));
    let refused = token.sanctioned(CHAIN, &[account]).await;
    assert!(matches!(refused, Err(ChainError::Unavailable { .. })), "{refused:?}");
    let whole = reader(&lab, Some(dev_sanctions()));
    lab.net.stop().await.unwrap();
    let silent = whole.sanctioned(CHAIN, &[account]).await;
    assert!(matches!(silent, Err(ChainError::Unavailable { .. })), "{silent:?}");
}
