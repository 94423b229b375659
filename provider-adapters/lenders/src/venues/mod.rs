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
mod batch;
mod compound;
mod config;
mod math;
mod morpho;
mod offer;
mod terms;
mod venus;

use std::sync::{Arc, Mutex};

use alloy_primitives::{Address, U256};
use async_trait::async_trait;
use domain::ports::{Venue, VenuePosition, ViewCalls, WalletCall};
use domain::request::CreditRequest;
use domain::{ProviderId, Reason, SettlementId};
use sdk::{AcceptOrder, AcceptReceipt, Answer, Ask, Capabilities, Lender, LenderError, LenderStatus};

pub use aave::AaveRelease;
pub use config::{VenueConfig, VenueError, VenueProtocol};
pub use terms::{VenueOwed, VenueRate, VenueRisk, VenueScenario, VenueScenarioKind, VenueTerms};

use math::OutOfRange;
use terms::{Market, Pair, Wanted};

/// One market as a lender and as a [`Venue`].
pub struct VenueLender {
    config: VenueConfig,
    capabilities: Capabilities,
    views: Arc<dyn ViewCalls>,
    market: Box<dyn Market>,
}

impl std::fmt::Debug for VenueLender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VenueLender({})", self.config.id)
    }
}

impl VenueLender {
    /// Checks the configuration; asks nobody.
    pub fn new(config: VenueConfig, views: Arc<dyn ViewCalls>) -> Result<Self, VenueError> {
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

fn market(protocol: &VenueProtocol, pair: Pair) -> Box<dyn Market> {
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
        let request = &ask.request;
        let misfits = self.capabilities.misfits(request);
        if !misfits.is_empty() {
            return Ok(Answer::Declined(misfits));
        }
        let (terms, gas_price) =
            futures::future::join(self.terms(request), self.views.gas_price(self.config.lends.chain_id)).await;
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

    fn chain_id(&self) -> u64 {
        self.config.lends.chain_id
    }

    async fn position(&self, borrower: Address) -> Result<VenuePosition, LenderError> {
        self.market.position(borrower).await
    }

    async fn open(&self, borrower: Address, collateral: U256, debt: U256) -> Result<Vec<WalletCall>, LenderError> {
        Ok(self.market.open(borrower, collateral, debt))
    }

    async fn repay(&self, borrower: Address, amount: Option<U256>) -> Result<Vec<WalletCall>, LenderError> {
        self.market.repay(borrower, amount).await
    }

    async fn withdraw(&self, borrower: Address, amount: Option<U256>) -> Result<Vec<WalletCall>, LenderError> {
        self.market.withdraw(borrower, amount).await
    }
}
