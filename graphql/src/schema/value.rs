//! Values of the schema: money, rates, token amounts, calls.

use aggregator::api::{LoanAmount, Refusal};
use async_graphql::{Json, Object, SimpleObject};
use domain::calendar::Period;
use domain::money::{Money, Rate, TokenAmount};
use domain::ports::WalletCall;

macro_rules! mirror {
    ($(#[$doc:meta])* $name:ident = $domain:literal { $($(#[$vdoc:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(async_graphql::Enum, serde::Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        #[graphql(remote = $domain)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }
    };
}
pub(crate) use mirror;

mirror! {
    /// What a period counts.
    TermUnit = "domain::calendar::Unit" {
        /// Days.
        Day,
        /// Weeks.
        Week,
        /// Months.
        Month,
        /// Years.
        Year,
    }
}

/// An amount of money.
#[derive(Clone, Copy, Debug)]
pub struct MoneyOut(pub Money);

#[Object(name = "Money")]
impl MoneyOut {
    /// Major units, exact: `1250.00`.
    async fn amount(&self) -> String {
        self.0.to_major().to_string()
    }

    /// Minor units: `125000`.
    async fn minor(&self) -> String {
        self.0.minor.to_string()
    }

    /// ISO 4217 code.
    async fn currency(&self) -> &'static str {
        self.0.currency.code()
    }
}

/// A yearly rate or a share.
#[derive(Clone, Copy, Debug)]
pub struct RateOut(pub Rate);

#[Object(name = "Rate")]
impl RateOut {
    /// Per cent, four decimals: `9.6857`.
    async fn percent(&self) -> String {
        self.0.to_percent().to_string()
    }

    /// Parts per million: 1 % is 10000.
    async fn ppm(&self) -> String {
        self.0.ppm().to_string()
    }
}

/// A length of civil time.
#[derive(SimpleObject, Clone, Copy, Debug)]
#[graphql(name = "Period")]
pub struct PeriodOut {
    /// How many.
    count: u32,
    /// Of what.
    unit: TermUnit,
}

impl From<Period> for PeriodOut {
    fn from(period: Period) -> Self {
        Self {
            count: period.count,
            unit: period.unit.into(),
        }
    }
}

/// An amount of a token.
#[derive(Clone, Debug)]
pub struct TokenOut(pub TokenAmount);

#[Object(name = "TokenAmount")]
impl TokenOut {
    /// Base units.
    async fn units(&self) -> String {
        self.0.units.to_string()
    }

    /// Ticker.
    async fn symbol(&self) -> &str {
        &self.0.asset.symbol
    }

    /// Decimals of the base unit.
    async fn decimals(&self) -> u8 {
        self.0.asset.decimals
    }

    /// Token contract.
    async fn token(&self) -> String {
        self.0.asset.token.to_string()
    }

    /// EIP-155 chain id.
    async fn chain_id(&self) -> String {
        self.0.asset.chain_id.to_string()
    }
}

/// An amount of a loan, in minor units of a currency or base units of a token.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "LoanAmount")]
pub struct LoanAmountOut {
    /// Whole units.
    units: String,
    /// Decimals of the unit.
    decimals: u8,
    /// `USD` or a token's ticker.
    symbol: String,
}

impl From<LoanAmount> for LoanAmountOut {
    fn from(amount: LoanAmount) -> Self {
        Self {
            units: amount.units.to_string(),
            decimals: amount.decimals,
            symbol: amount.symbol,
        }
    }
}

/// A transaction that the borrower's own wallet sends.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "WalletCall")]
pub struct WalletCallOut {
    /// What it does, for people.
    title: String,
    /// EIP-155 chain id.
    chain_id: String,
    /// Contract.
    to: String,
    /// Calldata, hex.
    data: String,
    /// Value in wei: always zero.
    value: &'static str,
    /// Gas limit.
    gas_limit: String,
}

impl From<WalletCall> for WalletCallOut {
    fn from(wallet: WalletCall) -> Self {
        Self {
            title: wallet.title,
            chain_id: wallet.call.chain_id.to_string(),
            to: wallet.call.to.to_string(),
            data: wallet.call.data.to_string(),
            value: "0x0",
            gas_limit: wallet.call.gas_limit.to_string(),
        }
    }
}

/// Any JSON.
pub type JsonOut = Json<serde_json::Value>;

/// Why something was refused: stable code, one sentence, and the input field concerned.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "Refusal")]
pub struct RefusalOut {
    /// Stable, upper snake case.
    code: String,
    /// One sentence.
    message: String,
    /// Input field, dots between levels.
    field: Option<String>,
}

impl From<Refusal> for RefusalOut {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: refusal.code,
            message: refusal.message,
            field: refusal.field,
        }
    }
}

/// One reason, fit to show.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "Reason")]
pub struct ReasonOut {
    /// Stable, upper snake case.
    code: String,
    /// One sentence.
    text: String,
}

impl From<domain::Reason> for ReasonOut {
    fn from(reason: domain::Reason) -> Self {
        Self {
            code: reason.code,
            text: reason.text,
        }
    }
}
