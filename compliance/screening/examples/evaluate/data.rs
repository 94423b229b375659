//! Reads the evaluation files: the list, the queries, the negatives and the pairs.

use std::{collections::HashMap, fs, path::Path};

use usance_screening::lists::csv::records;
use usance_screening::{Entity, EntityKind, ListedName, NameGrade};

/// A misspelt listed name.
#[derive(Clone, Debug)]
pub struct Positive {
    pub query: String,
    pub id: String,
    pub class: String,
    pub person: bool,
}

/// A labelled pair of names.
#[derive(Clone, Debug)]
pub struct Pair {
    pub kind: EntityKind,
    pub a: String,
    pub b: String,
    pub same: bool,
    pub strong: bool,
    /// The half that was not tuned on.
    pub held_out: bool,
}

/// Rows of a CSV file.
pub fn rows(path: &Path) -> Vec<Vec<String>> {
    let bytes = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let read = records(&String::from_utf8_lossy(&bytes), ',');
    let read = read.unwrap_or_else(|e| panic!("{}, line {}: {}", path.display(), e.line, e.why));
    read.into_iter().map(|record| record.fields).collect()
}

/// The list with its alternate names, and the weak aliases of the remarks.
pub fn ofac(folder: &Path) -> Vec<Entity> {
    let mut entities = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for row in rows(&folder.join("sdn.csv")).iter().filter(|r| r.len() > 11) {
        let kind = match row[2].trim() {
            "individual" => EntityKind::Person,
            "vessel" => EntityKind::Vessel,
            "aircraft" => EntityKind::Aircraft,
            _ => EntityKind::Organization,
        };
        let mut names = vec![name(&row[1], NameGrade::Primary)];
        let mut rest = row[11].as_str();
        while let Some(at) = rest.find("a.k.a. '") {
            rest = &rest[at + 8..];
            if let Some(end) = rest.find("';").or_else(|| rest.rfind('\'')) {
                names.push(name(&rest[..end], NameGrade::Weak));
                rest = &rest[end..];
            }
        }
        places.insert(row[0].trim().to_owned(), entities.len());
        entities.push(Entity {
            list: "OFAC-SDN".to_owned(),
            id: row[0].trim().to_owned(),
            kind,
            names,
            ..Entity::default()
        });
    }
    for row in rows(&folder.join("alt.csv")).iter().filter(|r| r.len() > 3) {
        if let Some(at) = places.get(row[0].trim()) {
            let grade = if row[2].trim() == "fka" {
                NameGrade::Former
            } else {
                NameGrade::Strong
            };
            entities[*at].names.push(name(&row[3], grade));
        }
    }
    entities
}

fn name(text: &str, grade: NameGrade) -> ListedName {
    ListedName {
        text: text.trim().to_owned(),
        grade,
    }
}

pub fn positives(path: &Path) -> Vec<Positive> {
    rows(path)
        .into_iter()
        .skip(1)
        .filter(|r| r.len() >= 4)
        .map(|r| Positive {
            query: r[0].clone(),
            id: r[1].clone(),
            class: r[3].clone(),
            person: r[2] == "person",
        })
        .collect()
}

/// Full names of synthetic people.
pub fn negatives(folder: &Path) -> Vec<String> {
    ["negatives_global.csv", "negatives_us.csv"]
        .iter()
        .flat_map(|f| rows(&folder.join(f)).into_iter().skip(1))
        .filter(|r| r.len() >= 4)
        .map(|r| r[0].clone())
        .collect()
}

/// More of them: given names of one with the family name of another.
pub fn mixed(folder: &Path, count: usize) -> Vec<String> {
    let people: Vec<Vec<String>> = ["negatives_global.csv", "negatives_us.csv"]
        .iter()
        .flat_map(|f| rows(&folder.join(f)).into_iter().skip(1))
        .filter(|r| r.len() >= 4)
        .collect();
    let mut random = crate::perturb::Random(77);
    let mut out = Vec::new();
    while out.len() < count {
        // Neighbours in the files are of the same sort of culture only by chance, so near ones are mixed.
        let at = random.below(people.len());
        let other = random.below(people.len());
        let (a, b) = (&people[at], &people[other]);
        if a[3].is_ascii() != b[3].is_ascii() || at == other {
            continue;
        }
        let full = [a[1].as_str(), a[2].as_str(), b[3].as_str()].join(" ");
        out.push(full.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    out
}

pub fn pairs(path: &Path) -> Vec<Pair> {
    rows(path)
        .into_iter()
        .skip(1)
        .filter(|r| r.len() >= 6)
        .map(|r| Pair {
            kind: match r[1].as_str() {
                "Person" => EntityKind::Person,
                "Vessel" => EntityKind::Vessel,
                _ => EntityKind::Organization,
            },
            same: r[4] == "true",
            strong: r[5] == "STRONG",
            held_out: hash(&format!("{}|{}", r[2], r[3])) % 2 == 1,
            a: r[2].clone(),
            b: r[3].clone(),
        })
        .collect()
}

pub fn hash(text: &str) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    for b in text.bytes() {
        hash = (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01B3);
    }
    hash ^ (hash >> 32)
}
