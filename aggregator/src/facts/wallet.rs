//! The record of a wallet: what it did with us by final events, how it stands at the configured pools, and what its chains say of it at the
//! last final block. What cannot be had is left out.

use std::collections::BTreeSet;
use std::time::Instant;

use alloy_primitives::Address;
use chrono::{DateTime, Utc};
use domain::ports::{BlockRef, Venue, ViewBlock};
use domain::request::CreditRequest;
use futures::future::join_all;
use risk::{ChainFrame, WalletFacts};
use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};

use super::own::History;
use super::{TIMED_OUT, UNAVAILABLE, timeout};
use crate::World;
use crate::api::Error;
use crate::servicing::LoanChange;
use crate::store::chain;
use crate::store::lending::HistoryRow;

/// How our indexer reads chains. Raise it when the same blocks would give other facts.
pub const INDEXER_VERSION: u32 = 1;
/// The indexer has no final block of a chain.
const NOT_INDEXED: &str = "NOT_INDEXED";
const PPM: u128 = 1_000_000;

/// The record, and why parts of it are missing.
pub(super) async fn record(
    world: &World,
    (request, wallet): (&CreditRequest, Address),
    history: Option<&History>,
    deadline: Instant,
) -> (WalletFacts, Vec<&'static str>) {
    let mut facts = history
        .map(|history| of_history(world, history, wallet, request.at))
        .unwrap_or_default();
    let chains = world.contracts.chains();
    let read = chains.iter().map(|chain| async move {
        let seen = timeout(deadline, at_chain(world, chain.chain_id, wallet))
            .await
            .unwrap_or(Err(TIMED_OUT))?;
        let frame = ChainFrame {
            chain_id: chain.chain_id,
            block: seen.block.number,
            block_hash: seen.block.hash,
            indexer_version: INDEXER_VERSION,
            price_source: format!("oracle {:#x}", chain.price_oracle),
        };
        Ok::<_, &'static str>((frame, seen))
    });
    let mut flaws = Vec::new();
    let (mut sent, mut healths) = (Some(0_i64), Vec::new());
    for chain in join_all(read).await {
        match chain {
            Ok((frame, seen)) => {
                facts.frames.push(frame);
                let here = seen.sent.and_then(|sent| i64::try_from(sent).ok());
                sent = sent.zip(here).and_then(|(sum, here)| sum.checked_add(here));
                healths.extend(seen.healths);
                flaws.extend(seen.flaws);
            }
            Err(why) => {
                // A sum that misses a chain is no sum.
                sent = None;
                flaws.push(why);
            }
        }
    }
    facts.frames.sort_by_key(|frame| frame.chain_id);
    facts.outbound_tx = sent.filter(|_| !facts.frames.is_empty());
    facts.min_health_ppm = healths.into_iter().min();
    (facts, flaws)
}

/// What one chain says at its last final block.
struct Seen {
    block: BlockRef,
    sent: Option<u64>,
    /// Health factors of open positions, parts per million.
    healths: Vec<i64>,
    flaws: Vec<&'static str>,
}

async fn at_chain(world: &World, chain_id: u64, wallet: Address) -> Result<Seen, &'static str> {
    let block = match final_block(world, chain_id).await {
        Ok(block) => block.ok_or(NOT_INDEXED)?,
        Err(_) => return Err(UNAVAILABLE),
    };
    let pools = world.venues.iter().filter(|venue| venue.market().chain_id == chain_id);
    let (sent, positions) = tokio::join!(
        world.reader.transactions_sent(chain_id, wallet, block.number),
        join_all(pools.map(|pool| health_at(pool.as_ref(), wallet, block)))
    );
    let mut flaws = Vec::new();
    let mut healths = Vec::new();
    for health in positions {
        match health {
            Ok(health) => healths.extend(health),
            Err(why) => flaws.push(why),
        }
    }
    let sent = sent.map_err(|_| flaws.push(UNAVAILABLE)).ok();
    Ok(Seen {
        block,
        sent,
        healths,
        flaws,
    })
}

async fn final_block(world: &World, chain_id: u64) -> Result<Option<BlockRef>, Error> {
    let mut conn = world.db.acquire().await?;
    match chain::finalized(&mut conn, chain_id).await? {
        Some(number) => chain::block(&mut conn, chain_id, Some(number)).await,
        None => Ok(None),
    }
}

/// The health factor of the wallet's position at a pool, down; none without a debt.
async fn health_at(pool: &dyn Venue, wallet: Address, block: BlockRef) -> Result<Option<i64>, &'static str> {
    let at = ViewBlock {
        number: block.number,
        timestamp: block.timestamp,
        parent: block.parent,
    };
    let position = pool.position_at(wallet, at).await.map_err(|_| UNAVAILABLE)?;
    if position.debt.is_zero() {
        return Ok(None);
    }
    // A debt with nothing behind it is as unhealthy as can be.
    let Some(ltv) = position.ltv.filter(|ltv| *ltv > Decimal::ZERO) else {
        return Ok(Some(0));
    };
    let factor = position
        .liquidation_ltv
        .checked_div(ltv)
        .and_then(|f| f.checked_mul(Decimal::from(PPM)));
    let down = factor.map(|factor| factor.round_dp_with_strategy(0, RoundingStrategy::ToZero));
    Ok(down.and_then(|factor| factor.to_i64()))
}

/// What the wallet did with us, as this borrower's. A wallet that did nothing has no numbers here.
fn of_history(world: &World, history: &History, wallet: Address, now: DateTime<Utc>) -> WalletFacts {
    let of_wallet = |loan: &&HistoryRow| loan.wallet == Some(wallet);
    let loans: Vec<&HistoryRow> = history.loans.iter().filter(of_wallet).collect();
    // It signed, or a final event shows that it did what only it could.
    let proven_link = loans.iter().any(|loan| loan.signed || loan.started_at.is_some());
    let started: Vec<&&HistoryRow> = loans.iter().filter(|loan| loan.started_at.is_some()).collect();
    let Some(first) = started.iter().filter_map(|loan| loan.started_at).min() else {
        return WalletFacts {
            proven_link,
            ..WalletFacts::default()
        };
    };
    let mut sums = Sums::default();
    let mut contacts: BTreeSet<Address> = started.iter().filter_map(|loan| loan.recipient).collect();
    for loan in &started {
        let changes = history.changes.get(&loan.id).map(Vec::as_slice).unwrap_or_default();
        sums.add(changes, &mut contacts);
    }
    contacts.remove(&wallet);
    let flagged = contacts.iter().filter(|contact| {
        let screened = world.screening.screen("", Some(&contact.to_checksum(None)));
        !screened.hits.is_empty()
    });
    let protocols: BTreeSet<String> = started.iter().map(|loan| protocol(world, loan)).collect();
    let days = |since: DateTime<Utc>| (now - since).num_days().max(0);
    let number = |things: usize| i64::try_from(things).ok();
    WalletFacts {
        age_days: Some(days(first)),
        protocols: number(protocols.len()),
        borrows: number(started.len()),
        repays: Some(sums.repays),
        repay_ppm: sums.mean_down(&sums.repaid_ppm),
        liquidations: Some(sums.liquidations),
        days_since_liquidation: sums.last_liquidation.map(days),
        liquidated_share_ppm: sums.mean_up(&sums.liquidated_ppm),
        flagged_contacts: number(flagged.count()),
        proven_link,
        ..WalletFacts::default()
    }
}

/// The settlement contract is one protocol, each pool's another.
fn protocol(world: &World, loan: &HistoryRow) -> String {
    if loan.onchain.is_some() {
        return "usance".to_owned();
    }
    let venue = world.venues.iter().find(|venue| venue.id().as_str() == loan.provider);
    venue.map_or_else(|| loan.provider.clone(), |venue| venue.market().name)
}

/// What a wallet's loans add up to. Shares are of each loan's own principal: loans are in different tokens.
#[derive(Default)]
struct Sums {
    repays: i64,
    liquidations: i64,
    last_liquidation: Option<DateTime<Utc>>,
    repaid_ppm: Vec<u128>,
    liquidated_ppm: Vec<u128>,
}

impl Sums {
    fn add(&mut self, changes: &[(DateTime<Utc>, LoanChange)], contacts: &mut BTreeSet<Address>) {
        let (mut principal, mut repaid, mut liquidated) = (0_u128, 0_u128, 0_u128);
        for (place, (at, change)) in changes.iter().enumerate() {
            match change {
                LoanChange::Activated { principal: out } => principal = *out,
                LoanChange::Repaid { principal: part, .. } => {
                    // What a liquidator pays is booked as a payment just before.
                    let next = changes.get(place + 1).map(|(_, next)| next);
                    if matches!(next, Some(LoanChange::Liquidated { .. })) {
                        liquidated = liquidated.saturating_add(*part);
                    } else {
                        repaid = repaid.saturating_add(*part);
                        self.repays += 1;
                    }
                }
                LoanChange::Liquidated {
                    liquidator, shortfall, ..
                } => {
                    liquidated = liquidated.saturating_add(*shortfall);
                    self.liquidations += 1;
                    self.last_liquidation = self.last_liquidation.max(Some(*at));
                    contacts.insert(*liquidator);
                }
                LoanChange::CollateralChanged { by, .. } => {
                    contacts.insert(*by);
                }
                _ => {}
            }
        }
        if principal > 0 {
            self.repaid_ppm.push(share(repaid.min(principal), principal, false));
            self.liquidated_ppm
                .push(share(liquidated.min(principal), principal, true));
        }
    }

    fn mean_down(&self, shares: &[u128]) -> Option<i64> {
        let sum: u128 = shares.iter().sum();
        i64::try_from(sum.checked_div(u128::try_from(shares.len()).ok()?)?).ok()
    }

    fn mean_up(&self, shares: &[u128]) -> Option<i64> {
        let (sum, all): (u128, u128) = (shares.iter().sum(), u128::try_from(shares.len()).ok()?);
        (all > 0).then(|| i64::try_from(sum.div_ceil(all)).ok()).flatten()
    }
}

/// Parts per million of a whole above zero.
fn share(part: u128, whole: u128, up: bool) -> u128 {
    // Tokens have 18 decimals: without a loss that matters the product stays within 128 bits.
    let scale = (whole / (u128::MAX / PPM)).saturating_add(1);
    let (part, whole) = (part / scale, (whole / scale).max(1));
    if up {
        (part * PPM).div_ceil(whole)
    } else {
        part * PPM / whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_liquidator_pays_is_not_repaid() {
        let at = DateTime::UNIX_EPOCH;
        let liquidator = Address::repeat_byte(7);
        let paid = |principal| LoanChange::Repaid {
            payment: uuid::Uuid::nil().into(),
            late_fee: 0,
            fees: 0,
            interest: 1,
            principal,
        };
        let changes = [
            LoanChange::Opened { principal: 900 },
            LoanChange::Activated { principal: 900 },
            paid(300),
            paid(200),
            LoanChange::Liquidated {
                liquidator,
                late: false,
                seized: 5,
                returned: 0,
                shortfall: 100,
                ended: false,
            },
        ];
        let changes: Vec<_> = changes.into_iter().map(|change| (at, change)).collect();
        let (mut sums, mut contacts) = (Sums::default(), BTreeSet::new());
        sums.add(&changes, &mut contacts);
        assert_eq!((sums.repays, sums.liquidations, contacts.len()), (1, 1, 1));
        assert_eq!(sums.mean_down(&sums.repaid_ppm), Some(333_333));
        assert_eq!(sums.mean_up(&sums.liquidated_ppm), Some(333_334));
        assert_eq!(Sums::default().mean_up(&[]), None);
        assert_eq!(share(u128::MAX, u128::MAX, true), 1_000_000);
    }
}
