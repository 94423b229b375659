//! Morpho through the router, and its events.
//!
//! An authorization has no amount. The router acts for nobody but its caller, so that one which stands does no harm; the calls that
//! close a position take it back.

use alloy_primitives::{Address, U256, keccak256};
use alloy_sol_types::{SolEvent, SolValue};
use async_trait::async_trait;
use domain::ports::{EventLog, LogFilter, VenueEventKind, VenueOpening, VenuePermission, VenuePlan, WalletCall};
use sdk::LenderError;
use serde_json::json;

use super::{Batch, Morpho};
use crate::venues::abi_router::{MorphoEvents as Events, MorphoSigning, Permission, RoutedMarket, Router};
use crate::venues::terms::{Market as _, Pair, with_margin};
use crate::venues::wallet::{Domain, Followed, digest, none, same_domain, topic};

const GAS_OPEN: u64 = 600_000;
const GAS_CLOSE: u64 = 600_000;
const GAS_AUTHORIZE: u64 = 100_000;

impl Morpho {
    fn routed(&self) -> RoutedMarket {
        RoutedMarket {
            loanToken: self.pair.asset.token,
            collateralToken: self.pair.collateral.token,
            oracle: self.oracle,
            irm: self.irm,
            lltv: self.lltv,
        }
    }

    fn authorize(&self, router: Address, given: bool) -> WalletCall {
        let call = MorphoSigning::setAuthorizationCall {
            authorized: router,
            newIsAuthorized: given,
        };
        self.pair
            .call(Pair::permission_title(given), self.contract, &call, GAS_AUTHORIZE)
    }
}

#[async_trait]
impl Followed for Morpho {
    async fn plan(&self, router: Address, opening: VenueOpening) -> Result<VenuePlan, LenderError> {
        let (chain_id, borrower, mut batch) = (self.pair.chain_id(), opening.borrower, Batch::default());
        let nonce = batch.add(self.contract, &MorphoSigning::nonceCall { authorizer: borrower });
        let separator = batch.add(self.contract, &MorphoSigning::DOMAIN_SEPARATORCall {});
        let answers = batch.send(&*self.pair.views, chain_id, None).await?;
        let (nonce, separator) = (answers.get(&nonce)?, answers.get(&separator)?);
        let (domain, ours) = Domain::nameless(chain_id, self.contract);
        same_domain(ours, separator)?;
        let kind = keccak256(
            "Authorization(address authorizer,address authorized,bool isAuthorized,uint256 nonce,uint256 deadline)",
        );
        let words = (kind, borrower, router, true, nonce, U256::from(opening.deadline)).abi_encode();
        let message = [
            ("authorizer", "address", json!(borrower)),
            ("authorized", "address", json!(router)),
            ("isAuthorized", "bool", json!(true)),
            ("nonce", "uint256", json!(nonce.to_string())),
            ("deadline", "uint256", json!(opening.deadline.to_string())),
        ];
        let permission = VenuePermission {
            typed_data: domain.typed_data("Authorization", &message),
            digest: digest(separator, &words),
            contract: domain.contract,
            nonce,
        };
        Ok(VenuePlan {
            approvals: vec![self.pair.approve(&self.pair.collateral, router, opening.collateral)],
            permission: Some(permission),
            calls: Vec::new(),
            opening,
        })
    }

    fn open_signed(&self, router: Address, plan: &VenuePlan, signed: Permission) -> Option<WalletCall> {
        let call = Router::openMorphoCall {
            morpho: self.contract,
            market: self.routed(),
            collateralAmount: plan.opening.collateral,
            amount: plan.opening.debt,
            permission: signed,
            revocation: none(),
        };
        Some(self.pair.call(self.pair.opening_title(), router, &call, GAS_OPEN))
    }

    async fn close(&self, router: Address, borrower: Address) -> Result<Vec<WalletCall>, LenderError> {
        let (pair, mut batch) = (&self.pair, Batch::default());
        let asked = MorphoSigning::isAuthorizedCall {
            authorizer: borrower,
            authorized: router,
        };
        let asked = batch.add(self.contract, &asked);
        let answers = batch.send(&*pair.views, pair.chain_id(), None).await?;
        let authorized = answers.get(&asked)?;
        let most = with_margin(self.position(borrower, None).await?.debt)?;
        let call = Router::closeMorphoCall {
            morpho: self.contract,
            market: self.routed(),
            most,
            permission: none(),
            revocation: none(),
        };
        let mut calls = vec![pair.approve(&pair.asset, router, most)];
        calls.extend((!authorized).then(|| self.authorize(router, true)));
        calls.push(pair.call(pair.closing_title(), router, &call, GAS_CLOSE));
        calls.push(self.authorize(router, false));
        Ok(calls)
    }

    fn filters(&self, borrower: Address) -> Vec<LogFilter> {
        let filter = |topics| LogFilter {
            address: self.contract,
            topics,
        };
        let (id, user) = (vec![self.market_id()], vec![topic(borrower)]);
        let second = vec![
            Events::Borrow::SIGNATURE_HASH,
            Events::WithdrawCollateral::SIGNATURE_HASH,
        ];
        let third = vec![
            Events::Repay::SIGNATURE_HASH,
            Events::SupplyCollateral::SIGNATURE_HASH,
            Events::Liquidate::SIGNATURE_HASH,
        ];
        vec![
            filter(vec![second, id.clone(), user.clone()]),
            filter(vec![third, id, vec![], user]),
        ]
    }

    async fn event(&self, borrower: Address, log: &EventLog) -> Result<Option<VenueEventKind>, LenderError> {
        Ok(self.said(borrower, log))
    }
}

impl Morpho {
    fn said(&self, borrower: Address, log: &EventLog) -> Option<VenueEventKind> {
        let topics = || log.topics.iter().copied();
        let kind = *log.topics.first().filter(|_| log.address == self.contract)?;
        let ours = |id, user| id == self.market_id() && user == borrower;
        match kind {
            Events::Borrow::SIGNATURE_HASH => {
                let event = Events::Borrow::decode_raw_log(topics(), &log.data).ok()?;
                ours(event.id, event.onBehalf).then_some(VenueEventKind::Borrowed { amount: event.assets })
            }
            Events::Repay::SIGNATURE_HASH => {
                let event = Events::Repay::decode_raw_log(topics(), &log.data).ok()?;
                ours(event.id, event.onBehalf).then_some(VenueEventKind::Repaid {
                    payer: event.caller,
                    amount: event.assets,
                })
            }
            Events::SupplyCollateral::SIGNATURE_HASH => {
                let event = Events::SupplyCollateral::decode_raw_log(topics(), &log.data).ok()?;
                ours(event.id, event.onBehalf).then_some(VenueEventKind::CollateralChanged { by: event.caller })
            }
            Events::WithdrawCollateral::SIGNATURE_HASH => {
                let event = Events::WithdrawCollateral::decode_raw_log(topics(), &log.data).ok()?;
                ours(event.id, event.onBehalf).then_some(VenueEventKind::CollateralChanged { by: event.caller })
            }
            Events::Liquidate::SIGNATURE_HASH => {
                let event = Events::Liquidate::decode_raw_log(topics(), &log.data).ok()?;
                ours(event.id, event.borrower).then_some(VenueEventKind::Liquidated {
                    liquidator: event.caller,
                    repaid: event.repaidAssets,
                    seized: event.seizedAssets,
                    bad_debt: event.badDebtAssets,
                })
            }
            _ => None,
        }
    }
}
