//! Knowledge of the settlement contracts: hashes, typed data, calldata, and live reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_primitives::aliases::U40;
use alloy_primitives::{Address, B256, Bytes, Signature, U256, keccak256};
use alloy_sol_types::{Eip712Domain, SolCall, SolStruct, SolValue};
use async_trait::async_trait;
use domain::offer::{Onchain, OnchainOrder};
use domain::ports::{Call, ChainError, ChainInfo, ChainReader, Contracts, Intent, OnchainTerms, WalletCall};
use serde_json::{Value, json};

use crate::bindings::aggregator::CreditAggregator as sol;
use crate::bindings::token::DevToken as erc20;
use crate::registry::Registry;
use crate::rpc::{Rpc, RpcError};

/// `name` of the EIP-712 domain.
pub const DOMAIN_NAME: &str = "Usance CreditAggregator";
/// `version` of the EIP-712 domain.
pub const DOMAIN_VERSION: &str = "1";

/// Measured at most 169k with account signatures; a contract that checks its own signature takes more.
const ORIGINATE_GAS: u64 = 500_000;
/// Measured at most 84k; a token with hooks takes more.
const REPAY_GAS: u64 = 250_000;
const APPROVE_GAS: u64 = 100_000;
const READ_GAS: u64 = 1_000_000;

/// [`Contracts`] over the configured chains. Pure: no I/O.
#[derive(Clone, Debug)]
pub struct SettlementContracts {
    registry: Registry,
}

impl SettlementContracts {
    /// Over these chains.
    pub fn new(registry: Registry) -> Self {
        Self { registry }
    }

    fn aggregator(&self, chain_id: u64) -> Result<Address, ChainError> {
        self.registry
            .get(chain_id)
            .map(|c| c.aggregator)
            .ok_or(ChainError::UnknownChain(chain_id))
    }

    fn domain(&self, chain_id: u64) -> Result<Eip712Domain, ChainError> {
        Ok(eip712_domain(chain_id, self.aggregator(chain_id)?))
    }
}

/// The EIP-712 domain of a deployment.
pub fn eip712_domain(chain_id: u64, aggregator: Address) -> Eip712Domain {
    Eip712Domain {
        name: Some(DOMAIN_NAME.into()),
        version: Some(DOMAIN_VERSION.into()),
        chain_id: Some(U256::from(chain_id)),
        verifying_contract: Some(aggregator),
        salt: None,
    }
}

/// EIP-712 digest of an order under a deployment: what a lender signs.
pub fn order_digest(chain_id: u64, aggregator: Address, order: &OnchainOrder) -> Result<B256, ChainError> {
    Ok(sol_offer(order)?.eip712_signing_hash(&eip712_domain(chain_id, aggregator)))
}

impl Contracts for SettlementContracts {
    fn chains(&self) -> Vec<ChainInfo> {
        self.registry.iter().map(crate::registry::ChainConfig::info).collect()
    }

    fn order_hash(&self, chain_id: u64, order: &OnchainOrder) -> Result<B256, ChainError> {
        order_digest(chain_id, self.aggregator(chain_id)?, order)
    }

    fn order_signed(&self, chain_id: u64, order: &OnchainOrder, signature: &Bytes) -> Result<bool, ChainError> {
        signed_by(order.lender, self.order_hash(chain_id, order)?, signature)
    }

    fn intent_typed_data(&self, chain_id: u64, intent: &Intent) -> Result<Value, ChainError> {
        let aggregator = self.aggregator(chain_id)?;
        u40("deadline", intent.deadline)?;
        // Numbers as decimal text: wallets read them exactly, whatever their size.
        Ok(json!({
            "types": {
                "EIP712Domain": members(&[
                    ("name", "string"),
                    ("version", "string"),
                    ("chainId", "uint256"),
                    ("verifyingContract", "address"),
                ]),
                "Intent": members(&[
                    ("offerHash", "bytes32"),
                    ("borrower", "address"),
                    ("recipient", "address"),
                    ("minReceived", "uint256"),
                    ("deadline", "uint40"),
                ]),
            },
            "primaryType": "Intent",
            "domain": {
                "name": DOMAIN_NAME,
                "version": DOMAIN_VERSION,
                "chainId": chain_id,
                "verifyingContract": aggregator,
            },
            "message": {
                "offerHash": intent.order_hash,
                "borrower": intent.borrower,
                "recipient": intent.recipient,
                "minReceived": intent.min_received.to_string(),
                "deadline": intent.deadline.to_string(),
            },
        }))
    }

    fn intent_signed(&self, chain_id: u64, intent: &Intent, signature: &Bytes) -> Result<bool, ChainError> {
        let digest = sol_intent(intent)?.eip712_signing_hash(&self.domain(chain_id)?);
        signed_by(intent.borrower, digest, signature)
    }

    fn onchain_loan_id(&self, order_hash: B256, borrower: Address) -> B256 {
        keccak256((order_hash, borrower).abi_encode())
    }

    fn originate(&self, onchain: &Onchain, intent: &Intent, signature: &Bytes) -> Result<Call, ChainError> {
        let to = self.aggregator(onchain.chain_id)?;
        if onchain.contract != to {
            return Err(invalid("contract", "not the settlement contract of that chain"));
        }
        let order_hash = self.order_hash(onchain.chain_id, &onchain.order)?;
        if onchain.order_hash != order_hash || intent.order_hash != order_hash {
            return Err(invalid("order_hash", "not the hash of the order"));
        }
        let call = sol::originateCall {
            offer: sol_offer(&onchain.order)?,
            lenderSignature: contract_form(&onchain.signature),
            intent: sol_intent(intent)?,
            borrowerSignature: contract_form(signature),
        };
        Ok(Call {
            chain_id: onchain.chain_id,
            to,
            data: call.abi_encode().into(),
            gas_limit: ORIGINATE_GAS,
        })
    }

    fn approvals(&self, onchain: &Onchain) -> Result<Vec<WalletCall>, ChainError> {
        let chain = self
            .registry
            .get(onchain.chain_id)
            .ok_or(ChainError::UnknownChain(onchain.chain_id))?;
        let (token, amount) = (onchain.order.collateral, onchain.order.collateral_amount);
        let call = approve(chain.chain_id, token, chain.aggregator, amount);
        Ok(vec![WalletCall {
            title: "Allow the collateral to be locked".to_owned(),
            call,
        }])
    }

    fn repay(
        &self,
        chain_id: u64,
        loan: B256,
        terms: &OnchainTerms,
        max_amount: u128,
    ) -> Result<Vec<WalletCall>, ChainError> {
        let to = self.aggregator(chain_id)?;
        let call = sol::repayCall {
            loanId: loan,
            terms: sol_terms(terms)?,
            maxAmount: U256::from(max_amount),
        }
        .abi_encode();
        Ok(vec![
            WalletCall {
                title: "Allow the repayment".to_owned(),
                call: approve(chain_id, terms.order.asset, to, max_amount),
            },
            WalletCall {
                title: "Repay".to_owned(),
                call: Call {
                    chain_id,
                    to,
                    data: call.into(),
                    gas_limit: REPAY_GAS,
                },
            },
        ])
    }
}

/// [`ChainReader`] over the endpoints of the configured chains.
#[derive(Clone, Debug)]
pub struct SettlementReader {
    registry: Registry,
    rpcs: BTreeMap<u64, Arc<Rpc>>,
}

impl SettlementReader {
    /// Over these endpoints; a chain without one is unknown.
    pub fn new(registry: Registry, rpcs: impl IntoIterator<Item = Arc<Rpc>>) -> Self {
        Self {
            registry,
            rpcs: rpcs.into_iter().map(|rpc| (rpc.chain_id(), rpc)).collect(),
        }
    }

    async fn read<C: SolCall>(&self, chain_id: u64, to: Address, call: C) -> Result<C::Return, ChainError> {
        let rpc = self.rpcs.get(&chain_id).ok_or(ChainError::UnknownChain(chain_id))?;
        let answer = rpc.call(None, to, &call.abi_encode().into(), READ_GAS).await;
        let answer = answer.map_err(|error| read_error(chain_id, &error))?;
        C::abi_decode_returns(&answer).map_err(|_| invalid("contract", "no such contract there"))
    }
}

#[async_trait]
impl ChainReader for SettlementReader {
    async fn payoff(&self, chain_id: u64, loan: B256, terms: &OnchainTerms, at: u64) -> Result<u128, ChainError> {
        let to = self
            .registry
            .get(chain_id)
            .map(|c| c.aggregator)
            .ok_or(ChainError::UnknownChain(chain_id))?;
        let call = sol::payoffAmountCall {
            loanId: loan,
            terms: sol_terms(terms)?,
            at: U256::from(at),
        };
        amount(self.read(chain_id, to, call).await?)
    }

    async fn balance(&self, chain_id: u64, token: Address, owner: Address) -> Result<u128, ChainError> {
        amount(
            self.read(chain_id, token, erc20::balanceOfCall { account: owner })
                .await?,
        )
    }
}

/// Decodes revert data into the name and the arguments of our contract's error, for people.
pub fn revert_reason(data: &[u8]) -> Option<String> {
    use alloy_sol_types::SolInterface;
    if let Ok(error) = sol::CreditAggregatorErrors::abi_decode(data) {
        return Some(format!("{error:?}"));
    }
    if let Ok(error) = erc20::DevTokenErrors::abi_decode(data) {
        return Some(format!("{error:?}"));
    }
    alloy_sol_types::decode_revert_reason(data)
}

fn read_error(chain_id: u64, error: &RpcError) -> ChainError {
    match error {
        RpcError::Refused { message, data, .. } => {
            let detail = data
                .as_deref()
                .and_then(|data| revert_reason(data))
                .unwrap_or_else(|| message.clone());
            ChainError::Invalid { field: "loan", detail }
        }
        other => ChainError::Unavailable {
            chain_id,
            detail: other.to_string(),
        },
    }
}

fn approve(chain_id: u64, token: Address, spender: Address, value: u128) -> Call {
    let data = erc20::approveCall {
        spender,
        value: U256::from(value),
    }
    .abi_encode()
    .into();
    Call {
        chain_id,
        to: token,
        data,
        gas_limit: APPROVE_GAS,
    }
}

fn members(list: &[(&str, &str)]) -> Value {
    list.iter()
        .map(|(name, kind)| json!({ "name": name, "type": kind }))
        .collect()
}

fn invalid(field: &'static str, detail: &str) -> ChainError {
    ChainError::Invalid {
        field,
        detail: detail.to_owned(),
    }
}

fn u40(field: &'static str, seconds: u64) -> Result<U40, ChainError> {
    U40::try_from(seconds).map_err(|_| invalid(field, "above 40 bits"))
}

fn amount(value: U256) -> Result<u128, ChainError> {
    u128::try_from(value).map_err(|_| invalid("amount", "above 128 bits"))
}

/// Exactly what the contract's ECDSA check takes: 65 bytes, low `s`; the recovery byte in either form.
fn signed_by(signer: Address, digest: B256, signature: &Bytes) -> Result<bool, ChainError> {
    if signature.len() != 65 || !matches!(signature[64], 0 | 1 | 27 | 28) {
        return Err(invalid(
            "signature",
            "not 65 bytes with a recovery byte of 0, 1, 27 or 28",
        ));
    }
    let parsed = Signature::from_raw(signature).map_err(|_| invalid("signature", "not a signature"))?;
    if parsed.normalize_s().is_some() || signer.is_zero() {
        return Ok(false);
    }
    Ok(parsed
        .recover_address_from_prehash(&digest)
        .is_ok_and(|recovered| recovered == signer))
}

/// Some wallets give a recovery byte of 0 or 1; the contract takes 27 and 28.
fn contract_form(signature: &Bytes) -> Bytes {
    match signature.split_last() {
        Some((last @ (0 | 1), rest)) if rest.len() == 64 => [rest, &[last + 27]].concat().into(),
        _ => signature.clone(),
    }
}

fn sol_offer(order: &OnchainOrder) -> Result<sol::Offer, ChainError> {
    Ok(sol::Offer {
        lender: order.lender,
        borrower: order.borrower,
        asset: order.asset,
        collateral: order.collateral,
        principal: order.principal,
        collateralAmount: order.collateral_amount,
        installmentAmount: order.installment_amount,
        ratePpm: order.rate_ppm,
        installments: order.installments,
        period: order.period,
        grace: order.grace,
        lateFeeBps: order.late_fee_bps,
        originationFeeBps: order.origination_fee_bps,
        feeRecipient: order.fee_recipient,
        expiry: u40("expiry", order.expiry)?,
        epoch: order.epoch,
        nonce: order.nonce,
    })
}

fn sol_intent(intent: &Intent) -> Result<sol::Intent, ChainError> {
    Ok(sol::Intent {
        offerHash: intent.order_hash,
        borrower: intent.borrower,
        recipient: intent.recipient,
        minReceived: U256::from(intent.min_received),
        deadline: u40("deadline", intent.deadline)?,
    })
}

fn sol_terms(terms: &OnchainTerms) -> Result<sol::LoanTerms, ChainError> {
    let order = &terms.order;
    Ok(sol::LoanTerms {
        lender: order.lender,
        borrower: terms.borrower,
        asset: order.asset,
        collateral: order.collateral,
        principal: order.principal,
        collateralAmount: order.collateral_amount,
        installmentAmount: order.installment_amount,
        ratePpm: order.rate_ppm,
        installments: order.installments,
        period: order.period,
        grace: order.grace,
        lateFeeBps: order.late_fee_bps,
        originationFeeBps: order.origination_fee_bps,
        feeRecipient: order.fee_recipient,
        expiry: u40("expiry", order.expiry)?,
        epoch: order.epoch,
        nonce: order.nonce,
        openOffer: order.borrower.is_zero(),
        start: u40("start", terms.start)?,
    })
}
