//! Who is asked about wallets beside the lists: the sanctions oracle of the settlement's chain, and services that know wallets.
//!
//! They are asked over the network, so before the database transaction that moves a settlement; the transaction binds their answers, and
//! takes only answers that are fresh. What is missing, late or an error is no clearance.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256};
use chrono::{DateTime, Utc};
use domain::ports::{ChainError, VerifyError, WalletEvidence, WalletScreener, WalletSubject, WalletVerdict};
use futures::future::join_all;
use serde::Serialize;

use crate::World;
use crate::cases::Severity;

/// Name of the chain's oracle in evidence.
const ORACLE: &str = "sanctions-oracle";

/// Who is asked, and how fresh an answer has to be.
#[derive(Clone)]
pub struct WalletSettings {
    /// Services that know wallets. The oracles belong to the chains.
    pub screeners: Vec<Arc<dyn WalletScreener>>,
    /// Longest wait for all of them together; below the five seconds that a submitter keeps its account.
    pub deadline: Duration,
    /// Oldest answer that lets a settlement go on.
    pub fresh: Duration,
    /// Oldest block at which an oracle is believed; none on chains that make blocks only when there is something to put in.
    pub block_age: Option<Duration>,
    /// First pause before a release that waits for an answer asks again; it doubles, up to a minute.
    pub pause: Duration,
}

impl std::fmt::Debug for WalletSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WalletSettings")
            .field("screeners", &self.screeners.len())
            .field("deadline", &self.deadline)
            .field("fresh", &self.fresh)
            .finish_non_exhaustive()
    }
}

impl Default for WalletSettings {
    fn default() -> Self {
        Self {
            screeners: Vec::new(),
            deadline: Duration::from_secs(3),
            fresh: Duration::from_mins(1),
            block_age: None,
            pause: Duration::from_secs(1),
        }
    }
}

/// What a source said of a wallet, or why it said nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Said {
    /// `sanctions-oracle`, or the service's name.
    pub(super) source: String,
    #[serde(skip)]
    pub(super) wallet: Address,
    /// None when it did not answer.
    verdict: Option<WalletVerdict>,
    /// Why it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'static str>,
    /// What a service bases its verdict on, with its reference.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<WalletEvidence>,
    /// Where the oracle was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    oracle: Option<AskedAt>,
    at: DateTime<Utc>,
}

/// A contract and the block at which it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct AskedAt {
    contract: Address,
    block: u64,
    block_hash: B256,
}

/// What was said of the wallets of a settlement.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked(Vec<Said>);

/// What all that was said of a wallet comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Word {
    Clear,
    /// A source did not answer, not in time, or too long ago.
    Missing,
    Review,
    Block,
}

impl Asked {
    /// What was said against a wallet, and what stands still for it.
    pub(super) fn against(&self) -> impl Iterator<Item = (&Said, Severity)> {
        self.0.iter().filter_map(|said| match said.verdict? {
            WalletVerdict::Block => Some((said, Severity::Block)),
            WalletVerdict::Review | WalletVerdict::Unknown => Some((said, Severity::Review)),
            WalletVerdict::Clear => None,
        })
    }

    /// What was said of a wallet.
    pub(super) fn of(&self, wallet: Address) -> Vec<&Said> {
        self.0.iter().filter(|said| said.wallet == wallet).collect()
    }

    /// The gravest word on a wallet, where each of `sources` has to have spoken within `fresh` of `now`.
    pub(super) fn word(&self, wallet: Address, sources: &[&str], fresh: Duration, now: DateTime<Utc>) -> Word {
        let of = |source: &str| -> Word {
            let said = self
                .0
                .iter()
                .filter(|said| said.wallet == wallet && said.source == source);
            let words = said.map(|said| match said.verdict {
                Some(WalletVerdict::Block) => Word::Block,
                Some(WalletVerdict::Review | WalletVerdict::Unknown) => Word::Review,
                Some(WalletVerdict::Clear) if is_fresh(said.at, fresh, now) => Word::Clear,
                Some(WalletVerdict::Clear) | None => Word::Missing,
            });
            words.max().unwrap_or(Word::Missing)
        };
        sources.iter().map(|source| of(source)).max().unwrap_or(Word::Clear)
    }
}

/// An answer of the future is as odd as an old one: the clock was moved.
fn is_fresh(at: DateTime<Utc>, fresh: Duration, now: DateTime<Utc>) -> bool {
    (now - at).abs().to_std().is_ok_and(|age| age <= fresh)
}

impl World {
    /// Who has to speak of the wallets of a settlement on that chain.
    pub(super) fn wallet_sources(&self, chain_id: Option<u64>) -> Vec<&str> {
        let chains = self.contracts.chains();
        let mut asked = chains.iter().filter(|chain| chain_id == Some(chain.chain_id));
        let oracle = asked.any(|chain| chain.sanctions_oracle.is_some()).then_some(ORACLE);
        let screeners = &self.settings.wallets.screeners;
        oracle
            .into_iter()
            .chain(screeners.iter().map(|screener| screener.name()))
            .collect()
    }

    /// Asks everybody about these wallets at once, within the deadline. Never fails: who does not answer is noted.
    pub(crate) async fn ask_about(&self, chain_id: Option<u64>, wallets: &[Address]) -> Asked {
        let mut wallets = wallets.to_vec();
        wallets.sort_unstable();
        wallets.dedup();
        let sources = self.wallet_sources(chain_id);
        if wallets.is_empty() || sources.is_empty() {
            return Asked::default();
        }
        let deadline = Instant::now() + self.settings.wallets.deadline;
        let oracle = async {
            match chain_id.filter(|_| sources.contains(&ORACLE)) {
                Some(chain_id) => self.ask_oracle(chain_id, &wallets, deadline).await,
                None => Vec::new(),
            }
        };
        let screeners = self.settings.wallets.screeners.iter();
        let each = screeners.flat_map(|screener| wallets.iter().map(move |wallet| (screener, *wallet)));
        let each =
            join_all(each.map(|(screener, wallet)| self.ask_screener(screener.as_ref(), chain_id, wallet, deadline)));
        let (mut said, services) = futures::future::join(oracle, each).await;
        said.extend(services);
        for said in &said {
            let answer = said.fault.or(said.verdict.map(WalletVerdict::as_str)).unwrap_or("NONE");
            metrics::counter!("usance_wallet_answers_total", "source" => said.source.clone(), "answer" => answer)
                .increment(1);
        }
        Asked(said)
    }

    async fn ask_oracle(&self, chain_id: u64, wallets: &[Address], deadline: Instant) -> Vec<Said> {
        let answer = in_time(deadline, self.reader.sanctioned(chain_id, wallets)).await;
        let now = self.clock.now();
        let known = match answer {
            None => Err("TIMED_OUT"),
            Some(Err(error)) => Err(oracle_fault(&error)),
            // The reader's chains and ours are configured as one.
            Some(Ok(None)) => Err("NOT_CONFIGURED"),
            Some(Ok(Some(answer))) if self.is_old(answer.block.timestamp, now) => Err("OLD_BLOCK"),
            Some(Ok(Some(answer))) => Ok(answer),
        };
        if let Err(fault) = known {
            tracing::warn!(chain_id, fault, "the sanctions oracle did not answer");
        }
        let of = |wallet: &Address| Said {
            source: ORACLE.to_owned(),
            wallet: *wallet,
            verdict: known.as_ref().ok().map(|answer| {
                if answer.listed.contains(wallet) {
                    WalletVerdict::Block
                } else {
                    WalletVerdict::Clear
                }
            }),
            fault: known.as_ref().err().copied(),
            evidence: Vec::new(),
            oracle: known.as_ref().ok().map(|answer| AskedAt {
                contract: answer.oracle,
                block: answer.block.number,
                block_hash: answer.block.hash,
            }),
            at: now,
        };
        wallets.iter().map(of).collect()
    }

    fn is_old(&self, timestamp: u64, now: DateTime<Utc>) -> bool {
        let age = u64::try_from(now.timestamp()).unwrap_or(0).saturating_sub(timestamp);
        self.settings.wallets.block_age.is_some_and(|most| age > most.as_secs())
    }

    async fn ask_screener(
        &self,
        screener: &dyn WalletScreener,
        chain_id: Option<u64>,
        wallet: Address,
        deadline: Instant,
    ) -> Said {
        let subject = WalletSubject {
            address: wallet.to_checksum(None),
            chain_id,
        };
        let answer = in_time(deadline, screener.screen(&subject, deadline)).await;
        let answer = answer.unwrap_or(Err(VerifyError::TimedOut));
        if let Err(error) = &answer {
            tracing::warn!(
                source = screener.name(),
                fault = error.code(),
                "a wallet was not judged"
            );
        }
        let fault = answer.as_ref().err().map(VerifyError::code);
        let found = answer.ok();
        Said {
            source: screener.name().to_owned(),
            wallet,
            verdict: found.as_ref().map(|found| found.verdict),
            fault,
            at: found.as_ref().map_or_else(|| self.clock.now(), |found| found.at),
            evidence: found.map(|found| found.evidence).unwrap_or_default(),
            oracle: None,
        }
    }
}

async fn in_time<T>(deadline: Instant, call: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout_at(deadline.into(), call).await.ok()
}

fn oracle_fault(error: &ChainError) -> &'static str {
    match error {
        ChainError::Unavailable { .. } | ChainError::Node { .. } => "UNAVAILABLE",
        ChainError::Invalid { .. } => "MALFORMED",
        ChainError::UnknownChain(_) => "REFUSED",
    }
}
