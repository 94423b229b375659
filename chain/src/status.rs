//! The state of a chain for operators: what is deployed, who may do what, what is paused, limits, prices and pools.

use alloy_primitives::{Address, I256, U256};
use serde::Serialize;

use crate::bindings::aggregator::CreditAggregator;
use crate::bindings::feed::DevFeed;
use crate::bindings::pool::CreditPool;
use crate::bindings::prices::PriceOracle;
use crate::bindings::scoring::CreditScoringOracle;
use crate::bindings::token::DevToken;
use crate::deploy::{Deployed, Inspection, ask, inspect, is_clone_of_shipped_pool};
use crate::registry::ChainConfig;
use crate::rpc::{Rpc, RpcError};

/// Seconds over which the breaker counts.
const WINDOW: u64 = 3_600;

/// A chain as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChainStatus {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Name for people.
    pub name: String,
    /// Newest block.
    pub block: u64,
    /// Its time, Unix seconds.
    pub time: u64,
    /// Code, wiring and powers.
    pub deployment: Inspection,
    /// From when on liquidations are possible, when that is in the future.
    pub liquidation_resumes_at: Option<u64>,
    /// Credit attestations.
    pub attestation: Option<AttestationStatus>,
    /// Tokens.
    pub assets: Vec<AssetStatus>,
    /// Pools.
    pub pools: Vec<PoolStatus>,
    /// Everything that is wrong, for people; empty when nothing is.
    pub problems: Vec<String>,
}

/// The scoring oracle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AttestationStatus {
    /// Accounts that may attest.
    pub attesters: u64,
    /// How many must sign.
    pub threshold: u64,
    /// Attestations of former epochs are worthless.
    pub epoch: u32,
}

/// A token. Amounts are base units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AssetStatus {
    /// Contract.
    pub token: Address,
    /// Ticker, as the token says.
    pub symbol: String,
    /// Decimals, as the token says.
    pub decimals: u8,
    /// Most that is lent within an hour; zero: it is not lent.
    #[serde(serialize_with = "decimal")]
    pub cap: U256,
    /// Lent within the present hour.
    #[serde(serialize_with = "decimal")]
    pub used: U256,
    /// No new loans of it.
    pub paused: bool,
    /// Class of assets of attestations; zero means none.
    pub class: u16,
    /// Feeds of its price; empty when it is not listed.
    pub feeds: Vec<FeedStatus>,
}

/// A price feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FeedStatus {
    /// Contract.
    pub feed: Address,
    /// Dollars of a whole token; none when the feed does not answer.
    pub dollars: Option<String>,
    /// Seconds since the answer.
    pub age: Option<u64>,
    /// Oldest answer that counts, seconds.
    pub max_age: u32,
}

/// A pool. Amounts are base units of its asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PoolStatus {
    /// Contract.
    pub pool: Address,
    /// What it lends.
    pub asset: Address,
    /// Cash and unpaid principal.
    #[serde(serialize_with = "decimal")]
    pub value: U256,
    /// Part of the value that is senior.
    #[serde(serialize_with = "decimal")]
    pub senior: U256,
    /// Cash.
    #[serde(serialize_with = "decimal")]
    pub cash: U256,
    /// Unpaid principal.
    #[serde(serialize_with = "decimal")]
    pub lent: U256,
    /// It lends nothing.
    pub lending_paused: bool,
    /// It takes no deposits.
    pub deposits_paused: bool,
    /// Whose signature makes an order the pool's.
    pub underwriter: Address,
    /// Sets its policy.
    pub owner: Address,
}

fn decimal<S: serde::Serializer>(value: &U256, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Reads the state of a chain with these tokens and those of its pools. An error is the chain's: it does not answer.
pub async fn status(rpc: &Rpc, chain: &ChainConfig, tokens: &[Address]) -> Result<ChainStatus, RpcError> {
    let head = rpc.head().await?;
    let deployment = inspect(rpc, Deployed::from(chain)).await?;
    let mut status = ChainStatus {
        chain_id: chain.chain_id,
        name: chain.name.clone(),
        block: head.number,
        time: head.timestamp,
        problems: deployment.problems.clone(),
        deployment,
        liquidation_resumes_at: None,
        attestation: None,
        assets: vec![],
        pools: vec![],
    };
    let resumes = ask(rpc, chain.aggregator, &CreditAggregator::liquidationResumesAtCall {}).await?;
    let resumes = resumes.map(|time| time.to::<u64>());
    status.liquidation_resumes_at = resumes.filter(|time| *time > head.timestamp);
    if let Some(time) = status.liquidation_resumes_at {
        status.problems.push(format!("liquidations are paused until {time}"));
    }
    status.attestation = attestation(rpc, chain.scoring_oracle, &mut status.problems).await?;
    let mut tokens = tokens.to_vec();
    for pool in &chain.pools {
        let found = pool_status(rpc, chain, *pool, &mut status.problems).await?;
        tokens.extend(found.as_ref().map(|found| found.asset));
        status.pools.extend(found);
    }
    tokens.sort_unstable();
    tokens.dedup();
    for token in tokens {
        let found = asset(rpc, chain, token, head.timestamp).await?;
        judge(&found, &mut status.problems);
        status.assets.push(found);
    }
    Ok(status)
}

async fn attestation(
    rpc: &Rpc,
    oracle: Address,
    problems: &mut Vec<String>,
) -> Result<Option<AttestationStatus>, RpcError> {
    let attesters = ask(rpc, oracle, &CreditScoringOracle::attesterCountCall {}).await?;
    let threshold = ask(rpc, oracle, &CreditScoringOracle::thresholdCall {}).await?;
    let epoch = ask(rpc, oracle, &CreditScoringOracle::epochCall {}).await?;
    let (Some(attesters), Some(threshold), Some(epoch)) = (attesters, threshold, epoch) else {
        return Ok(None);
    };
    let small = |number: U256| u64::try_from(number).unwrap_or(u64::MAX);
    let found = AttestationStatus {
        attesters: small(attesters),
        threshold: small(threshold),
        epoch,
    };
    if found.attesters > 0 && found.attesters < found.threshold {
        problems.push(format!(
            "{} attesters cannot meet a threshold of {}",
            found.attesters, found.threshold
        ));
    }
    Ok(Some(found))
}

async fn asset(rpc: &Rpc, chain: &ChainConfig, token: Address, now: u64) -> Result<AssetStatus, RpcError> {
    let symbol = ask(rpc, token, &DevToken::symbolCall {}).await?;
    let decimals = ask(rpc, token, &DevToken::decimalsCall {}).await?;
    let policy = ask(rpc, chain.aggregator, &CreditAggregator::policyOfCall { asset: token }).await?;
    let class = ask(
        rpc,
        chain.scoring_oracle,
        &CreditScoringOracle::classOfCall { asset: token },
    )
    .await?;
    let listing = ask(rpc, chain.price_oracle, &PriceOracle::tokenOfCall { token }).await?;
    let mut feeds = vec![];
    if let Some(listing) = listing.filter(|listing| listing.listed) {
        let both = [
            (listing.primary, listing.primaryMaxAge, listing.primaryDecimals),
            (listing.second, listing.secondMaxAge, listing.secondDecimals),
        ];
        for (feed, max_age, decimals) in both.into_iter().filter(|(feed, ..)| !feed.is_zero()) {
            let round = ask(rpc, feed, &DevFeed::latestRoundDataCall {}).await?;
            feeds.push(FeedStatus {
                feed,
                dollars: round.as_ref().map(|r| dollars(r.answer, decimals)),
                age: round.map(|r| now.saturating_sub(u64::try_from(r.updatedAt).unwrap_or(u64::MAX))),
                max_age,
            });
        }
    }
    let (cap, used, paused) = policy.map_or((U256::ZERO, U256::ZERO, false), |p| {
        let over = now >= p.windowStart.to::<u64>() + WINDOW;
        (
            U256::from(p.cap),
            if over { U256::ZERO } else { U256::from(p.used) },
            p.paused,
        )
    });
    Ok(AssetStatus {
        token,
        symbol: symbol.unwrap_or_else(|| "?".to_owned()),
        decimals: decimals.unwrap_or_default(),
        cap,
        used,
        paused,
        class: class.map_or(0, |c| c.assetClass),
        feeds,
    })
}

fn judge(asset: &AssetStatus, problems: &mut Vec<String>) {
    let symbol = &asset.symbol;
    if asset.paused {
        problems.push(format!(
            "{symbol}: new loans are paused, by the guardian or by the breaker"
        ));
    }
    for feed in &asset.feeds {
        match (&feed.dollars, feed.age) {
            (Some(dollars), _) if dollars.starts_with('-') || dollars.chars().all(|c| matches!(c, '0' | '.')) => {
                problems.push(format!("{symbol}: the feed {} says {dollars} dollars", feed.feed));
            }
            (Some(_), Some(age)) if age > u64::from(feed.max_age) => {
                problems.push(format!(
                    "{symbol}: the price of {} is {age} s old, at most {} count",
                    feed.feed, feed.max_age
                ));
            }
            (None, _) => problems.push(format!("{symbol}: the feed {} does not answer", feed.feed)),
            _ => {}
        }
    }
}

async fn pool_status(
    rpc: &Rpc,
    chain: &ChainConfig,
    pool: Address,
    problems: &mut Vec<String>,
) -> Result<Option<PoolStatus>, RpcError> {
    if !is_clone_of_shipped_pool(rpc, pool, chain.aggregator).await? {
        problems.push(format!("pool {pool}: not a clone of what this release ships"));
    }
    let Some(asset) = ask(rpc, pool, &CreditPool::assetCall {}).await? else {
        return Ok(None);
    };
    let number = |answer: Option<U256>| answer.unwrap_or_default();
    let found = PoolStatus {
        pool,
        asset,
        value: number(ask(rpc, pool, &CreditPool::valueCall {}).await?),
        senior: number(ask(rpc, pool, &CreditPool::seniorAssetsCall {}).await?),
        cash: number(ask(rpc, pool, &CreditPool::cashCall {}).await?),
        lent: number(ask(rpc, pool, &CreditPool::lentCall {}).await?),
        lending_paused: ask(rpc, pool, &CreditPool::lendingPausedCall {})
            .await?
            .unwrap_or_default(),
        deposits_paused: ask(rpc, pool, &CreditPool::depositsPausedCall {})
            .await?
            .unwrap_or_default(),
        underwriter: ask(rpc, pool, &CreditPool::underwriterCall {})
            .await?
            .unwrap_or_default(),
        owner: ask(rpc, pool, &CreditPool::ownerCall {}).await?.unwrap_or_default(),
    };
    if found.lending_paused {
        problems.push(format!("pool {pool}: lends nothing, it is paused"));
    }
    if found.deposits_paused {
        problems.push(format!("pool {pool}: takes no deposits, it is paused"));
    }
    let held = ask(rpc, asset, &DevToken::balanceOfCall { account: pool }).await?;
    if held.is_some_and(|held| held < found.cash) {
        problems.push(format!("pool {pool}: holds less than its books say, see collectKept"));
    }
    Ok(Some(found))
}

/// A feed's answer as decimal text.
fn dollars(answer: I256, decimals: u8) -> String {
    let sign = if answer.is_negative() { "-" } else { "" };
    format!("{sign}{}", units(answer.unsigned_abs(), decimals))
}

/// Base units as decimal text, without needless zeros.
pub fn units(value: U256, decimals: u8) -> String {
    let digits = value.to_string();
    let places = usize::from(decimals);
    let digits = format!("{digits:0>width$}", width = places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    let part = part.trim_end_matches('0');
    if part.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{part}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_decimals() {
        for (value, decimals, text) in [
            (0_u64, 6, "0"),
            (1, 6, "0.000001"),
            (1_500_000, 6, "1.5"),
            (25, 0, "25"),
        ] {
            assert_eq!(units(U256::from(value), decimals), text);
        }
        assert_eq!(dollars(I256::unchecked_from(-250), 2), "-2.5");
        assert_eq!(dollars(I256::unchecked_from(200_000_000_000_i64), 8), "2000");
    }

    #[test]
    fn a_price_that_does_not_count_is_named() {
        let asset = |dollars: Option<&str>, age| AssetStatus {
            token: Address::ZERO,
            symbol: "X".to_owned(),
            decimals: 6,
            cap: U256::ZERO,
            used: U256::ZERO,
            paused: false,
            class: 0,
            feeds: vec![FeedStatus {
                feed: Address::ZERO,
                dollars: dollars.map(str::to_owned),
                age,
                max_age: 60,
            }],
        };
        let bad = |dollars, age| {
            let mut problems = vec![];
            judge(&asset(dollars, age), &mut problems);
            !problems.is_empty()
        };
        assert!(!bad(Some("1.05"), Some(60)));
        assert!(bad(Some("1.05"), Some(61)));
        assert!(bad(Some("0"), Some(1)) && bad(Some("-1"), Some(1)) && bad(None, None));
    }
}
