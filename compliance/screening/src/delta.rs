//! What changed between two snapshots, and which names have to be asked again.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, NameGrade};
use crate::lists::Snapshot;

/// List and number of an entry.
pub type EntryId = (String, String);

/// A part of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Person, organization, vessel or aircraft.
    Kind,
    /// A name, or the grade of one.
    Names,
    /// Dates of birth.
    Births,
    /// Countries.
    Countries,
    /// Gender.
    Gender,
    /// Documents and numbers.
    Identifiers,
    /// Wallets.
    Wallets,
    /// Sanctions programs. No match depends on them.
    Programs,
}

/// What one snapshot has and the other has not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// Version of the former snapshot.
    pub from: String,
    /// Version of the newer one.
    pub to: String,
    /// New entries.
    pub added: Vec<EntryId>,
    /// Entries that are gone.
    pub removed: Vec<EntryId>,
    /// Entries that say something else now, and what of them.
    pub changed: BTreeMap<String, Changed>,
    /// Parts that only one of the two has and that were therefore not compared.
    pub not_compared: Vec<String>,
}

/// A changed entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// List and number.
    pub entry: EntryId,
    /// What differs, sorted.
    pub fields: Vec<Field>,
}

impl Delta {
    /// Compares. Where one of the two snapshots lacks a part of a list (alternate names, addresses, the end of a long remark), only
    /// what both have is compared, and [`Delta::not_compared`] says so.
    #[must_use]
    pub fn between(from: &Snapshot, to: &Snapshot) -> Self {
        let (old, new) = (by_id(from), by_id(to));
        let partial = partial_lists(from, to);
        let cut: HashSet<&EntryId> = from.cut.iter().chain(&to.cut).collect();
        let mut delta = Self {
            from: from.version.clone(),
            to: to.version.clone(),
            ..Self::default()
        };
        for (id, entity) in &new {
            let Some(before) = old.get(id) else {
                delta.added.push(id.clone());
                continue;
            };
            let scope = Scope {
                partial: partial.contains(id.0.as_str()),
                cut: cut.contains(id),
            };
            let fields = differences(before, entity, scope);
            if !fields.is_empty() {
                let key = format!("{}/{}", id.0, id.1);
                delta.changed.insert(
                    key,
                    Changed {
                        entry: id.clone(),
                        fields,
                    },
                );
            }
        }
        delta.removed = old.keys().filter(|id| !new.contains_key(*id)).cloned().collect();
        for list in partial {
            delta.not_compared.push(format!(
                "{list}: alternate names and addresses, which one of the two has not"
            ));
        }
        if !cut.is_empty() {
            delta.not_compared.push(format!(
                "remarks of {} entries, which are cut in one of the two",
                cut.len()
            ));
        }
        delta
    }

    /// Nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// Entries that may be hit now and were not before: new ones, and those changed in anything that matching reads.
    #[must_use]
    pub fn may_hit(&self) -> BTreeSet<EntryId> {
        let changed = self
            .changed
            .values()
            .filter(|change| change.fields.iter().any(|f| *f != Field::Programs));
        self.added
            .iter()
            .chain(changed.map(|change| &change.entry))
            .cloned()
            .collect()
    }

    /// Entries whose former hits have to be asked again: they may have lapsed.
    #[must_use]
    pub fn may_lapse(&self) -> BTreeSet<EntryId> {
        let changed = self.changed.values().map(|change| &change.entry);
        self.removed.iter().chain(changed).cloned().collect()
    }
}

fn by_id(snapshot: &Snapshot) -> BTreeMap<EntryId, &Entity> {
    let keyed = |entity: &Entity| (entity.list.clone(), entity.id.clone());
    snapshot.entities.iter().map(|entity| (keyed(entity), entity)).collect()
}

/// Lists that are partial in exactly one of the snapshots.
fn partial_lists(from: &Snapshot, to: &Snapshot) -> BTreeSet<String> {
    let partial = |snapshot: &Snapshot| -> BTreeSet<String> {
        let lists = snapshot.lists.iter().filter(|info| info.partial);
        lists.map(|info| info.list.clone()).collect()
    };
    partial(from).symmetric_difference(&partial(to)).cloned().collect()
}

#[derive(Clone, Copy)]
struct Scope {
    partial: bool,
    cut: bool,
}

fn differences(a: &Entity, b: &Entity, scope: Scope) -> Vec<Field> {
    let names = |entity: &Entity| -> BTreeSet<(String, NameGrade)> {
        let kept = entity.names.iter().filter(|name| match name.grade {
            NameGrade::Primary => true,
            NameGrade::Weak => !scope.cut,
            // Alternate names and remarks both give these; without the alternate names nothing can be said.
            NameGrade::Strong | NameGrade::Former => !scope.partial && !scope.cut,
        });
        kept.map(|name| (name.text.clone(), name.grade)).collect()
    };
    let mut fields = Vec::new();
    let mut differ = |field, differs| {
        if differs {
            fields.push(field);
        }
    };
    differ(Field::Kind, a.kind != b.kind);
    differ(Field::Names, names(a) != names(b));
    if !scope.cut {
        differ(Field::Births, set(&a.births) != set(&b.births));
        if !scope.partial {
            differ(Field::Countries, set(&a.countries) != set(&b.countries));
        }
        differ(Field::Gender, a.gender != b.gender);
        differ(Field::Identifiers, set(&a.identifiers) != set(&b.identifiers));
        differ(Field::Wallets, set(&a.wallets) != set(&b.wallets));
    }
    differ(Field::Programs, set(&a.programs) != set(&b.programs));
    fields
}

fn set<T: std::hash::Hash + Eq>(values: &[T]) -> HashSet<&T> {
    values.iter().collect()
}

#[cfg(test)]
mod tests;
