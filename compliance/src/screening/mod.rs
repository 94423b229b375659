//! Sanctions screening of names and wallets: exact after normalisation.
//!
//! Lists: the Specially Designated Nationals with their alternate and weak names (vessels and aircraft left out), and the
//! digital-currency addresses among them, as published by the US Treasury. Finding misspelt names needs the fuzzy index
//! that will stand behind the same functions.

mod fold;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How a list names the entry that was hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HitKind {
    /// A blocked address.
    Wallet,
    /// The entry's own name.
    PrimaryName,
    /// Also known as, formerly known as, now known as.
    AlternateName,
    /// A weak alias: broad enough to be shared by many, so it asks for a closer look instead of deciding.
    WeakAlias,
}

/// One hit. It names the list's entry, never the person who was screened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hit {
    /// The list: `OFAC-SDN` or `OFAC-DIGITAL-CURRENCY`.
    pub list: String,
    /// The entry's number in the list; empty where the list gives none.
    pub entry: String,
    /// How it was hit.
    pub kind: HitKind,
}

/// What screening found: evidence for a decision, without personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Screening {
    /// Sorted; empty when nothing was hit.
    pub hits: Vec<Hit>,
    /// Hash of the lists.
    pub list_version: String,
    /// False when the name was empty or holds letters that the lists are not written in. Then no hit proves nothing.
    pub name_screened: bool,
    /// True when a wallet was given and compared.
    pub wallet_screened: bool,
}

/// Why lists were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScreeningError {
    /// A line that is not understood; skipping it could let a listed person pass.
    #[error("{list} line {line} is not understood")]
    Line {
        /// Which list.
        list: &'static str,
        /// From 1.
        line: usize,
    },
    /// A list without entries would let everybody pass.
    #[error("{list} is empty")]
    Empty {
        /// Which list.
        list: &'static str,
    },
}

const NAMES: &str = "OFAC-SDN";
const WALLETS: &str = "OFAC-DIGITAL-CURRENCY";

/// The lists, ready to be asked. Immutable: share it behind an `Arc` and replace it whole.
pub struct ScreeningIndex {
    names: HashMap<String, Vec<(u32, HitKind)>>,
    wallets: HashMap<String, Vec<String>>,
    malformed_wallets: Vec<String>,
    list_version: String,
}

impl std::fmt::Debug for ScreeningIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "ScreeningIndex({} keys, {} wallets)",
            self.names.len(),
            self.wallets.len()
        )
    }
}

impl ScreeningIndex {
    /// Builds the index from the two tab-separated lists (see `compliance/data/make-ofac.mjs` for the columns).
    pub fn load(names: &str, wallets: &str) -> Result<Self, ScreeningError> {
        let mut hash = Sha256::new();
        hash.update(Sha256::digest(names.as_bytes()));
        hash.update(Sha256::digest(wallets.as_bytes()));
        let mut index = Self {
            names: HashMap::with_capacity(names.len() / 32),
            wallets: HashMap::new(),
            malformed_wallets: Vec::new(),
            list_version: hex::encode(hash.finalize()),
        };
        for (line, text) in (1..).zip(names.lines()) {
            index.add_name(text).ok_or(ScreeningError::Line { list: NAMES, line })?;
        }
        for (line, text) in (1..).zip(wallets.lines()) {
            index
                .add_wallet(text)
                .ok_or(ScreeningError::Line { list: WALLETS, line })?;
        }
        match (index.names.is_empty(), index.wallets.is_empty()) {
            (true, _) => Err(ScreeningError::Empty { list: NAMES }),
            (_, true) => Err(ScreeningError::Empty { list: WALLETS }),
            _ => Ok(index),
        }
    }

    /// The lists that ship with this build, indexed at the first call and shared.
    pub fn built_in() -> Result<Arc<Self>, ScreeningError> {
        static INDEX: OnceLock<Result<Arc<ScreeningIndex>, ScreeningError>> = OnceLock::new();
        INDEX
            .get_or_init(|| {
                Self::load(
                    include_str!("../../data/names.tsv"),
                    include_str!("../../data/wallets.tsv"),
                )
                .map(Arc::new)
            })
            .clone()
    }

    /// Hash of the lists.
    pub fn list_version(&self) -> &str {
        &self.list_version
    }

    /// Addresses that are malformed at the source. They are compared as printed; an operator should know of them.
    pub fn malformed_wallets(&self) -> &[String] {
        &self.malformed_wallets
    }

    /// Compares a name and, when there is one, a wallet with the lists.
    pub fn screen(&self, name: &str, wallet: Option<&str>) -> Screening {
        let mut hits = BTreeSet::new();
        let keys = fold::keys(name);
        for (entry, kind) in keys.iter().flatten().filter_map(|key| self.names.get(key)).flatten() {
            hits.insert(Hit {
                list: NAMES.into(),
                entry: entry.to_string(),
                kind: *kind,
            });
        }
        let wallet = wallet.map(wallet_key).filter(|key| !key.is_empty());
        for entry in wallet.iter().filter_map(|key| self.wallets.get(key)).flatten() {
            hits.insert(Hit {
                list: WALLETS.into(),
                entry: entry.clone(),
                kind: HitKind::Wallet,
            });
        }
        Screening {
            hits: hits.into_iter().collect(),
            list_version: self.list_version.clone(),
            name_screened: keys.is_some(),
            wallet_screened: wallet.is_some(),
        }
    }

    fn add_name(&mut self, line: &str) -> Option<()> {
        let mut columns = line.split('\t');
        let (entry, kind_of_entry, kind, name) = (columns.next()?, columns.next()?, columns.next()?, columns.next()?);
        let kind = match kind {
            "P" => HitKind::PrimaryName,
            "A" | "F" | "N" => HitKind::AlternateName,
            "W" => HitKind::WeakAlias,
            _ => return None,
        };
        let known = matches!(kind_of_entry, "I" | "E") && columns.next().is_none();
        let entry = entry.parse().ok().filter(|_| known)?;
        for key in fold::keys(name)? {
            // A weak alias of one word ("LUCAS") is every other person's first name and finds nobody.
            if kind == HitKind::WeakAlias && !key.contains(' ') {
                continue;
            }
            let entries = self.names.entry(key).or_default();
            if !entries.contains(&(entry, kind)) {
                entries.push((entry, kind));
            }
        }
        Some(())
    }

    fn add_wallet(&mut self, line: &str) -> Option<()> {
        let columns: Vec<&str> = line.split('\t').collect();
        let [address, _currency, entry, checksum] = columns[..] else {
            return None;
        };
        match checksum {
            "yes" => {}
            "no" => self.malformed_wallets.push(address.to_owned()),
            _ => return None,
        }
        let key = Some(wallet_key(address)).filter(|key| !key.is_empty())?;
        let entries = self.wallets.entry(key).or_default();
        if !entries.iter().any(|known| known == entry) {
            entries.push(entry.to_owned());
        }
        Some(())
    }
}

/// Lower case, without a scheme such as `bitcoincash:`. Where case counts (base58), two real addresses that differ in case
/// alone do not occur in practice, and here a false alarm is the better mistake.
fn wallet_key(address: &str) -> String {
    let address = address.trim();
    address.rsplit(':').next().unwrap_or(address).to_lowercase()
}

#[cfg(test)]
mod tests;
