//! Where everything will be, before anything is there.

use alloy_primitives::{Address, B256, Bytes, U256, address, hex, keccak256};
use alloy_sol_types::{SolCall, SolConstructor, SolValue};

use crate::bindings::aggregator::CreditAggregator;
use crate::bindings::anchors::CheckpointAnchor;
use crate::bindings::bootstrap::Bootstrap;
use crate::bindings::manager::CollateralManager;
use crate::bindings::pool::CreditPool;
use crate::bindings::pools::PoolFactory;
use crate::bindings::prices::PriceOracle;
use crate::bindings::proxy::ERC1967Proxy;
use crate::bindings::scoring::CreditScoringOracle;
use crate::bindings::servicing::CreditServicing;
use crate::bindings::timelock::TimelockController;
use crate::bindings::tranche::Tranche;
use crate::bindings::venues::VenueRouter;
use crate::keys::DevAccount;

/// The factory that every chain has at this address.
pub const CREATE2_FACTORY: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");
pub(super) const SALT: B256 = B256::ZERO;
/// Seconds between the announcement of an upgrade or of a higher limit and its execution: two days.
pub const TIMELOCK_DELAY: u64 = 172_800;

/// Who has power over a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Governance {
    /// Every change that could hurt waits for two days in a timelock, where only the Safe announces and cancels; whoever likes
    /// executes what has waited. The timelock administrates itself.
    Timelock {
        /// The Safe.
        safe: Address,
        /// May only lower risk, at once.
        guardian: Address,
    },
    /// An account changes what it likes at once. For development.
    Account {
        /// The account.
        owner: Address,
        /// May only lower risk.
        guardian: Address,
    },
}

impl Governance {
    /// May only lower risk.
    pub fn guardian(&self) -> Address {
        match self {
            Self::Timelock { guardian, .. } | Self::Account { guardian, .. } => *guardian,
        }
    }
}

/// What determines a deployment: nothing of it depends on the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Who sends the transactions. It has no power after the last one, but as the owner of [`Governance::Account`].
    pub deployer: Address,
    /// Who has power.
    pub governance: Governance,
}

impl Plan {
    /// The plan of development chains: the deployer owns everything, so that a marketplace can be set up at once.
    pub fn development() -> Self {
        let deployer = DevAccount::Deployer.address();
        Self {
            deployer,
            governance: Governance::Account {
                owner: deployer,
                guardian: DevAccount::Guardian.address(),
            },
        }
    }
}

/// Where everything is, by the plan alone: chains do not differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Waits before every change that could hurt; none when an account owns the deployment.
    pub timelock: Option<Address>,
    /// Owns aggregator and oracles: the timelock, or an account.
    pub owner: Address,
    /// The first implementation of the aggregator's proxy.
    pub bootstrap: Address,
    /// The settlement contract: the proxy.
    pub aggregator: Address,
    /// Custody of collateral.
    pub collateral_manager: Address,
    /// The implementation behind the scoring oracle's proxy.
    pub scoring_implementation: Address,
    /// Checks credit attestations: the proxy.
    pub scoring_oracle: Address,
    /// The part that the aggregator passes rare calls on to.
    pub servicing: Address,
    /// The implementation behind the aggregator's proxy.
    pub implementation: Address,
    /// The implementation behind the price oracle's proxy.
    pub price_implementation: Address,
    /// Values collateral: the proxy.
    pub price_oracle: Address,
    /// What the share tokens of pools are clones of.
    pub tranche_implementation: Address,
    /// What pools are clones of.
    pub pool_implementation: Address,
    /// Makes pools.
    pub pool_factory: Address,
    /// Opens and closes positions at other protocols. Nobody owns it and nothing of ours needs it.
    pub venue_router: Address,
    /// Remembers roots of the audit trail. Nobody owns it and nothing of ours needs it.
    pub checkpoint_anchor: Address,
}

impl Addresses {
    /// The addresses that this plan has on every chain.
    pub fn of(plan: &Plan) -> Self {
        let guardian = plan.governance.guardian();
        let timelock = timelock_code(&plan.governance).map(|code| create2(&code));
        let owner = match plan.governance {
            Governance::Account { owner, .. } => owner,
            Governance::Timelock { .. } => timelock.unwrap_or_default(),
        };
        let bootstrap = create2(&bootstrap_code());
        let aggregator = create2(&bootstrap_proxy_code(bootstrap, plan.deployer));
        let collateral_manager = create2(&manager_code(aggregator));
        let scoring_implementation = create2(&scoring_code(aggregator));
        let scoring_oracle = create2(&scoring_proxy_code(scoring_implementation, owner, guardian));
        let servicing = create2(&servicing_code(collateral_manager, scoring_oracle));
        let implementation = create2(&implementation_code(collateral_manager, scoring_oracle, servicing));
        let price_implementation = create2(&price_code());
        let price_oracle = create2(&price_proxy_code(price_implementation, owner, guardian));
        let tranche_implementation = create2(&Tranche::BYTECODE);
        let pool_implementation = create2(&pool_code(aggregator, tranche_implementation));
        let pool_factory = create2(&pool_factory_code(pool_implementation));
        Self {
            timelock,
            owner,
            bootstrap,
            aggregator,
            collateral_manager,
            scoring_implementation,
            scoring_oracle,
            servicing,
            implementation,
            price_implementation,
            price_oracle,
            tranche_implementation,
            pool_implementation,
            pool_factory,
            venue_router: create2(&venue_router_code()),
            checkpoint_anchor: create2(&checkpoint_anchor_code()),
        }
    }

    /// Where the factory puts a pool of that configuration.
    pub fn pool(&self, config: &PoolFactory::PoolConfig, salt: B256) -> Address {
        let salt = keccak256((config.clone(), salt).abi_encode_params());
        self.pool_factory
            .create2(salt, keccak256(clone_code(self.pool_implementation)))
    }
}

/// Init code of an ERC-1167 clone, as OpenZeppelin's `Clones` has it; the code that it leaves begins ten bytes later.
pub(super) fn clone_code(implementation: Address) -> Vec<u8> {
    [
        &hex!("3d602d80600a3d3981f3363d3d373d3d3d363d73")[..],
        implementation.as_slice(),
        &hex!("5af43d82803e903d91602b57fd5bf3"),
    ]
    .concat()
}

pub(super) fn create2(code: &Bytes) -> Address {
    CREATE2_FACTORY.create2(SALT, keccak256(code))
}

pub(super) fn init_code(bytecode: &Bytes, arguments: &[u8]) -> Bytes {
    [bytecode.as_ref(), arguments].concat().into()
}

/// None when an account owns the deployment.
pub(super) fn timelock_code(governance: &Governance) -> Option<Bytes> {
    let Governance::Timelock { safe, .. } = *governance else {
        return None;
    };
    // Proposers may cancel too. The zero address as executor means anyone, as administrator nobody but the timelock itself.
    let arguments = TimelockController::constructorCall {
        minDelay: U256::from(TIMELOCK_DELAY),
        proposers: vec![safe],
        executors: vec![Address::ZERO],
        admin: Address::ZERO,
    };
    Some(init_code(&TimelockController::BYTECODE, &arguments.abi_encode()))
}

pub(super) fn bootstrap_code() -> Bytes {
    Bootstrap::BYTECODE.clone()
}

pub(super) fn bootstrap_proxy_code(bootstrap: Address, deployer: Address) -> Bytes {
    proxy_code(bootstrap, &Bootstrap::initializeCall { owner_: deployer })
}

pub(super) fn manager_code(aggregator: Address) -> Bytes {
    let arguments = CollateralManager::constructorCall {
        aggregator_: aggregator,
    };
    init_code(&CollateralManager::BYTECODE, &arguments.abi_encode())
}

pub(super) fn scoring_code(aggregator: Address) -> Bytes {
    let arguments = CreditScoringOracle::constructorCall {
        aggregator_: aggregator,
    };
    init_code(&CreditScoringOracle::BYTECODE, &arguments.abi_encode())
}

pub(super) fn scoring_proxy_code(implementation: Address, owner: Address, guardian: Address) -> Bytes {
    let init = CreditScoringOracle::initializeCall {
        owner_: owner,
        guardian_: guardian,
    };
    proxy_code(implementation, &init)
}

pub(super) fn servicing_code(manager: Address, scoring: Address) -> Bytes {
    let arguments = CreditServicing::constructorCall { manager, scoring };
    init_code(&CreditServicing::BYTECODE, &arguments.abi_encode())
}

pub(super) fn implementation_code(manager: Address, scoring: Address, servicing: Address) -> Bytes {
    let arguments = CreditAggregator::constructorCall {
        manager,
        scoring,
        servicing_: servicing,
    };
    init_code(&CreditAggregator::BYTECODE, &arguments.abi_encode())
}

pub(super) fn price_code() -> Bytes {
    PriceOracle::BYTECODE.clone()
}

pub(super) fn price_proxy_code(implementation: Address, owner: Address, guardian: Address) -> Bytes {
    let init = PriceOracle::initializeCall {
        owner_: owner,
        guardian_: guardian,
    };
    proxy_code(implementation, &init)
}

pub(super) fn pool_code(aggregator: Address, tranche: Address) -> Bytes {
    let arguments = CreditPool::constructorCall {
        aggregator_: aggregator,
        tranche,
    };
    init_code(&CreditPool::BYTECODE, &arguments.abi_encode())
}

pub(super) fn pool_factory_code(implementation: Address) -> Bytes {
    let arguments = PoolFactory::constructorCall {
        implementation_: implementation,
    };
    init_code(&PoolFactory::BYTECODE, &arguments.abi_encode())
}

pub(super) fn venue_router_code() -> Bytes {
    VenueRouter::BYTECODE.clone()
}

pub(super) fn checkpoint_anchor_code() -> Bytes {
    CheckpointAnchor::BYTECODE.clone()
}

fn proxy_code(implementation: Address, init: &impl SolCall) -> Bytes {
    let arguments = ERC1967Proxy::constructorCall {
        implementation,
        _data: init.abi_encode().into(),
    };
    init_code(&ERC1967Proxy::BYTECODE, &arguments.abi_encode())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_governs_changes_what_it_owns_and_nothing_else() {
        let account = Addresses::of(&Plan::development());
        let governed = Addresses::of(&Plan {
            governance: Governance::Timelock {
                safe: Address::repeat_byte(5),
                guardian: DevAccount::Guardian.address(),
            },
            ..Plan::development()
        });
        assert_eq!(account.aggregator, governed.aggregator);
        assert_eq!(account.collateral_manager, governed.collateral_manager);
        assert_ne!(account.scoring_oracle, governed.scoring_oracle);
        assert_eq!(governed.timelock, Some(governed.owner));
    }
}
