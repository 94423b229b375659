//! The contracts at the same addresses on every chain.
//!
//! Order of deployment (the proxy and the custodian need each other's address): bootstrap implementation, proxy on it, custodian
//! for the proxy, aggregator for the custodian, upgrade of the proxy. Every contract comes from the CREATE2 factory with a
//! fixed salt and init code without chain data. Each step looks first whether it is done, so a deployment can be resumed.

use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, U256, address, b256, keccak256};
use alloy_sol_types::{SolCall, SolConstructor, SolValue};

use crate::bindings::aggregator::CreditAggregator;
use crate::bindings::bootstrap::Bootstrap;
use crate::bindings::manager::CollateralManager;
use crate::bindings::proxy::ERC1967Proxy;
use crate::bindings::token::DevToken;
use crate::fees;
use crate::keys::{DevAccount, DynSigner};
use crate::rpc::{Rpc, RpcError};
use crate::transaction::{MAX_GAS, SignError, Unsigned, sign};

/// The factory that every chain has at this address.
pub const CREATE2_FACTORY: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");
const SALT: B256 = B256::ZERO;
/// ERC-1967: `keccak256("eip1967.proxy.implementation") - 1`.
const IMPLEMENTATION_SLOT: B256 = b256!("360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc");
const RECEIPT_TIMEOUT: Duration = Duration::from_mins(3);
const READ_GAS: u64 = 1_000_000;

/// Where everything is, by the administrator alone: chains do not differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The first implementation of the proxy.
    pub bootstrap: Address,
    /// The settlement contract: the proxy.
    pub aggregator: Address,
    /// Custody of collateral.
    pub collateral_manager: Address,
    /// The implementation behind the proxy.
    pub implementation: Address,
}

impl Addresses {
    /// The addresses that `admin`'s deployment has on every chain.
    pub fn of(admin: Address) -> Self {
        let bootstrap = create2(&bootstrap_code());
        let aggregator = create2(&proxy_code(bootstrap, admin));
        let collateral_manager = create2(&manager_code(aggregator));
        let implementation = create2(&implementation_code(collateral_manager));
        Self {
            bootstrap,
            aggregator,
            collateral_manager,
            implementation,
        }
    }
}

/// A token of a development chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DevAsset {
    /// `dUSD`, 6 decimals: stands for one dollar.
    Dollar,
    /// `dWETH`, 18 decimals.
    Ether,
}

impl DevAsset {
    /// Address on every development chain.
    pub fn address(self) -> Address {
        create2(&self.code())
    }

    /// Ticker.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Dollar => "dUSD",
            Self::Ether => "dWETH",
        }
    }

    /// Decimals.
    pub fn decimals(self) -> u8 {
        match self {
            Self::Dollar => 6,
            Self::Ether => 18,
        }
    }

    fn code(self) -> Bytes {
        let name = match self {
            Self::Dollar => "Development Dollar",
            Self::Ether => "Development Ether",
        };
        let arguments = DevToken::constructorCall {
            name_: name.to_owned(),
            symbol_: self.symbol().to_owned(),
            decimals_: self.decimals(),
        };
        init_code(&DevToken::BYTECODE, &arguments.abi_encode())
    }

    fn units(self, whole: u64) -> U256 {
        U256::from(whole) * U256::from(10).pow(U256::from(self.decimals()))
    }
}

/// What went wrong with a deployment. It can be started again at any time.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The chain lacks the CREATE2 factory.
    #[error("chain {0} has no CREATE2 factory at {CREATE2_FACTORY}")]
    NoFactory(u64),
    /// Dangerous step on a chain of value.
    #[error("chain {0} is not a development chain")]
    NotDevelopment(u64),
    /// A step is too large for one transaction.
    #[error("{step} takes {gas} gas, and a transaction must stay under {MAX_GAS}")]
    TooMuchGas {
        /// Which.
        step: &'static str,
        /// Estimated.
        gas: u64,
    },
    /// A step reverted.
    #[error("{0} reverted")]
    Reverted(&'static str),
    /// After all steps something is not as it must be.
    #[error("after the deployment {0} is not as expected")]
    Unexpected(&'static str),
    /// Not mined in time.
    #[error("{0} was not mined in time")]
    NotMined(&'static str),
    /// The chain does not answer.
    #[error("the chain refuses or does not answer")]
    Rpc(#[from] RpcError),
    /// Signing failed.
    #[error("signing failed")]
    Sign(#[from] SignError),
}

/// Deploys on one chain with one account, which becomes the administrator.
pub struct Deployer<'a> {
    rpc: &'a Rpc,
    signer: &'a DynSigner,
    fee_cap: u128,
}

impl std::fmt::Debug for Deployer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deployer")
            .field("rpc", &self.rpc)
            .finish_non_exhaustive()
    }
}

impl<'a> Deployer<'a> {
    /// Pays at most `fee_cap` wei a unit of gas.
    pub fn new(rpc: &'a Rpc, signer: &'a DynSigner, fee_cap: u128) -> Self {
        Self { rpc, signer, fee_cap }
    }

    /// Deploys what is missing and checks everything.
    pub async fn deploy(&self) -> Result<Addresses, DeployError> {
        if self.rpc.code(CREATE2_FACTORY).await?.is_empty() {
            return Err(DeployError::NoFactory(self.rpc.chain_id()));
        }
        let admin = self.signer.address();
        let at = Addresses::of(admin);
        self.create("bootstrap", at.bootstrap, bootstrap_code()).await?;
        self.create("proxy", at.aggregator, proxy_code(at.bootstrap, admin))
            .await?;
        self.create("collateral manager", at.collateral_manager, manager_code(at.aggregator))
            .await?;
        self.create(
            "aggregator",
            at.implementation,
            implementation_code(at.collateral_manager),
        )
        .await?;
        if self.implementation(at.aggregator).await? == at.bootstrap {
            let data = CreditAggregator::initializeCall { admin }.abi_encode().into();
            let upgrade = Bootstrap::upgradeToAndCallCall {
                newImplementation: at.implementation,
                data,
            };
            self.send("upgrade", at.aggregator, upgrade.abi_encode().into()).await?;
        }
        self.check(&at).await?;
        Ok(at)
    }

    /// Deploys the development tokens, gives them to the desk and the sample borrower, and lets the aggregator take the desk's
    /// dollars. Only on development chains: anyone can mint these tokens.
    pub async fn deploy_development(&self) -> Result<Addresses, DeployError> {
        if !crate::registry::known(self.rpc.chain_id()).is_some_and(|k| k.development) {
            return Err(DeployError::NotDevelopment(self.rpc.chain_id()));
        }
        let at = self.deploy().await?;
        for asset in [DevAsset::Dollar, DevAsset::Ether] {
            self.create(asset.symbol(), asset.address(), asset.code()).await?;
        }
        self.fund(DevAsset::Dollar, DevAccount::Desk, 1_000_000_000).await?;
        self.fund(DevAsset::Dollar, DevAccount::Borrower, 100_000).await?;
        self.fund(DevAsset::Ether, DevAccount::Borrower, 10_000).await?;
        self.allow_desk(at.aggregator).await?;
        Ok(at)
    }

    /// Mints up to `whole` tokens, when less than half is left.
    async fn fund(&self, asset: DevAsset, account: DevAccount, whole: u64) -> Result<(), DeployError> {
        let (token, to, amount) = (asset.address(), account.address(), asset.units(whole));
        let has = self.read(token, DevToken::balanceOfCall { account: to }).await?;
        if has >= amount / U256::from(2) {
            return Ok(());
        }
        self.send(
            "mint",
            token,
            DevToken::mintCall {
                to,
                amount: amount - has,
            }
            .abi_encode()
            .into(),
        )
        .await
    }

    async fn allow_desk(&self, spender: Address) -> Result<(), DeployError> {
        let desk = DevAccount::Desk.signer();
        let token = DevAsset::Dollar.address();
        let allowed = self
            .read(
                token,
                DevToken::allowanceCall {
                    owner: desk.address(),
                    spender,
                },
            )
            .await?;
        if allowed >= U256::MAX / U256::from(2) {
            return Ok(());
        }
        let data = DevToken::approveCall {
            spender,
            value: U256::MAX,
        }
        .abi_encode()
        .into();
        Deployer {
            rpc: self.rpc,
            signer: &desk,
            fee_cap: self.fee_cap,
        }
        .send("allowance of the desk", token, data)
        .await
    }

    async fn check(&self, at: &Addresses) -> Result<(), DeployError> {
        if self.implementation(at.aggregator).await? != at.implementation {
            return Err(DeployError::Unexpected("the implementation of the proxy"));
        }
        if self
            .read(at.aggregator, CreditAggregator::collateralManagerCall {})
            .await?
            != at.collateral_manager
        {
            return Err(DeployError::Unexpected("the custodian of the aggregator"));
        }
        if self
            .read(at.collateral_manager, CollateralManager::aggregatorCall {})
            .await?
            != at.aggregator
        {
            return Err(DeployError::Unexpected("the aggregator of the custodian"));
        }
        Ok(())
    }

    async fn implementation(&self, proxy: Address) -> Result<Address, DeployError> {
        Ok(Address::from_word(self.rpc.storage(proxy, IMPLEMENTATION_SLOT).await?))
    }

    async fn read<C: SolCall>(&self, to: Address, call: C) -> Result<C::Return, DeployError> {
        let answer = self.rpc.call(None, to, &call.abi_encode().into(), READ_GAS).await?;
        C::abi_decode_returns(&answer).map_err(|_| DeployError::Unexpected("the answer of a contract"))
    }

    async fn create(&self, step: &'static str, at: Address, code: Bytes) -> Result<(), DeployError> {
        if !self.rpc.code(at).await?.is_empty() {
            return Ok(());
        }
        self.send(step, CREATE2_FACTORY, [SALT.as_slice(), &code].concat().into())
            .await?;
        if self.rpc.code(at).await?.is_empty() {
            return Err(DeployError::Unexpected(step));
        }
        Ok(())
    }

    /// Sends one transaction and waits until it is mined.
    async fn send(&self, step: &'static str, to: Address, data: Bytes) -> Result<(), DeployError> {
        let from = self.signer.address();
        let estimate = self.rpc.estimate_gas(from, to, &data).await?;
        let gas_limit = estimate.saturating_add(estimate / 5);
        if gas_limit >= MAX_GAS {
            return Err(DeployError::TooMuchGas { step, gas: gas_limit });
        }
        let fees = fees::market(self.rpc, self.fee_cap).await?;
        let nonce = self.rpc.nonce(from).await?;
        let unsigned = Unsigned {
            chain_id: self.rpc.chain_id(),
            nonce,
            to,
            data,
            gas_limit,
            fees,
        };
        let signed = sign(unsigned, self.signer).await?;
        // A refusal may be "already known": only the receipt decides.
        let answers = self.rpc.broadcast(&signed.raw).await;
        let refusal = answers.into_iter().reduce(Result::or).and_then(Result::err);
        match tokio::time::timeout(RECEIPT_TIMEOUT, self.mined(signed.hash)).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(DeployError::Reverted(step)),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(refusal.map_or(DeployError::NotMined(step), DeployError::Rpc)),
        }
    }

    async fn mined(&self, hash: B256) -> Result<bool, RpcError> {
        let mut poll = tokio::time::interval(Duration::from_millis(25));
        loop {
            poll.tick().await;
            if let Some(receipt) = self.rpc.receipt(hash).await? {
                return Ok(receipt.succeeded);
            }
        }
    }
}

fn create2(code: &Bytes) -> Address {
    CREATE2_FACTORY.create2(SALT, keccak256(code))
}

fn init_code(bytecode: &Bytes, arguments: &[u8]) -> Bytes {
    [bytecode.as_ref(), arguments].concat().into()
}

fn bootstrap_code() -> Bytes {
    Bootstrap::BYTECODE.clone()
}

fn proxy_code(bootstrap: Address, admin: Address) -> Bytes {
    let data = Bootstrap::initializeCall { owner_: admin }.abi_encode().into();
    init_code(
        &ERC1967Proxy::BYTECODE,
        &ERC1967Proxy::constructorCall {
            implementation: bootstrap,
            _data: data,
        }
        .abi_encode(),
    )
}

fn manager_code(aggregator: Address) -> Bytes {
    init_code(&CollateralManager::BYTECODE, &aggregator.abi_encode())
}

fn implementation_code(manager: Address) -> Bytes {
    init_code(&CreditAggregator::BYTECODE, &manager.abi_encode())
}
