//! Tokens that can be locked, and what each lender says of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::money::Asset;
use domain::ports::{LockMarkets, LockTerms};
use tokio::sync::Mutex;

use crate::Aggregator;

/// How long a reading of all markets is answered again.
const KEPT: Duration = Duration::from_secs(5);

/// Who knows what can be locked.
#[derive(Clone, Default)]
pub struct LockSettings {
    /// The configured lenders; none: no token is listed.
    pub markets: Option<Arc<dyn LockMarkets>>,
}

impl std::fmt::Debug for LockSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LockSettings({})", self.markets.is_some())
    }
}

/// A token that can be locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockableView {
    /// The token.
    pub asset: Asset,
    /// Name of its chain.
    pub chain: String,
    /// Who lends against it, the highest loan-to-value first.
    pub markets: Vec<LockTerms>,
}

/// The last reading.
#[derive(Debug, Default)]
pub(crate) struct LastTerms(Mutex<Option<(Instant, Vec<LockTerms>)>>);

impl Aggregator {
    /// Tokens that can be locked, of one chain or of all, by chain and symbol. A lender that is not live is not among their markets, one
    /// that is suspended is paused. At most five seconds old, and the same for everybody: who asks for credit sees it before they sign in.
    pub async fn lockable_tokens(&self, chain_id: Option<u64>) -> Vec<LockableView> {
        let Some(markets) = &self.world.settings.locks.markets else {
            return Vec::new();
        };
        let chains = self.world.contracts.chains();
        let mut tokens: BTreeMap<_, LockableView> = BTreeMap::new();
        for mut terms in self.lock_terms(&**markets).await {
            let asset = &terms.collateral;
            if chain_id.is_some_and(|wanted| wanted != asset.chain_id) {
                continue;
            }
            match self.providers.lends(&terms.provider) {
                None => continue,
                Some(false) => terms.paused = Some(true),
                Some(true) => {}
            }
            let key = (asset.chain_id, asset.symbol.clone(), asset.token);
            let chain = chains.iter().find(|chain| chain.chain_id == asset.chain_id);
            let token = tokens.entry(key).or_insert_with(|| LockableView {
                asset: asset.clone(),
                chain: chain.map_or_else(|| asset.chain_id.to_string(), |chain| chain.name.clone()),
                markets: Vec::new(),
            });
            token.markets.push(terms);
        }
        let mut tokens: Vec<_> = tokens.into_values().collect();
        for token in &mut tokens {
            token
                .markets
                .sort_by(|a, b| (b.max_ltv, &a.provider).cmp(&(a.max_ltv, &b.provider)));
        }
        tokens
    }

    /// Read once for all who ask at the same time.
    async fn lock_terms(&self, markets: &dyn LockMarkets) -> Vec<LockTerms> {
        let mut last = self.last_terms.0.lock().await;
        if let Some((_, terms)) = last.as_ref().filter(|(read, _)| read.elapsed() < KEPT) {
            return terms.clone();
        }
        let terms = markets.terms(self.world.clock.now()).await;
        *last = Some((Instant::now(), terms.clone()));
        terms
    }
}
