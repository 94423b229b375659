//! A chain for tests, without cryptography: what it answers is set by the test, what is asked of it is readable.

use std::sync::Mutex;

use alloy_primitives::{Address, B256, Bytes, keccak256};
use async_trait::async_trait;
use domain::offer::{Onchain, OnchainOrder};
use domain::ports::*;

/// The only chain.
pub(crate) const CHAIN: u64 = 31_337;
/// Its settlement contract.
pub(crate) const AGGREGATOR: Address = Address::repeat_byte(0xaa);
/// Its oracle of prices.
pub(crate) const ORACLE: Address = Address::repeat_byte(0x0c);
/// Its oracle of sanctions.
pub(crate) const SANCTIONS: Address = Address::repeat_byte(0x5a);
/// Signatures of accounts over orders.
pub(crate) const SIGNED: Bytes = Bytes::from_static(b"signed");
/// What contracts accept.
pub(crate) const CONTRACT_SIGNED: Bytes = Bytes::from_static(b"accepted by the contract");

/// What the chain answers.
#[derive(Debug)]
pub(crate) struct Answers {
    /// Contracts that accept [`CONTRACT_SIGNED`].
    pub contracts: Vec<Address>,
    pub payoff: Option<u128>,
    pub health: Health,
    pub liquidation: Option<Liquidation>,
    pub balance: u128,
    /// Transactions of every wallet.
    pub sent: u64,
    pub epoch: u32,
    /// Nothing answers.
    pub down: bool,
    /// Attestations that were signed.
    pub attested: Vec<CreditAttestation>,
    /// Accounts that the sanctions oracle lists; none when the chain has no oracle.
    pub sanctioned: Option<Vec<Address>>,
    /// Times that the oracle was asked.
    pub oracle_asked: usize,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            contracts: Vec::new(),
            payoff: None,
            health: Health {
                collateral: 10u128.pow(18),
                ltv_bps: None,
                late: false,
            },
            liquidation: None,
            balance: u128::MAX,
            sent: 0,
            epoch: 1,
            down: false,
            attested: Vec::new(),
            sanctioned: None,
            oracle_asked: 0,
        }
    }
}

/// Contracts, node and attesters in one.
#[derive(Debug, Default)]
pub(crate) struct FakeChain(Mutex<Answers>);

impl FakeChain {
    /// Changes what the chain answers.
    pub(crate) fn set(&self, change: impl FnOnce(&mut Answers)) {
        change(&mut self.0.lock().unwrap());
    }

    /// Reads what the chain answers.
    pub(crate) fn get<T>(&self, read: impl FnOnce(&Answers) -> T) -> T {
        read(&self.0.lock().unwrap())
    }

    fn up<T>(&self, read: impl FnOnce(&mut Answers) -> T) -> Result<T, ChainError> {
        let mut answers = self.0.lock().unwrap();
        if answers.down {
            return Err(ChainError::Unavailable {
                chain_id: CHAIN,
                detail: "down".into(),
            });
        }
        Ok(read(&mut answers))
    }
}

pub(crate) fn order_hash_of(order: &OnchainOrder) -> B256 {
    keccak256(serde_json::to_vec(order).unwrap())
}

fn intent_hash_of(intent: &Intent) -> B256 {
    keccak256(serde_json::to_vec(intent).unwrap())
}

/// What the wallet of an intent signs in this world.
pub(crate) fn signature_of(intent: &Intent) -> Bytes {
    Bytes::copy_from_slice(intent_hash_of(intent).as_slice())
}

/// A call whose data says in words what it does.
fn call(chain_id: u64, words: String) -> Call {
    Call {
        chain_id,
        to: AGGREGATOR,
        data: Bytes::from(words.into_bytes()),
        gas_limit: 300_000,
    }
}

fn wallet(chain_id: u64, title: String) -> WalletCall {
    let call = call(chain_id, title.clone());
    WalletCall { title, call }
}

impl Contracts for FakeChain {
    fn chains(&self) -> Vec<ChainInfo> {
        vec![ChainInfo {
            chain_id: CHAIN,
            name: "Fake".into(),
            aggregator: AGGREGATOR,
            collateral_manager: Address::repeat_byte(0xab),
            scoring_oracle: Address::repeat_byte(0xac),
            price_oracle: ORACLE,
            sanctions_oracle: self.get(|answers| answers.sanctioned.is_some().then_some(SANCTIONS)),
        }]
    }

    fn order_hash(&self, _: u64, order: &OnchainOrder) -> Result<B256, ChainError> {
        Ok(order_hash_of(order))
    }

    fn order_signed(&self, _: u64, _: &OnchainOrder, signature: &Bytes) -> Result<bool, ChainError> {
        Ok(*signature == SIGNED)
    }

    fn intent_hash(&self, _: u64, intent: &Intent) -> Result<B256, ChainError> {
        Ok(intent_hash_of(intent))
    }

    fn intent_typed_data(&self, _: u64, intent: &Intent) -> Result<serde_json::Value, ChainError> {
        Ok(serde_json::json!({ "message": { "borrower": intent.borrower } }))
    }

    fn intent_signed(&self, _: u64, intent: &Intent, signature: &Bytes) -> Result<bool, ChainError> {
        Ok(*signature == signature_of(intent))
    }

    fn onchain_loan_id(&self, _: u64, terms: &OnchainTerms) -> Result<B256, ChainError> {
        Ok(keccak256(serde_json::to_vec(terms).unwrap()))
    }

    fn originate(
        &self,
        onchain: &Onchain,
        _: &Intent,
        _: &Bytes,
        attestation: Option<&SignedAttestation>,
    ) -> Result<Call, ChainError> {
        let attested = attestation.map_or_else(String::new, |a| format!(" by {}", a.digest));
        Ok(call(onchain.chain_id, format!("originate{attested}")))
    }

    fn refinance(&self, old: &LiveLoan, onchain: &Onchain, _: &Intent, _: &Bytes) -> Result<Call, ChainError> {
        Ok(call(onchain.chain_id, format!("refinance {}", old.loan)))
    }

    fn approvals(&self, onchain: &Onchain, collateral: u128, asset: u128) -> Result<Vec<WalletCall>, ChainError> {
        let all = [("collateral", collateral), ("asset", asset)];
        Ok(all
            .into_iter()
            .filter(|(_, amount)| *amount > 0)
            .map(|(what, amount)| wallet(onchain.chain_id, format!("Allow {amount} {what}")))
            .collect())
    }

    fn repay(&self, loan: &LiveLoan, most: u128) -> Result<Vec<WalletCall>, ChainError> {
        Ok(vec![wallet(loan.chain_id, format!("Repay {most}"))])
    }

    fn add_collateral(&self, loan: &LiveLoan, amount: u128) -> Result<Vec<WalletCall>, ChainError> {
        Ok(vec![wallet(loan.chain_id, format!("Add {amount}"))])
    }

    fn withdraw_collateral(&self, loan: &LiveLoan, amount: u128, to: Address) -> Result<Vec<WalletCall>, ChainError> {
        Ok(vec![wallet(loan.chain_id, format!("Withdraw {amount} to {to}"))])
    }

    fn liquidate(&self, loan: &LiveLoan, max_repay: u128, min_collateral: u128) -> Result<Call, ChainError> {
        let words = format!("liquidate for at most {max_repay} at least {min_collateral}");
        Ok(call(loan.chain_id, words))
    }

    fn mark_default(&self, loan: &LiveLoan) -> Result<Call, ChainError> {
        Ok(call(loan.chain_id, "mark default".into()))
    }

    fn pool_signature(&self, _: &OnchainOrder, signature: &Bytes) -> Result<Bytes, ChainError> {
        Ok(signature.clone())
    }
}

#[async_trait]
impl ChainReader for FakeChain {
    async fn payoff(&self, loan: &LiveLoan, _: u64) -> Result<u128, ChainError> {
        let principal = loan.terms.order.principal;
        self.up(|answers| answers.payoff.unwrap_or(principal + 1_000))
    }

    async fn health(&self, _: &LiveLoan) -> Result<Health, ChainError> {
        self.up(|answers| answers.health)
    }

    async fn simulate_liquidation(&self, _: &LiveLoan, _: Address, _: u128) -> Result<Option<Liquidation>, ChainError> {
        self.up(|answers| answers.liquidation)
    }

    async fn signature_valid(&self, _: u64, signer: Address, _: B256, signature: &Bytes) -> Result<bool, ChainError> {
        self.up(|answers| answers.contracts.contains(&signer) && *signature == CONTRACT_SIGNED)
    }

    async fn attestation_epoch(&self, _: u64) -> Result<u32, ChainError> {
        self.up(|answers| answers.epoch)
    }

    async fn balance(&self, _: u64, _: Address, _: Address) -> Result<u128, ChainError> {
        self.up(|answers| answers.balance)
    }

    async fn transactions_sent(&self, _: u64, _: Address, _: u64) -> Result<u64, ChainError> {
        self.up(|answers| answers.sent)
    }

    async fn sanctioned(&self, _: u64, accounts: &[Address]) -> Result<Option<OracleAnswer>, ChainError> {
        self.set(|answers| answers.oracle_asked += 1);
        self.up(|answers| {
            let all = answers.sanctioned.as_ref()?;
            let listed = accounts.iter().filter(|account| all.contains(account));
            Some(OracleAnswer {
                oracle: SANCTIONS,
                block: BlockRef {
                    number: 77,
                    hash: B256::repeat_byte(0x77),
                    parent: B256::repeat_byte(0x76),
                    timestamp: 1_768_046_400,
                },
                listed: listed.copied().collect(),
            })
        })
    }
}

#[async_trait]
impl Attester for FakeChain {
    async fn attest(&self, _: u64, attestation: CreditAttestation) -> Result<SignedAttestation, ChainError> {
        self.up(|answers| {
            answers.attested.push(attestation.clone());
            SignedAttestation {
                digest: keccak256(serde_json::to_vec(&attestation).unwrap()),
                attestation,
                signatures: vec![Bytes::from_static(b"attester")],
            }
        })
    }
}
