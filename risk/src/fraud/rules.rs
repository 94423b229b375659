//! The rules file: read, checked completely, or refused. Its SHA-256 is part of its version.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use domain::Reason;
use domain::money::{Currency, Money};
use domain::ports::velocity::Entity;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::facts::{EmailDomain, Fact};
use super::{FraudOutcome, SubRule, sub_rule};

/// The version of the file format that this build reads.
const FORMAT: u32 = 1;
/// Most rules in a file.
pub(super) const RULES_AT_MOST: usize = 64;

const UNAVAILABLE: &str = "STORE_UNAVAILABLE";

/// Why rules were refused. Every kind means the same for the caller: do not decide with them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FraudRulesError {
    /// The bytes are not those that were released.
    #[error("the hash of the fraud rules differs from the released one")]
    Hash,
    /// A format that this build does not know.
    #[error("the fraud rules have format {0}, this build reads {FORMAT}")]
    Format(u32),
    /// Not TOML, a key missing or unknown, a fact or an outcome that this build does not know.
    #[error("the fraud rules cannot be read: {0}")]
    Syntax(String),
    /// Something in them says nothing this build can follow.
    #[error("{at}: {problem}")]
    Inconsistent {
        /// The rule, typology or list.
        at: String,
        /// What is wrong.
        problem: &'static str,
    },
}

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parts {
    #[expect(dead_code, reason = "checked before the rest is read")]
    format: u32,
    pub id: String,
    pub notice: Reason,
    pub unavailable: WhenUnavailable,
    pub lists: Lists,
    #[serde(default, rename = "hard_list")]
    pub hard_lists: Vec<HardList>,
    #[serde(default, rename = "override")]
    pub overrides: Vec<Override>,
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
    #[serde(rename = "typology")]
    pub typologies: Vec<Typology>,
}

/// What holds when the counters could not be asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhenUnavailable {
    /// Minor units above which a person has to look. A currency that is not here: always.
    pub review_above: BTreeMap<Currency, i64>,
    pub reason: String,
}

/// Domains of e-mail addresses.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lists {
    pub free_email: BTreeSet<String>,
    pub disposable_email: BTreeSet<String>,
}

/// Entities that decide alone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HardList {
    pub id: String,
    pub outcome: FraudOutcome,
    pub reason: String,
    pub entities: BTreeSet<Entity>,
}

/// Entities for which typologies do not decide, such as the device at a counter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Override {
    pub id: String,
    pub reason: String,
    pub entities: BTreeSet<Entity>,
    pub typologies: BTreeSet<String>,
}

/// A fact and what its values weigh.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub id: String,
    pub fact: Fact,
    #[serde(default)]
    pub bands: Vec<Band>,
    #[serde(default)]
    pub cases: Vec<Case>,
    pub missing: Option<Missing>,
}

/// From `from`, included, to `below`, excluded.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Band {
    #[serde(rename = "ref")]
    pub reference: String,
    pub from: Option<i64>,
    pub below: Option<i64>,
    pub weight: u32,
    #[serde(default)]
    pub reason: String,
}

/// Some values of a fact that has cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    #[serde(rename = "ref")]
    pub reference: String,
    pub values: BTreeSet<String>,
    pub weight: u32,
    #[serde(default)]
    pub reason: String,
}

/// What a fact weighs that could not be had; nothing when a rule does not say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Missing {
    #[serde(rename = "ref")]
    pub reference: String,
    pub weight: u32,
    #[serde(default)]
    pub reason: String,
}

/// A way of fraud.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typology {
    pub id: String,
    pub title: String,
    pub rules: Vec<String>,
    pub review: u32,
    pub decline: u32,
}

impl Typology {
    pub(super) fn says(&self, score: u32) -> FraudOutcome {
        if score >= self.decline {
            FraudOutcome::Decline
        } else if score >= self.review {
            FraudOutcome::Review
        } else {
            FraudOutcome::Approve
        }
    }
}

/// A band or a case that a value fell into.
pub(super) struct Hit<'a> {
    pub reference: &'a str,
    pub weight: u32,
    pub reason: &'a str,
}

impl Rule {
    /// Every band, case and the missing one, in the order of the file.
    pub(super) fn hits(&self) -> impl Iterator<Item = Hit<'_>> {
        let bands = self.bands.iter().map(|b| (&b.reference, b.weight, &b.reason));
        let cases = self.cases.iter().map(|c| (&c.reference, c.weight, &c.reason));
        let missing = self.missing.iter().map(|m| (&m.reference, m.weight, &m.reason));
        bands.chain(cases).chain(missing).map(hit)
    }

    /// Where a value falls. A case is given by its place among the names of its fact.
    pub(super) fn band(&self, value: Option<i64>) -> Option<Hit<'_>> {
        let Some(value) = value else {
            return self.missing.as_ref().map(|m| hit((&m.reference, m.weight, &m.reason)));
        };
        if let Some(names) = self.fact.cases() {
            let name = usize::try_from(value).ok().and_then(|place| names.get(place))?;
            let case = self.cases.iter().find(|case| case.values.contains(*name));
            return case.map(|c| hit((&c.reference, c.weight, &c.reason)));
        }
        let band = self
            .bands
            .iter()
            .find(|band| band.below.is_none_or(|below| value < below));
        band.map(|b| hit((&b.reference, b.weight, &b.reason)))
    }
}

fn hit<'a>((reference, weight, reason): (&'a String, u32, &'a String)) -> Hit<'a> {
    Hit {
        reference,
        weight,
        reason,
    }
}

/// Checked rules. There is no way to make any that were not checked.
#[derive(Debug)]
pub struct FraudRules {
    parts: Parts,
    /// Places of the rules of each typology.
    members: Vec<Vec<usize>>,
    version: String,
}

impl FraudRules {
    /// Reads and checks rules. `sha256` is the released hash of `toml`, hexadecimal.
    pub fn load(toml: &str, sha256: &str) -> Result<Self, FraudRulesError> {
        // Read first and alone, so that a later format is called by its name.
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let digest = hex::encode(Sha256::digest(toml.as_bytes()));
        if digest != sha256.trim() {
            return Err(FraudRulesError::Hash);
        }
        let syntax = |e: toml::de::Error| FraudRulesError::Syntax(e.to_string());
        let head: Head = toml::from_str(toml).map_err(syntax)?;
        if head.format != FORMAT {
            return Err(FraudRulesError::Format(head.format));
        }
        let parts: Parts = toml::from_str(toml).map_err(syntax)?;
        super::check::check(&parts)?;
        let place = |id: &String| parts.rules.iter().position(|rule| rule.id == *id);
        let members = parts
            .typologies
            .iter()
            .map(|t| t.rules.iter().filter_map(place).collect());
        Ok(Self {
            members: members.collect(),
            version: format!("{}@{digest}", parts.id),
            parts,
        })
    }

    /// The rules that ship with this build, loaded once and shared.
    pub fn built_in() -> Result<Arc<Self>, FraudRulesError> {
        static RULES: OnceLock<Result<Arc<FraudRules>, FraudRulesError>> = OnceLock::new();
        RULES
            .get_or_init(|| {
                let released = include_str!("../../rules/fraud-v1.sha256");
                Self::load(include_str!("../../rules/fraud-v1.toml"), released).map(Arc::new)
            })
            .clone()
    }

    /// Id and hash, as results record them.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What an applicant is told of a review or a decline, whatever the reason was.
    pub fn notice(&self) -> &Reason {
        &self.parts.notice
    }

    /// Whose mail a domain is, lower case.
    pub fn email_domain(&self, domain: &str) -> EmailDomain {
        // `mail.example.com` is at `example.com`.
        let parents = std::iter::successors(Some(domain), |d| d.split_once('.').map(|(_, parent)| parent));
        let lists = &self.parts.lists;
        for parent in parents {
            if lists.disposable_email.contains(parent) {
                return EmailDomain::Disposable;
            }
            if lists.free_email.contains(parent) {
                return EmailDomain::Free;
            }
        }
        EmailDomain::Other
    }

    /// Id and title of every typology.
    pub fn typology_titles(&self) -> impl Iterator<Item = (&str, &str)> {
        let typologies = self.parts.typologies.iter();
        typologies.map(|typology| (typology.id.as_str(), typology.title.as_str()))
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.parts
    }

    pub(super) fn typologies(&self) -> impl Iterator<Item = (&Typology, &[usize])> {
        self.parts.typologies.iter().zip(self.members.iter().map(Vec::as_slice))
    }

    /// Without counters: a review above the amount of the rules, and in a currency that they do not name.
    pub(super) fn when_unavailable(&self, amount: Money) -> FraudOutcome {
        let above = self.parts.unavailable.review_above.get(&amount.currency);
        if above.is_some_and(|above| amount.minor <= *above) {
            FraudOutcome::Approve
        } else {
            FraudOutcome::Review
        }
    }

    pub(super) fn unavailable_rule(&self, outcome: FraudOutcome) -> SubRule {
        let reference = if outcome == FraudOutcome::Approve {
            "SMALL"
        } else {
            "ABOVE"
        };
        sub_rule(UNAVAILABLE, reference, 0, &self.parts.unavailable.reason)
    }
}
