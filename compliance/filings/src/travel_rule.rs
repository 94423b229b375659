//! Travel-rule message: IVMS101 as JSON in camel case, with the constraints C1 to C12 of the standard.
//!
//! Two versions: issue 1 of 2020 and IVMS101.2023. The second writes `originatorPerson` and `beneficiaryPerson` where the first
//! writes `originatorPersons` and `beneficiaryPersons`, `naturalPersonNameIdentifierType` for `nameIdentifierType`, a legal
//! person's `customerIdentification` for `customerNumber`, and says its version under `payloadMetadata`.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::text::{check, is_country, is_lei};
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
    let problems = problems(transfer);
    unless(problems, || {
        let text = serde_json::to_string_pretty(&message(transfer)).unwrap_or_default() + "\n";
        File::new(
            format!("ivms101.{}.json", transfer.on.format("%Y%m%d")),
            "application/json",
            text,
        )
    })
}

fn problems(transfer: &Transfer) -> Vec<Problem> {
    let mut problems = Vec::new();
    let p = &mut problems;
    for (field, persons, accounts) in [
        ("originators", &transfer.originators, &transfer.originator_accounts),
        ("beneficiaries", &transfer.beneficiaries, &transfer.beneficiary_accounts),
    ] {
        if persons.is_empty() {
            p.push(Problem::new(field, "EMPTY", "names nobody"));
        }
        if accounts.is_empty() {
            p.push(Problem::new(field, "EMPTY", "has no account"));
        }
        for (at, account) in accounts.iter().enumerate() {
            check(p, &format!("{field}.accounts[{at}]"), account, 100);
        }
        for (at, one) in persons.iter().enumerate() {
            person(p, &format!("{field}[{at}]"), one, transfer.on);
        }
    }
    for (at, one) in transfer.originators.iter().enumerate() {
        let field = format!("originators[{at}]");
        originator(p, &field, one);
    }
    person(p, "originatingProvider", &transfer.originating_provider, transfer.on);
    if let Some(one) = &transfer.beneficiary_provider {
        person(p, "beneficiaryProvider", one, transfer.on);
    }
    problems
}

/// C1, C4, C5: what has to be known of an originator.
fn originator(p: &mut Vec<Problem>, field: &str, person: &Person) {
    match person {
        Person::Natural {
            addresses,
            id,
            customer_id,
            born,
            ..
        } => {
            let geographic = addresses.iter().any(|address| address.kind == AddressType::Geographic);
            if !geographic && customer_id.is_none() && id.is_none() && born.is_none() {
                let text =
                    "needs a geographic address, a customer number, an identification, or day and place of birth";
                p.push(Problem::new(field, "C1", text));
            }
        }
        Person::Legal {
            addresses,
            id,
            customer_id,
            ..
        } => {
            let geographic = addresses.iter().any(|address| address.kind == AddressType::Geographic);
            if !geographic && customer_id.is_none() && id.is_none() {
                let text = "needs a geographic address, a customer number or an identification";
                p.push(Problem::new(field, "C4", text));
            }
        }
    }
}

fn person(p: &mut Vec<Problem>, field: &str, person: &Person, on: NaiveDate) {
    match person {
        Person::Natural {
            names,
            addresses,
            id,
            customer_id,
            born,
            residence,
        } => {
            for (at, name) in names.iter().enumerate() {
                check(p, &format!("{field}.names[{at}].primary"), &name.primary, 100);
                if let Some(second) = &name.secondary {
                    check(p, &format!("{field}.names[{at}].secondary"), second, 100);
                }
            }
            if !names.iter().any(|name| name.kind == NameType::Legal) {
                p.push(Problem::new(
                    format!("{field}.names"),
                    "C6",
                    "one name is the legal one",
                ));
            }
            if let Some((day, place)) = born {
                check(p, &format!("{field}.born.place"), place, 70);
                if *day >= on {
                    p.push(Problem::new(format!("{field}.born"), "C2", "lies in the past"));
                }
            }
            parts(p, field, addresses, customer_id.as_ref(), residence.as_ref());
            if let Some(id) = id {
                natural_id(p, &format!("{field}.id"), id);
            }
        }
        Person::Legal {
            names,
            addresses,
            id,
            customer_id,
            registration,
        } => {
            for (at, name) in names.iter().enumerate() {
                check(p, &format!("{field}.names[{at}].name"), &name.name, 100);
            }
            if !names.iter().any(|name| name.kind == LegalNameType::Legal) {
                p.push(Problem::new(
                    format!("{field}.names"),
                    "C5",
                    "one name is the legal one",
                ));
            }
            parts(p, field, addresses, customer_id.as_ref(), registration.as_ref());
            if let Some(id) = id {
                legal_id(p, &format!("{field}.id"), id);
            }
        }
    }
}

fn parts(
    p: &mut Vec<Problem>,
    field: &str,
    addresses: &[Address],
    customer_id: Option<&String>,
    country: Option<&String>,
) {
    if let Some(id) = customer_id {
        check(p, &format!("{field}.customerId"), id, 50);
    }
    if country.is_some_and(|code| !is_country(code) && code != "XX") {
        p.push(Problem::new(field, "C3", "is no country of ISO 3166-1"));
    }
    for (at, one) in addresses.iter().enumerate() {
        address(p, &format!("{field}.addresses[{at}]"), one);
    }
}

/// C3 and C8: a country, and either lines, or a street with a name or number of the building.
fn address(p: &mut Vec<Problem>, field: &str, of: &Address) {
    if !is_country(&of.country) && of.country != "XX" {
        p.push(Problem::new(
            format!("{field}.country"),
            "C3",
            "is no country of ISO 3166-1",
        ));
    }
    let street = of.street.is_some() && (of.building_name.is_some() || of.building_number.is_some());
    if of.lines.is_empty() && !street {
        let text = "needs lines, or a street with the name or number of a building";
        p.push(Problem::new(field, "C8", text));
    }
    if of.lines.len() > 7 {
        p.push(Problem::new(field, "C8", "has at most seven lines"));
    }
    for (at, line) in of.lines.iter().enumerate() {
        check(p, &format!("{field}.lines[{at}]"), line, 70);
    }
    for (name, value, longest) in [
        ("street", &of.street, 70),
        ("buildingNumber", &of.building_number, 16),
        ("buildingName", &of.building_name, 35),
        ("postCode", &of.post_code, 16),
        ("town", &of.town, 35),
        ("subdivision", &of.subdivision, 35),
    ] {
        if let Some(value) = value {
            check(p, &format!("{field}.{name}"), value, longest);
        }
    }
}

fn natural_id(p: &mut Vec<Problem>, field: &str, id: &NationalId) {
    check(p, &format!("{field}.number"), &id.number, 35);
    if id
        .country
        .as_deref()
        .is_some_and(|code| !is_country(code) && code != "XX")
    {
        p.push(Problem::new(
            format!("{field}.country"),
            "C3",
            "is no country of ISO 3166-1",
        ));
    }
    if id.kind == IdType::Lei || id.kind == IdType::RegistrationAuthority {
        p.push(Problem::new(field, "C7", "this type is for legal persons"));
    }
    if id.authority.is_some() {
        p.push(Problem::new(
            field,
            "C9",
            "a natural person has no registration authority",
        ));
    }
}

/// C7, C9, C10, C11.
fn legal_id(p: &mut Vec<Problem>, field: &str, id: &NationalId) {
    check(p, &format!("{field}.number"), &id.number, 35);
    let allowed = [IdType::RegistrationAuthority, IdType::Other, IdType::Lei, IdType::Tax];
    if !allowed.contains(&id.kind) {
        p.push(Problem::new(field, "C7", "a legal person has RAID, MISC, LEIX or TXID"));
    }
    if id.country.is_some() {
        p.push(Problem::new(field, "C9", "a legal person has no country of issue"));
    }
    if (id.kind == IdType::Lei) == id.authority.is_some() {
        p.push(Problem::new(
            field,
            "C9",
            "a registration authority is named exactly without a LEI",
        ));
    }
    if let Some(authority) = &id.authority {
        let shape = authority.len() == 8
            && authority.starts_with("RA")
            && authority.bytes().skip(2).all(|byte| byte.is_ascii_digit());
        if !shape {
            p.push(Problem::new(field, "C10", "must be RA and six digits"));
        }
    }
    if id.kind == IdType::Lei && !is_lei(&id.number) {
        p.push(Problem::new(field, "C11", "is no LEI"));
    }
}

/// Names of fields that differ between the versions.
struct Names {
    originators: &'static str,
    beneficiaries: &'static str,
    name_type: &'static str,
    legal_customer: &'static str,
}

const fn names(version: Version) -> Names {
    match version {
        Version::V2020 => Names {
            originators: "originatorPersons",
            beneficiaries: "beneficiaryPersons",
            name_type: "nameIdentifierType",
            legal_customer: "customerNumber",
        },
        Version::V2023 => Names {
            originators: "originatorPerson",
            beneficiaries: "beneficiaryPerson",
            name_type: "naturalPersonNameIdentifierType",
            legal_customer: "customerIdentification",
        },
    }
}

fn message(transfer: &Transfer) -> Value {
    let names = names(transfer.version);
    let persons = |of: &[Person]| of.iter().map(|one| person_json(one, &names)).collect::<Vec<Value>>();
    let mut out = Map::new();
    out.insert(
        "originator".into(),
        json!({
            names.originators: persons(&transfer.originators), "accountNumber": transfer.originator_accounts,
        }),
    );
    out.insert(
        "beneficiary".into(),
        json!({
            names.beneficiaries: persons(&transfer.beneficiaries), "accountNumber": transfer.beneficiary_accounts,
        }),
    );
    let originating = person_json(&transfer.originating_provider, &names);
    out.insert("originatingVASP".into(), json!({ "originatingVASP": originating }));
    if let Some(provider) = &transfer.beneficiary_provider {
        out.insert(
            "beneficiaryVASP".into(),
            json!({ "beneficiaryVASP": person_json(provider, &names) }),
        );
    }
    if transfer.version == Version::V2023 {
        out.insert("payloadMetadata".into(), json!({ "payloadVersion": transfer.version }));
    }
    Value::Object(out)
}

fn person_json(person: &Person, words: &Names) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            out.insert(name.to_owned(), value);
        }
    };
    match person {
        Person::Natural {
            names,
            addresses,
            id,
            customer_id,
            born,
            residence,
        } => {
            let names: Vec<Value> = names.iter().map(|name| natural_name(name, words)).collect();
            put("name", Some(json!({ "nameIdentifier": names })));
            put("geographicAddress", addresses_json(addresses));
            put("nationalIdentification", id.as_ref().map(id_json));
            put("customerIdentification", customer_id.clone().map(Value::from));
            let birth = born.as_ref();
            put(
                "dateAndPlaceOfBirth",
                birth.map(|(day, place)| json!({ "dateOfBirth": day, "placeOfBirth": place })),
            );
            put("countryOfResidence", residence.clone().map(Value::from));
            json!({ "naturalPerson": out })
        }
        Person::Legal {
            names,
            addresses,
            id,
            customer_id,
            registration,
        } => {
            let names = names
                .iter()
                .map(|name| json!({ "legalPersonName": name.name, "legalPersonNameIdentifierType": name.kind }));
            let names: Vec<Value> = names.collect();
            put("name", Some(json!({ "nameIdentifier": names })));
            put("geographicAddress", addresses_json(addresses));
            put(words.legal_customer, customer_id.clone().map(Value::from));
            put("nationalIdentification", id.as_ref().map(id_json));
            put("countryOfRegistration", registration.clone().map(Value::from));
            json!({ "legalPerson": out })
        }
    }
}

fn natural_name(name: &NaturalName, words: &Names) -> Value {
    let mut out = json!({ "primaryIdentifier": name.primary, words.name_type: name.kind });
    if let (Some(map), Some(second)) = (out.as_object_mut(), &name.secondary) {
        map.insert("secondaryIdentifier".into(), second.clone().into());
    }
    out
}

fn addresses_json(addresses: &[Address]) -> Option<Value> {
    let of = |address: &Address| {
        let mut out = Map::new();
        out.insert("addressType".into(), json!(address.kind));
        for (name, value) in [
            ("streetName", &address.street),
            ("buildingNumber", &address.building_number),
            ("buildingName", &address.building_name),
            ("postCode", &address.post_code),
            ("townName", &address.town),
            ("countrySubDivision", &address.subdivision),
        ] {
            if let Some(value) = value {
                out.insert(name.into(), value.clone().into());
            }
        }
        if !address.lines.is_empty() {
            out.insert("addressLine".into(), json!(address.lines));
        }
        out.insert("country".into(), address.country.clone().into());
        Value::Object(out)
    };
    (!addresses.is_empty()).then(|| addresses.iter().map(of).collect())
}

fn id_json(id: &NationalId) -> Value {
    let mut out = Map::new();
    out.insert("nationalIdentifier".into(), id.number.clone().into());
    out.insert("nationalIdentifierType".into(), json!(id.kind));
    for (name, value) in [
        ("countryOfIssue", &id.country),
        ("registrationAuthority", &id.authority),
    ] {
        if let Some(value) = value {
            out.insert(name.into(), value.clone().into());
        }
    }
    Value::Object(out)
}
