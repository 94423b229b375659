//! Points of a wallet: an expert table as data, not validated by outcomes. It may only lower a limit or a loan-to-value.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::Reason;
use serde::{Deserialize, Serialize};

use crate::features::WalletFacts;
use crate::policy::{RulesError, RulesRef, digest, read};

/// The version of the format that this build reads.
const FORMAT: u32 = 1;
const MILLION: i64 = 1_000_000;
const STATUS: &str = "EXPERT, UNVALIDATED";
/// Days since the last liquidation of a wallet that was never liquidated.
const NEVER: i64 = i64::MAX;
const MOST_REASONS: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum WalletFact {
    AgeDays,
    OutboundTx,
    Protocols,
    RepayPpm,
    Liquidations,
    DaysSinceLiquidation,
    LiquidatedSharePpm,
    MinHealthPpm,
    MeanHealthPpm,
    DaysAtRisk,
    BalanceStabilityPpm,
    ConcentrationPpm,
    FlaggedContacts,
    BridgedRecently,
}

impl WalletFact {
    fn of(self, wallet: &WalletFacts) -> Option<i64> {
        match self {
            Self::AgeDays => wallet.age_days,
            Self::OutboundTx => wallet.outbound_tx,
            Self::Protocols => wallet.protocols,
            Self::RepayPpm => wallet.repay_ppm,
            Self::Liquidations => wallet.liquidations,
            Self::DaysSinceLiquidation => {
                let never = wallet.liquidations == Some(0);
                wallet.days_since_liquidation.or(never.then_some(NEVER))
            }
            Self::LiquidatedSharePpm => wallet.liquidated_share_ppm,
            Self::MinHealthPpm => wallet.min_health_ppm,
            Self::MeanHealthPpm => wallet.mean_health_ppm,
            Self::DaysAtRisk => wallet.days_at_risk,
            Self::BalanceStabilityPpm => wallet.balance_stability_ppm,
            Self::ConcentrationPpm => wallet.concentration_ppm,
            Self::FlaggedContacts => wallet.flagged_contacts,
            Self::BridgedRecently => wallet.bridged_recently.map(i64::from),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Monotone {
    Rising,
    Falling,
}

/// Values below the bound get the points; the last bin is open.
#[derive(Debug, Deserialize)]
struct Bin(Option<i64>, i32);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    fact: WalletFact,
    monotone: Monotone,
    /// True for harm, false for merit.
    adverse: bool,
    missing: i32,
    reason: String,
    bins: Vec<Bin>,
}

impl Rule {
    fn points(&self, wallet: &WalletFacts) -> i32 {
        let Some(value) = self.fact.of(wallet) else {
            return self.missing;
        };
        let bin = self.bins.iter().find(|bin| bin.0.is_none_or(|below| value < below));
        bin.map_or(self.missing, |bin| bin.1)
    }

    fn check(&self) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("{:?}: {what}", self.fact));
        let Some((Bin(None, _), inner)) = self.bins.split_last() else {
            return wrong("the last bin has to be open");
        };
        if inner.iter().any(|bin| bin.0.is_none()) || inner.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
            return wrong("the bounds have to rise");
        }
        let monotone = self.bins.windows(2).all(|pair| match self.monotone {
            Monotone::Rising => pair[0].1 <= pair[1].1,
            Monotone::Falling => pair[0].1 >= pair[1].1,
        });
        if !monotone || self.bins.iter().any(|bin| bin.1.abs() > 1_000) {
            return wrong("the points are out of range or not monotone");
        }
        let points = || self.bins.iter().map(|bin| bin.1);
        let known = if self.adverse { points().max() } else { points().min() };
        // So that no history is never better than a short clean one.
        if known.is_none_or(|known| self.missing > known) {
            return wrong("missing is better than a clean record");
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Effect {
    limit_factor_ppm: i64,
    ltv_factor_ppm: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Band {
    min_points: i32,
    limit_factor_ppm: i64,
    ltv_factor_ppm: i64,
}

impl Band {
    fn effect(&self) -> Effect {
        Effect {
            limit_factor_ppm: self.limit_factor_ppm,
            ltv_factor_ppm: self.ltv_factor_ppm,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    #[expect(dead_code, reason = "checked before the rest is read")]
    format: u32,
    id: String,
    version: u32,
    status: String,
    base: i32,
    rules: Vec<Rule>,
    bands: Vec<Band>,
    below: Effect,
    reasons: BTreeMap<String, String>,
}

/// What the wallet's record does to a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WalletResult {
    /// Higher is better, the table's base is neutral.
    pub points: i32,
    /// True when the wallet's own history was read; false when it counts as having none.
    pub counted: bool,
    /// Factor on the limit, at most a million.
    pub limit_factor_ppm: i64,
    /// Factor on the loan-to-value, at most a million.
    pub ltv_factor_ppm: i64,
    /// What counts against it, the weightiest first, at most four codes.
    pub against: Vec<String>,
}

/// A checked table. There is no way to make one that was not checked.
#[derive(Debug)]
pub struct WalletTable {
    parts: Parts,
    name: RulesRef,
}

impl WalletTable {
    /// Reads and checks a table.
    pub fn load(json: &[u8]) -> Result<Self, RulesError> {
        let parts: Parts = read("the wallet table", json, FORMAT)?;
        parts.check().map_err(|why| RulesError::Inconsistent {
            file: "the wallet table",
            why,
        })?;
        let name = RulesRef {
            id: parts.id.clone(),
            version: parts.version,
            digest: digest(json),
        };
        Ok(Self { parts, name })
    }

    /// The table that ships with this build.
    pub fn built_in() -> Result<Arc<Self>, RulesError> {
        Self::load(include_bytes!("../rules/wallet-v1.json")).map(Arc::new)
    }

    /// Id, version and hash, as decisions store them.
    pub fn name(&self) -> &RulesRef {
        &self.name
    }

    /// Judges a wallet. Without a proven link to the person its history counts as absent.
    pub fn assess(&self, wallet: &WalletFacts) -> WalletResult {
        let absent = WalletFacts::default();
        let read = if wallet.proven_link { wallet } else { &absent };
        let mut points = self.parts.base;
        let mut losses: Vec<(&str, i32)> = Vec::new();
        for rule in &self.parts.rules {
            let got = rule.points(read);
            points += got;
            if got < 0 {
                match losses.iter_mut().find(|(reason, _)| *reason == rule.reason) {
                    Some((_, sum)) => *sum += got,
                    None => losses.push((&rule.reason, got)),
                }
            }
        }
        losses.sort_by_key(|(_, loss)| *loss);
        let effect = self.effect(points);
        WalletResult {
            points,
            counted: wallet.proven_link,
            limit_factor_ppm: effect.limit_factor_ppm,
            ltv_factor_ppm: effect.ltv_factor_ppm,
            against: losses
                .into_iter()
                .take(MOST_REASONS)
                .map(|(reason, _)| reason.to_owned())
                .collect(),
        }
    }

    /// The reason with its text.
    pub(crate) fn reason(&self, code: &str) -> Option<Reason> {
        self.parts.reasons.get(code).map(|text| Reason::new(code, text))
    }

    fn effect(&self, points: i32) -> Effect {
        let band = self.parts.bands.iter().find(|band| points >= band.min_points);
        band.map_or(self.parts.below, Band::effect)
    }
}

impl Parts {
    fn check(&self) -> Result<(), String> {
        if self.status != STATUS {
            return Err(format!("the status has to be {STATUS}"));
        }
        if self.rules.is_empty() || self.rules.len() > 64 || self.base.abs() > 1_000 {
            return Err("number of rules or base out of range".into());
        }
        self.rules.iter().try_for_each(Rule::check)?;
        let mut facts: Vec<WalletFact> = self.rules.iter().map(|rule| rule.fact).collect();
        facts.sort_unstable();
        if facts.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err("a fact is used twice".into());
        }
        if let Some(rule) = self.rules.iter().find(|rule| !self.reasons.contains_key(&rule.reason)) {
            return Err(format!("reason {} has no text", rule.reason));
        }
        if self.reasons.values().any(|text| text.trim().is_empty()) {
            return Err("a reason has no text".into());
        }
        if self
            .bands
            .windows(2)
            .any(|pair| pair[0].min_points <= pair[1].min_points)
        {
            return Err("the bands have to fall".into());
        }
        let effects: Vec<Effect> = self.bands.iter().map(Band::effect).chain([self.below]).collect();
        let lowers = |ppm: i64| (0..=MILLION).contains(&ppm);
        if !effects
            .iter()
            .all(|effect| lowers(effect.limit_factor_ppm) && lowers(effect.ltv_factor_ppm))
        {
            return Err("a wallet may only lower".into());
        }
        let falls = effects.windows(2).all(|pair| {
            pair[0].limit_factor_ppm >= pair[1].limit_factor_ppm && pair[0].ltv_factor_ppm >= pair[1].ltv_factor_ppm
        });
        if falls {
            Ok(())
        } else {
            Err("fewer points may not be worth more".into())
        }
    }
}

#[cfg(test)]
#[path = "wallet_tests.rs"]
mod tests;
