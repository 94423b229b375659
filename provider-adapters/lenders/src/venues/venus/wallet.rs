//! Venus through the router, and its events.
//!
//! Venus takes no signatures: the wallet enters the collateral's market and makes the router its delegate by calls of its own. The
//! router acts for nobody but its caller; the calls that close a position end the delegation.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolEvent;
use async_trait::async_trait;
use domain::ports::{EventLog, LogFilter, VenueEventKind, VenueOpening, VenuePlan, WalletCall};
use sdk::LenderError;

use super::{Batch, GAS_CALL, VToken, Venus, VenusComptroller};
use crate::venues::abi_router::{Permission, Pledge, Router, VenusDelegation, VenusEvents as Events};
use crate::venues::math::{mul_div_down, wad};
use crate::venues::terms::{Market as _, Pair, with_margin};
use crate::venues::wallet::{Followed, topic};

const GAS_OPEN: u64 = 1_200_000;
const GAS_CLOSE: u64 = 1_200_000;

impl Venus {
    fn delegate(&self, router: Address, given: bool) -> WalletCall {
        let call = VenusDelegation::updateDelegateCall {
            delegate: router,
            approved: given,
        };
        self.pair
            .call(Pair::permission_title(given), self.comptroller, &call, GAS_CALL)
    }

    /// To give what is given already is an error there.
    async fn delegated(&self, router: Address, user: Address) -> Result<bool, LenderError> {
        let (pair, mut batch) = (&self.pair, Batch::default());
        let delegate = router;
        let asked = batch.add(
            self.comptroller,
            &VenusDelegation::approvedDelegatesCall { user, delegate },
        );
        let answers = batch.send(&*pair.views, pair.chain_id(), None).await?;
        answers.get(&asked)
    }

    fn opening_call(&self, router: Address, opening: &VenueOpening) -> WalletCall {
        let pair = &self.pair;
        let call = Router::openVenusCall {
            collateralMarket: self.collateral_market,
            assetMarket: self.asset_market,
            pledge: Pledge {
                collateral: pair.collateral.token,
                collateralAmount: opening.collateral,
                asset: pair.asset.token,
                amount: opening.debt,
            },
        };
        pair.call(pair.opening_title(), router, &call, GAS_OPEN)
    }

    /// Collateral behind so many of the market's tokens at the end of that block.
    async fn underlying(&self, tokens: U256, log: &EventLog) -> Result<U256, LenderError> {
        let (pair, mut batch) = (&self.pair, Batch::default());
        let rate = batch.add(self.collateral_market, &VToken::exchangeRateStoredCall {});
        let answers = batch.send(&*pair.views, pair.chain_id(), Some(log.block)).await?;
        Ok(mul_div_down(tokens, answers.get(&rate)?, wad())?)
    }
}

#[async_trait]
impl Followed for Venus {
    async fn plan(&self, router: Address, opening: VenueOpening) -> Result<VenuePlan, LenderError> {
        let pair = &self.pair;
        let enter = VenusComptroller::enterMarketsCall {
            vTokens: vec![self.collateral_market],
        };
        let title = format!("Use {} as collateral", pair.collateral.symbol);
        let mut approvals = vec![
            pair.approve(&pair.collateral, router, opening.collateral),
            pair.call(title, self.comptroller, &enter, GAS_CALL),
        ];
        let given = self.delegated(router, opening.borrower).await?;
        approvals.extend((!given).then(|| self.delegate(router, true)));
        Ok(VenuePlan {
            approvals,
            permission: None,
            calls: vec![self.opening_call(router, &opening)],
            opening,
        })
    }

    fn open_signed(&self, _: Address, _: &VenuePlan, _: Permission) -> Option<WalletCall> {
        None
    }

    async fn close(&self, router: Address, borrower: Address) -> Result<Vec<WalletCall>, LenderError> {
        let pair = &self.pair;
        let given = self.delegated(router, borrower).await?;
        let most = with_margin(self.position(borrower, None).await?.debt)?;
        let call = Router::closeVenusCall {
            collateralMarket: self.collateral_market,
            assetMarket: self.asset_market,
            asset: pair.asset.token,
            most,
            collateral: pair.collateral.token,
        };
        let mut calls = vec![pair.approve(&pair.asset, router, most)];
        calls.extend((!given).then(|| self.delegate(router, true)));
        calls.push(pair.call(pair.closing_title(), router, &call, GAS_CLOSE));
        calls.push(self.delegate(router, false));
        Ok(calls)
    }

    fn filters(&self, borrower: Address) -> Vec<LogFilter> {
        let user = vec![topic(borrower)];
        let filter = |address, topics| LogFilter { address, topics };
        let first = vec![Events::Borrow::SIGNATURE_HASH, Events::BadDebtIncreased::SIGNATURE_HASH];
        let second = vec![
            Events::RepayBorrow::SIGNATURE_HASH,
            Events::LiquidateBorrow::SIGNATURE_HASH,
        ];
        let held = vec![Events::Mint::SIGNATURE_HASH, Events::Redeem::SIGNATURE_HASH];
        vec![
            filter(self.asset_market, vec![first, user.clone()]),
            filter(self.asset_market, vec![second, vec![], user.clone()]),
            filter(self.collateral_market, vec![held, user]),
        ]
    }

    async fn event(&self, borrower: Address, log: &EventLog) -> Result<Option<VenueEventKind>, LenderError> {
        let topics = || log.topics.iter().copied();
        if log.topics.first() == Some(&Events::LiquidateBorrow::SIGNATURE_HASH) {
            let event = Events::LiquidateBorrow::decode_raw_log(topics(), &log.data).ok();
            let ours = event.filter(|event| log.address == self.asset_market && event.borrower == borrower);
            let Some(event) = ours.filter(|event| event.vTokenCollateral == self.collateral_market) else {
                return Ok(None);
            };
            return Ok(Some(VenueEventKind::Liquidated {
                liquidator: event.liquidator,
                // A `RepayBorrow` of its own tells it.
                repaid: U256::ZERO,
                seized: self.underlying(event.seizeTokens, log).await?,
                bad_debt: U256::ZERO,
            }));
        }
        Ok(if log.address == self.asset_market {
            self.said_of_debt(borrower, log)
        } else if log.address == self.collateral_market {
            said_of_collateral(borrower, log)
        } else {
            None
        })
    }
}

impl Venus {
    fn said_of_debt(&self, borrower: Address, log: &EventLog) -> Option<VenueEventKind> {
        let topics = || log.topics.iter().copied();
        match *log.topics.first()? {
            Events::Borrow::SIGNATURE_HASH => {
                let event = Events::Borrow::decode_raw_log(topics(), &log.data).ok()?;
                (event.borrower == borrower).then_some(VenueEventKind::Borrowed {
                    amount: event.borrowAmount,
                })
            }
            Events::RepayBorrow::SIGNATURE_HASH => {
                let event = Events::RepayBorrow::decode_raw_log(topics(), &log.data).ok()?;
                // The market "pays" what it writes off: `BadDebtIncreased` tells it.
                let ours = event.borrower == borrower && event.payer != self.asset_market;
                ours.then_some(VenueEventKind::Repaid {
                    payer: event.payer,
                    amount: event.repayAmount,
                })
            }
            Events::BadDebtIncreased::SIGNATURE_HASH => {
                let event = Events::BadDebtIncreased::decode_raw_log(topics(), &log.data).ok()?;
                (event.borrower == borrower).then_some(VenueEventKind::Liquidated {
                    liquidator: self.asset_market,
                    repaid: U256::ZERO,
                    seized: U256::ZERO,
                    bad_debt: event.badDebtDelta,
                })
            }
            _ => None,
        }
    }
}

fn said_of_collateral(borrower: Address, log: &EventLog) -> Option<VenueEventKind> {
    let topics = || log.topics.iter().copied();
    let by = match *log.topics.first()? {
        Events::Mint::SIGNATURE_HASH => Events::Mint::decode_raw_log(topics(), &log.data).ok()?.minter,
        Events::Redeem::SIGNATURE_HASH => Events::Redeem::decode_raw_log(topics(), &log.data).ok()?.redeemer,
        _ => return None,
    };
    (by == borrower).then_some(VenueEventKind::CollateralChanged { by })
}
