//! Every report is the same bytes as before, and every rule refuses what it should. `UPDATE_GOLDEN=1` writes the files anew.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

use std::path::PathBuf;
use std::{env, fs};

use chrono::NaiveDate;
use domain::{Currency, Money};
use usance_filings::travel_rule::{self, Person, Transfer, Version};
use usance_filings::{File, Problem, ofac, sar};

fn golden(name: &str, file: &File) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &file.text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), file.text, "{name}");
}

fn codes<T: std::fmt::Debug>(result: Result<T, Vec<Problem>>) -> Vec<(String, &'static str)> {
    let problems = result.unwrap_err();
    problems
        .into_iter()
        .map(|problem| (problem.field, problem.code))
        .collect()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "most texts of the facts may be missing")]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn address() -> sar::Address {
    sar::Address {
        street: some("500 Market Street"),
        city: some("San Francisco"),
        state: some("CA"),
        zip: some("94105"),
        country: some("US"),
    }
}

fn institution() -> sar::Institution {
    sar::Institution {
        legal_name: "Harbor & Bay Bank, N.A.".into(),
        trade_name: some("Harbor Bank"),
        address: address(),
        tin: "123456789".into(),
        tin_type: "2".into(),
        regulator: "5".into(),
        organization_types: vec!["2".into()],
    }
}

fn a_sar() -> sar::Sar {
    sar::Sar {
        filed_on: day("2026-11-21"),
        detected_on: day("2026-11-02"),
        filing: sar::Filing::Initial,
        joint: false,
        transmitter: sar::Transmitter {
            name: "Usance".into(),
            address: address(),
            phone: "4155550100".into(),
            tin: "987654321".into(),
            control_code: "PTST0001".into(),
            contact: "Compliance Desk".into(),
        },
        filer: institution(),
        contact_office: "Compliance".into(),
        contact_phone: "4155550101".into(),
        institutions: vec![institution()],
        subjects: vec![sar::Subject {
            entity: false,
            names: vec![
                sar::Name {
                    last: some("Sample"),
                    first: some("Alex"),
                    middle: None,
                },
                sar::Name {
                    last: some("Exemplar"),
                    first: some("Al"),
                    middle: None,
                },
            ],
            addresses: vec![sar::Address {
                street: None,
                ..address()
            }],
            born_on: Some(day("1988-04-02")),
            identifications: vec![sar::Identification {
                kind: "6".into(),
                number: "X1234567".into(),
                country: some("US"),
            }],
            borrower_of: some("123456789"),
        }],
        amount: sar::Amount::Known(Money::new(1_234_501, Currency::usd())),
        from: day("2026-10-01"),
        to: day("2026-10-30"),
        classifications: vec![
            sar::Classification {
                type_id: 3,
                subtype_id: 304,
                other: None,
            },
            sar::Classification {
                type_id: 9,
                subtype_id: 9_999,
                other: some("Loan stacking"),
            },
        ],
        narrative: format!(
            "{} It began on October 1 & went on.",
            "A loan was asked for. ".repeat(200).trim()
        ),
    }
}

#[test]
fn suspicious_activity() {
    let file = sar::file(&a_sar()).unwrap();
    golden("sar.xml", &file);
    assert_eq!(sar::due_on(&a_sar()), Some(day("2026-12-02")), "30 days with a suspect");
    let none = sar::Sar {
        subjects: vec![],
        ..a_sar()
    };
    assert_eq!(sar::due_on(&none), Some(day("2027-01-01")), "60 days without");
    let text = sar::file(&none).unwrap().text;
    assert!(text.contains("AllCriticalSubjectInformationUnavailableIndicator"));
}

/// What the schema says of a file: numbers unique and rising, elements without blanks at their ends, whole dollars.
#[test]
fn the_batch_keeps_the_rules_of_the_schema() {
    let text = sar::file(&a_sar()).unwrap().text;
    let numbers: Vec<u32> = text
        .split("SeqNum=\"")
        .skip(1)
        .map(|part| part[..part.find('"').unwrap()].parse().unwrap())
        .collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(text.contains("<fc2:TotalSuspiciousAmountText>12346</fc2:TotalSuspiciousAmountText>"));
    assert!(text.contains("TotalAmount=\"12346\""));
    let mut depth = 0i32;
    for line in text.lines().skip(1) {
        let line = line.trim();
        let opens = line.matches("<fc2:").count();
        let closes = line.matches("</fc2:").count();
        depth += i32::try_from(opens).unwrap() - i32::try_from(closes).unwrap();
        if opens == 1 && closes == 1 {
            let value = &line[line.find('>').unwrap() + 1..line.rfind("</").unwrap()];
            assert!(!value.is_empty() && value.trim() == value, "{line}");
        }
    }
    assert_eq!(depth, 0);
    let order = [
        "FilingDateText",
        "ActivityAssociation",
        ">35<",
        ">37<",
        ">30<",
        ">8<",
        ">34<",
        ">33<",
        "SuspiciousActivity ",
    ];
    let places: Vec<usize> = order.iter().map(|part| text.find(part).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(text.contains("Harbor &amp; Bay Bank"));
}

#[test]
fn a_report_of_suspicious_activity_is_refused_with_every_reason() {
    let mut bad = a_sar();
    bad.subjects[0].names[0].last = some(" Sample");
    let again = bad.subjects[0].names[1].clone();
    bad.subjects[0].names.resize(101, again);
    bad.narrative = "line\nline".into();
    bad.filer.tin = "12-3456789".into();
    bad.classifications.push(bad.classifications[0].clone());
    bad.amount = sar::Amount::Known(Money::new(100, Currency::parse("EUR").unwrap()));
    bad.filing = sar::Filing::Correction("12".into());
    let found = codes(sar::file(&bad));
    for expected in [
        ("subjects[0].names[0].last", "BLANKS"),
        ("subjects[0].names", "COUNT"),
        ("subjects[0].names[2]", "DUPLICATE"),
        ("narrative", "CONTROL"),
        ("filer.tin", "DIGITS"),
        ("classifications[2]", "DUPLICATE"),
        ("amount", "CURRENCY"),
        ("filing", "DIGITS"),
    ] {
        assert!(
            found.iter().any(|one| (one.0.as_str(), one.1) == expected),
            "{expected:?}"
        );
    }
}

fn party(name: &str) -> ofac::Party {
    ofac::Party {
        name: name.into(),
        address: "500 Market Street, San Francisco, CA 94105".into(),
        country: "US".into(),
    }
}

fn blocked() -> ofac::Facts {
    ofac::Facts {
        reference: "CASE-1".into(),
        reporter: ofac::Reporter {
            institution: party("Usance"),
            contact: "Compliance Desk".into(),
            phone: "+1 415 555 0101".into(),
            email: "compliance@usance.example".into(),
        },
        date: day("2026-11-20"),
        property: ofac::Property {
            description: "Loan disbursement held in the settlement contract".into(),
            location: some("Chain 1, settlement contract"),
            value: Money::new(500_000, Currency::usd()),
            estimated: false,
            wallets: vec!["0x00000000000000000000000000000000000000aa".into()],
        },
        owner: party("Alex Sample"),
        beneficiary: Some(party("Alex Sample")),
        intermediaries: vec![],
        authority: ofac::Authority {
            program: "SDGT".into(),
            authority: "31 CFR part 594".into(),
            entry: some("7857"),
            target: "EXAMPLE TARGET".into(),
        },
        circumstances: "The payee's wallet was found on the list before the money was released.".into(),
    }
}

#[test]
fn blocked_and_rejected_property() {
    golden(
        "ofac_blocked.json",
        &ofac::file(&ofac::Report::Blocked(blocked())).unwrap(),
    );
    golden(
        "ofac_rejected.json",
        &ofac::file(&ofac::Report::Rejected(blocked())).unwrap(),
    );
    assert_eq!(
        ofac::due_on(day("2026-11-20")),
        Some(day("2026-12-07")),
        "Thanksgiving is no business day"
    );
    assert_eq!(ofac::annual_due_on(2027), Some(day("2027-09-30")));
    let mut bad = blocked();
    bad.property.location = None;
    bad.owner.country = "USA".into();
    let found = codes(ofac::file(&ofac::Report::Blocked(bad)));
    assert_eq!(
        found,
        [
            ("owner.country".to_owned(), "COUNTRY"),
            ("property.location".to_owned(), "501.603")
        ]
    );
}

fn natural(name: &str) -> Person {
    Person::Natural {
        names: vec![travel_rule::NaturalName {
            primary: name.into(),
            secondary: some("Alex"),
            kind: travel_rule::NameType::Legal,
        }],
        addresses: vec![travel_rule::Address {
            kind: travel_rule::AddressType::Geographic,
            street: some("Juniper Road"),
            building_number: some("18"),
            building_name: None,
            post_code: some("95814"),
            town: some("Sacramento"),
            subdivision: some("CA"),
            lines: vec![],
            country: "US".into(),
        }],
        id: None,
        customer_id: some("C-1"),
        born: Some((day("1988-04-02"), "Lyon".into())),
        residence: some("US"),
    }
}

fn provider() -> Person {
    Person::Legal {
        names: vec![travel_rule::LegalName {
            name: "Usance".into(),
            kind: travel_rule::LegalNameType::Legal,
        }],
        addresses: vec![],
        id: Some(travel_rule::NationalId {
            number: "506700GE1G29325QX363".into(),
            kind: travel_rule::IdType::Lei,
            country: None,
            authority: None,
        }),
        customer_id: some("V-1"),
        registration: some("IE"),
    }
}

fn transfer(version: Version) -> Transfer {
    Transfer {
        version,
        on: day("2026-11-21"),
        originators: vec![natural("Sample")],
        originator_accounts: vec!["0xaa".into()],
        beneficiaries: vec![natural("Exemplar")],
        beneficiary_accounts: vec!["0xbb".into()],
        originating_provider: provider(),
        beneficiary_provider: None,
    }
}

#[test]
fn travel_rule_messages() {
    golden("ivms101.json", &travel_rule::file(&transfer(Version::V2020)).unwrap());
    golden(
        "ivms101_2023.json",
        &travel_rule::file(&transfer(Version::V2023)).unwrap(),
    );
}

/// The codes of what is found after a change.
fn found(change: impl Fn(&mut Transfer)) -> Vec<&'static str> {
    let mut bad = transfer(Version::V2020);
    change(&mut bad);
    codes(travel_rule::file(&bad)).into_iter().map(|one| one.1).collect()
}

#[test]
fn each_constraint_on_natural_persons_is_kept() {
    let unknown = found(|t| {
        if let Person::Natural {
            addresses,
            customer_id,
            born,
            ..
        } = &mut t.originators[0]
        {
            addresses.clear();
            *customer_id = None;
            *born = None;
        }
    });
    assert_eq!(unknown, ["C1"]);
    let unborn = found(|t| {
        if let Person::Natural { born, .. } = &mut t.originators[0] {
            *born = Some((day("2026-11-21"), "Lyon".into()));
        }
    });
    assert_eq!(unborn, ["C2"]);
    let nowhere = found(|t| {
        if let Person::Natural { residence, .. } = &mut t.originators[0] {
            *residence = some("ZZ");
        }
    });
    assert_eq!(nowhere, ["C3"]);
    let alias = found(|t| {
        if let Person::Natural { names, .. } = &mut t.originators[0] {
            names[0].kind = travel_rule::NameType::Alias;
        }
    });
    assert_eq!(alias, ["C6"]);
    let street = found(|t| {
        if let Person::Natural { addresses, .. } = &mut t.originators[0] {
            addresses[0].building_number = None;
        }
    });
    assert_eq!(street, ["C8"]);
}

#[test]
fn each_constraint_on_legal_persons_is_kept() {
    let id = |change: fn(&mut travel_rule::NationalId)| {
        found(|t| {
            if let Person::Legal { id: Some(id), .. } = &mut t.originating_provider {
                change(id);
            }
        })
    };
    assert_eq!(id(|id| id.kind = travel_rule::IdType::Passport), ["C7", "C9"]);
    assert_eq!(id(|id| id.country = some("US")), ["C9"]);
    assert_eq!(id(|id| id.authority = some("RA000001")), ["C9"]);
    let authority = id(|id| {
        id.kind = travel_rule::IdType::Tax;
        id.authority = some("GLEIF");
    });
    assert_eq!(authority, ["C10"]);
    assert_eq!(id(|id| id.number = "506700GE1G29325QX364".into()), ["C11"]);
}
