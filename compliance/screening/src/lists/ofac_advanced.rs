//! The US Treasury's list in its advanced XML: names part by part and in other scripts, and everything else by reference to tables in the
//! same document. A reference that leads nowhere stops the load.

use std::collections::HashMap;

use super::remarks::{country_of, identifier_kind};
use super::xml::Element;
use super::{Format, LoadError, Notice, NoticeKind, Parsed, countries, dates};
use crate::entity::{Entity, EntityKind, Gender, Identifier, ListedName, ListedWallet, NameGrade, PartialDate};
use crate::wallets;

/// Elements that say nothing of who is meant; they are left out while the document is read, which is most of its size.
pub(super) const UNUSED: [&str; 6] = [
    "ProfileRelationships",
    "SanctionsEntryLinks",
    "EntryEvent",
    "DocumentDate",
    "DocumentedNameReference",
    "FeatureVersionReference",
];
const WALLET: &str = "Digital Currency Address";
/// Written without a space between the parts of a name.
const UNSPACED: [&str; 6] = ["Hani", "Hans", "Hant", "Hang", "Jpan", "Kore"];

/// Reads the document.
pub(super) fn read(list: &str, file: &str, root: &Element) -> Result<Parsed, LoadError> {
    let published = root.child("DateOfIssue").and_then(|day| {
        let part = |name| day.value(name);
        dates::published(&format!("{}/{}/{}", part("Month")?, part("Day")?, part("Year")?), true)
    });
    let mut reader = Reader {
        file,
        tables: Tables::of(root),
        notices: Vec::new(),
    };
    let mut entities = Vec::new();
    for party in root.items("DistinctParties", "DistinctParty") {
        entities.push(reader.party(list, party)?);
    }
    Ok(Parsed {
        list: list.to_owned(),
        format: Format::OfacAdvancedXml,
        published,
        partial: false,
        entities,
        cut: Vec::new(),
        notices: reader.notices,
    })
}

/// Everything that is referred to.
struct Tables<'a> {
    /// Values of the reference sets, by element and id.
    values: HashMap<(&'a str, &'a str), &'a Element>,
    locations: HashMap<&'a str, &'a Element>,
    /// By the identity that they belong to.
    documents: HashMap<&'a str, Vec<&'a Element>>,
    /// Measures by profile.
    measures: HashMap<&'a str, Vec<&'a Element>>,
}

impl<'a> Tables<'a> {
    fn of(root: &'a Element) -> Self {
        let sets = root.all("ReferenceValueSets").flat_map(|sets| &sets.children);
        let values = sets.flat_map(|set| &set.children);
        let values = values.filter_map(|value| Some(((value.name.as_str(), value.attribute("ID")?), value)));
        let locations = root.items("Locations", "Location");
        let mut documents: HashMap<_, Vec<_>> = HashMap::new();
        for document in root.items("IDRegDocuments", "IDRegDocument") {
            documents
                .entry(document.attribute("IdentityID").unwrap_or_default())
                .or_default()
                .push(document);
        }
        let mut measures: HashMap<_, Vec<_>> = HashMap::new();
        for entry in root.items("SanctionsEntries", "SanctionsEntry") {
            let of = measures
                .entry(entry.attribute("ProfileID").unwrap_or_default())
                .or_default();
            of.extend(entry.all("SanctionsMeasure"));
        }
        Self {
            values: values.collect(),
            locations: locations
                .filter_map(|place| Some((place.attribute("ID")?, place)))
                .collect(),
            documents,
            measures,
        }
    }
}

struct Reader<'a> {
    file: &'a str,
    tables: Tables<'a>,
    notices: Vec<Notice>,
}

impl<'a> Reader<'a> {
    fn wrong(&self, at: &Element, why: impl Into<String>) -> LoadError {
        LoadError::line(self.file, at.line, why)
    }

    fn notice(&mut self, line: usize, kind: NoticeKind, text: &str) {
        self.notices.push(Notice {
            file: self.file.to_owned(),
            line,
            kind,
            text: text.to_owned(),
        });
    }

    /// What an attribute refers to among the values of that element.
    fn value(&self, at: &Element, attribute: &str, element: &str) -> Result<&'a Element, LoadError> {
        let id = at.attribute(attribute).unwrap_or_default();
        let found = self.tables.values.get(&(element, id)).copied();
        found.ok_or_else(|| self.wrong(at, format!("{attribute} {id:?} is no {element} of the document")))
    }

    fn party(&mut self, list: &str, party: &'a Element) -> Result<Entity, LoadError> {
        let id = party.attribute("FixedRef").filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| self.wrong(party, "a party without FixedRef"))?;
        let mut profiles = party.all("Profile");
        let (Some(profile), None) = (profiles.next(), profiles.next()) else {
            return Err(self.wrong(party, "a party that has not exactly one profile"));
        };
        let mut entity = Entity {
            list: list.to_owned(),
            id: id.to_owned(),
            kind: self.kind(profile)?,
            ..Entity::default()
        };
        for identity in profile.all("Identity") {
            self.names(identity, &mut entity)?;
            let documents = identity.attribute("ID").and_then(|id| self.tables.documents.get(id));
            for document in documents.cloned().unwrap_or_default() {
                self.document(document, &mut entity)?;
            }
        }
        // The primary name stands first, wherever it was.
        entity.names.sort_by_key(|name| name.grade != NameGrade::Primary);
        if entity
            .names
            .iter()
            .filter(|name| name.grade == NameGrade::Primary)
            .count()
            != 1
        {
            return Err(self.wrong(profile, "a party that has not exactly one primary name"));
        }
        for feature in profile.all("Feature") {
            self.feature(feature, &mut entity)?;
        }
        let measures = profile.attribute("ID").and_then(|id| self.tables.measures.get(id));
        for measure in measures.cloned().unwrap_or_default() {
            let program = self.value(measure, "SanctionsTypeID", "SanctionsType")?.text == "Program";
            let name = measure.value("Comment").filter(|_| program);
            entity.programs.extend(name.map(str::to_owned));
        }
        Ok(entity)
    }

    fn kind(&self, profile: &Element) -> Result<EntityKind, LoadError> {
        let sub = self.value(profile, "PartySubTypeID", "PartySubType")?;
        let of = self.value(sub, "PartyTypeID", "PartyType")?;
        match (of.text.as_str(), sub.text.as_str()) {
            ("Individual", _) => Ok(EntityKind::Person),
            ("Entity", _) => Ok(EntityKind::Organization),
            (_, "Vessel") => Ok(EntityKind::Vessel),
            (_, "Aircraft") => Ok(EntityKind::Aircraft),
            (kind, sub) => Err(self.wrong(profile, format!("an unknown type of party: {kind}, {sub}"))),
        }
    }

    fn names(&mut self, identity: &'a Element, entity: &mut Entity) -> Result<(), LoadError> {
        let mut parts: HashMap<&str, &str> = HashMap::new();
        for group in identity
            .all("NamePartGroups")
            .flat_map(|groups| groups.items("MasterNamePartGroup", "NamePartGroup"))
        {
            let kind = self.value(group, "NamePartTypeID", "NamePartType")?;
            parts.insert(group.attribute("ID").unwrap_or_default(), &kind.text);
        }
        for alias in identity.all("Alias") {
            let primary = is(alias, "Primary");
            let grade = match self.value(alias, "AliasTypeID", "AliasType")?.text.as_str() {
                _ if is(alias, "LowQuality") => NameGrade::Weak,
                "F.K.A." => NameGrade::Former,
                "Name" | "A.K.A." | "N.K.A." => NameGrade::Strong,
                other => return Err(self.wrong(alias, format!("an unknown type of alias: {other}"))),
            };
            let mut written = 0;
            for documented in alias.all("DocumentedName") {
                let text = self.name(documented, &parts)?;
                if !text.chars().any(char::is_alphanumeric) {
                    self.notice(documented.line, NoticeKind::EmptyAlias, &text);
                    continue;
                }
                written += 1;
                // The first spelling is the Latin one; the others are the same name in its own script.
                let grade = if primary && written == 1 {
                    NameGrade::Primary
                } else {
                    grade
                };
                let known = entity.names.iter_mut().find(|name| name.text == text);
                match known {
                    Some(known) if grade == NameGrade::Primary => known.grade = grade,
                    Some(_) => {}
                    None => entity.names.push(ListedName { text, grade }),
                }
            }
            if alias.child("DocumentedName").is_none() {
                return Err(self.wrong(alias, "an alias without a name"));
            }
        }
        Ok(())
    }

    /// `LAST, First` for people as in the tables, and the parts in their order for everything else.
    fn name(&self, documented: &'a Element, parts: &HashMap<&str, &str>) -> Result<String, LoadError> {
        let (mut family, mut given): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
        let (mut in_given, mut spaced) = (false, true);
        for part in documented.items("DocumentedNamePart", "NamePartValue") {
            let group = part.attribute("NamePartGroupID").unwrap_or_default();
            let kind = parts
                .get(group)
                .ok_or_else(|| self.wrong(part, "a part of a name that belongs to no group"))?;
            match *kind {
                "First Name" | "Middle Name" | "Nickname" => in_given = true,
                // Names after father and mother go with what stands before them.
                "Patronymic" | "Matronymic" => {}
                _ => in_given = false,
            }
            if part.attribute("ScriptID").is_some() {
                let script = self.value(part, "ScriptID", "Script")?;
                spaced &= !script
                    .attribute("ScriptCode")
                    .is_some_and(|code| UNSPACED.contains(&code));
            }
            if in_given { &mut given } else { &mut family }.push(&part.text);
        }
        let space = if spaced { " " } else { "" };
        let (family, given) = (family.join(space), given.join(space));
        Ok(match (family.is_empty(), given.is_empty()) {
            (false, false) if spaced => format!("{family}, {given}"),
            _ => format!("{family}{given}"),
        })
    }

    fn document(&mut self, document: &'a Element, entity: &mut Entity) -> Result<(), LoadError> {
        let kind = self.value(document, "IDRegDocTypeID", "IDRegDocType")?;
        let country = match document.attribute("IssuedBy-CountryID") {
            Some(_) => code_of(self.value(document, "IssuedBy-CountryID", "Country")?),
            None => None,
        };
        identify(
            &kind.text,
            document.value("IDRegistrationNo").unwrap_or_default(),
            country,
            entity,
        );
        Ok(())
    }

    fn feature(&mut self, feature: &'a Element, entity: &mut Entity) -> Result<(), LoadError> {
        let kind = &self.value(feature, "FeatureTypeID", "FeatureType")?.text;
        for version in feature.all("FeatureVersion") {
            let said = self.said(version)?;
            if kind == "Birthdate" {
                for period in version.all("DatePeriod") {
                    match born(period) {
                        Some(births) => entity.births.extend(births),
                        None => self.notice(period.line, NoticeKind::Date, "a period that is not understood"),
                    }
                }
            } else if kind == "Gender" {
                entity.gender = match said {
                    Some("Male") => Some(Gender::Male),
                    Some("Female") => Some(Gender::Female),
                    _ => None,
                };
            } else if let Some(rest) = kind.strip_prefix(WALLET) {
                self.wallet(version, (rest, said), entity)?;
            } else if is_of_a_country(kind) {
                self.countries(version, said, entity)?;
            } else if let Some(value) = said {
                identify(kind, value, None, entity);
            }
        }
        Ok(())
    }

    /// The detail of a feature: its text, or the value that it refers to.
    fn said(&self, version: &'a Element) -> Result<Option<&'a str>, LoadError> {
        let Some(detail) = version.child("VersionDetail") else {
            return Ok(None);
        };
        if detail.attribute("DetailReferenceID").is_some() {
            let value = self.value(detail, "DetailReferenceID", "DetailReference")?;
            return Ok(Some(&value.text));
        }
        Ok(Some(detail.text.as_str()).filter(|text| !text.is_empty()))
    }

    fn wallet(
        &mut self,
        at: &Element,
        (kind, said): (&str, Option<&str>),
        entity: &mut Entity,
    ) -> Result<(), LoadError> {
        let currency = kind.strip_prefix(" - ").filter(|currency| !currency.is_empty());
        let (Some(currency), Some(address)) = (currency, said) else {
            return Err(self.wrong(at, "a digital currency address without currency or address"));
        };
        let checksum_ok = wallets::is_well_formed(address);
        if !checksum_ok {
            self.notice(at.line, NoticeKind::MalformedWallet, address);
        }
        entity.wallets.push(ListedWallet {
            currency: currency.to_owned(),
            address: address.to_owned(),
            checksum_ok,
        });
        Ok(())
    }

    /// Countries of the places of a feature, and one that it names in words.
    fn countries(&mut self, version: &'a Element, said: Option<&str>, entity: &mut Entity) -> Result<(), LoadError> {
        let mut named: Vec<(usize, &str)> = said.map(|name| (version.line, name)).into_iter().collect();
        for at in version.all("VersionLocation") {
            let id = at.attribute("LocationID").unwrap_or_default();
            let place = self.tables.locations.get(id).copied();
            let place =
                place.ok_or_else(|| self.wrong(at, format!("LocationID {id:?} is no Location of the document")))?;
            let mut found = Vec::new();
            for country in place.all("LocationCountry") {
                found.push(self.value(country, "CountryID", "Country")?);
            }
            // An area without a country of its own says which one it lies in.
            let areas = place.all("LocationAreaCode").take(usize::from(found.is_empty()));
            for area in areas {
                let area = self.value(area, "AreaCodeID", "AreaCode")?;
                if area.attribute("CountryID").is_some() {
                    found.push(self.value(area, "CountryID", "Country")?);
                }
            }
            named.extend(
                found
                    .into_iter()
                    .map(|country| (at.line, code_of(country).unwrap_or(&country.text))),
            );
        }
        for (line, name) in named
            .into_iter()
            .filter(|(_, name)| !name.eq_ignore_ascii_case("undetermined"))
        {
            let mut odd = None;
            country_of(name, entity, &mut |kind, text| odd = Some((kind, text.to_owned())));
            if let Some((kind, text)) = odd {
                self.notice(line, kind, &text);
            }
        }
        Ok(())
    }
}

fn is(element: &Element, attribute: &str) -> bool {
    element.attribute(attribute) == Some("true")
}

/// Addresses, nationality, citizenship and flags; not the place of birth, which the tables do not count either.
fn is_of_a_country(kind: &str) -> bool {
    kind == "Location"
        || kind.ends_with("Vessel Flag")
        || kind.starts_with("Nationality")
        || kind.starts_with("Citizenship")
}

fn code_of(country: &Element) -> Option<&'static str> {
    let code = country.attribute("ISO2").and_then(countries::iso2);
    code.or_else(|| countries::iso2(&country.text))
}

fn identify(words: &str, value: &str, country: Option<&str>, entity: &mut Entity) {
    let kind = match words {
        "Vessel Call Sign" => Some("call sign"),
        _ => identifier_kind(words),
    };
    let value = value.trim_start_matches("IMO ").trim();
    if let Some(kind) = kind.filter(|_| !value.is_empty()) {
        entity.identifiers.push(Identifier {
            kind: kind.to_owned(),
            value: value.to_owned(),
            country: country.map(str::to_owned),
        });
    }
}

/// A day, a month, a year or a span of years. A period is a beginning and an end, each of them a span itself.
fn born(period: &Element) -> Option<Vec<PartialDate>> {
    let (start, end) = (period.child("Start")?, period.child("End"));
    let circa = is(start, "Approximate") || end.is_some_and(|end| is(end, "Approximate"));
    let from = day_of(start.child("From")?, (1, 1))?;
    let last = end.and_then(|end| end.child("To").or_else(|| end.child("From")));
    let to = day_of(
        last.or_else(|| start.child("To")).or_else(|| start.child("From"))?,
        (12, 31),
    )?;
    let whole_year = (from.1, from.2, to.1, to.2) == (1, 1, 12, 31);
    let whole_month = from.2 == 1 && to.2 >= 28;
    let of = |month: Option<u8>, day: Option<u8>| PartialDate {
        year: from.0,
        month,
        day,
        circa,
    };
    if from == to {
        return Some(vec![of(Some(from.1), Some(from.2))]);
    }
    if from.0 == to.0 {
        let one = from.1 == to.1 && (whole_month || !whole_year);
        return Some(vec![of(one.then_some(from.1), None)]);
    }
    let years = dates::years(from.0, to.0)?;
    let years = years.into_iter().map(|year| PartialDate {
        circa: circa || year.circa,
        ..year
    });
    Some(years.collect())
}

/// Year, month and day; what is missing is taken from `otherwise`.
fn day_of(element: &Element, otherwise: (u8, u8)) -> Option<(u16, u8, u8)> {
    let part = |name: &str, otherwise: u8, most: u8| match element.value(name) {
        None => Some(otherwise),
        Some(text) => text.parse().ok().filter(|number| (1..=most).contains(number)),
    };
    let year = dates::year_of(element.value("Year")?)?;
    Some((year, part("Month", otherwise.0, 12)?, part("Day", otherwise.1, 31)?))
}
