//! The models and rules that decide together: one champion, challengers, policy, wallet table, fraud rules.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::facts::Fact;
use crate::features::FeatureSet;
use crate::fraud::{FraudRules, FraudRulesError};
use crate::model::Artefact;
use crate::policy::{Policy, RulesError};
use crate::record::{Routed, SetRef};
use crate::seat::{ModelRef, Seat, SeatError};
use crate::view::View;
use crate::wallet::WalletTable;

/// More challengers than this would cost more than they teach.
pub const MOST_CHALLENGERS: usize = 4;
const ALL: u32 = 1_000_000;

/// Why models and rules cannot decide together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// A model does not fit its place.
    #[error(transparent)]
    Seat(#[from] SeatError),
    /// More than four challengers, or one model twice.
    #[error("a set has one champion and at most {MOST_CHALLENGERS} challengers, no model twice")]
    Challengers,
    /// The challengers' shares are more than all borrowers.
    #[error("the challengers decide about more than all borrowers")]
    Shares,
}

/// A model that is tried beside the champion.
#[derive(Clone, Debug)]
pub struct Challenger {
    /// The model.
    pub artefact: Arc<Artefact>,
    /// Share of borrowers, parts per million, that it decides about; zero = in shadow only.
    pub share_ppm: u32,
}

/// The rules of a set.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Policy.
    pub policy: Arc<Policy>,
    /// Wallet points.
    pub wallet: Arc<WalletTable>,
    /// Fraud rules.
    pub fraud: Arc<FraudRules>,
}

impl Rules {
    /// The rules that ship with this build.
    pub fn built_in() -> Result<Self, BuiltInRulesError> {
        Ok(Self {
            policy: Policy::built_in()?,
            wallet: WalletTable::built_in()?,
            fraud: FraudRules::built_in()?,
        })
    }
}

/// Why the rules of this build were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuiltInRulesError {
    /// Policy or wallet table.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// Fraud rules.
    #[error(transparent)]
    Fraud(#[from] FraudRulesError),
}

/// Models and rules that fit together. There is no way to make a set that was not checked.
#[derive(Debug)]
pub struct ModelSet {
    champion: Seat,
    challengers: Vec<(Seat, u32)>,
    rules: Rules,
    name: SetRef,
    /// Makes one model's routing independent of another's.
    salt: Vec<u8>,
}

impl ModelSet {
    /// Checks that every model can be filled, that those that decide have bands and refuse nobody without a reason.
    pub fn new(champion: Arc<Artefact>, challengers: Vec<Challenger>, rules: Rules) -> Result<Self, SetError> {
        let policy = &rules.policy;
        let champion = Seat::new(champion, policy)?;
        champion.check_deciding(policy)?;
        let mut seats = Vec::new();
        for challenger in challengers {
            let seat = Seat::new(challenger.artefact, policy)?;
            if challenger.share_ppm > 0 {
                seat.check_deciding(policy)?;
            }
            seats.push((seat, challenger.share_ppm));
        }
        let mut digests: Vec<_> = seats.iter().map(|(seat, _)| seat.name.digest).collect();
        digests.push(champion.name.digest);
        digests.sort_unstable();
        if seats.len() > MOST_CHALLENGERS || digests.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(SetError::Challengers);
        }
        let shares: u64 = seats.iter().map(|(_, share)| u64::from(*share)).sum();
        if shares > ALL.into() {
            return Err(SetError::Shares);
        }
        let name = SetRef {
            champion: champion.name.clone(),
            challengers: seats.iter().map(routed).collect(),
            policy: policy.name().clone(),
            wallet: rules.wallet.name().clone(),
            fraud: rules.fraud.version().to_owned(),
        };
        let names = std::iter::once(&champion.name).chain(seats.iter().map(|(seat, _)| &seat.name));
        let salt = names.flat_map(|name| name.name.bytes().chain([b'\n'])).collect();
        Ok(Self {
            champion,
            challengers: seats,
            rules,
            name,
            salt,
        })
    }

    /// Names and hashes of everything that decides.
    pub fn name(&self) -> &SetRef {
        &self.name
    }

    /// The champion.
    pub fn champion(&self) -> &Arc<Artefact> {
        &self.champion.artefact
    }

    /// The challengers and their shares.
    pub fn challengers(&self) -> impl Iterator<Item = (&Arc<Artefact>, u32)> {
        self.challengers.iter().map(|(seat, share)| (&seat.artefact, *share))
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The row that the champion reads of a feature set, for drift counters; NaN is missing.
    pub fn champion_row(&self, set: &FeatureSet) -> Vec<f64> {
        let view = View::of(self.policy(), set);
        self.champion.row(&view, set.currency).values().to_vec()
    }

    /// Every model of the set with the row that it reads of a feature set, for drift counters; NaN is missing.
    pub fn rows(&self, set: &FeatureSet) -> Vec<(&Arc<Artefact>, Vec<f64>)> {
        let view = View::of(self.policy(), set);
        let row = |seat: &Seat| seat.row(&view, set.currency).values().to_vec();
        self.seats().map(|seat| (&seat.artefact, row(seat))).collect()
    }

    /// Facts as the decision reads them: young enough, income from the best source, ratios derived. For officers.
    pub fn facts_read(&self, set: &FeatureSet) -> Vec<(Fact, i64)> {
        let view = View::of(self.policy(), set);
        let read = Fact::ALL.iter().map(|fact| (*fact, view.get(*fact)));
        read.filter_map(|(fact, value)| value.map(|value| (fact, value)))
            .collect()
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.rules.policy
    }

    pub(crate) fn wallet(&self) -> &WalletTable {
        &self.rules.wallet
    }

    pub(crate) fn fraud(&self) -> &FraudRules {
        &self.rules.fraud
    }

    pub(crate) fn champion_seat(&self) -> &Seat {
        &self.champion
    }

    pub(crate) fn seats(&self) -> impl Iterator<Item = &Seat> {
        std::iter::once(&self.champion).chain(self.challengers.iter().map(|(seat, _)| seat))
    }

    /// The challenger that has this borrower, by a hash that stays the same; None for the champion.
    pub(crate) fn route(&self, subject: Uuid) -> Option<&Seat> {
        if self.challengers.iter().all(|(_, share)| *share == 0) {
            return None;
        }
        let mut hash = Sha256::new();
        hash.update(subject.as_bytes());
        hash.update(&self.salt);
        let digest = hash.finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        let mut place = u64::from_be_bytes(first) % u64::from(ALL);
        for (seat, share) in &self.challengers {
            let share = u64::from(*share);
            if place < share {
                return Some(seat);
            }
            place -= share;
        }
        None
    }
}

fn routed((seat, share): &(Seat, u32)) -> Routed {
    let model: ModelRef = seat.name.clone();
    Routed {
        model,
        share_ppm: *share,
    }
}
