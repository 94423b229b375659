//! The development chains from outside: balances, events, and what the people on them do by themselves.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolEvent};
use anyhow::{Context, Result, bail, ensure};
use chain::bindings::token::DevToken;
use chain::deploy::DevAsset;
use chain::devnet::Devnet;
use chain::keys::DevAccount;
use serde_json::{Value, json};

/// Gas of a read, and of a call whose gas nobody measured.
const GAS: u64 = 1_000_000;
/// Blocks within which a transaction is mined.
const BLOCKS: u32 = 50;

/// Sends a transaction to a contract and waits until it is mined; a reverted one is an error.
pub async fn send(chain: &Devnet, from: DevAccount, (to, data, gas): (Address, Bytes, u64)) -> Result<()> {
    let rpc = chain.rpc();
    let transaction = json!({ "from": from.address(), "to": to, "data": data, "gas": format!("{gas:#x}") });
    let hash: B256 = rpc.raw("eth_sendTransaction", json!([transaction])).await?;
    for _ in 0..BLOCKS {
        if let Some(receipt) = rpc.receipt(hash).await? {
            ensure!(receipt.succeeded, "the transaction reverted");
            return Ok(());
        }
        chain::devnet::mine(rpc, 1).await?;
    }
    bail!("the transaction was not mined")
}

/// A call of a contract by that account.
pub async fn act(chain: &Devnet, from: DevAccount, to: Address, call: &impl SolCall) -> Result<()> {
    send(chain, from, (to, call.abi_encode().into(), GAS)).await
}

/// What a view answers.
pub async fn view<C: SolCall>(chain: &Devnet, to: Address, call: &C) -> Result<C::Return> {
    let answer = chain.rpc().call(None, to, &call.abi_encode().into(), GAS).await?;
    Ok(C::abi_decode_returns(&answer)?)
}

/// Balance of a token.
pub async fn balance(chain: &Devnet, token: Address, account: Address) -> Result<U256> {
    view(chain, token, &DevToken::balanceOfCall { account }).await
}

/// Every event of that kind, oldest first.
pub async fn logs<E: SolEvent>(chain: &Devnet, address: Address) -> Result<Vec<E>> {
    let filter = json!([{
        "fromBlock": "0x0",
        "toBlock": "latest",
        "address": address,
        "topics": [E::SIGNATURE_HASH],
    }]);
    let found: Vec<Value> = chain.rpc().raw("eth_getLogs", filter).await?;
    let decode = |log: &Value| {
        let topics: Vec<B256> = serde_json::from_value(log["topics"].clone())?;
        let data: Bytes = serde_json::from_value(log["data"].clone())?;
        E::decode_raw_log(topics, &data).context("a log of another shape")
    };
    found.iter().map(decode).collect()
}

/// A new price of a token in dollars, given in cents.
pub async fn set_price(chain: &Devnet, asset: DevAsset, cents: u32) -> Result<()> {
    // The feeds have 8 decimals.
    let answer = i128::from(cents) * 1_000_000;
    chain::devnet::set_price(chain.chain_id(), chain.url(), asset.feed(), answer).await?;
    Ok(())
}

/// Gives an account dollars to lend, and lets the settlement contract take them.
pub async fn fund_lender(chain: &Devnet, lender: DevAccount, aggregator: Address) -> Result<()> {
    let token = DevAsset::Dollar.address();
    let mint = DevToken::mintCall {
        to: lender.address(),
        amount: U256::from(1_000_000_000_000_u64),
    };
    act(chain, lender, token, &mint).await?;
    let approve = DevToken::approveCall {
        spender: aggregator,
        value: U256::MAX,
    };
    act(chain, lender, token, &approve).await
}
