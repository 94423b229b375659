//! How a test wants its marketplace, and as whom it speaks.

use sandbox::{LenderSpec, standard_lenders};

use crate::settings::Desk;

/// How a test wants its marketplace.
#[derive(Clone, Debug)]
pub struct Options {
    /// Chain ids, each an own anvil with a block per transaction.
    pub chains: Vec<u64>,
    /// Blocks on top that make a block final.
    pub depth: u64,
    /// Sandbox lenders.
    pub lenders: Vec<LenderSpec>,
    /// Milliseconds that lenders have.
    pub quote_deadline_ms: u64,
    /// Seconds for which the desks' orders are good.
    pub desk_valid_seconds: u32,
    /// Lenders on chain, on every chain.
    pub desks: Vec<Desk>,
    /// Lending pools on the first chain, which is 31337 then.
    pub pools: Option<Pools>,
    /// Lenders of other kinds, as configuration has them.
    pub more_lenders: Vec<serde_json::Value>,
    /// The section `credit_data` of the configuration.
    pub credit_data: serde_json::Value,
    /// The section `kyc` of the configuration; without one nobody has to be verified.
    pub kyc: serde_json::Value,
    /// Liquidates and ends loans in default.
    pub keeper: bool,
    /// Time of the process stands still and moves with the chains, see [`Environment::time_passes`]; the lenders' goes on.
    pub manual_clock: bool,
    /// When lenders are suspended without a person: never, unless a test says so, because lenders of tests misbehave on purpose.
    pub provider_rules: serde_json::Value,
    /// Redis for the counters of fraud checks; none keeps them in the process.
    pub redis_url: Option<String>,
    /// Sections of the configuration that no other option makes.
    pub more_config: serde_json::Value,
    /// What the process logs, as `RUST_LOG` has it; none means little.
    pub log: Option<String>,
    /// Crash point of the first process.
    pub crash_at: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            chains: vec![31337],
            depth: 1,
            lenders: standard_lenders(),
            quote_deadline_ms: 2_500,
            desk_valid_seconds: 900,
            desks: vec![Desk::Secured],
            pools: None,
            more_lenders: Vec::new(),
            credit_data: serde_json::json!({}),
            kyc: serde_json::json!({}),
            keeper: false,
            manual_clock: false,
            provider_rules: serde_json::json!({ "automatic": false }),
            redis_url: None,
            more_config: serde_json::json!({}),
            log: None,
            crash_at: None,
        }
    }
}

impl Options {
    /// One bank that answers at once, and one chain with its desk: enough for everything after the quote.
    pub fn quick() -> Self {
        let mut lenders = standard_lenders();
        lenders.retain(|lender| lender.name.as_str() == "harbor-bank");
        Self {
            lenders,
            ..Self::default()
        }
    }

    /// The first process dies at that point.
    #[must_use]
    pub fn crash_at(mut self, point: &str) -> Self {
        self.crash_at = Some(point.to_owned());
        self
    }
}

/// How wallets use the lending pools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pools {
    /// Through the router.
    Routed,
    /// Call by call.
    CallByCall,
}

/// An API client of the marketplace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// A borrower.
    Borrower,
    /// A borrower of another tenant.
    Stranger,
    /// The lender harbor-bank.
    HarborBank,
    /// Works for us.
    Officer,
    /// Another one of us: the second pair of eyes.
    SecondOfficer,
    /// The second pair of eyes over officers.
    Manager,
    /// The last word.
    CreditHead,
    /// Acts for borrowers of the first tenant.
    Integrator,
    /// A borrower of the same tenant as the first.
    SecondBorrower,
}

impl Client {
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Borrower => "dev-borrower",
            Self::Stranger => "dev-other-borrower",
            Self::HarborBank => "dev-harbor-bank",
            Self::Officer => "dev-officer",
            Self::SecondOfficer => "dev-second-officer",
            Self::Manager => "dev-manager",
            Self::CreditHead => "dev-credit-head",
            Self::Integrator => "dev-integrator",
            Self::SecondBorrower => "dev-second-borrower",
        }
    }
}
