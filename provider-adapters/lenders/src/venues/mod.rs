//! Lending pools on chains as lenders: Aave v3, Morpho Blue, Venus Isolated Pools and Compound III.
//!
//! A quote is the market's own arithmetic on its books of one block: reserves, caps, limits, the rate curve and the rate after our draw.
//! It takes at most two round trips: one when the addresses that governance may change are known from the quote before, and one more for
//! Morpho, whose rate model is a contract of its own and is asked on the same block.
//!
//! Nobody is bound by it: the pool lends to who comes, at the rate of that moment. So the offer is indicative and its calendar assumes that
//! the borrower keeps the money for the horizon asked for and that the rate stays; [`VenueTerms::scenarios`] says what else may be.
//!
//! | Protocol | Release tested | On the bytecode that its authors publish |
//! |---|---|---|
//! | Aave v3 | 1.19.3 of `@aave/core-v3`, 3.6.0 of `@aave-dao/aave-v3-origin` | yes |
//! | Morpho Blue | 1.0.0 of `@morpho-org/morpho-blue`, with its linear rate model | yes |
//! | Venus Isolated Pools | 4.4.0 of `@venusprotocol/isolated-pools` | yes |
//! | Compound III | public interface | **not exercised on real bytecode** |

mod aave;
mod abi;
#[expect(
    clippy::too_many_arguments,
    reason = "generated: an event has the fields that it has"
)]
mod abi_router;
mod batch;
mod compound;
mod compound_wallet;
mod config;
mod lock;
mod math;
mod morpho;
mod offer;
mod terms;
mod venus;
mod wallet;

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use alloy_primitives::{Address, Bytes, U256};
use async_trait::async_trait;
use domain::ports::{
    EventLogs, Venue, VenueEvent, VenueMarket, VenueOpening, VenuePlan, VenuePosition, ViewBlock, ViewCalls, WalletCall,
};
use domain::request::CreditRequest;
use domain::{ProviderId, Reason, SettlementId};
use sdk::{AcceptOrder, AcceptReceipt, Answer, Ask, Capabilities, Lender, LenderError, LenderStatus};

pub use aave::AaveRelease;
pub use config::{VenueConfig, VenueError, VenueProtocol};
pub use terms::{VenueOwed, VenueRate, VenueRisk, VenueScenario, VenueScenarioKind, VenueTerms};

use math::OutOfRange;
use terms::{Pair, Wanted};
use wallet::Followed;

/// One market as a lender and as a [`Venue`].
pub struct VenueLender {
    config: VenueConfig,
    capabilities: Capabilities,
    views: Arc<dyn ViewCalls>,
    logs: Arc<dyn EventLogs>,
    market: Box<dyn Followed>,
}

impl std::fmt::Debug for VenueLender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VenueLender({})", self.config.id)
    }
}

impl VenueLender {
    /// Checks the configuration; asks nobody.
    pub fn new(config: VenueConfig, views: Arc<dyn ViewCalls>, logs: Arc<dyn EventLogs>) -> Result<Self, VenueError> {
        config.check()?;
        let pair = Pair {
            asset: config.lends.clone(),
            collateral: config.accepts.clone(),
            views: Arc::clone(&views),
        };
        Ok(Self {
            capabilities: config.capabilities(),
            market: market(&config.protocol, pair),
            config,
            views,
            logs,
        })
    }

    /// The configuration.
    pub fn config(&self) -> &VenueConfig {
        &self.config
    }

    /// Terms of the largest draw up to the amount asked for, or the reason of a decline: what the quote is made of, with more digits.
    pub async fn terms(&self, request: &CreditRequest) -> Result<Result<VenueTerms, Reason>, LenderError> {
        let wanted = match self.wanted(request)? {
            Ok(wanted) => wanted,
            Err(reason) => return Ok(Err(reason)),
        };
        self.market.terms(&wanted).await
    }

    /// Calls of the borrower's wallet that lock `collateral` and borrow `debt` base units, in order, without the router.
    pub fn open(&self, borrower: Address, collateral: U256, debt: U256) -> Vec<WalletCall> {
        self.market.open(borrower, collateral, debt)
    }

    /// Gas of opening a position from a wallet, all its calls.
    pub fn gas(&self) -> u64 {
        self.market.gas()
    }

    fn wanted(&self, request: &CreditRequest) -> Result<Result<Wanted, Reason>, LenderError> {
        let no = |code: &str, text: &str| Ok(Err(Reason::new(code, text)));
        let Some(borrower) = request.wallet else {
            return no("WALLET_NEEDED", "This market needs a wallet.");
        };
        if request.refinances.is_some() {
            return no(
                "NOT_A_REFINANCING",
                "This market cannot repay the loan that you want to replace.",
            );
        }
        let locked = request
            .collateral
            .as_ref()
            .filter(|locked| locked.asset == self.config.accepts);
        let Some(locked) = locked.filter(|locked| !locked.units.is_zero()) else {
            return no(
                "COLLATERAL_NOT_ACCEPTED",
                "This market does not take this token as collateral.",
            );
        };
        let units = |minor: i64| -> Result<U256, OutOfRange> {
            let minor = U256::from(u64::try_from(minor).map_err(|_| OutOfRange)?);
            math::mul(minor, self.config.scale())
        };
        let seconds = (offer::end(request)? - request.at).num_seconds();
        Ok(Ok(Wanted {
            borrower,
            collateral: locked.units,
            debt: units(request.amount.minor)?,
            least: units(self.config.min_amount.min(request.amount.minor))?,
            step: self.config.scale(),
            seconds: u64::try_from(seconds).map_err(|_| OutOfRange)?,
            headroom_ppm: self.config.headroom.ppm().unsigned_abs(),
        }))
    }
}

fn market(protocol: &VenueProtocol, pair: Pair) -> Box<dyn Followed> {
    let found = Mutex::default();
    match *protocol {
        VenueProtocol::AaveV3 {
            release,
            pool,
            provider,
        } => Box::new(aave::Aave {
            pair,
            release,
            pool,
            provider,
            found,
        }),
        VenueProtocol::MorphoBlue {
            morpho,
            oracle,
            irm,
            lltv,
        } => Box::new(morpho::Morpho {
            pair,
            contract: morpho,
            oracle,
            irm,
            lltv,
        }),
        VenueProtocol::Venus {
            comptroller,
            asset_market,
            collateral_market,
        } => Box::new(venus::Venus {
            pair,
            comptroller,
            asset_market,
            collateral_market,
            found: Mutex::default(),
        }),
        VenueProtocol::CompoundV3 { comet } => Box::new(compound::Compound {
            pair,
            comet,
            feeds: Mutex::default(),
        }),
    }
}

#[async_trait]
impl Lender for VenueLender {
    fn id(&self) -> &ProviderId {
        &self.config.id
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        if ask.deadline <= Instant::now() {
            return Err(LenderError::TimedOut);
        }
        let request = &ask.request;
        let misfits = self.capabilities.misfits(request);
        if !misfits.is_empty() {
            return Ok(Answer::Declined(misfits));
        }
        let reads = futures::future::join(self.terms(request), self.views.gas_price(self.config.lends.chain_id));
        let read = tokio::time::timeout_at(ask.deadline.into(), reads).await;
        let (terms, gas_price) = read.map_err(|_| LenderError::TimedOut)?;
        let terms = match terms? {
            Ok(terms) => terms,
            Err(reason) => return Ok(Answer::Declined(vec![reason])),
        };
        let gas_price = gas_price.map_err(|error| batch::unreachable(&error))?;
        let offer = offer::offer(&self.config, request, &terms, (self.gas(), gas_price))?;
        Ok(Answer::Offers(vec![offer]))
    }

    async fn accept(&self, _: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        Err(opened_by_wallet())
    }

    async fn status(&self, _: SettlementId) -> Result<LenderStatus, LenderError> {
        Err(opened_by_wallet())
    }

    async fn cancel(&self, _: SettlementId) -> Result<LenderStatus, LenderError> {
        Err(opened_by_wallet())
    }
}

fn opened_by_wallet() -> LenderError {
    LenderError::Unsupported("the borrower's wallet opens the position on chain".into())
}

#[async_trait]
impl Venue for VenueLender {
    fn id(&self) -> &ProviderId {
        &self.config.id
    }

    fn market(&self) -> VenueMarket {
        VenueMarket {
            chain_id: self.config.lends.chain_id,
            name: self.config.protocol.title().to_owned(),
            asset: self.config.lends.clone(),
            collateral: self.config.accepts.clone(),
            router: self.config.router,
        }
    }

    async fn position(&self, borrower: Address) -> Result<VenuePosition, LenderError> {
        self.market.position(borrower, None).await
    }

    async fn position_at(&self, borrower: Address, block: ViewBlock) -> Result<VenuePosition, LenderError> {
        self.market.position(borrower, Some(block)).await
    }

    async fn plan(&self, opening: VenueOpening) -> Result<VenuePlan, LenderError> {
        if let Some(router) = self.config.router {
            return self.market.plan(router, opening).await;
        }
        Ok(VenuePlan {
            approvals: Vec::new(),
            permission: None,
            calls: self.open(opening.borrower, opening.collateral, opening.debt),
            opening,
        })
    }

    fn open_signed(&self, plan: &VenuePlan, signature: &Bytes) -> Option<WalletCall> {
        let (router, permission) = (self.config.router?, plan.permission.as_ref()?);
        let opening = &plan.opening;
        let signed = wallet::signed_by(opening.borrower, permission, opening.deadline, signature)?;
        self.market.open_signed(router, plan, signed)
    }

    async fn lock(&self, borrower: Address, amount: U256) -> Result<Vec<WalletCall>, LenderError> {
        // Opening is locking and, by the last call, borrowing.
        let mut calls = self.open(borrower, amount, U256::ZERO);
        calls.pop();
        Ok(calls)
    }

    async fn repay(&self, borrower: Address, amount: Option<U256>) -> Result<Vec<WalletCall>, LenderError> {
        self.market.repay(borrower, amount).await
    }

    async fn withdraw(&self, borrower: Address, amount: Option<U256>) -> Result<Vec<WalletCall>, LenderError> {
        self.market.withdraw(borrower, amount).await
    }

    async fn close(&self, borrower: Address) -> Result<Vec<WalletCall>, LenderError> {
        if let Some(router) = self.config.router {
            return self.market.close(router, borrower).await;
        }
        let mut calls = self.market.repay(borrower, None).await?;
        calls.extend(self.market.withdraw(borrower, None).await?);
        Ok(calls)
    }

    async fn events(&self, borrower: Address, blocks: RangeInclusive<u64>) -> Result<Vec<VenueEvent>, LenderError> {
        let (chain_id, filters) = (self.config.lends.chain_id, self.market.filters(borrower));
        let logs = self.logs.logs(chain_id, blocks, &filters).await;
        let mut events = Vec::new();
        for log in logs.map_err(|error| batch::unreachable(&error))? {
            if let Some(kind) = self.market.event(borrower, &log).await? {
                events.push(VenueEvent {
                    block: log.block,
                    tx_hash: log.tx_hash,
                    log_index: log.log_index,
                    kind,
                });
            }
        }
        Ok(events)
    }
}
