//! Checks of a lender that speaks provider protocol v1, wherever it runs.

mod call;
mod callback;
mod ctx;
mod limits;
mod loans;
mod offer;
mod reach;
mod repeat;
mod robust;
mod shape;
mod signature;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy_primitives::Address;
use domain::calendar::Period;
use domain::request::Jurisdiction;
use domain::{Money, TokenAmount};
use sdk::{Capabilities, Clock, Endpoint, HttpClient, Ids, LenderError, NetworkPolicy, PublicKey};

use crate::catalogue::lender_checks;
use crate::check::{Area, Progress};
use crate::report::Report;
use call::Caller;
use ctx::Ctx;

/// The lender, as a platform has it in its configuration.
#[derive(Clone, Debug)]
pub struct Target {
    /// Base address.
    pub endpoint: Endpoint,
    /// Its public keys.
    pub keys: Vec<PublicKey>,
    /// What it declares.
    pub capabilities: Capabilities,
}

/// The platform's key that the lender knows, by its seed: the kit also signs wrongly, which the SDK does not.
#[derive(Clone)]
pub struct PlatformKey {
    /// Its name in signatures.
    pub id: String,
    /// The 32 secret bytes.
    pub seed: [u8; 32],
}

impl std::fmt::Debug for PlatformKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PlatformKey({})", self.id)
    }
}

/// Where the lender's callbacks arrive.
#[derive(Clone, Debug)]
pub struct CallbackDesk {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The same as the lender reaches it; none for the address itself.
    pub public_url: Option<String>,
}

/// Moves the lender's clock and ours; only a lender in the same process has one.
pub type TimeTravel = Arc<dyn Fn(Duration) + Send + Sync>;

/// How to check.
#[derive(Clone)]
pub struct Options {
    /// Our key.
    pub key: PlatformKey,
    /// Which addresses may be dialled.
    pub network: NetworkPolicy,
    /// Longest wait for one answer.
    pub patience: Duration,
    /// Wait for an accepted loan to be paid out; none: it is not waited for.
    pub payout_wait: Option<Duration>,
    /// Bytes of the body that is too large; more than the protocol's 1 MiB.
    pub large_body: usize,
    /// Amount of ordinary questions; a round one inside the capabilities by default.
    pub amount: Option<Money>,
    /// Term of ordinary questions; twelve months, cut to the capabilities, by default.
    pub term: Option<Period>,
    /// Where the borrower lives; the first declared place by default.
    pub jurisdiction: Option<Jurisdiction>,
    /// Collateral of the questions, for a lender that needs it.
    pub collateral: Option<TokenAmount>,
    /// The borrower's wallet, for a lender on chain.
    pub wallet: Option<Address>,
    /// Where callbacks arrive; none: they are not checked.
    pub callbacks: Option<CallbackDesk>,
    /// One area only.
    pub only: Option<Area>,
    /// Moves time.
    pub time_travel: Option<TimeTravel>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Options({:?}, only {:?})", self.key, self.only)
    }
}

impl Options {
    /// The usual ones: 10 s of patience, 10 MB for a large body, callbacks on this machine, every area.
    pub fn new(key: PlatformKey, network: NetworkPolicy, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self {
            key,
            network,
            patience: Duration::from_secs(10),
            payout_wait: None,
            large_body: 10 * 1024 * 1024,
            amount: None,
            term: None,
            jurisdiction: None,
            collateral: None,
            wallet: None,
            callbacks: Some(CallbackDesk {
                listen: SocketAddr::from(([127, 0, 0, 1], 0)),
                public_url: None,
            }),
            only: None,
            time_travel: None,
            clock,
            ids,
        }
    }
}

/// The checks could not run.
#[derive(Debug, thiserror::Error)]
pub enum KitError {
    /// Nothing answers at the address.
    #[error("the lender cannot be reached at its address; does its server run?")]
    Unreachable(#[source] LenderError),
    /// The HTTP client.
    #[error("the HTTP client")]
    Http(#[source] LenderError),
    /// The address for callbacks is taken or not ours.
    #[error("callbacks cannot be received")]
    Listen(#[source] std::io::Error),
    /// The public address for callbacks is no address.
    #[error("the address for callbacks")]
    CallbackUrl(#[source] sdk::EndpointError),
    /// The area has no checks of a lender.
    #[error("the area {0} has no checks of a lender; adapters are checked by usance_kit::adapter")]
    NotOfLenders(Area),
    /// A lender without a key cannot be checked.
    #[error("the lender has no public key")]
    NoKey,
    /// The capabilities have no place, or limits that exclude everything.
    #[error("the capabilities are empty: {0}")]
    Empty(&'static str),
}

/// Runs the checks of a lender. Errors: nothing could be said about it.
pub async fn check(
    target: &Target,
    options: &Options,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Report, KitError> {
    let checks = lender_checks();
    if let Some(area) = options.only
        && !checks.iter().any(|check| check.area == area)
    {
        return Err(KitError::NotOfLenders(area));
    }
    if target.keys.is_empty() {
        return Err(KitError::NoKey);
    }
    let started = Instant::now();
    let http = HttpClient::new(options.network).map_err(KitError::Http)?;
    let caller = Caller::new(http, target, options);
    let mut ctx = Ctx::new(target, options, caller).await?;
    ctx.knock().await?;
    for area in Area::ALL {
        let wanted = options.only.is_none_or(|only| only == area);
        if !wanted || !checks.iter().any(|check| check.area == area) {
            continue;
        }
        progress(Progress::Area(area));
        run(area, &mut ctx).await;
        let (passed, failed, skipped) = ctx.verdicts.count(area);
        progress(Progress::Done {
            area,
            passed,
            failed,
            skipped,
        });
    }
    let mut findings = ctx.conclude().findings(checks);
    findings.retain(|finding| options.only.is_none_or(|only| only == finding.check.area));
    Ok(Report {
        target: target.endpoint.as_str().to_owned(),
        took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        findings,
    })
}

async fn run(area: Area, ctx: &mut Ctx<'_>) {
    match area {
        Area::Reach => reach::run(ctx).await,
        Area::Signature => signature::run(ctx).await,
        Area::Robust => robust::run(ctx).await,
        Area::Limits => limits::run(ctx).await,
        Area::Schema | Area::Offer => offer::run(ctx).await,
        Area::Repeat => repeat::run(ctx).await,
        Area::Accept => loans::accept(ctx).await,
        Area::Status => loans::status(ctx).await,
        Area::Cancel => loans::cancel(ctx).await,
        Area::Callback => callback::run(ctx).await,
        Area::Privacy => {
            offer::run(ctx).await;
            robust::canary(ctx).await;
            if ctx.options.only.is_some() {
                callback::run(ctx).await;
            }
        }
        Area::Adapter | Area::Answer | Area::Fault => {}
    }
}
