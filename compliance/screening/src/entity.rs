//! What a list says of one entry, and what we know of the one we ask about.

use serde::{Deserialize, Serialize};

/// What sort of thing an entry or a subject is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// A human being.
    Person,
    /// A company, agency, group or other body.
    Organization,
    /// A ship.
    Vessel,
    /// An aircraft.
    Aircraft,
    /// Not said: compared with entries of every kind.
    #[default]
    Unknown,
}

/// How much a listed name says about its bearer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameGrade {
    /// The name that the entry is listed by.
    #[default]
    Primary,
    /// A full alias ("good quality" in the words of the UN list).
    Strong,
    /// A short or common alias that by itself proves little; its score is scaled by 0.8.
    Weak,
    /// A name that is no longer borne; its score is scaled by 0.95.
    Former,
}

/// A name of an entry as its list prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedName {
    /// The name, unchanged; "SURNAME, Given names" is understood for people.
    pub text: String,
    /// Its standing.
    pub grade: NameGrade,
}

/// A date of which less than all may be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PartialDate {
    /// Calendar year.
    pub year: u16,
    /// Month 1..=12, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<u8>,
    /// Day of the month 1..=31, when known; never without the month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<u8>,
    /// The list says "circa": a year on either side agrees.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub circa: bool,
}

/// Gender as lists state it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gender {
    /// Female.
    Female,
    /// Male.
    Male,
}

/// A number or code that was given to one bearer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identifier {
    /// What it is, in lower-case words: "passport", "tax id", "imo", "lei", "bic", "registration".
    pub kind: String,
    /// The value as printed; compared without case and punctuation.
    pub value: String,
    /// Issuing country (ISO 3166-1 alpha-2), when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// A wallet that a list ties to an entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListedWallet {
    /// The list's code of the currency ("XBT", "ETH", "USDT").
    pub currency: String,
    /// The address as printed.
    pub address: String,
    /// Whether the address passes its own checksum or shape; a malformed one is kept, and reported.
    pub checksum_ok: bool,
}

/// One entry of a sanctions list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// The list, such as "OFAC-SDN".
    pub list: String,
    /// The list's own number of the entry, such as "7857".
    pub id: String,
    /// What sort of thing it is.
    pub kind: EntityKind,
    /// Its names; the first is the primary one.
    pub names: Vec<ListedName>,
    /// Dates of birth; any one that agrees is enough.
    #[serde(default)]
    pub births: Vec<PartialDate>,
    /// Countries of nationality, citizenship, address or flag (ISO 3166-1 alpha-2).
    #[serde(default)]
    pub countries: Vec<String>,
    /// Gender, when stated.
    #[serde(default)]
    pub gender: Option<Gender>,
    /// Passports, tax numbers, IMO numbers and the like.
    #[serde(default)]
    pub identifiers: Vec<Identifier>,
    /// Wallets.
    #[serde(default)]
    pub wallets: Vec<ListedWallet>,
    /// Sanctions programs, such as "SDGT".
    #[serde(default)]
    pub programs: Vec<String>,
}

/// The one we ask about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Full name in any script and order.
    pub name: String,
    /// Other names; the best of all counts.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What sort of thing it is, when known.
    #[serde(default)]
    pub kind: Option<EntityKind>,
    /// Date of birth, when known.
    #[serde(default)]
    pub birth: Option<PartialDate>,
    /// Countries (ISO 3166-1 alpha-2).
    #[serde(default)]
    pub countries: Vec<String>,
    /// Gender, when known.
    #[serde(default)]
    pub gender: Option<Gender>,
    /// Identifiers; an equal one is a hit whatever the name.
    #[serde(default)]
    pub identifiers: Vec<Identifier>,
}

impl Subject {
    /// A subject of which only the name is known.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }
}
