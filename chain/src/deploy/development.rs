//! What a development chain has above a real one: tokens, prices, limits, attesters, and people with money.

use std::sync::LazyLock;

use alloy_primitives::aliases::U104;
use alloy_primitives::{Address, B256, Bytes, I256, U256};
use alloy_sol_types::{Eip712Domain, SolConstructor, SolStruct, sol};

use super::addresses::{Addresses, Plan, create2, init_code};
use super::inspect::ask;
use super::steps::{Done, Step};
use super::{DeployError, Deployer, confirm, system};
use crate::bindings::aggregator::CreditAggregator;
use crate::bindings::feed::DevFeed;
use crate::bindings::pool::CreditPool;
use crate::bindings::pools::PoolFactory;
use crate::bindings::prices::PriceOracle;
use crate::bindings::sanctions::DevSanctions;
use crate::bindings::scoring::CreditScoringOracle;
use crate::bindings::token::DevToken;
use crate::bindings::tranche::Tranche;
use crate::keys::DevAccount;
use crate::transaction::SignError;

/// Decimals of the development feeds' answers.
const FEED_DECIMALS: u8 = 8;
/// Most that may be lent within an hour: 10^12 dollars.
const CAP: u64 = 1_000_000_000_000;
/// Class of assets that counts dollars.
const DOLLAR_CLASS: u16 = 1;
/// The policy of development attestations, see `Plan` of the deployment.
const POLICY: u32 = 1;
const POLICY_WORST_BAND: u8 = 3;
const POLICY_MAX_AGE: u32 = 86_400;
/// Attesters of three that must sign.
const THRESHOLD: u64 = 2;

sol! {
    /// ERC-2612.
    struct Permit {
        address owner;
        address spender;
        uint256 value;
        uint256 nonce;
        uint256 deadline;
    }
}

/// Token and feed of each asset: hashing their code takes a while in a build without optimization.
static PLACES: LazyLock<[(Address, Address); 2]> =
    LazyLock::new(|| [DevAsset::Dollar, DevAsset::Ether].map(|a| (create2(&a.code()), create2(&a.feed_code()))));

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
        PLACES[self as usize].0
    }

    /// Its price feed in dollars, 8 decimals; see [`crate::devnet::set_price`].
    pub fn feed(self) -> Address {
        PLACES[self as usize].1
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

    /// Whole dollars at which its feed starts.
    pub fn dollars(self) -> u32 {
        match self {
            Self::Dollar => 1,
            Self::Ether => 2_000,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Dollar => "Development Dollar",
            Self::Ether => "Development Ether",
        }
    }

    fn code(self) -> Bytes {
        let arguments = DevToken::constructorCall {
            name_: self.name().to_owned(),
            symbol_: self.symbol().to_owned(),
            decimals_: self.decimals(),
        };
        init_code(&DevToken::BYTECODE, &arguments.abi_encode())
    }

    fn feed_code(self) -> Bytes {
        let arguments = DevFeed::constructorCall {
            decimals_: FEED_DECIMALS,
            description_: format!("{} / USD", self.symbol()),
        };
        init_code(&DevFeed::BYTECODE, &arguments.abi_encode())
    }

    fn units(self, whole: u64) -> U256 {
        U256::from(whole) * U256::from(10).pow(U256::from(self.decimals()))
    }
}

impl Deployer<'_> {
    /// Deploys the system as [`Plan::development`] has it, and what a marketplace needs on top: tokens, feeds at 1 and 2,000
    /// dollars that never grow stale, a listed dollar, two of three attesters for policy 1, a pool, and money for the desk, the sample
    /// borrower, the liquidator (the submitter) and the pool. Only on development chains: anyone can mint these tokens and move these prices.
    pub async fn deploy_development(&self) -> Result<Addresses, DeployError> {
        if !crate::registry::known(self.rpc.chain_id()).is_some_and(|k| k.development) {
            return Err(DeployError::NotDevelopment(self.rpc.chain_id()));
        }
        let plan = Plan::development();
        self.prepare(&plan).await?;
        let at = Addresses::of(&plan);
        let mut steps = system(&plan, &at);
        steps.extend(tokens_and_prices(&at));
        steps.extend(limits(&at));
        steps.push(Step::create(
            "sanctions oracle",
            dev_sanctions(),
            &DevSanctions::BYTECODE,
        ));
        steps.extend(money());
        steps.extend(pool(&at));
        for account in [DevAccount::Desk, DevAccount::Submitter] {
            steps.push(self.allow(account, DevAsset::Dollar, at.aggregator).await?);
        }
        self.run_at_once(steps).await?;
        confirm(self.rpc, &plan, &at).await?;
        Ok(at)
    }

    /// Lets `spender` take what it likes, by a signed permit: the account itself sends nothing, and its nonces stay untouched.
    async fn allow(&self, account: DevAccount, asset: DevAsset, spender: Address) -> Result<Step, DeployError> {
        let (token, owner) = (asset.address(), account.address());
        let nonce = ask(self.rpc, token, &DevToken::noncesCall { owner }).await?;
        let permit = Permit {
            owner,
            spender,
            value: U256::MAX,
            nonce: nonce.unwrap_or_default(),
            deadline: U256::MAX,
        };
        let domain = Eip712Domain {
            name: Some(asset.name().into()),
            version: Some("1".into()),
            chain_id: Some(U256::from(self.rpc.chain_id())),
            verifying_contract: Some(token),
            salt: None,
        };
        let signature = account
            .signer()
            .sign(permit.eip712_signing_hash(&domain))
            .map_err(|error| SignError::Signer(alloy_signer::Error::other(error)))?;
        let call = DevToken::permitCall {
            owner,
            spender,
            value: permit.value,
            deadline: permit.deadline,
            v: 27 + u8::from(signature.v()),
            r: signature.r().into(),
            s: signature.s().into(),
        };
        let allowed = Done::answers(token, &DevToken::allowanceCall { owner, spender }, |allowed| {
            allowed >= U256::MAX / U256::from(2)
        });
        Ok(Step::call("allowance", token, &call, allowed))
    }
}

fn tokens_and_prices(at: &Addresses) -> Vec<Step> {
    let mut steps = vec![];
    for asset in [DevAsset::Dollar, DevAsset::Ether] {
        let (token, feed) = (asset.address(), asset.feed());
        let answer = I256::unchecked_from(u64::from(asset.dollars()) * 10_u64.pow(FEED_DECIMALS.into()));
        let listing = PriceOracle::setTokenCall {
            token,
            feeds: PriceOracle::TokenFeeds {
                primary: feed,
                // Development clocks jump by months.
                primaryMaxAge: u32::MAX,
                second: Address::ZERO,
                secondMaxAge: 0,
                maxDeviationBps: 0,
                decimals: asset.decimals(),
            },
        };
        steps.extend([
            Step::create("token", token, &asset.code()),
            Step::create("feed", feed, &asset.feed_code()),
            Step::call(
                "price",
                feed,
                &DevFeed::setAnswerCall { answer },
                Done::answers(feed, &DevFeed::latestRoundDataCall {}, |_| true),
            ),
            Step::call(
                "listing of a price",
                at.price_oracle,
                &listing,
                Done::answers(at.price_oracle, &PriceOracle::tokenOfCall { token }, |t| t.listed),
            ),
        ]);
    }
    steps
}

fn limits(at: &Addresses) -> Vec<Step> {
    let asset = DevAsset::Dollar.address();
    let scoring = at.scoring_oracle;
    let cap = CreditAggregator::setAssetCapCall {
        asset,
        cap: U104::from(DevAsset::Dollar.units(CAP)),
    };
    let class = CreditScoringOracle::setAssetClassCall {
        asset,
        assetClass: DOLLAR_CLASS,
        decimals: DevAsset::Dollar.decimals(),
    };
    let policy = CreditScoringOracle::setPolicyCall {
        policy: POLICY,
        value: CreditScoringOracle::AttestationPolicy {
            assetClass: DOLLAR_CLASS,
            worstBand: POLICY_WORST_BAND,
            maxAge: POLICY_MAX_AGE,
            active: true,
        },
    };
    let threshold = CreditScoringOracle::setThresholdCall {
        threshold_: U256::from(THRESHOLD),
    };
    let mut steps = vec![
        Step::call(
            "hourly cap",
            at.aggregator,
            &cap,
            Done::answers(at.aggregator, &CreditAggregator::policyOfCall { asset }, |p| {
                !p.cap.is_zero()
            }),
        ),
        Step::call(
            "asset class",
            scoring,
            &class,
            Done::answers(scoring, &CreditScoringOracle::classOfCall { asset }, |c| {
                c.assetClass == DOLLAR_CLASS
            }),
        ),
        Step::call(
            "attestation policy",
            scoring,
            &policy,
            Done::answers(scoring, &CreditScoringOracle::policyOfCall { policy: POLICY }, |p| {
                p.active
            }),
        ),
    ];
    steps.extend(DevAccount::ATTESTERS.map(|account| {
        let attester = account.address();
        Step::call(
            "attester",
            scoring,
            &CreditScoringOracle::setAttesterCall { attester, active: true },
            Done::answers(scoring, &CreditScoringOracle::isAttesterCall { attester }, |is| is),
        )
    }));
    steps.push(Step::call(
        "attester threshold",
        scoring,
        &threshold,
        Done::answers(scoring, &CreditScoringOracle::thresholdCall {}, |t| {
            t == U256::from(THRESHOLD)
        }),
    ));
    steps
}

/// The sanctions oracle of a development chain: anyone may list anybody there.
pub fn dev_sanctions() -> Address {
    create2(&DevSanctions::BYTECODE)
}

/// The dollar pool of a development chain: the desk's key underwrites.
pub fn dev_pool(at: &Addresses) -> Address {
    at.pool(&pool_config(at), B256::ZERO)
}

fn pool_config(at: &Addresses) -> PoolFactory::PoolConfig {
    PoolFactory::PoolConfig {
        asset: DevAsset::Dollar.address(),
        owner: at.owner,
        guardian: DevAccount::Guardian.address(),
        underwriter: DevAccount::Desk.address(),
        oracle: at.price_oracle,
        seniorRatePpm: 50_000,
        minJuniorBps: 2_000,
        saleDiscountBps: 500,
        smoothing: 86_400,
        label: DevAsset::Dollar.symbol().to_owned(),
    }
}

/// A pool that lends dollars against dWETH, and a little on attestations of policy 1.
fn pool(at: &Addresses) -> Vec<Step> {
    let pool = dev_pool(at);
    let units = |whole| DevAsset::Dollar.units(whole).to::<u128>();
    let policy = CreditPool::LendingPolicy {
        maxPrincipal: units(1_000_000),
        maxExposure: units(2_000_000),
        lendingLimit: units(100_000_000),
        minRatePpm: 10_000,
        maxTerm: 2_000 * 86_400,
        feeRecipient: DevAccount::Deployer.address(),
    };
    let collateral = CreditPool::setCollateralLimitsCall {
        token: DevAsset::Ether.address(),
        next: CreditPool::CollateralLimits {
            maxLtvBps: 7_500,
            maxLiquidationLtvBps: 8_500,
        },
    };
    let token = DevAsset::Ether.address();
    let unsecured = CreditPool::setUnsecuredLimitCall {
        attestationPolicy: POLICY,
        maxPrincipal: DevAsset::Dollar.units(10_000),
    };
    let create = PoolFactory::createPoolCall {
        config: pool_config(at),
        salt: B256::ZERO,
    };
    let mut steps = vec![
        Step::call("pool", at.pool_factory, &create, Done::Code(pool)),
        Step::call(
            "policy of the pool",
            pool,
            &CreditPool::setLendingPolicyCall { next: policy },
            Done::answers(pool, &CreditPool::lendingPolicyCall {}, |p| p.maxPrincipal > 0),
        ),
        Step::call(
            "collateral of the pool",
            pool,
            &collateral,
            Done::answers(pool, &CreditPool::collateralLimitsCall { token }, |c| c.maxLtvBps > 0),
        ),
        Step::call(
            "unsecured loans of the pool",
            pool,
            &unsecured,
            Done::answers(
                pool,
                &CreditPool::unsecuredLimitCall {
                    attestationPolicy: POLICY,
                },
                |limit| !limit.is_zero(),
            ),
        ),
    ];
    // The pool makes its tranches as its first two contracts; senior needs junior below it.
    steps.extend(deposit(pool.create(2), 3_000_000));
    steps.extend(deposit(pool.create(1), 7_000_000));
    steps
}

/// Mints dollars and deposits them for the depositor.
fn deposit(tranche: Address, whole: u64) -> [Step; 3] {
    let (token, assets) = (DevAsset::Dollar.address(), DevAsset::Dollar.units(whole));
    let receiver = DevAccount::Depositor.address();
    let to = DevAccount::Deployer.address();
    let held = || Done::answers(tranche, &Tranche::totalSupplyCall {}, |supply| !supply.is_zero());
    [
        Step::call("mint", token, &DevToken::mintCall { to, amount: assets }, held()),
        Step::call(
            "allowance",
            token,
            &DevToken::approveCall {
                spender: tranche,
                value: assets,
            },
            held(),
        ),
        Step::call("deposit", tranche, &Tranche::depositCall { assets, receiver }, held()),
    ]
}

fn money() -> Vec<Step> {
    [
        (DevAsset::Dollar, DevAccount::Desk, 1_000_000_000),
        (DevAsset::Dollar, DevAccount::Borrower, 100_000),
        (DevAsset::Ether, DevAccount::Borrower, 10_000),
        (DevAsset::Dollar, DevAccount::Submitter, 10_000_000),
    ]
    .map(|(asset, account, whole)| fund(asset, account, whole))
    .into()
}

/// Mints `whole` tokens when the account has less than half of them.
fn fund(asset: DevAsset, account: DevAccount, whole: u64) -> Step {
    let (token, to, amount) = (asset.address(), account.address(), asset.units(whole));
    let half = amount / U256::from(2);
    Step::call(
        "mint",
        token,
        &DevToken::mintCall { to, amount },
        Done::answers(token, &DevToken::balanceOfCall { account: to }, move |has| has >= half),
    )
}
