//! What may be locked, and on what terms.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::ids::ProviderId;
use crate::money::{Asset, Currency, Rate};

/// One lender's terms for one token. Prices are of one whole token, major units of the currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockTerms {
    /// The lender.
    pub provider: ProviderId,
    /// Locked.
    pub collateral: Asset,
    /// Lent against it.
    pub lends: Asset,
    /// Money that the token lent counts as.
    pub currency: Currency,
    /// What the lender counts a token as when it lends.
    pub price: Decimal,
    /// Where that price is from.
    pub price_source: String,
    /// As of.
    pub price_at: DateTime<Utc>,
    /// The price by which the token would be sold, with its time, where that is another one and can be read: that of the chain's oracle.
    pub sale_price: Option<(Decimal, DateTime<Utc>)>,
    /// The contract lends the asset no more for now; none when that cannot be read.
    pub paused: Option<bool>,
    /// Highest debt over value at the start.
    pub max_ltv: Rate,
    /// Debt over value above which anyone may liquidate; none where a fall of the price sells nothing.
    pub liquidation_threshold: Option<Rate>,
    /// What a liquidator gets above what it pays; none where nothing is sold by price.
    pub liquidation_bonus: Option<Rate>,
}

/// Knows what every lender takes, by the sources that its quotes are made from.
#[async_trait]
pub trait LockMarkets: Send + Sync {
    /// Terms of every lender and token as of now. A market that cannot be read now is left out; it would not quote either.
    async fn terms(&self, now: DateTime<Utc>) -> Vec<LockTerms>;
}
