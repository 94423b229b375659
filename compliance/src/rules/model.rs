//! What a rule is made of.

use chrono::NaiveDate;
use domain::RuleVersion;
use domain::money::Currency;
use domain::request::{Jurisdiction, Product, Purpose};
use serde::{Deserialize, Serialize};

use super::condition::Condition;
use crate::decide::IdentityLevel;

/// Names that files and facts use, both ways.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in rule files and stored facts.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The one of that name.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text)
            }
        }
    };
}
pub(super) use named;

named! {
    /// How far a rule has been checked against the law itself.
    Status {
        /// Taken from a secondary source; a placeholder until somebody reads the statute.
        Seed "seed",
        /// Believed to be law, not read where it stands.
        Unverified "unverified",
        /// The cited text was read.
        Verified "verified",
    }
}

named! {
    /// What rules are about. Of all rules of one topic that fit a case exactly one speaks: the most specific jurisdiction, then
    /// the newest.
    Topic {
        /// Highest rate that may be shown. Where no rule of this topic speaks, nothing is shown.
        RateCap "RATE_CAP",
        /// Highest rate for borrowers under the Military Lending Act.
        MilitaryRateCap "MILITARY_RATE_CAP",
        /// What has to be disclosed before acceptance.
        Disclosure "DISCLOSURE",
        /// What has to be told when credit is refused.
        AdverseAction "ADVERSE_ACTION",
        /// Days in which the borrower may leave the credit.
        CoolingOff "COOLING_OFF",
        /// How offers of several lenders are listed.
        Listing "LISTING",
        /// In which order they are listed.
        Ranking "RANKING",
        /// A person looks at what a machine decided.
        HumanReview "HUMAN_REVIEW",
        /// How thoroughly the borrower's identity is verified.
        Identity "IDENTITY",
    }
}

named! {
    /// Who borrows.
    BorrowerKind {
        /// For personal, family or household purposes.
        Consumer "CONSUMER",
        /// For a business.
        Business "BUSINESS",
    }
}

impl BorrowerKind {
    /// Who borrows for that purpose.
    pub fn of(purpose: Purpose) -> Self {
        if purpose == Purpose::Business {
            Self::Business
        } else {
            Self::Consumer
        }
    }
}

named! {
    /// By what right a lender lends.
    Licence {
        /// A bank or a credit union.
        Bank "BANK",
        /// A licensed lender that is no bank.
        NonBank "NON_BANK",
        /// A pool or desk on a chain.
        Onchain "ONCHAIN",
    }
}

named! {
    /// How long what was decided under a rule is kept, by class; the periods stand with the retention policy.
    Retention {
        /// 12 CFR 1002.12: 25 months for consumers, 12 for businesses.
        RegB "REG_B",
        /// 12 CFR 1026.25: two years.
        RegZ "REG_Z",
        /// 31 CFR 501.601: ten years.
        Ofac "OFAC",
        /// 31 CFR 1010.430: five years.
        Bsa "BSA",
        /// Regulation (EU) 2024/1624, Article 77: five years, then deleted.
        EuAml "EU_AML",
        /// Our own: seven years.
        House "HOUSE",
    }
}

named! {
    /// What kind of thing has to be done.
    DutyKind {
        /// A document for the borrower, before or at acceptance.
        Disclosure "DISCLOSURE",
        /// A letter to the borrower.
        Notice "NOTICE",
        /// A report to an authority.
        Report "REPORT",
        /// How we present offers.
        Conduct "CONDUCT",
        /// Something that the borrower may do.
        Right "RIGHT",
    }
}

named! {
    /// What a deadline counts from, or what it comes before.
    Event {
        /// An offer is shown.
        OfferShown "OFFER_SHOWN",
        /// An offer is accepted.
        Acceptance "ACCEPTANCE",
        /// A completed application was received.
        ApplicationCompleted "APPLICATION_COMPLETED",
        /// The applicant was told of a counter-offer.
        CounterofferNotified "COUNTEROFFER_NOTIFIED",
        /// Money went out.
        Disbursement "DISBURSEMENT",
    }
}

named! {
    /// Which days a deadline counts.
    DayKind {
        /// Every day.
        Calendar "CALENDAR",
        /// Days that are neither weekend nor holiday in the calendar of the rule's jurisdiction.
        Business "BUSINESS",
    }
}

/// When a duty has to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", tag = "when", deny_unknown_fields)]
pub enum Deadline {
    /// Before something happens.
    Before {
        /// What.
        event: Event,
    },
    /// Within days after something happened; the day itself does not count.
    Within {
        /// How many, 1 to 3650.
        days: u16,
        /// Which.
        of: DayKind,
        /// What.
        event: Event,
    },
}

/// Something that a rule asks to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// Code, for example `REGZ`, `KFS`, `SECCI`.
    pub code: String,
    /// Its kind.
    pub kind: DutyKind,
    /// When.
    pub deadline: Deadline,
}

/// Where a rule holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Everywhere.
    Everywhere,
    /// In the members of a group of countries.
    Group(String),
    /// In a country, ISO 3166-1 alpha-2.
    Country(String),
    /// In a subdivision of a country.
    Region(String, String),
}

impl Place {
    /// More is narrower.
    pub(super) fn specificity(&self) -> u8 {
        match self {
            Self::Everywhere => 0,
            Self::Group(_) => 1,
            Self::Country(_) => 2,
            Self::Region(..) => 3,
        }
    }

    /// As it is written: `*`, `EU`, `US`, `US-CA`.
    pub fn text(&self) -> String {
        match self {
            Self::Everywhere => "*".to_owned(),
            Self::Group(id) | Self::Country(id) => id.clone(),
            Self::Region(country, region) => format!("{country}-{region}"),
        }
    }

    pub(super) fn covers(&self, place: &Jurisdiction, members: Option<&[String]>) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Group(_) => members.is_some_and(|all| all.contains(&place.country)),
            Self::Country(country) => *country == place.country,
            Self::Region(country, region) => {
                *country == place.country && place.region.as_deref() == Some(region.as_str())
            }
        }
    }
}

/// What a rule does when its condition holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing is refused by it: it says that there is no limit, or only what has to be done.
    Pass,
    /// Refuse, under this code.
    Decline(String),
    /// The borrower has to be verified to this level before acceptance.
    Identity(IdentityLevel),
}

/// Amounts that a rule is for; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmountBand {
    /// Currency of the ends. An amount in another currency cannot be placed, so the rule refuses it.
    pub currency: Currency,
    /// Lowest, minor units.
    pub min_minor: i64,
    /// Highest, minor units.
    pub max_minor: i64,
}

/// Terms that a rule is for, in days; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermBand {
    /// Shortest.
    pub min_days: u32,
    /// Longest.
    pub max_days: u32,
}

/// Which cases a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Where.
    pub place: Place,
    /// Products; empty means every product.
    pub products: Vec<Product>,
    /// Who borrows; empty means anybody.
    pub borrowers: Vec<BorrowerKind>,
    /// Which lenders; empty means any.
    pub licences: Vec<Licence>,
    /// Amounts; none means every amount.
    pub amount: Option<AmountBand>,
    /// Terms.
    pub term: TermBand,
}

/// One version of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// File that it was read from.
    pub file: String,
    /// Stable id of the chain, for example `us-ca-cap`.
    pub id: String,
    /// From 1, without holes.
    pub version: u32,
    /// What it is about.
    pub topic: Topic,
    /// Which cases it is for.
    pub scope: Scope,
    /// First day in force.
    pub effective_from: NaiveDate,
    /// Last day in force; none while it is open.
    pub effective_to: Option<NaiveDate>,
    /// First day on which we could know of it: the publication of its source, or of our correction.
    pub known_from: NaiveDate,
    /// The earlier version that this one corrects; that version is unknown from `known_from` on.
    pub supersedes: Option<u32>,
    /// How far it was checked.
    pub status: Status,
    /// Where it stands.
    pub citation: String,
    /// When it applies within its scope; none means always.
    pub when: Option<Condition>,
    /// What it does then.
    pub effect: Effect,
    /// What has to be done.
    pub duties: Vec<Duty>,
    /// How long what was decided under it is kept.
    pub retention: Retention,
    /// One sentence for the borrower.
    pub message: String,
}

impl Rule {
    /// Its id and version, as a decision stores them.
    pub fn version_ref(&self) -> RuleVersion {
        RuleVersion {
            id: self.id.clone(),
            version: self.version,
        }
    }

    /// Whether it refuses every case in its scope.
    pub(crate) fn always_declines(&self) -> bool {
        self.when.is_none() && matches!(self.effect, Effect::Decline(_))
    }

    pub(super) fn in_force(&self, day: NaiveDate) -> bool {
        self.effective_from <= day && self.effective_to.is_none_or(|last| day <= last)
    }

    /// The fields in which two versions differ, apart from the file.
    pub(super) fn differs(&self, other: &Self) -> Vec<&'static str> {
        let pairs = [
            ("topic", self.topic == other.topic),
            ("jurisdiction", self.scope.place == other.scope.place),
            ("products", self.scope.products == other.scope.products),
            ("borrowers", self.scope.borrowers == other.scope.borrowers),
            ("licences", self.scope.licences == other.scope.licences),
            ("amount", self.scope.amount == other.scope.amount),
            ("term", self.scope.term == other.scope.term),
            ("effective_from", self.effective_from == other.effective_from),
            ("effective_to", self.effective_to == other.effective_to),
            ("known_from", self.known_from == other.known_from),
            ("supersedes", self.supersedes == other.supersedes),
            ("status", self.status == other.status),
            ("citation", self.citation == other.citation),
            ("when", self.when == other.when),
            ("outcome", self.effect == other.effect),
            ("obligation", self.duties == other.duties),
            ("retention", self.retention == other.retention),
            ("message", self.message == other.message),
        ];
        pairs
            .into_iter()
            .filter(|(_, same)| !same)
            .map(|(name, _)| name)
            .collect()
    }
}
