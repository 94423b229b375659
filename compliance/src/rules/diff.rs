//! What one set of rules changes of another, and whether it may take its place.

use chrono::NaiveDate;
use domain::RuleVersion;

use super::RuleSet;
use super::load::RulesError;

/// What became of one version of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub rule: RuleVersion,
    /// What.
    pub what: Changed,
}

/// Added, removed or different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Only the new set has it.
    Added,
    /// Only the old set has it.
    Removed,
    /// These fields differ.
    Fields(Vec<&'static str>),
}

impl RuleSet {
    /// What `new` changes of this set, by rule and version.
    pub fn diff(&self, new: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        for rule in self.all() {
            let rule_ref = rule.version_ref();
            let what = match new.find(&rule_ref) {
                None => Changed::Removed,
                Some(other) => match rule.differs(other) {
                    fields if fields.is_empty() => continue,
                    fields => Changed::Fields(fields),
                },
            };
            changes.push(Change { rule: rule_ref, what });
        }
        let added = new
            .all()
            .map(super::Rule::version_ref)
            .filter(|rule| self.find(rule).is_none());
        changes.extend(added.map(|rule| Change {
            rule,
            what: Changed::Added,
        }));
        changes.sort_by(|a, b| a.rule.cmp(&b.rule));
        changes
    }

    /// Whether `new` may follow this set on that day: every version that was in force by then, or known by then, stands in it word
    /// for word, and what it adds was not known before.
    pub fn may_be_followed_by(&self, new: &Self, day: NaiveDate) -> Result<(), RulesError> {
        let refuse = |rule: &RuleVersion, field: &str| RulesError::Rewritten {
            id: rule.id.clone(),
            version: rule.version,
            field: field.to_owned(),
        };
        for change in self.diff(new) {
            let took_effect = |rule: &super::Rule| rule.known_from <= day;
            match &change.what {
                Changed::Added => {
                    // A version that claims to have been known earlier would change what old decisions replay to.
                    let early = new.find(&change.rule).is_some_and(|rule| rule.known_from < day);
                    let chain_is_new = !self.chains.contains_key(&change.rule.id);
                    if early && !chain_is_new {
                        return Err(refuse(&change.rule, "known_from"));
                    }
                }
                Changed::Removed if self.find(&change.rule).is_some_and(took_effect) => {
                    return Err(refuse(&change.rule, "version"));
                }
                Changed::Fields(fields) if self.find(&change.rule).is_some_and(took_effect) => {
                    return Err(refuse(&change.rule, fields.first().copied().unwrap_or("version")));
                }
                Changed::Removed | Changed::Fields(_) => {}
            }
        }
        Ok(())
    }
}
