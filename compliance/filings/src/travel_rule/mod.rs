//! Travel-rule message: IVMS101 as JSON in camel case, with the constraints C1 to C12 of the standard.
//!
//! Two versions: issue 1 of 2020 and IVMS101.2023. The second writes `originatorPerson` and `beneficiaryPerson` where the first
//! writes `originatorPersons` and `beneficiaryPersons`, `naturalPersonNameIdentifierType` for `nameIdentifierType`, a legal
//! person's `customerIdentification` for `customerNumber`, and says its version under `payloadMetadata`.

mod check;
mod write;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{File, Problem, unless};

/// Version of the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Version {
    /// Issue 1, 2020.
    #[serde(rename = "101")]
    V2020,
    /// IVMS101.2023.
    #[serde(rename = "101.2023")]
    V2023,
}

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $code:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$each])* #[serde(rename = $code)] $variant,)+
        }
    };
}

codes! {
    /// Type of a natural person's name.
    NameType {
        /// Alias.
        Alias = "ALIA",
        /// At birth.
        Birth = "BIRT",
        /// Before marriage.
        Maiden = "MAID",
        /// Legal.
        Legal = "LEGL",
        /// Another.
        Other = "MISC",
    }
}
codes! {
    /// Type of a legal person's name.
    LegalNameType {
        /// Legal.
        Legal = "LEGL",
        /// Short.
        Short = "SHRT",
        /// Trading.
        Trading = "TRAD",
    }
}
codes! {
    /// Type of an address.
    AddressType {
        /// Home.
        Home = "HOME",
        /// Business.
        Business = "BIZZ",
        /// Geographic.
        Geographic = "GEOG",
    }
}
codes! {
    /// Type of a national identification.
    IdType {
        /// Alien registration number.
        AlienRegistration = "ARNU",
        /// Passport.
        Passport = "CCPT",
        /// Registration authority identifier.
        RegistrationAuthority = "RAID",
        /// Driving licence.
        DrivingLicence = "DRLC",
        /// Foreign investment identity number.
        ForeignInvestment = "FIIN",
        /// Tax identification.
        Tax = "TXID",
        /// Social security.
        SocialSecurity = "SOCS",
        /// Identity card.
        IdentityCard = "IDCD",
        /// Legal entity identifier.
        Lei = "LEIX",
        /// Unspecified.
        Other = "MISC",
    }
}

/// A name of a natural person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NaturalName {
    /// Family name, or the only name.
    pub primary: String,
    /// Given names.
    pub secondary: Option<String>,
    /// Type.
    pub kind: NameType,
}

/// A name of a legal person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LegalName {
    /// Name.
    pub name: String,
    /// Type.
    pub kind: LegalNameType,
}

/// An address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Address {
    /// Type.
    pub kind: AddressType,
    /// Street.
    pub street: Option<String>,
    /// Number of the building.
    pub building_number: Option<String>,
    /// Name of the building.
    pub building_name: Option<String>,
    /// Postal code.
    pub post_code: Option<String>,
    /// Town.
    pub town: Option<String>,
    /// State or province.
    pub subdivision: Option<String>,
    /// Lines, at most seven, where the parts are not known.
    pub lines: Vec<String>,
    /// Country.
    pub country: String,
}

/// A national identification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NationalId {
    /// Number.
    pub number: String,
    /// Type.
    pub kind: IdType,
    /// Country of issue, of a natural person.
    pub country: Option<String>,
    /// Registration authority, `RA` and six digits.
    pub authority: Option<String>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Person {
    /// A natural person.
    #[serde(rename_all = "camelCase")]
    Natural {
        /// Names.
        names: Vec<NaturalName>,
        /// Addresses.
        addresses: Vec<Address>,
        /// Identification.
        id: Option<NationalId>,
        /// Number of the customer at the provider.
        customer_id: Option<String>,
        /// Day and place of birth.
        born: Option<(NaiveDate, String)>,
        /// Country of residence.
        residence: Option<String>,
    },
    /// A legal person.
    #[serde(rename_all = "camelCase")]
    Legal {
        /// Names.
        names: Vec<LegalName>,
        /// Addresses.
        addresses: Vec<Address>,
        /// Identification.
        id: Option<NationalId>,
        /// Number of the customer at the provider.
        customer_id: Option<String>,
        /// Country of registration.
        registration: Option<String>,
    },
}

/// The facts of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Transfer {
    /// Version to write.
    pub version: Version,
    /// Day of the transfer.
    pub on: NaiveDate,
    /// Who sends.
    pub originators: Vec<Person>,
    /// Wallets or accounts it is sent from.
    pub originator_accounts: Vec<String>,
    /// Who receives.
    pub beneficiaries: Vec<Person>,
    /// Wallets or accounts it is sent to.
    pub beneficiary_accounts: Vec<String>,
    /// Provider of the originator.
    pub originating_provider: Person,
    /// Provider of the beneficiary; none while it is not known.
    pub beneficiary_provider: Option<Person>,
}

/// The message.
pub fn file(transfer: &Transfer) -> Result<File, Vec<Problem>> {
    unless(check::problems(transfer), || {
        let text = serde_json::to_string_pretty(&write::message(transfer)).unwrap_or_default() + "\n";
        File::new(
            format!("ivms101.{}.json", transfer.on.format("%Y%m%d")),
            "application/json",
            text,
        )
    })
}
