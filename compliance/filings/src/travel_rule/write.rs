//! The facts as JSON.

use serde_json::{Map, Value, json};

use super::{Address, NationalId, NaturalName, Person, Transfer, Version};

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

/// The message.
pub(super) fn message(transfer: &Transfer) -> Value {
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
