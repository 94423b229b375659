use super::*;
use crate::entity::{EntityKind, Gender, NameGrade, PartialDate};

fn file(name: &str, text: &str) -> ListFile {
    ListFile {
        name: name.to_owned(),
        bytes: text.as_bytes().to_vec(),
    }
}

fn refusal(files: &[ListFile]) -> String {
    load(files).unwrap_err().to_string()
}

fn names(entity: &Entity) -> Vec<(&str, NameGrade)> {
    entity
        .names
        .iter()
        .map(|name| (name.text.as_str(), name.grade))
        .collect()
}

const SDN: &str = "\
36,\"AIRLINE OF NOWHERE\",-0- ,\"CUBA\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"a.k.a. 'A.O.N.'.\"\r
7,\"DOE, John\",\"individual\",\"SDGT] [NPWMD\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"DOB 10 Dec 1948; alt. DOB circa 1951; POB Sana'a, Yemen; \
nationality Yemen; citizen Korea, North; Gender Male; Passport 1084010 (Egypt) issued 01 Jan 2000 expires 01 Jan 2005; Member of a club; \
a.k.a. 'ABU 'UMAR'; Digital Currency Address - ETH 0x8589427373D6D84E98730D7795D8f6f8731FDA16; Linked To: AIRLINE OF NOWHERE.\"\r
9,\"BLUE TUG\",\"vessel\",\"CUBA\",-0- ,\"CL2192\",\"Tug\",-0- ,\"212\",\"Cuba\",\"Owner\",\"Vessel Registration Identification IMO 7406784; f.k.a. 'RED TUG\"\r
\u{1a}";
const ALT: &str = "36,12,\"aka\",\"NOWHERE AIR\",-0- \r\n36,13,\"fka\",\"OLD AIR\",-0- \r\n\u{1a}";
const ADD: &str = "36,25,-0- ,\"Havana\",\"Cuba\",-0- \r\n36,26,-0- ,-0- ,\"undetermined\",-0- \r\n";
const COMMENTS: &str = "9,\" II'.\"\n\u{1a}";

pub(super) fn ofac() -> Vec<ListFile> {
    vec![
        file("lists/SDN.CSV", SDN),
        file("alt.csv", ALT),
        file("add.csv", ADD),
        file("sdn_comments.csv", COMMENTS),
    ]
}

#[test]
fn the_treasurys_tables_become_entities() {
    let snapshot = load(&ofac()).unwrap();
    assert_eq!(snapshot.notices, []);
    let [airline, person, vessel] = &snapshot.entities[..] else {
        panic!("three entries")
    };
    assert_eq!((airline.list.as_str(), airline.id.as_str()), ("OFAC-SDN", "36"));
    assert_eq!(airline.kind, EntityKind::Organization);
    assert_eq!(airline.countries, ["CU"]);
    assert_eq!(
        names(airline),
        [
            ("AIRLINE OF NOWHERE", NameGrade::Primary),
            ("A.O.N.", NameGrade::Weak),
            ("NOWHERE AIR", NameGrade::Strong),
            ("OLD AIR", NameGrade::Former)
        ]
    );
    assert_eq!(person.kind, EntityKind::Person);
    assert_eq!(
        names(person),
        [("DOE, John", NameGrade::Primary), ("ABU 'UMAR", NameGrade::Weak)]
    );
    assert_eq!(person.programs, ["SDGT", "NPWMD"]);
    assert_eq!(person.countries, ["YE", "KP"]);
    assert_eq!(person.gender, Some(Gender::Male));
    let born = PartialDate {
        year: 1948,
        month: Some(12),
        day: Some(10),
        circa: false,
    };
    let about = PartialDate {
        year: 1951,
        month: None,
        day: None,
        circa: true,
    };
    assert_eq!(person.births, [born, about]);
    let passport = &person.identifiers[0];
    assert_eq!(
        (
            passport.kind.as_str(),
            passport.value.as_str(),
            passport.country.as_deref()
        ),
        ("passport", "1084010", Some("EG"))
    );
    assert!(person.wallets[0].checksum_ok && person.wallets[0].currency == "ETH");
    assert_eq!(
        names(vessel)[1],
        ("RED TUG II", NameGrade::Former),
        "a remark goes on in the comments"
    );
    let identifiers: Vec<_> = vessel
        .identifiers
        .iter()
        .map(|i| (i.kind.as_str(), i.value.as_str()))
        .collect();
    assert_eq!(identifiers, [("call sign", "CL2192"), ("imo", "7406784")]);
    assert_eq!(vessel.countries, ["CU"]);
}

#[test]
fn a_line_that_is_not_understood_fails_the_load_with_its_place() {
    let with = |text: &str| vec![file("sdn.csv", text)];
    let row =
        |name: &str, kind: &str, remarks: &str| format!("1,{name},{kind},-0-,-0-,-0-,-0-,-0-,-0-,-0-,-0-,{remarks}\n");
    let cases = [
        (with("1,\"A\",-0-\n"), "sdn.csv, line 1: 3 fields where 12 belong"),
        (
            with(&row("-0-", "-0-", "-0-")),
            "sdn.csv, line 1: an entry without a name",
        ),
        (
            with(&row("A", "robot", "-0-")),
            "sdn.csv, line 1: an unknown type of entry",
        ),
        (
            with(&format!("{}x{}", row("A", "-0-", "-0-"), row("B", "-0-", "-0-"))),
            "sdn.csv, line 2: does not begin with the number of an entry",
        ),
        (
            with(&format!("{}{}", row("A", "-0-", "-0-"), row("B", "-0-", "-0-"))),
            "sdn.csv, line 2: a second entry with the same number",
        ),
        (
            with(&row("A", "-0-", "a.k.a. B.")),
            "sdn.csv, line 1: an alias in the remarks without its quotation marks",
        ),
        (
            with(&row("A", "-0-", "Digital Currency Address - XBT.")),
            "sdn.csv, line 1: a digital currency address without currency or address",
        ),
    ];
    for (files, expected) in cases {
        assert_eq!(refusal(&files), expected);
    }
    let mut orphan = ofac();
    orphan[1] = file("alt.csv", "99,1,\"aka\",\"NOBODY\",-0-\n");
    assert_eq!(refusal(&orphan), "alt.csv, line 1: belongs to 99, which is no entry");
    orphan[1] = file("alt.csv", "36,1,\"xka\",\"NOBODY\",-0-\n");
    assert_eq!(refusal(&orphan), "alt.csv, line 1: an unknown type of alternate name");
    let mut comment = ofac();
    comment[3] = file("sdn_comments.csv", "99,\"more\"\n");
    let notices = load(&comment).unwrap().notices;
    let unused = notices.iter().find(|n| n.kind == NoticeKind::UnusedRemark).unwrap();
    assert_eq!((unused.text.as_str(), unused.line), ("99", 0));
}

#[test]
fn oddities_are_counted_and_the_entry_is_kept() {
    let text = "1,A,-0-,-0-,-0-,-0-,-0-,-0-,-0-,-0-,-0-,\"DOB soon; nationality Atlantis; a.k.a. '-'; \
                Digital Currency Address - XBT 3F6bbvS1krsc1qR8FsbTDfYQyvkMm.\"\n\
                2,B,-0-,-0-,-0-,-0-,-0-,-0-,-0-,-0-,-0-,\"nationality Cuba; alt. Digital Currency Address - XBT 1Gq\"\n";
    let snapshot = load(&[file("sdn.csv", text)]).unwrap();
    let kinds: Vec<_> = snapshot
        .notices
        .iter()
        .map(|n| (n.line, n.kind, n.text.as_str()))
        .collect();
    assert_eq!(
        kinds[..5],
        [
            (1, NoticeKind::Date, "soon"),
            (1, NoticeKind::Country, "Atlantis"),
            (1, NoticeKind::EmptyAlias, "'-'"),
            (1, NoticeKind::MalformedWallet, "3F6bbvS1krsc1qR8FsbTDfYQyvkMm"),
            (2, NoticeKind::CutRemark, "2"),
        ]
    );
    assert!(
        kinds[5..]
            .iter()
            .all(|(line, kind, _)| (*line, *kind) == (0, NoticeKind::MissingPart))
    );
    assert_eq!(snapshot.entities[0].wallets.len(), 1, "compared all the same");
    assert_eq!(snapshot.cut, [("OFAC-SDN".to_owned(), "2".to_owned())]);
    assert!(snapshot.lists[0].partial);
}

#[test]
fn the_version_depends_on_the_files_alone() {
    let plain = load(&ofac()).unwrap();
    let mut packed = ofac();
    packed.reverse();
    for file in &mut packed {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, &file.bytes).unwrap();
        file.bytes = encoder.finish().unwrap();
        file.name = format!("/elsewhere/{}.gz", file.name);
    }
    let packed = load(&packed).unwrap();
    assert_eq!(plain.version, packed.version);
    assert_eq!(plain.entities, packed.entities);
    let mut other = ofac();
    other[2] = file("add.csv", &ADD.replace("Havana", "Habana"));
    assert_ne!(plain.version, load(&other).unwrap().version);
}

#[test]
fn a_folder_without_lists_or_with_a_foreign_file_is_refused() {
    assert_eq!(load(&[]).unwrap_err(), LoadError::Nothing);
    let mut files = ofac();
    files.push(file("notes.csv", "hello,world\n"));
    assert!(refusal(&files).starts_with("notes.csv: is no list that is known"));
    let mut twice = ofac();
    twice.push(file("copy/sdn.csv", SDN));
    assert!(refusal(&twice).contains("is the same table of OFAC-SDN"));
    assert!(refusal(&[file("alt.csv", ALT)]).contains("table of entries"));
}

const XML: &str = r#"<?xml version="1.0" standalone="yes"?>
<sdnList xmlns="https://example.test/XML">
  <publshInformation><Publish_Date>12/28/2023</Publish_Date><Record_Count>2</Record_Count></publshInformation>
  <sdnEntry><uid>36</uid><lastName>NOWHERE &amp; SONS</lastName><sdnType>Entity</sdnType>
    <programList><program>CUBA</program></programList>
    <akaList><aka><uid>1</uid><type>a.k.a.</type><category>strong</category><lastName>NOWHERE AIR</lastName></aka>
      <aka><uid>2</uid><type>f.k.a.</type><category>strong</category><lastName>OLD AIR</lastName></aka></akaList>
    <addressList><address><uid>3</uid><country>Cuba</country></address></addressList>
  </sdnEntry>
  <sdnEntry><uid>7</uid><firstName>John</firstName><lastName>DOE</lastName><sdnType>Individual</sdnType>
    <akaList><aka><uid>4</uid><type>a.k.a.</type><category>weak</category><lastName>JD</lastName></aka></akaList>
    <idList><id><uid>5</uid><idType>Passport</idType><idNumber>1084010</idNumber><idCountry>Egypt</idCountry></id>
      <id><uid>6</uid><idType>Gender</idType><idNumber>Female</idNumber></id>
      <id><uid>7</uid><idType>Digital Currency Address - XBT</idType><idNumber>12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h</idNumber></id></idList>
    <nationalityList><nationality><uid>8</uid><country>Yemen</country></nationality></nationalityList>
    <dateOfBirthList><dateOfBirthItem><uid>9</uid><dateOfBirth>10 Dec 1948</dateOfBirth></dateOfBirthItem></dateOfBirthList>
  </sdnEntry>
</sdnList>"#;

#[test]
fn the_treasurys_xml_says_the_same_as_its_tables() {
    let snapshot = load(&[file("sdn.xml", XML)]).unwrap();
    assert_eq!(snapshot.lists[0].published.as_deref(), Some("2023-12-28"));
    let [company, person] = &snapshot.entities[..] else {
        panic!("two entries")
    };
    assert_eq!(
        names(company),
        [
            ("NOWHERE & SONS", NameGrade::Primary),
            ("NOWHERE AIR", NameGrade::Strong),
            ("OLD AIR", NameGrade::Former)
        ]
    );
    assert_eq!(
        names(person),
        [("DOE, John", NameGrade::Primary), ("JD", NameGrade::Weak)]
    );
    assert_eq!(person.gender, Some(Gender::Female));
    assert_eq!(person.countries, ["YE"]);
    assert_eq!(person.identifiers[0].kind, "passport");
    assert!(person.wallets[0].checksum_ok);
}

#[test]
fn a_cut_xml_is_refused() {
    let short = XML.replace("<Record_Count>2", "<Record_Count>3");
    assert_eq!(
        refusal(&[file("sdn.xml", &short)]),
        "sdn.xml: says that it has 3 records and has 2"
    );
    let half = XML.find("<sdnEntry><uid>7").unwrap();
    assert!(load(&[file("sdn.xml", &XML[..half])]).is_err());
    let hostile = format!("<!DOCTYPE x [<!ENTITY a \"b\">]>{}", &XML[38..]);
    assert!(refusal(&[file("sdn.xml", &hostile)]).contains("document type"));
    let foreign = XML.replace("&amp;", "&unknown;");
    assert!(refusal(&[file("sdn.xml", &foreign)]).starts_with("sdn.xml, line 4:"));
    let untyped = XML.replace("<category>weak</category>", "<category>odd</category>");
    assert_eq!(
        refusal(&[file("sdn.xml", &untyped)]),
        "sdn.xml, line 11: an unknown category of alias"
    );
}

const UN: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<CONSOLIDATED_LIST dateGenerated="2023-12-28T23:00:03.428Z">
<INDIVIDUALS><INDIVIDUAL><DATAID>1</DATAID><FIRST_NAME>JOHN</FIRST_NAME><SECOND_NAME>DOE</SECOND_NAME><UN_LIST_TYPE>DRC</UN_LIST_TYPE>
 <REFERENCE_NUMBER>CDi.008</REFERENCE_NUMBER><NAME_ORIGINAL_SCRIPT>Джон Доу</NAME_ORIGINAL_SCRIPT><GENDER>Male</GENDER>
 <NATIONALITY><VALUE>Democratic Republic of the Congo</VALUE></NATIONALITY>
 <INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY><ALIAS_NAME>Colonel Doe</ALIAS_NAME></INDIVIDUAL_ALIAS>
 <INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>Musa</ALIAS_NAME></INDIVIDUAL_ALIAS>
 <INDIVIDUAL_ALIAS><QUALITY/><ALIAS_NAME/></INDIVIDUAL_ALIAS>
 <INDIVIDUAL_ADDRESS><COUNTRY>Uganda</COUNTRY></INDIVIDUAL_ADDRESS>
 <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE><FROM_YEAR>1973</FROM_YEAR><TO_YEAR>1974</TO_YEAR></INDIVIDUAL_DATE_OF_BIRTH>
 <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>APPROXIMATELY</TYPE_OF_DATE><YEAR>1970</YEAR></INDIVIDUAL_DATE_OF_BIRTH>
 <INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>Passport</TYPE_OF_DOCUMENT><NUMBER>OB 0243318</NUMBER></INDIVIDUAL_DOCUMENT><INDIVIDUAL_DOCUMENT/>
</INDIVIDUAL></INDIVIDUALS>
<ENTITIES><ENTITY><DATAID>3</DATAID><FIRST_NAME>FORCES OF NOWHERE</FIRST_NAME><REFERENCE_NUMBER>CDe.001</REFERENCE_NUMBER>
 <ENTITY_ALIAS><QUALITY>f.k.a.</QUALITY><ALIAS_NAME>Old Forces</ALIAS_NAME></ENTITY_ALIAS></ENTITY></ENTITIES>
</CONSOLIDATED_LIST>"#;

#[test]
fn the_uns_qualities_of_aliases_become_grades() {
    let snapshot = load(&[file("consolidated.xml", UN)]).unwrap();
    let info = &snapshot.lists[0];
    assert_eq!(
        (info.list.as_str(), info.published.as_deref()),
        ("UN-SC", Some("2023-12-28"))
    );
    let [person, group] = &snapshot.entities[..] else {
        panic!("two entries")
    };
    assert_eq!(person.id, "CDi.008");
    assert_eq!(
        names(person),
        [
            ("JOHN DOE", NameGrade::Primary),
            ("Джон Доу", NameGrade::Strong),
            ("Colonel Doe", NameGrade::Strong),
            ("Musa", NameGrade::Weak)
        ]
    );
    assert_eq!(person.countries, ["CD", "UG"]);
    let years: Vec<_> = person.births.iter().map(|b| (b.year, b.circa)).collect();
    assert_eq!(years, [(1973, false), (1974, false), (1970, true)]);
    assert_eq!(person.identifiers[0].value, "OB 0243318");
    assert_eq!(names(group)[1], ("Old Forces", NameGrade::Former));
    let odd = UN.replace("<QUALITY>Low", "<QUALITY>Fair");
    assert_eq!(
        refusal(&[file("consolidated.xml", &odd)]),
        "consolidated.xml, line 7: an unknown QUALITY of an alias"
    );
}

const EU: &str = "\u{feff}fileGenerationDate;Entity_LogicalId;Entity_EU_ReferenceNumber;Entity_SubjectType;\
Entity_SubjectType_ClassificationCode;Entity_Regulation_Programme;NameAlias_LastName;NameAlias_FirstName;NameAlias_MiddleName;\
NameAlias_WholeName;NameAlias_Gender;NameAlias_Remark;BirthDate_BirthDate;BirthDate_Circa;BirthDate_Year;Identification_Number;\
Identification_TypeCode;Identification_CountryIso2Code;Citizenship_CountryIso2Code;Address_CountryDescription
28/12/2023;13;EU.27.28;P;person;IRQ;Doe;John;;John Doe;M;;1937-04-28;false;1937;;;;;
28/12/2023;13;EU.27.28;P;person;IRQ;;;;Abu Doe;;(Low quality a.k.a.);;;;;;;IQ;
28/12/2023;13;EU.27.28;P;person;IRQ;;;;;;;;true;1940;M0001;passport;IQ;;
28/12/2023;42;EU.11.3;E;enterprise;SYR;;;;\"Bank \"\"Nowhere\"\"; Branch\";;;;;;;;;;SYRIA
";

#[test]
fn the_eus_rows_are_gathered_by_entity() {
    let snapshot = load(&[file("eu.csv", EU)]).unwrap();
    let info = &snapshot.lists[0];
    assert_eq!(
        (info.list.as_str(), info.published.as_deref()),
        ("EU-FSF", Some("2023-12-28"))
    );
    let [person, bank] = &snapshot.entities[..] else {
        panic!("two entries")
    };
    assert_eq!((person.id.as_str(), person.kind), ("EU.27.28", EntityKind::Person));
    assert_eq!(
        names(person),
        [("John Doe", NameGrade::Primary), ("Abu Doe", NameGrade::Weak)]
    );
    let years: Vec<_> = person.births.iter().map(|b| (b.year, b.month, b.circa)).collect();
    assert_eq!(years, [(1937, Some(4), false), (1940, None, true)]);
    assert_eq!(person.countries, ["IQ"]);
    assert_eq!(person.gender, Some(Gender::Male));
    assert_eq!(person.identifiers[0].kind, "passport");
    assert_eq!(names(bank), [("Bank \"Nowhere\"; Branch", NameGrade::Primary)]);
    assert_eq!(bank.countries, ["SY"]);
    let nameless = EU.replace("\"Bank \"\"Nowhere\"\"; Branch\"", "");
    assert_eq!(
        refusal(&[file("eu.csv", &nameless)]),
        "eu.csv: EU.11.3 has no name in any row"
    );
    let untyped = EU.replace(";E;enterprise;", ";X;thing;");
    assert_eq!(
        refusal(&[file("eu.csv", &untyped)]),
        "eu.csv, line 5: neither person nor enterprise"
    );
}

#[test]
fn own_lists_name_what_is_wrong_with_them() {
    let good = "id,name,type,aliases,birth,countries,wallets,identifiers\n\
                a1,Jane Roe,person,J. Roe; Janie,1970-01-31,US;GB,ETH:0x8589427373d6d84e98730d7795d8f6f8731fda16,passport:X1:US\n";
    let snapshot = load(&[file("board.csv", good)]).unwrap();
    let entity = &snapshot.entities[0];
    assert_eq!((entity.list.as_str(), entity.id.as_str()), ("BOARD", "a1"));
    assert_eq!(names(entity).len(), 3);
    assert_eq!(entity.countries, ["US", "GB"]);
    assert!(entity.wallets[0].checksum_ok);
    for (text, expected) in [
        (
            "id,name,nickname\n",
            "board.csv, line 1: the column \"nickname\" is not known",
        ),
        ("id,name\n1,A\n\n2\n", "board.csv, line 4: 1 fields under 2 headings"),
        ("id,name\n1,\n", "board.csv, line 2: name is empty"),
        ("id,name\n1,A\n1,B\n", "board.csv, line 3: has the id of line 2"),
        ("id,name,birth\n1,A,soon\n", "board.csv, line 2: birth is no date"),
        ("id,name,type\n1,A,human\n", "board.csv, line 2: type is none of"),
    ] {
        let why = refusal(&[file("board.csv", text)]);
        assert!(why.starts_with(expected), "{why}");
    }
}

#[test]
fn the_built_in_list_is_whole() {
    let snapshot = built_in().unwrap();
    let [wallets, sdn] = &snapshot.lists[..] else {
        panic!("two lists")
    };
    assert_eq!(
        (sdn.list.as_str(), sdn.entries, sdn.partial),
        ("OFAC-SDN", 13_821, false)
    );
    assert_eq!((wallets.list.as_str(), wallets.wallets), ("OFAC-DIGITAL-CURRENCY", 656));
    // 13,821 primary names, 17,091 alternate ones, the rest from remarks.
    let graded = |grade| {
        snapshot
            .entities
            .iter()
            .flat_map(|e| &e.names)
            .filter(|n| n.grade == grade)
            .count()
    };
    assert_eq!(graded(NameGrade::Primary), 13_821);
    assert_eq!(graded(NameGrade::Strong), 16_507 + 17 + 1);
    let malformed: Vec<_> = snapshot
        .notices
        .iter()
        .filter(|n| n.kind == NoticeKind::MalformedWallet)
        .collect();
    assert!(malformed.iter().all(|n| {
        [
            "3F6bbvS1krsc1qR8FsbTDfYQyvkMm",
            "5be5543ff73456ab9f2d207887e2af87322c651ea1a873c5b25b7ffae456c320",
        ]
        .contains(&n.text.as_str())
    }));
    let rest: std::collections::BTreeMap<NoticeKind, usize> =
        snapshot
            .notices
            .iter()
            .fold(std::collections::BTreeMap::new(), |mut counts, notice| {
                *counts.entry(notice.kind).or_default() += 1;
                counts
            });
    assert_eq!(rest[&NoticeKind::CutRemark], 7);
    assert_eq!(
        rest[&NoticeKind::MalformedWallet],
        3,
        "two addresses, one of them in both lists"
    );
    assert_eq!(rest[&NoticeKind::UnusedRemark], 3);
    assert_eq!(rest.get(&NoticeKind::Date), None, "every date is understood");
}
