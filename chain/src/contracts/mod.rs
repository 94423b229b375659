//! Knowledge of the settlement contracts: hashes, typed data, calldata, and live reads.

mod anchor;
mod attestation;
mod encode;
mod gas;
mod reader;
mod reasons;
mod signature;
mod typed;

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{Eip712Domain, SolCall, SolStruct, SolValue};
use domain::offer::{Onchain, OnchainOrder};
use domain::ports::{
    Call, ChainError, ChainInfo, Contracts, Intent, LiveLoan, OnchainTerms, SignedAttestation, WalletCall,
};
use serde_json::Value;

use crate::bindings::aggregator::CreditAggregator as sol;
use crate::bindings::token::DevToken as erc20;
use crate::registry::{ChainConfig, Registry};
use encode::invalid;
use signature::{contract_form, signed_by, signed_by_key_or_tree};

pub use anchor::{CheckpointAnchors, KnownCheckpoint, newest_anchor};
pub use attestation::attestation_digest;
pub use reader::SettlementReader;
pub use reasons::revert_reason;
pub use signature::tree_digest;

/// `name` of the EIP-712 domain.
pub const DOMAIN_NAME: &str = "Usance CreditAggregator";
/// `version` of the EIP-712 domain.
pub const DOMAIN_VERSION: &str = "1";

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

    fn chain(&self, chain_id: u64) -> Result<&ChainConfig, ChainError> {
        self.registry.get(chain_id).ok_or(ChainError::UnknownChain(chain_id))
    }

    fn domain(&self, chain_id: u64) -> Result<Eip712Domain, ChainError> {
        Ok(eip712_domain(chain_id, self.chain(chain_id)?.aggregator))
    }

    fn terms(&self, loan: &LiveLoan) -> Result<sol::LoanTerms, ChainError> {
        encode::terms(&self.domain(loan.chain_id)?, &loan.terms)
    }

    /// The settlement contract of an order, after a look whether everything names the same order.
    fn settles(&self, onchain: &Onchain, intent: &Intent) -> Result<Address, ChainError> {
        let to = self.chain(onchain.chain_id)?.aggregator;
        if onchain.contract != to {
            return Err(invalid("contract", "not the settlement contract of that chain"));
        }
        let order_hash = self.order_hash(onchain.chain_id, &onchain.order)?;
        if onchain.order_hash != order_hash || intent.order_hash != order_hash {
            return Err(invalid("order_hash", "not the hash of the order"));
        }
        Ok(to)
    }

    fn call(&self, chain_id: u64, call: &impl SolCall, gas_limit: u64) -> Result<Call, ChainError> {
        Ok(Call {
            chain_id,
            to: self.chain(chain_id)?.aggregator,
            data: call.abi_encode().into(),
            gas_limit,
        })
    }

    fn allow(&self, chain_id: u64, token: Address, amount: u128, title: &str) -> Result<WalletCall, ChainError> {
        let allowance = erc20::approveCall {
            spender: self.chain(chain_id)?.aggregator,
            value: U256::from(amount),
        };
        Ok(step(
            title,
            Call {
                chain_id,
                to: token,
                data: allowance.abi_encode().into(),
                gas_limit: gas::APPROVE,
            },
        ))
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
    Ok(encode::offer(order)?.eip712_signing_hash(&eip712_domain(chain_id, aggregator)))
}

impl Contracts for SettlementContracts {
    fn chains(&self) -> Vec<ChainInfo> {
        self.registry.iter().map(ChainConfig::info).collect()
    }

    fn order_hash(&self, chain_id: u64, order: &OnchainOrder) -> Result<B256, ChainError> {
        order_digest(chain_id, self.chain(chain_id)?.aggregator, order)
    }

    fn order_signed(&self, chain_id: u64, order: &OnchainOrder, signature: &Bytes) -> Result<bool, ChainError> {
        signed_by_key_or_tree(order.lender, self.order_hash(chain_id, order)?, signature)
    }

    fn pool_signature(&self, order: &OnchainOrder, underwriter: &Bytes) -> Result<Bytes, ChainError> {
        Ok((encode::offer(order)?, contract_form(underwriter))
            .abi_encode_params()
            .into())
    }

    fn intent_hash(&self, chain_id: u64, intent: &Intent) -> Result<B256, ChainError> {
        Ok(encode::intent(intent)?.eip712_signing_hash(&self.domain(chain_id)?))
    }

    fn intent_typed_data(&self, chain_id: u64, intent: &Intent) -> Result<Value, ChainError> {
        typed::intent(chain_id, self.chain(chain_id)?.aggregator, intent)
    }

    fn intent_signed(&self, chain_id: u64, intent: &Intent, signature: &Bytes) -> Result<bool, ChainError> {
        signed_by(intent.borrower, self.intent_hash(chain_id, intent)?, signature)
    }

    fn onchain_loan_id(&self, chain_id: u64, terms: &OnchainTerms) -> Result<B256, ChainError> {
        Ok(encode::loan_id(&encode::terms(&self.domain(chain_id)?, terms)?))
    }

    fn originate(
        &self,
        onchain: &Onchain,
        intent: &Intent,
        signature: &Bytes,
        attestation: Option<&SignedAttestation>,
    ) -> Result<Call, ChainError> {
        self.settles(onchain, intent)?;
        if !intent.refinances.is_zero() {
            return Err(invalid("refinances", "the intent is for a refinancing"));
        }
        let originate = sol::originateCall {
            offer: encode::offer(&onchain.order)?,
            lenderSignature: contract_form(&onchain.signature),
            intent: encode::intent(intent)?,
            borrowerSignature: contract_form(signature),
        };
        if attestation.map_or(B256::ZERO, |given| given.digest) != intent.attestation {
            return Err(invalid("attestation", "not the one that the intent names"));
        }
        let Some(given) = attestation else {
            return self.call(onchain.chain_id, &originate, gas::ORIGINATE);
        };
        let scoring_oracle = self.chain(onchain.chain_id)?.scoring_oracle;
        if attestation_digest(onchain.chain_id, scoring_oracle, &given.attestation)? != given.digest {
            return Err(invalid("attestation", "its digest is another one"));
        }
        let present = sol::presentAttestationCall {
            attestation: encode::attestation(&given.attestation)?,
            signatures: given.signatures.clone(),
        };
        let both = sol::multicallCall {
            calls: vec![present.abi_encode().into(), originate.abi_encode().into()],
        };
        self.call(onchain.chain_id, &both, gas::ORIGINATE + gas::ATTESTATION)
    }

    fn refinance(
        &self,
        old: &LiveLoan,
        onchain: &Onchain,
        intent: &Intent,
        signature: &Bytes,
    ) -> Result<Call, ChainError> {
        self.settles(onchain, intent)?;
        if old.chain_id != onchain.chain_id {
            return Err(invalid("chain_id", "the old loan is on another chain"));
        }
        if intent.refinances != old.loan {
            return Err(invalid("refinances", "the intent names another loan"));
        }
        if !intent.attestation.is_zero() {
            return Err(invalid("attestation", "a refinancing draws on none"));
        }
        let call = sol::refinanceCall {
            oldLoanId: old.loan,
            oldTerms: self.terms(old)?,
            offer: encode::offer(&onchain.order)?,
            lenderSignature: contract_form(&onchain.signature),
            intent: encode::intent(intent)?,
            borrowerSignature: contract_form(signature),
        };
        self.call(onchain.chain_id, &call, gas::REFINANCE)
    }

    fn approvals(&self, onchain: &Onchain, collateral: u128, asset: u128) -> Result<Vec<WalletCall>, ChainError> {
        let (chain_id, order) = (onchain.chain_id, &onchain.order);
        let wanted = [
            (order.collateral, collateral, "Allow the collateral to be locked"),
            (order.asset, asset, "Allow the payment of the difference"),
        ];
        let needed = wanted.into_iter().filter(|(_, amount, _)| *amount > 0);
        needed
            .map(|(token, amount, title)| self.allow(chain_id, token, amount, title))
            .collect()
    }

    fn repay(&self, loan: &LiveLoan, max_amount: u128) -> Result<Vec<WalletCall>, ChainError> {
        let call = sol::repayCall {
            loanId: loan.loan,
            terms: self.terms(loan)?,
            maxAmount: U256::from(max_amount),
        };
        let asset = loan.terms.order.asset;
        Ok(vec![
            self.allow(loan.chain_id, asset, max_amount, "Allow the repayment")?,
            step("Repay", self.call(loan.chain_id, &call, gas::REPAY)?),
        ])
    }

    fn add_collateral(&self, loan: &LiveLoan, amount: u128) -> Result<Vec<WalletCall>, ChainError> {
        let collateral = secured(loan)?;
        let call = sol::addCollateralCall {
            loanId: loan.loan,
            terms: self.terms(loan)?,
            amount,
        };
        Ok(vec![
            self.allow(loan.chain_id, collateral, amount, "Allow the collateral to be locked")?,
            step("Add collateral", self.call(loan.chain_id, &call, gas::COLLATERAL)?),
        ])
    }

    fn withdraw_collateral(&self, loan: &LiveLoan, amount: u128, to: Address) -> Result<Vec<WalletCall>, ChainError> {
        secured(loan)?;
        if to.is_zero() {
            return Err(invalid("to", "the zero address"));
        }
        let call = sol::withdrawCollateralCall {
            loanId: loan.loan,
            terms: self.terms(loan)?,
            amount,
            to,
        };
        let call = self.call(loan.chain_id, &call, gas::COLLATERAL)?;
        Ok(vec![step("Take collateral back", call)])
    }

    fn liquidate(&self, loan: &LiveLoan, max_repay: u128, min_collateral: u128) -> Result<Call, ChainError> {
        secured(loan)?;
        let call = liquidation(loan, self.terms(loan)?, max_repay, min_collateral);
        self.call(loan.chain_id, &call, gas::LIQUIDATE)
    }

    fn mark_default(&self, loan: &LiveLoan) -> Result<Call, ChainError> {
        let call = sol::markDefaultCall {
            loanId: loan.loan,
            terms: self.terms(loan)?,
        };
        self.call(loan.chain_id, &call, gas::MARK_DEFAULT)
    }
}

fn liquidation(loan: &LiveLoan, terms: sol::LoanTerms, max_repay: u128, min_collateral: u128) -> sol::liquidateCall {
    sol::liquidateCall {
        loanId: loan.loan,
        terms,
        maxRepay: U256::from(max_repay),
        minCollateral: U256::from(min_collateral),
        data: Bytes::new(),
    }
}

/// The collateral token of a loan that has one.
fn secured(loan: &LiveLoan) -> Result<Address, ChainError> {
    let token = loan.terms.order.collateral;
    if token.is_zero() {
        return Err(invalid("collateral", "the loan has none"));
    }
    Ok(token)
}

fn step(title: &str, call: Call) -> WalletCall {
    WalletCall {
        title: title.to_owned(),
        call,
    }
}
