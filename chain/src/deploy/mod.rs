//! The contracts at the same addresses on every chain.
//!
//! Order of deployment (the aggregator's proxy and the others need each other's addresses): timelock, when there is one; bootstrap
//! implementation, aggregator's proxy on it, custodian for the proxy, scoring oracle for the proxy, servicing for both, aggregator
//! for all; price oracle; pool implementation and factory; venue router; checkpoint anchor; upgrade of the proxy. Every contract comes from the CREATE2 factory with a fixed salt and init code without
//! chain data. Each step looks first whether it is done, so a deployment can be resumed. At the end code, wiring and powers are
//! read back, and anything that is not as planned is an error with its name.

mod addresses;
mod code;
mod development;
mod inspect;
mod steps;

use crate::bindings::aggregator::CreditAggregator;
use crate::bindings::bootstrap::Bootstrap;
use crate::bindings::tranche::Tranche;
use crate::keys::DynSigner;
use crate::rpc::{Rpc, RpcError};
use crate::transaction::{MAX_GAS, SignError};
use alloy_sol_types::SolCall;
use steps::{Done, Step};

pub use addresses::{Addresses, CREATE2_FACTORY, Governance, Plan, TIMELOCK_DELAY};
pub use development::{DevAsset, dev_pool, dev_sanctions};
pub use inspect::{ContractState, Deployed, Inspection, TimelockState, inspect};
pub(crate) use inspect::{ask, is_clone_of_shipped_pool};
pub use steps::Sent;

/// What went wrong with a deployment. It can be started again at any time.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The chain lacks the CREATE2 factory.
    #[error("chain {0} has no CREATE2 factory at {CREATE2_FACTORY}")]
    NoFactory(u64),
    /// Dangerous step on a chain of value.
    #[error("chain {0} is not a development chain")]
    NotDevelopment(u64),
    /// The plan names another deployer than the key: the addresses would be other ones.
    #[error("the key is not the deployer's of the plan")]
    WrongDeployer,
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
    /// A step was mined and has not done what it must.
    #[error("{0} was mined without effect")]
    Unexpected(&'static str),
    /// After all steps something is not as it must be: nobody may use this chain yet.
    #[error("the deployment is not complete: {}", .0.join("; "))]
    HalfConfigured(Vec<String>),
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

/// Deploys on one chain with one account.
pub struct Deployer<'a> {
    rpc: &'a Rpc,
    signer: &'a DynSigner,
    fee_cap: u128,
    watch: Option<&'a (dyn Fn(Sent) + Send + Sync)>,
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
        Self {
            rpc,
            signer,
            fee_cap,
            watch: None,
        }
    }

    /// Tells of each transaction when it is mined.
    #[must_use]
    pub fn watched(self, watch: &'a (dyn Fn(Sent) + Send + Sync)) -> Self {
        Self {
            watch: Some(watch),
            ..self
        }
    }

    /// Deploys what is missing and checks everything.
    pub async fn deploy(&self, plan: &Plan) -> Result<Addresses, DeployError> {
        self.prepare(plan).await?;
        let at = Addresses::of(plan);
        self.run(system(plan, &at)).await?;
        confirm(self.rpc, plan, &at).await?;
        Ok(at)
    }

    async fn prepare(&self, plan: &Plan) -> Result<(), DeployError> {
        if self.signer.address() != plan.deployer {
            return Err(DeployError::WrongDeployer);
        }
        if self.rpc.code(CREATE2_FACTORY).await?.is_empty() {
            return Err(DeployError::NoFactory(self.rpc.chain_id()));
        }
        Ok(())
    }
}

/// Refuses a chain on which anything of the plan is missing or other than planned, with a list of what. Needs no key.
pub async fn verify(rpc: &Rpc, plan: &Plan) -> Result<(), DeployError> {
    confirm(rpc, plan, &Addresses::of(plan)).await
}

async fn confirm(rpc: &Rpc, plan: &Plan, at: &Addresses) -> Result<(), DeployError> {
    let problems = inspect::verify(rpc, plan, at).await?;
    if problems.is_empty() {
        Ok(())
    } else {
        Err(DeployError::HalfConfigured(problems))
    }
}

/// The call that puts the settlement contract behind its proxy.
fn upgrade(plan: &Plan, at: &Addresses) -> Bootstrap::upgradeToAndCallCall {
    let initialize = CreditAggregator::initializeCall {
        owner_: at.owner,
        guardian_: plan.governance.guardian(),
    };
    Bootstrap::upgradeToAndCallCall {
        newImplementation: at.implementation,
        data: initialize.abi_encode().into(),
    }
}

/// Every step in its order.
fn system(plan: &Plan, at: &Addresses) -> Vec<Step> {
    let guardian = plan.governance.guardian();
    let timelock = addresses::timelock_code(&plan.governance).zip(at.timelock);
    let first = timelock.map(|(code, address)| Step::create("timelock", address, &code));
    let upgrade = upgrade(plan, at);
    // Done also when governance put another implementation there since.
    let upgraded = Done::SlotIsNot(at.aggregator, inspect::IMPLEMENTATION_SLOT, at.bootstrap);
    let created = [
        ("bootstrap", at.bootstrap, addresses::bootstrap_code()),
        (
            "aggregator proxy",
            at.aggregator,
            addresses::bootstrap_proxy_code(at.bootstrap, plan.deployer),
        ),
        (
            "collateral manager",
            at.collateral_manager,
            addresses::manager_code(at.aggregator),
        ),
        (
            "scoring implementation",
            at.scoring_implementation,
            addresses::scoring_code(at.aggregator),
        ),
        (
            "scoring oracle",
            at.scoring_oracle,
            addresses::scoring_proxy_code(at.scoring_implementation, at.owner, guardian),
        ),
        (
            "servicing",
            at.servicing,
            addresses::servicing_code(at.collateral_manager, at.scoring_oracle),
        ),
        (
            "aggregator",
            at.implementation,
            addresses::implementation_code(at.collateral_manager, at.scoring_oracle, at.servicing),
        ),
        ("price implementation", at.price_implementation, addresses::price_code()),
        (
            "price oracle",
            at.price_oracle,
            addresses::price_proxy_code(at.price_implementation, at.owner, guardian),
        ),
        (
            "tranche implementation",
            at.tranche_implementation,
            Tranche::BYTECODE.clone(),
        ),
        (
            "pool implementation",
            at.pool_implementation,
            addresses::pool_code(at.aggregator, at.tranche_implementation),
        ),
        (
            "pool factory",
            at.pool_factory,
            addresses::pool_factory_code(at.pool_implementation),
        ),
        ("venue router", at.venue_router, addresses::venue_router_code()),
        (
            "checkpoint anchor",
            at.checkpoint_anchor,
            addresses::checkpoint_anchor_code(),
        ),
    ];
    let last = Step::call("upgrade", at.aggregator, &upgrade, upgraded);
    let created = created.map(|(name, address, code)| Step::create(name, address, &code));
    first.into_iter().chain(created).chain([last]).collect()
}
