//! Configuration of the sandbox: which lenders play, and what each is like.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use domain::offer::Inquiry;
use domain::request::{Jurisdiction, Product};
use domain::{Currency, ProviderId};
use sdk::{AmountRange, Capabilities};
use serde::{Deserialize, Serialize};

use crate::behavior::Behavior;

/// The whole sandbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SandboxConfig {
    /// Where to listen; a loopback address, port 0 for any.
    #[serde(default = "any_port")]
    pub bind: SocketAddr,
    /// File of the book; without one it is forgotten at the end.
    #[serde(default)]
    pub book: Option<PathBuf>,
    /// The key that signs the requests it answers.
    pub platform: PlatformKey,
    /// The lenders; the eight standard ones by default.
    #[serde(default = "standard_lenders")]
    pub lenders: Vec<LenderSpec>,
}

/// The public key of the platform.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformKey {
    /// Its name in signatures.
    pub id: String,
    /// Base64 of the 32 bytes.
    pub public: String,
}

/// How the money comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plan {
    /// Equal installments.
    Installments,
    /// Four equal parts: at once and every two weeks.
    PayInFour,
    /// A line drawn at once, paid back in equal parts of principal.
    Line,
}

/// What the lender declares as its APR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Declares {
    /// The APR of its cash flows.
    Apr,
    /// Its nominal rate, whatever the fees: wrong as soon as there is one.
    NominalRate,
}

/// One lender.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LenderSpec {
    /// Its name, and its path: `http://host:port/<name>`.
    pub name: ProviderId,
    /// How the money comes back.
    pub plan: Plan,
    /// Nominal yearly rate.
    pub rate_ppm: u32,
    /// Fee withheld, basis points of the principal.
    #[serde(default)]
    pub origination_fee_bps: u16,
    /// What it declares.
    pub declares: Declares,
    /// Currency that it lends.
    #[serde(default = "Currency::usd")]
    pub currency: Currency,
    /// Country in which it lends, two letters.
    #[serde(default = "united_states")]
    pub country: String,
    /// Smallest amount, minor units.
    pub min_amount: i64,
    /// Largest amount, minor units.
    pub max_amount: i64,
    /// Shortest term in days.
    pub min_term_days: u32,
    /// Longest term in days.
    pub max_term_days: u32,
    /// What it does.
    #[serde(default)]
    pub behavior: Behavior,
    /// How long it takes when it is slow.
    #[serde(default)]
    pub delay_ms: u64,
}

fn united_states() -> String {
    "US".to_owned()
}

fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

impl SandboxConfig {
    /// The standard lenders on any port.
    pub fn new(platform: PlatformKey) -> Self {
        Self {
            bind: any_port(),
            book: None,
            platform,
            lenders: standard_lenders(),
        }
    }
}

impl LenderSpec {
    /// The kind of credit.
    pub fn product(&self) -> Product {
        match self.plan {
            Plan::Installments => Product::Installment,
            Plan::PayInFour => Product::Bnpl,
            Plan::Line => Product::Line,
        }
    }

    /// Where it lends.
    pub(crate) fn place(&self) -> Jurisdiction {
        Jurisdiction {
            country: self.country.clone(),
            region: None,
        }
    }

    /// What the lender does, as the platform should know it.
    pub fn capabilities(&self) -> Capabilities {
        Capabilities {
            products: vec![self.product()],
            jurisdictions: vec![self.place()],
            amounts: vec![AmountRange {
                currency: self.currency,
                min: self.min_amount,
                max: self.max_amount,
            }],
            min_term_days: self.min_term_days,
            max_term_days: self.max_term_days,
            collateral: Vec::new(),
            inquiry: self.inquiry(),
        }
    }

    pub(crate) fn inquiry(&self) -> Inquiry {
        if self.plan == Plan::PayInFour {
            Inquiry::None
        } else {
            Inquiry::Soft
        }
    }
}

/// The eight standard lenders: 500 to 50,000 dollars for 3 to 60 months, but for the pay-in-4.
#[expect(
    clippy::missing_panics_doc,
    reason = "the names are literals that are provider ids; a test builds them"
)]
pub fn standard_lenders() -> Vec<LenderSpec> {
    let bank = |name: &str, rate_ppm: u32| LenderSpec {
        name: name.parse().expect("a literal provider id"),
        plan: Plan::Installments,
        rate_ppm,
        origination_fee_bps: 0,
        declares: Declares::Apr,
        currency: Currency::usd(),
        country: united_states(),
        min_amount: 50_000,
        max_amount: 5_000_000,
        min_term_days: 80,
        max_term_days: 1_900,
        behavior: Behavior::Normal,
        delay_ms: 0,
    };
    let fee = |spec| LenderSpec {
        origination_fee_bps: 500,
        declares: Declares::NominalRate,
        ..spec
    };
    let four = |spec| LenderSpec {
        plan: Plan::PayInFour,
        min_amount: 3_500,
        max_amount: 1_000_000,
        min_term_days: 1,
        ..spec
    };
    let behaving = |spec, behavior, delay_ms| LenderSpec {
        behavior,
        delay_ms,
        ..spec
    };
    vec![
        bank("harbor-bank", 94_900),
        fee(bank("swift-fintech", 119_900)),
        four(bank("splitpay", 0)),
        LenderSpec {
            plan: Plan::Line,
            ..bank("flexline", 149_000)
        },
        behaving(bank("stern-credit", 80_000), Behavior::Decline, 0),
        behaving(bank("slowpoke", 129_000), Behavior::Callback, 600),
        behaving(bank("silent", 70_000), Behavior::Silent, 0),
        behaving(bank("trickster", 50_000), Behavior::WrongCurrency, 0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_lenders_are_eight_with_different_names() {
        let names: std::collections::BTreeSet<_> = standard_lenders().into_iter().map(|l| l.name).collect();
        assert_eq!(names.len(), 8);
    }

    #[test]
    fn unknown_keys_are_refused_and_the_lenders_have_a_default() {
        let text = "[platform]\nid = \"usance-dev\"\npublic = \"x\"\n";
        let config: SandboxConfig = toml::from_str(text).unwrap();
        assert_eq!(config.lenders.len(), 8);
        assert!(toml::from_str::<SandboxConfig>(&format!("colour = 1\n{text}")).is_err());
    }

    #[test]
    fn the_example_is_a_configuration_with_the_development_key() {
        let config: SandboxConfig = toml::from_str(include_str!("../sandbox.example.toml")).unwrap();
        let key = sdk::PrivateKey::development(&config.platform.id).unwrap().public();
        assert_eq!((config.lenders.len(), config.platform.public), (1, key.to_base64()));
    }
}
