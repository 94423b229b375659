//! Live reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_primitives::aliases::U512;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use async_trait::async_trait;
use domain::ports::{ChainError, ChainReader, Health, Liquidation, LiveLoan, OracleAnswer};

use super::encode::{self, amount, invalid};
use super::reasons::revert_reason;
use super::signature::signed_by;
use super::{eip712_domain, gas, liquidation};
use crate::bindings::aggregator::CreditAggregator as sol;
use crate::bindings::prices::PriceOracle;
use crate::bindings::sanctions::DevSanctions;
use crate::bindings::scoring::CreditScoringOracle;
use crate::bindings::signer::isValidSignatureCall;
use crate::bindings::token::DevToken as erc20;
use crate::fees;
use crate::registry::{ChainConfig, Registry};
use crate::rpc::{Rpc, RpcError};

/// What an ERC-1271 contract answers for a signature that it accepts.
const ACCEPTED: [u8; 4] = [0x16, 0x26, 0xba, 0x7e];

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

    fn chain(&self, chain_id: u64) -> Result<&ChainConfig, ChainError> {
        self.registry.get(chain_id).ok_or(ChainError::UnknownChain(chain_id))
    }

    fn rpc(&self, chain_id: u64) -> Result<&Rpc, ChainError> {
        let rpc = self.rpcs.get(&chain_id).ok_or(ChainError::UnknownChain(chain_id))?;
        Ok(rpc)
    }

    fn terms(&self, loan: &LiveLoan) -> Result<(Address, sol::LoanTerms), ChainError> {
        let aggregator = self.chain(loan.chain_id)?.aggregator;
        let terms = encode::terms(&eip712_domain(loan.chain_id, aggregator), &loan.terms)?;
        Ok((aggregator, terms))
    }

    async fn read<C: SolCall>(&self, chain_id: u64, to: Address, call: C) -> Result<C::Return, ChainError> {
        self.ask(chain_id, to, call)
            .await?
            .map_err(|detail| ChainError::Invalid { field: "loan", detail })
    }

    /// The inner error is the contract's refusal.
    async fn ask<C: SolCall>(
        &self,
        chain_id: u64,
        to: Address,
        call: C,
    ) -> Result<Result<C::Return, String>, ChainError> {
        let rpc = self.rpc(chain_id)?;
        match rpc.call(None, to, &call.abi_encode().into(), gas::READ).await {
            Ok(answer) => decoded::<C>(&answer).map(Ok),
            Err(error) => refusal(chain_id, error).map(Err),
        }
    }
}

#[async_trait]
impl ChainReader for SettlementReader {
    async fn payoff(&self, loan: &LiveLoan, at: u64) -> Result<u128, ChainError> {
        let (to, terms) = self.terms(loan)?;
        let call = sol::payoffAmountCall {
            loanId: loan.loan,
            terms,
            at: U256::from(at),
        };
        amount(self.read(loan.chain_id, to, call).await?)
    }

    async fn health(&self, loan: &LiveLoan) -> Result<Health, ChainError> {
        let (to, terms) = self.terms(loan)?;
        let (chain_id, loan_id, oracle) = (loan.chain_id, loan.loan, terms.oracle);
        let held = sol::collateralOfCall {
            loanId: loan_id,
            terms: terms.clone(),
        };
        let due = sol::installmentDueCall {
            loanId: loan_id,
            terms: terms.clone(),
            at: U256::ZERO,
        };
        let value = async {
            if oracle.is_zero() {
                return Ok(None);
            }
            let call = sol::healthOfCall { loanId: loan_id, terms };
            Ok(self.ask(chain_id, to, call).await?.ok())
        };
        let newest = async {
            let block = self.rpc(chain_id)?.head().await;
            block.map_err(|error| unavailable(chain_id, &error))
        };
        let (held, due, value, newest) = futures::try_join!(
            self.read(chain_id, to, held),
            self.read(chain_id, to, due),
            value,
            newest
        )?;
        let grace_ends = due.dueAt.to::<u64>() + u64::from(loan.terms.order.grace);
        Ok(Health {
            collateral: amount(held)?,
            ltv_bps: value.map(|v| u64::try_from(v.ltvBps).unwrap_or(u64::MAX)),
            late: newest.timestamp > grace_ends,
        })
    }

    async fn simulate_liquidation(
        &self,
        loan: &LiveLoan,
        liquidator: Address,
        max_repay: u128,
    ) -> Result<Option<Liquidation>, ChainError> {
        let (to, terms) = self.terms(loan)?;
        let (chain_id, oracle) = (loan.chain_id, terms.oracle);
        if oracle.is_zero() {
            return Ok(None);
        }
        let price = PriceOracle::priceCall {
            collateral: terms.collateral,
            asset: terms.asset,
        };
        let data: Bytes = liquidation(loan, terms, max_repay, 0).abi_encode().into();
        let rpc = self.rpc(chain_id)?;
        let answer = match rpc.call(Some(liquidator), to, &data, gas::LIQUIDATE).await {
            Ok(answer) => decoded::<sol::liquidateCall>(&answer)?,
            Err(error) => return refusal(chain_id, error).map(|_| None),
        };
        let Ok(price) = self.ask(chain_id, oracle, price).await? else {
            return Ok(None);
        };
        let estimated = match rpc.estimate_gas(liquidator, to, &data).await {
            Ok(estimated) => estimated,
            Err(error) => return refusal(chain_id, error).map(|_| None),
        };
        let gas_price = fees::now(rpc).await.map_err(|error| unavailable(chain_id, &error))?;
        let seized = amount(answer.seized)?;
        Ok(Some(Liquidation {
            repaid: amount(answer.repaid)?,
            seized,
            seized_value: value_down(seized, price)?,
            gas: estimated,
            gas_price,
        }))
    }

    async fn signature_valid(
        &self,
        chain_id: u64,
        signer: Address,
        digest: B256,
        signature: &Bytes,
    ) -> Result<bool, ChainError> {
        if signed_by(signer, digest, signature) == Ok(true) {
            return Ok(true);
        }
        let rpc = self.rpc(chain_id)?;
        let call = isValidSignatureCall {
            hash: digest,
            signature: signature.clone(),
        };
        match rpc.call(None, signer, &call.abi_encode().into(), gas::SIGNATURE).await {
            // An account without code answers nothing.
            Ok(answer) => Ok(answer.len() == 32 && answer[..4] == ACCEPTED && answer[4..].iter().all(|b| *b == 0)),
            Err(error) => refusal(chain_id, error).map(|_| false),
        }
    }

    async fn attestation_epoch(&self, chain_id: u64) -> Result<u32, ChainError> {
        let oracle = self.chain(chain_id)?.scoring_oracle;
        self.read(chain_id, oracle, CreditScoringOracle::epochCall {}).await
    }

    async fn balance(&self, chain_id: u64, token: Address, owner: Address) -> Result<u128, ChainError> {
        amount(
            self.read(chain_id, token, erc20::balanceOfCall { account: owner })
                .await?,
        )
    }

    async fn transactions_sent(&self, chain_id: u64, account: Address, block: u64) -> Result<u64, ChainError> {
        let sent = self.rpc(chain_id)?.nonce_at(account, block).await;
        sent.map_err(|error| unavailable(chain_id, &error))
    }

    async fn sanctioned(&self, chain_id: u64, accounts: &[Address]) -> Result<Option<OracleAnswer>, ChainError> {
        let Some(oracle) = self.chain(chain_id)?.sanctions_oracle else {
            return Ok(None);
        };
        let rpc = self.rpc(chain_id)?;
        let block = rpc.head().await.map_err(|error| unavailable(chain_id, &error))?;
        let listed = accounts.iter().map(|account| async move {
            let data = DevSanctions::isSanctionedCall { addr: *account }.abi_encode().into();
            let answer = rpc.call_at(oracle, &data, gas::READ, block.hash).await;
            let answer = answer.map_err(|error| unavailable(chain_id, &error))?;
            Ok::<_, ChainError>(truth(&answer)?.then_some(*account))
        });
        let listed = futures::future::try_join_all(listed)
            .await?
            .into_iter()
            .flatten()
            .collect();
        Ok(Some(OracleAnswer { oracle, block, listed }))
    }
}

fn decoded<C: SolCall>(answer: &Bytes) -> Result<C::Return, ChainError> {
    C::abi_decode_returns(answer).map_err(|_| invalid("contract", "no such contract there"))
}

/// Exactly a word that is 0 or 1: an account without code answers nothing, which must not read as "no".
fn truth(answer: &Bytes) -> Result<bool, ChainError> {
    match U256::try_from_be_slice(answer).filter(|_| answer.len() == 32) {
        Some(word) if word.is_zero() => Ok(false),
        Some(word) if word == U256::ONE => Ok(true),
        _ => Err(invalid("sanctions_oracle", "no such contract there")),
    }
}

/// What a contract said when it refused; an error when it was not the contract that refused.
fn refusal(chain_id: u64, error: RpcError) -> Result<String, ChainError> {
    match error {
        RpcError::Refused { message, data, .. } => {
            Ok(data.as_deref().and_then(|data| revert_reason(data)).unwrap_or(message))
        }
        other => Err(unavailable(chain_id, &other)),
    }
}

fn unavailable(chain_id: u64, error: &RpcError) -> ChainError {
    ChainError::Unavailable {
        chain_id,
        detail: error.to_string(),
    }
}

/// Worth of `units` of collateral at a price times 1e36, base units of the asset, rounded down.
fn value_down(units: u128, price: U256) -> Result<u128, ChainError> {
    let scale = U512::from(10).pow(U512::from(36));
    let value = U512::from(units) * U512::from(price) / scale;
    u128::try_from(value).map_err(|_| invalid("amount", "above 128 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_rounded_down_and_its_product_may_pass_256_bits() {
        let one = U256::from(10).pow(U256::from(36));
        assert_eq!(value_down(7, one / U256::from(2)), Ok(3));
        assert_eq!(value_down(u128::MAX, one), Ok(u128::MAX));
        assert_eq!(
            value_down(u128::MAX, U256::MAX),
            Err(invalid("amount", "above 128 bits"))
        );
    }

    #[test]
    fn only_a_whole_word_of_0_or_1_is_an_answer_about_sanctions() {
        let word = |last: u8| Bytes::from([&[0; 31][..], &[last]].concat());
        assert_eq!((truth(&word(0)), truth(&word(1))), (Ok(false), Ok(true)));
        for odd in [
            Bytes::new(),
            word(2),
            Bytes::from([0; 31]),
            Bytes::from([0; 64]),
            Bytes::from([0xff; 32]),
        ] {
            assert!(truth(&odd).is_err(), "{odd}");
        }
    }
}
