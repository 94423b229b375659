//! From configuration to lenders. A new kind is a variant of [`LenderConfig`] and an arm of its one `match`; the rest stands in its own
//! folder, where its configuration is an [`Entry`].

mod config;
mod entry;
mod error;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

use domain::offer::Inquiry;
use domain::ports::{Contracts, EventLogs, JourneyStore, Lender, LockMarkets, Venue, ViewCalls};
use domain::provider::Listed;
use sdk::{Clock, Endpoint, HttpClient, NetworkPolicy, Signer, check_capabilities};

pub use config::LenderConfig;
pub(crate) use entry::Entry;
pub use error::RegistryError;

use crate::controls::Controls;
use crate::desk::DeskConfig;
use crate::inbox::CallbackInbox;
use crate::iso20022::BankFiles;
use crate::layers::{Policy, decorate_with_handle};
use crate::lockable::Markets;
use crate::networks::NetworkInboxes;
use crate::venues::VenueLender;

/// What lenders are made with.
pub struct Parts {
    /// Our key and clock.
    pub signer: Arc<Signer>,
    /// Which addresses may be dialled.
    pub network: NetworkPolicy,
    /// Our own base address for callbacks; without it lenders must answer directly.
    pub callback_url: Option<String>,
    /// The settlement contracts.
    pub contracts: Arc<dyn Contracts>,
    /// Reads of other people's contracts.
    pub views: Arc<dyn ViewCalls>,
    /// What those contracts said.
    pub logs: Arc<dyn EventLogs>,
    /// Journeys at lenders that call back.
    pub journeys: Arc<dyn JourneyStore>,
}

/// The lenders, each with its layers, and what belongs to some of them.
#[derive(Clone)]
pub struct Registry {
    /// In the order of the configuration.
    pub lenders: Vec<Arc<dyn Lender>>,
    /// How they are configured, in the same order.
    pub listed: Vec<Listed>,
    /// What is moved of their layers while they run.
    pub controls: Arc<Controls>,
    /// Those of them that are markets of lending pools, by the same names.
    pub venues: Vec<Arc<dyn Venue>>,
    /// Banks by files: what they send must be taken in, and their repayments counted.
    pub banks: Vec<BankFiles>,
    /// Mount it at [`crate::CALLBACK_PATH`].
    pub inbox: Option<Arc<CallbackInbox>>,
    /// What those of them that take collateral on a chain take.
    pub locks: Arc<dyn LockMarkets>,
    /// Mount it at [`crate::networks::FIS12_PATH`] and [`crate::networks::OCEN_PATH`].
    pub networks: Arc<NetworkInboxes>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Parts({:?})", self.signer)
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.lenders.iter().map(|lender| lender.id()))
            .finish()
    }
}

/// Makes every lender of the configuration and puts the layers around it.
pub fn build(configs: Vec<LenderConfig>, parts: &Parts) -> Result<Registry, RegistryError> {
    let mut ids = HashSet::new();
    for config in &configs {
        if !ids.insert(config.id().clone()) {
            return Err(RegistryError::DuplicateId(config.id().clone()));
        }
    }
    let listed = configs
        .iter()
        .map(crate::record::listed)
        .collect::<Result<Vec<_>, _>>()?;
    let clock: Arc<dyn Clock> = Arc::clone(&parts.signer.clock);
    let mut building = Building {
        parts,
        http: HttpClient::new(parts.network).map_err(RegistryError::Http)?,
        inbox: inbox(&configs, parts)?,
        venues: Vec::new(),
        pools: Vec::new(),
        desks: Vec::new(),
        banks: Vec::new(),
        networks: NetworkInboxes::new(Arc::clone(&clock)),
    };
    let (mut lenders, mut controls) = (Vec::with_capacity(configs.len()), Controls::default());
    for config in configs {
        let policy = config.policy();
        let lender = config.entry().build(&mut building)?;
        check(lender.as_ref(), &policy)?;
        let (lender, handle) = decorate_with_handle(lender, &policy, Arc::clone(&clock));
        controls.add(lender.as_ref(), handle);
        lenders.push(lender);
    }
    let locks = Markets {
        desks: building.desks,
        venues: building.pools,
        contracts: Arc::clone(&parts.contracts),
        views: Arc::clone(&parts.views),
    };
    Ok(Registry {
        locks: Arc::new(locks),
        lenders,
        listed,
        controls: Arc::new(controls),
        venues: building.venues,
        banks: building.banks,
        inbox: building.inbox,
        networks: Arc::new(building.networks),
    })
}

/// A lender that nothing fits would never be asked, and nobody would know why.
fn check(lender: &dyn Lender, policy: &Policy) -> Result<(), RegistryError> {
    let (id, capabilities) = (lender.id(), lender.capabilities());
    if let Some((field, range)) = policy.limits().flaw() {
        return Err(RegistryError::Limits(id.clone(), field, range));
    }
    if policy.cache_seconds > 0 && capabilities.inquiry != Inquiry::None {
        return Err(RegistryError::PersonalCache(id.clone()));
    }
    match check_capabilities(capabilities).into_iter().next() {
        Some(error) => Err(RegistryError::Capabilities(id.clone(), error)),
        None => Ok(()),
    }
}

/// What lenders are made with, and what is collected on the way.
pub(crate) struct Building<'a> {
    pub parts: &'a Parts,
    pub http: HttpClient,
    pub inbox: Option<Arc<CallbackInbox>>,
    pub venues: Vec<Arc<dyn Venue>>,
    /// The same, with what only this crate knows of them.
    pub pools: Vec<Arc<VenueLender>>,
    /// Configurations of the desks.
    pub desks: Vec<DeskConfig>,
    pub banks: Vec<BankFiles>,
    pub networks: NetworkInboxes,
}

impl Building<'_> {
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.parts.signer.clock)
    }
}

fn inbox(configs: &[LenderConfig], parts: &Parts) -> Result<Option<Arc<CallbackInbox>>, RegistryError> {
    let Some(url) = &parts.callback_url else {
        return Ok(None);
    };
    let base = Endpoint::parse(url, parts.network).map_err(|e| RegistryError::Address("callbacks".into(), e))?;
    let (mut senders, mut key_ids) = (Vec::new(), HashSet::new());
    for config in configs {
        if let LenderConfig::Protocol(config) = config {
            let keys = entry::keys(config)?;
            if !keys.iter().all(|key| key_ids.insert(key.id().to_owned())) {
                return Err(RegistryError::DuplicateKey(config.id.clone()));
            }
            senders.push((config.id.clone(), keys));
        }
    }
    let clock = Arc::clone(&parts.signer.clock);
    Ok(Some(Arc::new(CallbackInbox::new(base, senders, clock))))
}
