//! How often, how much and with whom: counters over windows and links between people, behind one call.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EntityKind {
    /// The borrower; different values are devices.
    Person,
    /// The borrower again; different values are payout accounts.
    PersonPayout,
    /// A device; different values are people.
    Device,
    /// The network of an address, /24 or /48; different values are people.
    Network,
    /// An e-mail address, folded; different values are people.
    Email,
    /// A payout account; different values are people.
    PayoutAccount,
    /// A wallet; different values are people.
    Wallet,
    /// The tenant that asks; different values are people.
    Partner,
}

impl EntityKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Person,
        Self::PersonPayout,
        Self::Device,
        Self::Network,
        Self::Email,
        Self::PayoutAccount,
        Self::Wallet,
        Self::Partner,
    ];

    /// The name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "PERSON",
            Self::PersonPayout => "PERSON_PAYOUT",
            Self::Device => "DEVICE",
            Self::Network => "NETWORK",
            Self::Email => "EMAIL",
            Self::PayoutAccount => "PAYOUT_ACCOUNT",
            Self::Wallet => "WALLET",
            Self::Partner => "PARTNER",
        }
    }

    /// Whether two people who have one of these in common are linked. A network and a partner are shared by strangers.
    pub const fn links(self) -> bool {
        matches!(self, Self::Device | Self::Email | Self::PayoutAccount | Self::Wallet)
    }
}

/// A value as a keyed hash: the first 16 bytes of HMAC-SHA256. The value itself never gets here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HashedKey(pub [u8; 16]);

impl fmt::Display for HashedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for HashedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Not 32 hexadecimal digits, or not a known kind before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the key of an entity")]
pub struct NotAKey;

impl FromStr for HashedKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotAKey)?;
        Ok(Self(bytes))
    }
}

/// Something that is counted, by its keyed hash. Written `DEVICE:00112233445566778899aabbccddeeff`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Entity {
    /// What it is.
    pub kind: EntityKind,
    /// Which.
    pub key: HashedKey,
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.as_str(), self.key)
    }
}

impl fmt::Debug for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Entity {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let (name, key) = text.split_once(':').ok_or(NotAKey)?;
        let kind = EntityKind::ALL.into_iter().find(|kind| kind.as_str() == name);
        let (kind, key) = (kind.ok_or(NotAKey)?, key.parse()?);
        Ok(Self { kind, key })
    }
}

impl TryFrom<String> for Entity {
    type Error = NotAKey;

    fn try_from(text: String) -> Result<Self, NotAKey> {
        text.parse()
    }
}

impl From<Entity> for String {
    fn from(entity: Entity) -> Self {
        entity.to_string()
    }
}

/// A window that is counted in buckets: what happened in the bucket of now and in the `buckets` before it. So a window
/// never leaves out what happened within it, and may include up to one bucket more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Window {
    /// One minute in buckets of 10 s.
    #[serde(rename = "1m")]
    Minute,
    /// Ten minutes in buckets of 1 minute.
    #[serde(rename = "10m")]
    TenMinutes,
    /// One hour in buckets of 5 minutes.
    #[serde(rename = "1h")]
    Hour,
    /// 24 hours in buckets of 1 hour.
    #[serde(rename = "24h")]
    Day,
    /// Seven days in buckets of 6 hours.
    #[serde(rename = "7d")]
    Week,
    /// Thirty days in buckets of 1 day.
    #[serde(rename = "30d")]
    Month,
}

impl Window {
    /// Every window, shortest first.
    pub const ALL: [Self; 6] = [
        Self::Minute,
        Self::TenMinutes,
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
    ];

    /// Seconds of one bucket.
    pub const fn bucket_seconds(self) -> i64 {
        match self {
            Self::Minute => 10,
            Self::TenMinutes => 60,
            Self::Hour => 300,
            Self::Day => 3_600,
            Self::Week => 21_600,
            Self::Month => 86_400,
        }
    }

    /// Buckets of the window, the one of now not counted.
    pub const fn buckets(self) -> i64 {
        match self {
            Self::Minute => 6,
            Self::TenMinutes => 10,
            Self::Hour => 12,
            Self::Day => 24,
            Self::Week => 28,
            Self::Month => 30,
        }
    }

    /// Place in [`Self::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The instant, Unix seconds, from which on the window counts at `now`.
    pub const fn starts(self, now: i64) -> i64 {
        (now.div_euclid(self.bucket_seconds()) - self.buckets()) * self.bucket_seconds()
    }
}

/// Up to this many different values in 30 days are told apart exactly; above, the number is an estimate.
pub const EXACT_DISTINCT: usize = 128;
/// People remembered for one entity, and entities for one person; the newest are kept.
pub const LINKED_AT_MOST: usize = 64;
/// People looked at for one answer about links. Beyond it the numbers are lower bounds.
pub const LOOKED_AT: usize = 256;
/// Observations in one sighting.
pub const OBSERVED_AT_MOST: usize = 16;
/// The largest amount that is added up, minor units; a larger one counts as this.
pub const LARGEST_AMOUNT: i64 = 1_000_000_000_000;
/// The largest sum, minor units; above it a sum stays here.
pub const LARGEST_SUM: i64 = 9_000_000_000_000_000;

/// One entity as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// What was seen.
    pub entity: Entity,
    /// Minor units to add to its sums, not below zero.
    pub amount_minor: i64,
    /// What different values are counted of.
    pub distinct: Option<HashedKey>,
}

/// A place, in whole tenths of a degree: about 11 km.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Tenths of a degree north, -900 to 900.
    pub latitude: i16,
    /// Tenths of a degree east, -1800 to 1800.
    pub longitude: i16,
}

/// Everything that one request shows at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Which request: the same id twice counts once and gets the same answer, for an hour. With another number of
    /// observations it is refused as invalid.
    pub id: Uuid,
    /// When. No store looks at its own clock for what it answers.
    pub at: DateTime<Utc>,
    /// Who.
    pub person: HashedKey,
    /// Where, when it is known.
    pub place: Option<Place>,
    /// At most [`OBSERVED_AT_MOST`], of different entities.
    pub observations: Vec<Observation>,
}

/// Figures of one entity in one window, this sighting included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Number of sightings.
    pub count: i64,
    /// Sum of amounts, minor units.
    pub sum_minor: i64,
    /// Different values; an estimate above [`EXACT_DISTINCT`].
    pub distinct: i64,
}

/// Figures of one entity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// In the order of [`Window::ALL`].
    pub windows: [Figures; 6],
    /// Seconds since it was first seen; none the first time. Forgotten after 31 days of silence.
    pub since_first: Option<i64>,
    /// Seconds since it was last seen before now.
    pub since_last: Option<i64>,
    /// People that it is linked to, this one included; 0 when its kind does not link.
    pub people: i64,
}

impl Counts {
    /// The figures of a window.
    pub const fn of(&self, window: Window) -> &Figures {
        &self.windows[window.index()]
    }
}

/// What the store knows after a sighting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// One for each observation, in their order.
    pub counts: Vec<Counts>,
    /// Flagged people who share an entity with this one.
    pub flagged_near: i64,
    /// Flagged people who share an entity with someone who shares one with this person, and none with this person.
    pub flagged_far: i64,
    /// Whether the person is flagged.
    pub flagged: bool,
    /// Where the person was last, and how many seconds before.
    pub previous_place: Option<(Place, i64)>,
}

/// What went wrong with the counters, by what we do next. Whatever it is, nothing is known: the decision says so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VelocityError {
    /// No answer in time: it may or may not have been counted.
    #[error("the counters did not answer in time")]
    TimedOut,
    /// Not reachable.
    #[error("the counters are not reachable: {0}")]
    Unavailable(String),
    /// What is stored or answered makes no sense: tell an operator.
    #[error("the counters hold what we did not write: {0}")]
    Corrupt(String),
    /// The sighting itself is wrong: a mistake of ours.
    #[error("not a sighting: {0}")]
    Invalid(&'static str),
}

/// What a store says of an id that it knows with another number of observations.
pub const ANOTHER_SIGHTING: VelocityError = VelocityError::Invalid("another sighting has that id");

/// Counters and links. What they hold may vanish; losing it never approves anything.
#[async_trait]
pub trait Velocity: Send + Sync {
    /// Counts a sighting and answers the figures of all its entities, in one round trip.
    async fn observe(&self, sighting: &Sighting) -> Result<Seen, VelocityError>;

    /// Marks a person as one whose neighbours are looked at twice, for a year.
    async fn flag(&self, person: HashedKey, at: DateTime<Utc>) -> Result<(), VelocityError>;
}

impl Sighting {
    /// Whether it keeps the limits. Every store checks it first.
    pub fn check(&self) -> Result<(), VelocityError> {
        if self.observations.len() > OBSERVED_AT_MOST {
            return Err(VelocityError::Invalid("too many observations"));
        }
        let place = self
            .place
            .is_none_or(|place| (-900..=900).contains(&place.latitude) && (-1800..=1800).contains(&place.longitude));
        if !place {
            return Err(VelocityError::Invalid("not a place"));
        }
        for (number, observation) in self.observations.iter().enumerate() {
            if observation.amount_minor < 0 {
                return Err(VelocityError::Invalid("an amount below zero"));
            }
            let before = &self.observations[..number];
            if before.iter().any(|other| other.entity == observation.entity) {
                return Err(VelocityError::Invalid("an entity twice"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_reads_back_from_its_text() {
        for kind in EntityKind::ALL {
            let entity = Entity {
                kind,
                key: HashedKey(*b"0123456789abcdef"),
            };
            assert_eq!(entity.to_string().parse(), Ok(entity));
        }
        assert_eq!("DEVICE:00".parse::<Entity>(), Err(NotAKey));
        assert_eq!("PHONE:00112233445566778899aabbccddeeff".parse::<Entity>(), Err(NotAKey));
    }

    #[test]
    fn a_window_leaves_out_nothing_that_happened_within_it() {
        let lengths = [60, 600, 3_600, 86_400, 604_800, 2_592_000];
        for (window, length) in Window::ALL.into_iter().zip(lengths) {
            assert_eq!(window.bucket_seconds() * window.buckets(), length);
            for now in [0, 1, 59, 86_399, 1_795_000_123] {
                let reach = now - window.starts(now);
                assert!((length..length + window.bucket_seconds()).contains(&reach));
            }
            assert_eq!(Window::ALL[window.index()], window);
        }
    }
}
