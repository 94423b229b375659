//! Wallets on lists: compared by what they mean, not by how they are written.
//!
//! EVM addresses are their 20 bytes, whatever the case, and count on every EVM chain; bech32 and cash addresses are compared in lower
//! case; base58 keeps its case; TRON addresses are the same in base58 and in hexadecimal. Anything else is compared as printed, also
//! an address that fails its own checksum. The currency of the list is evidence, never a filter.

mod forms;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::entity::Entity;

/// How an address is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Twenty bytes in hexadecimal.
    Evm,
    /// TRON, base58 or hexadecimal.
    Tron,
    /// Base58 with a checksum: Bitcoin, Litecoin, Dash, Zcash, XRP and others.
    Base58,
    /// Bech32 or bech32m: Bitcoin and Litecoin since segregated witness.
    Bech32,
    /// Bitcoin Cash.
    CashAddr,
    /// Monero.
    Monero,
    /// None of these, or a checksum that is wrong.
    Unknown,
}

/// A listed wallet that was hit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WalletHit {
    /// The list.
    pub list: String,
    /// The list's own number of the entry.
    pub id: String,
    /// The list's code of the currency.
    pub currency: String,
    /// The address as the list prints it.
    pub address: String,
}

/// What is known of one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletCheck {
    /// How it is written.
    pub form: Form,
    /// Whether it passes its own checksum. One that does not was compared all the same.
    pub well_formed: bool,
    /// Sorted; empty when it is on no list.
    pub hits: Vec<WalletHit>,
}

/// All listed wallets; never changes.
#[derive(Clone, Debug, Default)]
pub struct WalletIndex {
    by_key: HashMap<String, Vec<WalletHit>>,
    malformed: Vec<WalletHit>,
}

impl WalletIndex {
    /// Gathers the wallets of all entries.
    #[must_use]
    pub fn build(entities: &[Entity]) -> Self {
        let mut index = Self::default();
        for entity in entities {
            for wallet in &entity.wallets {
                let hit = WalletHit {
                    list: entity.list.clone(),
                    id: entity.id.clone(),
                    currency: wallet.currency.clone(),
                    address: wallet.address.clone(),
                };
                if !wallet.checksum_ok {
                    index.malformed.push(hit.clone());
                }
                let hits = index.by_key.entry(forms::read(&wallet.address).key).or_default();
                if !hits.contains(&hit) {
                    hits.push(hit);
                }
            }
        }
        index.by_key.values_mut().for_each(|hits| hits.sort());
        index
    }

    /// Compares one address.
    #[must_use]
    pub fn check(&self, address: &str) -> WalletCheck {
        let read = forms::read(address);
        WalletCheck {
            form: read.form,
            well_formed: read.well_formed,
            hits: self.by_key.get(&read.key).cloned().unwrap_or_default(),
        }
    }

    /// Addresses that are malformed at the source. They are compared as printed; an operator should know of them.
    #[must_use]
    pub fn malformed(&self) -> &[WalletHit] {
        &self.malformed
    }

    /// How many different addresses are listed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// No address is listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }
}

/// Whether an address passes its own checksum.
#[must_use]
pub fn is_well_formed(address: &str) -> bool {
    forms::read(address).well_formed
}

/// The form in which two spellings of one address are equal.
#[must_use]
pub fn canonical(address: &str) -> String {
    forms::read(address).key
}

#[cfg(test)]
mod tests;
