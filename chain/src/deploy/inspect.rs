//! What is really there: code, wiring and powers of a deployment, and what is wrong with them.

use alloy_primitives::{Address, B256, Bytes, U256, b256};
use alloy_sol_types::SolCall;
use serde::Serialize;

use super::addresses::{Addresses, Governance, Plan, TIMELOCK_DELAY, clone_code, create2, pool_code};
use super::code::shipped_hash;
use crate::bindings::aggregator::CreditAggregator;
use crate::bindings::anchors::CheckpointAnchor;
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
use crate::registry::{ChainConfig, known};
use crate::rpc::{Rpc, RpcError};

/// ERC-1967: `keccak256("eip1967.proxy.implementation") - 1`.
pub(super) const IMPLEMENTATION_SLOT: B256 = b256!("360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc");
const READ_GAS: u64 = 1_000_000;

/// The contracts that a deployment is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// The settlement contract.
    pub aggregator: Address,
    /// Custody of collateral.
    pub collateral_manager: Address,
    /// Checks credit attestations.
    pub scoring_oracle: Address,
    /// Values collateral.
    pub price_oracle: Address,
}

impl From<&ChainConfig> for Deployed {
    fn from(chain: &ChainConfig) -> Self {
        Self {
            aggregator: chain.aggregator,
            collateral_manager: chain.collateral_manager,
            scoring_oracle: chain.scoring_oracle,
            price_oracle: chain.price_oracle,
        }
    }
}

impl From<&Addresses> for Deployed {
    fn from(at: &Addresses) -> Self {
        Self {
            aggregator: at.aggregator,
            collateral_manager: at.collateral_manager,
            scoring_oracle: at.scoring_oracle,
            price_oracle: at.price_oracle,
        }
    }
}

/// One contract as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContractState {
    /// What it is.
    pub name: &'static str,
    /// Where.
    pub address: Address,
    /// Hash of its code; none when there is none.
    pub code_hash: Option<B256>,
    /// The code is what we ship, with the immutables that this deployment must have.
    pub shipped: bool,
    /// The implementation behind it, when it is a proxy.
    pub implementation: Option<Address>,
    /// Who has power over it, when somebody has.
    pub owner: Option<Address>,
    /// Who may lower its risk, when somebody may.
    pub guardian: Option<Address>,
}

/// The timelock as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TimelockState {
    /// Where.
    pub address: Address,
    /// Seconds between announcement and execution.
    pub delay: u64,
}

/// A deployment as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// Every contract.
    pub contracts: Vec<ContractState>,
    /// The owner, when it is a timelock.
    pub timelock: Option<TimelockState>,
    /// What is wrong, for people; empty when nothing is.
    pub problems: Vec<String>,
}

/// Reads a deployment and judges its code, its wiring and that power over it is where it should be. An error is the chain's: it
/// does not answer.
pub async fn inspect(rpc: &Rpc, deployed: Deployed) -> Result<Inspection, RpcError> {
    let mut inspector = Inspector::new(rpc);
    inspector.settlement(&deployed).await?;
    inspector.oracles(&deployed).await?;
    let timelock = inspector.powers().await?;
    Ok(Inspection {
        contracts: inspector.contracts,
        timelock,
        problems: inspector.problems,
    })
}

/// The same of a deployment by its plan: everything must also be where and whose the plan says.
pub(super) async fn verify(rpc: &Rpc, plan: &Plan, at: &Addresses) -> Result<Vec<String>, RpcError> {
    let inspection = inspect(rpc, at.into()).await?;
    let mut problems = inspection.problems;
    problems.extend(pools(rpc, at).await?);
    let implementations = [
        ("aggregator", at.implementation),
        ("scoring oracle", at.scoring_implementation),
        ("price oracle", at.price_implementation),
    ];
    for (name, expected) in implementations {
        let state = inspection.contracts.iter().find(|c| c.name == name);
        let state = state.filter(|c| c.code_hash.is_some());
        let Some(state) = state else { continue };
        expect(&mut problems, name, "implementation", state.implementation, expected);
        expect(&mut problems, name, "owner", state.owner, at.owner);
        expect(
            &mut problems,
            name,
            "guardian",
            state.guardian,
            plan.governance.guardian(),
        );
    }
    if let Governance::Timelock { safe, .. } = plan.governance {
        match inspection.timelock {
            Some(TimelockState { delay, .. }) if delay < TIMELOCK_DELAY => {
                let short = format!("the timelock waits {delay} s instead of {TIMELOCK_DELAY}");
                if !problems.contains(&short) {
                    problems.push(short);
                }
            }
            Some(_) => {}
            None => problems.push("the owner is not a timelock".to_owned()),
        }
        roles(rpc, at.owner, safe, plan.deployer, &mut problems).await?;
    }
    Ok(problems)
}

/// The parts that pools are made of, and the venue router.
async fn pools(rpc: &Rpc, at: &Addresses) -> Result<Vec<String>, RpcError> {
    let mut inspector = Inspector::new(rpc);
    let tranche = at.tranche_implementation;
    inspector
        .keep("tranche implementation", tranche, &Tranche::DEPLOYED_BYTECODE, &[])
        .await?;
    let (pool, immutables) = (at.pool_implementation, [at.aggregator, tranche]);
    inspector
        .keep("pool implementation", pool, &CreditPool::DEPLOYED_BYTECODE, &immutables)
        .await?;
    let artifact = &PoolFactory::DEPLOYED_BYTECODE;
    inspector
        .keep("pool factory", at.pool_factory, artifact, &[pool])
        .await?;
    let artifact = &VenueRouter::DEPLOYED_BYTECODE;
    inspector.keep("venue router", at.venue_router, artifact, &[]).await?;
    let artifact = &CheckpointAnchor::DEPLOYED_BYTECODE;
    inspector
        .keep("checkpoint anchor", at.checkpoint_anchor, artifact, &[])
        .await?;
    Ok(inspector.problems)
}

fn expect(problems: &mut Vec<String>, name: &str, what: &str, given: Option<Address>, expected: Address) {
    if given != Some(expected) {
        let given = given.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
        problems.push(format!("the {what} of the {name} is {given} instead of {expected}"));
    }
}

async fn roles(
    rpc: &Rpc,
    timelock: Address,
    safe: Address,
    deployer: Address,
    problems: &mut Vec<String>,
) -> Result<(), RpcError> {
    let admin = B256::ZERO;
    let [proposer, executor, canceller] =
        ["PROPOSER_ROLE", "EXECUTOR_ROLE", "CANCELLER_ROLE"].map(alloy_primitives::keccak256);
    let wanted = [
        (proposer, safe, true, "the Safe may announce"),
        (canceller, safe, true, "the Safe may cancel"),
        (executor, Address::ZERO, true, "anyone may execute"),
        (admin, timelock, true, "the timelock administrates itself"),
        (proposer, deployer, false, "the deployer may not announce"),
        (admin, deployer, false, "the deployer may not administrate"),
        (admin, safe, false, "the Safe may not administrate"),
    ];
    for (role, account, has, meaning) in wanted {
        if account == safe && account == deployer && !has {
            continue;
        }
        let call = TimelockController::hasRoleCall { role, account };
        if ask(rpc, timelock, &call).await? != Some(has) {
            problems.push(format!("timelock: {meaning}: this is not so"));
        }
    }
    Ok(())
}

/// What a contract answers; none when it refuses or is not there.
pub(crate) async fn ask<C: SolCall>(rpc: &Rpc, to: Address, call: &C) -> Result<Option<C::Return>, RpcError> {
    match rpc.call(None, to, &call.abi_encode().into(), READ_GAS).await {
        Ok(answer) => Ok(C::abi_decode_returns(&answer).ok()),
        Err(RpcError::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a pool is an ERC-1167 clone of an implementation that this release ships, with tranches that it ships.
pub(crate) async fn is_clone_of_shipped_pool(rpc: &Rpc, pool: Address, aggregator: Address) -> Result<bool, RpcError> {
    let tranche = create2(&Tranche::BYTECODE);
    let implementation = create2(&pool_code(aggregator, tranche));
    let mut inspector = Inspector::new(rpc);
    inspector
        .keep("tranche", tranche, &Tranche::DEPLOYED_BYTECODE, &[])
        .await?;
    let artifact = &CreditPool::DEPLOYED_BYTECODE;
    inspector
        .keep("pool", implementation, artifact, &[aggregator, tranche])
        .await?;
    let code = rpc.code(pool).await?;
    Ok(inspector.problems.is_empty() && code[..] == clone_code(implementation)[10..])
}

struct Inspector<'a> {
    rpc: &'a Rpc,
    contracts: Vec<ContractState>,
    problems: Vec<String>,
}

impl<'a> Inspector<'a> {
    fn new(rpc: &'a Rpc) -> Self {
        Self {
            rpc,
            contracts: vec![],
            problems: vec![],
        }
    }

    async fn settlement(&mut self, at: &Deployed) -> Result<(), RpcError> {
        let proxy = at.aggregator;
        let implementation = self.implementation(proxy).await?;
        let manager = ask(self.rpc, proxy, &CreditAggregator::collateralManagerCall {}).await?;
        let scoring = ask(self.rpc, proxy, &CreditAggregator::scoringOracleCall {}).await?;
        let servicing = ask(self.rpc, proxy, &CreditAggregator::servicingCall {}).await?;
        let owner = ask(self.rpc, proxy, &CreditAggregator::ownerCall {}).await?;
        let guardian = ask(self.rpc, proxy, &CreditAggregator::guardianCall {}).await?;

        let mut state = self
            .contract("aggregator", proxy, &ERC1967Proxy::DEPLOYED_BYTECODE, &[])
            .await?;
        state = ContractState {
            implementation,
            owner,
            guardian,
            ..state
        };
        self.contracts.push(state);
        self.wired("collateral manager", manager, at.collateral_manager);
        self.wired("scoring oracle", scoring, at.scoring_oracle);

        let parts = [at.collateral_manager, at.scoring_oracle];
        if let Some(address) = implementation {
            let immutables = [address, parts[0], parts[1], servicing.unwrap_or_default()];
            let artifact = &CreditAggregator::DEPLOYED_BYTECODE;
            self.keep("aggregator implementation", address, artifact, &immutables)
                .await?;
        }
        if let Some(address) = servicing {
            let immutables = [address, parts[0], parts[1]];
            let artifact = &CreditServicing::DEPLOYED_BYTECODE;
            self.keep("servicing", address, artifact, &immutables).await?;
        } else {
            self.problems
                .push("the aggregator names no servicing contract".to_owned());
        }
        let artifact = &CollateralManager::DEPLOYED_BYTECODE;
        self.keep("collateral manager", at.collateral_manager, artifact, &[proxy])
            .await?;
        let custodian = ask(self.rpc, at.collateral_manager, &CollateralManager::aggregatorCall {}).await?;
        if custodian.is_some_and(|obeyed| obeyed != proxy) {
            self.problems
                .push("the collateral manager obeys another contract than the aggregator".to_owned());
        }
        Ok(())
    }

    async fn oracles(&mut self, at: &Deployed) -> Result<(), RpcError> {
        let proxy = at.scoring_oracle;
        let implementation = self.implementation(proxy).await?;
        let state = self
            .contract("scoring oracle", proxy, &ERC1967Proxy::DEPLOYED_BYTECODE, &[])
            .await?;
        self.contracts.push(ContractState {
            implementation,
            owner: ask(self.rpc, proxy, &CreditScoringOracle::ownerCall {}).await?,
            guardian: ask(self.rpc, proxy, &CreditScoringOracle::guardianCall {}).await?,
            ..state
        });
        if let Some(address) = implementation {
            let artifact = &CreditScoringOracle::DEPLOYED_BYTECODE;
            let immutables = [address, at.aggregator];
            self.keep("scoring implementation", address, artifact, &immutables)
                .await?;
        }
        let obeyed = ask(self.rpc, proxy, &CreditScoringOracle::aggregatorCall {}).await?;
        if obeyed.is_some_and(|obeyed| obeyed != at.aggregator) {
            self.problems
                .push("the scoring oracle obeys another contract than the aggregator".to_owned());
        }

        let proxy = at.price_oracle;
        let implementation = self.implementation(proxy).await?;
        let state = self
            .contract("price oracle", proxy, &ERC1967Proxy::DEPLOYED_BYTECODE, &[])
            .await?;
        self.contracts.push(ContractState {
            implementation,
            owner: ask(self.rpc, proxy, &PriceOracle::ownerCall {}).await?,
            guardian: ask(self.rpc, proxy, &PriceOracle::guardianCall {}).await?,
            ..state
        });
        if let Some(address) = implementation {
            let artifact = &PriceOracle::DEPLOYED_BYTECODE;
            self.keep("price implementation", address, artifact, &[address]).await?;
        }
        Ok(())
    }

    /// One owner for everything, and on chains of value that is a timelock.
    async fn powers(&mut self) -> Result<Option<TimelockState>, RpcError> {
        let mut owners = self.contracts.iter().filter_map(|c| Some((c.name, c.owner?)));
        let Some((first, owner)) = owners.next() else {
            self.problems.push("nobody owns the deployment".to_owned());
            return Ok(None);
        };
        let others: Vec<String> = owners
            .filter(|(_, other)| *other != owner)
            .map(|(name, other)| format!("the {name} is owned by {other}, the {first} by {owner}"))
            .collect();
        self.problems.extend(others);
        let delay = if self.rpc.code(owner).await?.is_empty() {
            None
        } else {
            ask(self.rpc, owner, &TimelockController::getMinDelayCall {}).await?
        };
        let of_value = known(self.rpc.chain_id()).is_none_or(|chain| !chain.development);
        let Some(delay) = delay else {
            if of_value {
                self.problems.push(format!(
                    "the owner {owner} is not a timelock, so nothing waits before it takes effect"
                ));
            }
            return Ok(None);
        };
        self.keep("timelock", owner, &TimelockController::DEPLOYED_BYTECODE, &[])
            .await?;
        let delay = u64::try_from(delay).unwrap_or(u64::MAX);
        if of_value && delay < TIMELOCK_DELAY {
            self.problems
                .push(format!("the timelock waits {delay} s instead of {TIMELOCK_DELAY}"));
        }
        Ok(Some(TimelockState { address: owner, delay }))
    }

    fn wired(&mut self, name: &str, given: Option<Address>, expected: Address) {
        match given {
            Some(given) if given == expected => {}
            Some(given) => self
                .problems
                .push(format!("the aggregator's {name} is {given} instead of {expected}")),
            None => self.problems.push(format!("the aggregator names no {name}")),
        }
    }

    async fn keep(
        &mut self,
        name: &'static str,
        address: Address,
        artifact: &Bytes,
        immutables: &[Address],
    ) -> Result<(), RpcError> {
        let state = self.contract(name, address, artifact, immutables).await?;
        self.contracts.push(state);
        Ok(())
    }

    async fn contract(
        &mut self,
        name: &'static str,
        address: Address,
        artifact: &Bytes,
        immutables: &[Address],
    ) -> Result<ContractState, RpcError> {
        let code = self.rpc.code(address).await?;
        let allowed: Vec<U256> = immutables.iter().map(|a| a.into_word().into()).collect();
        let shipped = shipped_hash(&code, artifact, &allowed).is_some();
        if code.is_empty() {
            self.problems.push(format!("{name}: no code at {address}"));
        } else if !shipped {
            self.problems
                .push(format!("{name}: the code at {address} is not what this release ships"));
        }
        Ok(ContractState {
            name,
            address,
            code_hash: (!code.is_empty()).then(|| alloy_primitives::keccak256(&code)),
            shipped,
            implementation: None,
            owner: None,
            guardian: None,
        })
    }

    async fn implementation(&self, proxy: Address) -> Result<Option<Address>, RpcError> {
        let word = self.rpc.storage(proxy, IMPLEMENTATION_SLOT).await?;
        Ok((!word.is_zero()).then(|| Address::from_word(word)))
    }
}
