//! What an operator moves of the lenders of this process.

use std::collections::HashMap;

use domain::ProviderId;
use domain::ports::{Lender, LenderControls};
use domain::provider::Limits;

use crate::layers::Handle;

/// [`LenderControls`] over the layers of every lender.
#[derive(Default)]
pub struct Controls {
    handles: HashMap<ProviderId, Handle>,
    /// Who lends on a chain.
    by_chain: HashMap<u64, Vec<ProviderId>>,
}

impl std::fmt::Debug for Controls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.handles.keys()).finish()
    }
}

impl Controls {
    pub(crate) fn add(&mut self, lender: &dyn Lender, handle: Handle) {
        for kind in &lender.capabilities().collateral {
            self.by_chain
                .entry(kind.chain_id)
                .or_default()
                .push(lender.id().clone());
        }
        self.handles.insert(lender.id().clone(), handle);
    }
}

impl LenderControls for Controls {
    fn limit(&self, provider: &ProviderId, limits: Limits) {
        if let Some(handle) = self.handles.get(provider) {
            handle.limit(limits);
        }
    }

    fn forget_quotes(&self, provider: &ProviderId) {
        if let Some(handle) = self.handles.get(provider) {
            handle.forget_quotes();
        }
    }

    fn forget_quotes_on(&self, chain_id: u64) {
        for provider in self.by_chain.get(&chain_id).into_iter().flatten() {
            self.forget_quotes(provider);
        }
    }
}
