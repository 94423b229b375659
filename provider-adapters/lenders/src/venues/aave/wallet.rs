//! Aave through the router, and its events.

use alloy_primitives::{Address, U256, keccak256};
use alloy_sol_types::{SolEvent, SolValue};
use async_trait::async_trait;
use domain::ports::{EventLog, LogFilter, VenueEventKind, VenueOpening, VenuePermission, VenuePlan, WalletCall};
use sdk::LenderError;
use serde_json::json;

use super::{Aave, AavePool, Batch};
use crate::venues::abi_router::{AaveDebtToken, AaveEvents as Events, Permission, Pledge, Router};
use crate::venues::terms::{Market as _, with_margin};
use crate::venues::wallet::{Domain, Followed, digest, same_domain, topic};

const GAS_OPEN: u64 = 900_000;
const GAS_CLOSE: u64 = 1_100_000;

impl Aave {
    /// The pool's tokens for the debt and for the collateral.
    async fn tokens(&self) -> Result<(Address, Address), LenderError> {
        let (pair, mut batch) = (&self.pair, Batch::default());
        let reserve = |asset| AavePool::getReserveDataCall { asset };
        let asset = batch.add(self.pool, &reserve(pair.asset.token));
        let collateral = batch.add(self.pool, &reserve(pair.collateral.token));
        let answers = batch.send(&*pair.views, pair.chain_id(), None).await?;
        let debt = answers.get(&asset)?.variableDebtTokenAddress;
        Ok((debt, answers.get(&collateral)?.aTokenAddress))
    }

    /// The delegation that lets the router borrow exactly the debt in the borrower's name.
    async fn delegation(&self, router: Address, opening: &VenueOpening) -> Result<VenuePermission, LenderError> {
        let (token, _) = self.tokens().await?;
        let (chain_id, owner, mut batch) = (self.pair.chain_id(), opening.borrower, Batch::default());
        let name = batch.add(token, &AaveDebtToken::nameCall {});
        let nonce = batch.add(token, &AaveDebtToken::noncesCall { owner });
        let separator = batch.add(token, &AaveDebtToken::DOMAIN_SEPARATORCall {});
        let answers = batch.send(&*self.pair.views, chain_id, None).await?;
        let (nonce, separator) = (answers.get(&nonce)?, answers.get(&separator)?);
        let (domain, ours) = Domain::named(&answers.get(&name)?, chain_id, token);
        same_domain(ours, separator)?;
        let kind = keccak256("DelegationWithSig(address delegatee,uint256 value,uint256 nonce,uint256 deadline)");
        let words = (kind, router, opening.debt, nonce, U256::from(opening.deadline)).abi_encode();
        let message = [
            ("delegatee", "address", json!(router)),
            ("value", "uint256", json!(opening.debt.to_string())),
            ("nonce", "uint256", json!(nonce.to_string())),
            ("deadline", "uint256", json!(opening.deadline.to_string())),
        ];
        Ok(VenuePermission {
            typed_data: domain.typed_data("DelegationWithSig", &message),
            digest: digest(separator, &words),
            contract: domain.contract,
            nonce,
        })
    }
}

#[async_trait]
impl Followed for Aave {
    async fn plan(&self, router: Address, opening: VenueOpening) -> Result<VenuePlan, LenderError> {
        let permission = self.delegation(router, &opening).await?;
        Ok(VenuePlan {
            approvals: vec![self.pair.approve(&self.pair.collateral, router, opening.collateral)],
            permission: Some(permission),
            calls: Vec::new(),
            opening,
        })
    }

    fn open_signed(&self, router: Address, plan: &VenuePlan, signed: Permission) -> Option<WalletCall> {
        let (pair, opening) = (&self.pair, &plan.opening);
        let call = Router::openAaveCall {
            pool: self.pool,
            debtToken: plan.permission.as_ref()?.contract,
            pledge: Pledge {
                collateral: pair.collateral.token,
                collateralAmount: opening.collateral,
                asset: pair.asset.token,
                amount: opening.debt,
            },
            delegation: signed,
        };
        Some(pair.call(pair.opening_title(), router, &call, GAS_OPEN))
    }

    async fn close(&self, router: Address, borrower: Address) -> Result<Vec<WalletCall>, LenderError> {
        let pair = &self.pair;
        let (_, receipt) = self.tokens().await?;
        let position = self.position(borrower, None).await?;
        let most = with_margin(position.debt)?;
        let call = Router::closeAaveCall {
            pool: self.pool,
            asset: pair.asset.token,
            most,
            collateral: pair.collateral.token,
            receipt,
        };
        Ok(vec![
            pair.approve(&pair.asset, router, most),
            // It grows by interest until then.
            pair.approve_token(receipt, router, with_margin(position.collateral)?),
            pair.call(pair.closing_title(), router, &call, GAS_CLOSE),
        ])
    }

    fn filters(&self, borrower: Address) -> Vec<LogFilter> {
        let filter = |topics| LogFilter {
            address: self.pool,
            topics,
        };
        let second = vec![
            Events::Supply::SIGNATURE_HASH,
            Events::Withdraw::SIGNATURE_HASH,
            Events::Borrow::SIGNATURE_HASH,
            Events::Repay::SIGNATURE_HASH,
        ];
        let user = topic(borrower);
        vec![
            filter(vec![second, vec![], vec![user]]),
            filter(vec![
                vec![Events::LiquidationCall::SIGNATURE_HASH],
                vec![],
                vec![],
                vec![user],
            ]),
            filter(vec![vec![Events::DeficitCreated::SIGNATURE_HASH], vec![user]]),
        ]
    }

    async fn event(&self, borrower: Address, log: &EventLog) -> Result<Option<VenueEventKind>, LenderError> {
        Ok(self.said(borrower, log))
    }
}

impl Aave {
    fn said(&self, borrower: Address, log: &EventLog) -> Option<VenueEventKind> {
        let (asset, collateral) = (self.pair.asset.token, self.pair.collateral.token);
        let topics = || log.topics.iter().copied();
        let kind = *log.topics.first().filter(|_| log.address == self.pool)?;
        match kind {
            Events::Borrow::SIGNATURE_HASH => {
                let event = Events::Borrow::decode_raw_log(topics(), &log.data).ok()?;
                let ours = event.reserve == asset && event.onBehalfOf == borrower;
                ours.then_some(VenueEventKind::Borrowed { amount: event.amount })
            }
            Events::Repay::SIGNATURE_HASH => {
                let event = Events::Repay::decode_raw_log(topics(), &log.data).ok()?;
                let ours = event.reserve == asset && event.user == borrower;
                ours.then_some(VenueEventKind::Repaid {
                    payer: event.repayer,
                    amount: event.amount,
                })
            }
            Events::Supply::SIGNATURE_HASH => {
                let event = Events::Supply::decode_raw_log(topics(), &log.data).ok()?;
                let ours = event.reserve == collateral && event.onBehalfOf == borrower;
                ours.then_some(VenueEventKind::CollateralChanged { by: event.user })
            }
            Events::Withdraw::SIGNATURE_HASH => {
                let event = Events::Withdraw::decode_raw_log(topics(), &log.data).ok()?;
                let ours = event.reserve == collateral && event.user == borrower;
                ours.then_some(VenueEventKind::CollateralChanged { by: event.user })
            }
            Events::LiquidationCall::SIGNATURE_HASH => {
                let event = Events::LiquidationCall::decode_raw_log(topics(), &log.data).ok()?;
                let ours = event.debtAsset == asset && event.collateralAsset == collateral && event.user == borrower;
                ours.then_some(VenueEventKind::Liquidated {
                    liquidator: event.liquidator,
                    repaid: event.debtToCover,
                    seized: event.liquidatedCollateralAmount,
                    bad_debt: U256::ZERO,
                })
            }
            Events::DeficitCreated::SIGNATURE_HASH => {
                let event = Events::DeficitCreated::decode_raw_log(topics(), &log.data).ok()?;
                let ours = event.debtAsset == asset && event.user == borrower;
                ours.then_some(VenueEventKind::Liquidated {
                    liquidator: self.pool,
                    repaid: U256::ZERO,
                    seized: U256::ZERO,
                    bad_debt: event.amountCreated,
                })
            }
            _ => None,
        }
    }
}
