//! A marketplace of rate tables and a bank by files, with their counterparties, for development.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use domain::money::Currency;
use domain::offer::Inquiry;
use domain::request::{Jurisdiction, Product};
use lenders::iso20022::{Account, RateBand};
use lenders::manifest::SecretRef;
use lenders::{BankFilesConfig, LenderConfig, RateTableConfig};
use sandbox::bankfiles::SandboxBank;
use sandbox::ratetable::{Marketplace, MarketplaceHandle, spawn, standard_originators};
use sdk::{AmountRange, Capabilities};
use tokio::task::JoinHandle;

use crate::runtime;

/// Public: the marketplace of development takes it.
const TOKEN: &str = "public-development-token-of-the-marketplace";
/// The bank's account for loans, and the one that is paid.
const ACCOUNT: &str = "100200300";
const PAYOUT: &str = "400500600";
const ROUTING: &str = "021000021";
/// Pause between two rounds of the bank.
const ROUND: Duration = Duration::from_millis(500);

/// The counterparties; they stop when this is dropped.
#[derive(Debug)]
pub(super) struct Market {
    marketplace: MarketplaceHandle,
    token: PathBuf,
    folder: PathBuf,
    bank: JoinHandle<()>,
}

impl Drop for Market {
    fn drop(&mut self) {
        self.bank.abort();
    }
}

impl Market {
    /// Starts both; the bank's folder begins empty, as the database does.
    pub(super) async fn start(data_dir: &Path, sources: &runtime::Sources) -> Result<Self> {
        let world = sandbox::World {
            clock: Arc::clone(&sources.clock),
            ids: Arc::clone(&sources.ids),
        };
        let marketplace = spawn(Marketplace::new(standard_originators(), TOKEN, world)).await?;
        let data_dir = std::path::absolute(data_dir)?;
        let (token, folder) = (data_dir.join("marketplace.token"), data_dir.join("file-bank"));
        std::fs::write(&token, TOKEN).with_context(|| format!("cannot write {}", token.display()))?;
        if folder.exists() {
            std::fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        for part in ["in", "out"] {
            std::fs::create_dir_all(folder.join(part)).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let bank = SandboxBank::new(&folder, ACCOUNT, Currency::usd(), Arc::clone(&sources.clock));
        let bank = tokio::spawn(async move {
            loop {
                if let Err(error) = bank.work() {
                    tracing::warn!(%error, "the sandbox bank");
                }
                tokio::time::sleep(ROUND).await;
            }
        });
        Ok(Self {
            marketplace,
            token,
            folder,
            bank,
        })
    }

    /// As the platform has to know them.
    pub(super) fn lenders(&self) -> [LenderConfig; 2] {
        let name = |text: &str| text.parse().unwrap_or_else(|_| unreachable!("a literal provider id"));
        let account = |name: &str, number: &str| Account {
            name: name.to_owned(),
            iban: None,
            number: Some(number.to_owned()),
            bic: None,
            routing: Some(ROUTING.to_owned()),
        };
        let line = |max_months, rate_ppm, fee_bps| RateBand {
            max_months,
            rate_ppm,
            fee_bps,
        };
        let marketplace = RateTableConfig {
            id: name("rate-market"),
            url: self.marketplace.base_url.clone(),
            blocking_url: None,
            token: SecretRef::File(self.token.clone()),
            poll_ms: 100,
            timeout_ms: 5_000,
            valid_minutes: 30,
            capabilities: capabilities(),
            policy: lenders::Policy::default(),
        };
        let bank = BankFilesConfig {
            id: name("file-bank"),
            folder: self.folder.clone(),
            account: account("File Bank loans", ACCOUNT),
            payout: account("Usance client money", PAYOUT),
            currency: Currency::usd(),
            rates: vec![line(12, 98_000, 0), line(36, 104_000, 100), line(60, 112_000, 150)],
            valid_minutes: 60,
            grace_days: 10,
            late_fee: 700,
            poll_ms: 200,
            capabilities: capabilities(),
            policy: lenders::Policy::default(),
        };
        [
            LenderConfig::RateTable(Box::new(marketplace)),
            LenderConfig::BankFiles(Box::new(bank)),
        ]
    }
}

/// 500 to 50,000 dollars for 3 to 60 months.
fn capabilities() -> Capabilities {
    Capabilities {
        products: vec![Product::Installment],
        jurisdictions: vec![Jurisdiction {
            country: "US".to_owned(),
            region: None,
        }],
        amounts: vec![AmountRange {
            currency: Currency::usd(),
            min: 50_000,
            max: 5_000_000,
        }],
        min_term_days: 80,
        max_term_days: 1_900,
        collateral: Vec::new(),
        inquiry: Inquiry::Soft,
    }
}
