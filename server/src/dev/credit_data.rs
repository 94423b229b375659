//! A credit bureau and a bank that shows accounts, for development. Any consent is good; one that begins with `fault-` goes wrong by name.

use std::sync::Arc;

use anyhow::Result;
use bureaus::{BankDataConfig, BureauConfig, CreditDataConfig, KeyConfig};
use sandbox::bank_data::AccountBankHandle;
use sandbox::bureau::BureauHandle;

use crate::runtime::Sources;

/// Public: the bank of development takes it.
const TOKEN: &str = "public-development-token-of-the-account-bank";

/// The sources; they stop when this is dropped.
#[derive(Debug)]
pub(super) struct CreditSources {
    bureau: BureauHandle,
    bank: AccountBankHandle,
}

/// Opens them. The bureau answers what `platform` signs.
pub(super) async fn open(platform: &sandbox::PlatformKey, sources: &Sources) -> Result<CreditSources> {
    let world = sandbox::World {
        clock: Arc::clone(&sources.clock),
        ids: Arc::clone(&sources.ids),
    };
    Ok(CreditSources {
        bureau: sandbox::bureau::spawn(platform, world.clone()).await?,
        bank: sandbox::bank_data::spawn(TOKEN, world).await?,
    })
}

impl CreditSources {
    /// Their section of the configuration.
    pub(super) fn config(&self) -> CreditDataConfig {
        CreditDataConfig {
            bureau: Some(BureauConfig {
                id: "sandbox-bureau".to_owned(),
                url: self.bureau.base_url.clone(),
                keys: vec![KeyConfig {
                    id: sandbox::bureau::KEY.to_owned(),
                    public: self.bureau.public_key(),
                }],
                timeout_ms: 5_000,
            }),
            bank: Some(BankDataConfig {
                id: "sandbox-accounts".to_owned(),
                url: self.bank.base_url.clone(),
                token: Some(TOKEN.into()),
                timeout_ms: 5_000,
            }),
            ..CreditDataConfig::default()
        }
    }
}
