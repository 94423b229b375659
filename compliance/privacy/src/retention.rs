//! How long something may and must be kept: policies are data, this is how one of them is found.

use chrono::{DateTime, Months, Utc};

use crate::places::RecordClass;

/// From when a period counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// When the record was made.
    Recorded,
    /// When the business with the person ended: the application was closed without credit, the last loan was closed.
    RelationEnded,
}

impl Trigger {
    /// The name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recorded => "RECORDED",
            Self::RelationEnded => "RELATION_ENDED",
        }
    }

    /// The trigger of that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Recorded, Self::RelationEnded]
            .into_iter()
            .find(|trigger| trigger.as_str() == text)
    }
}

/// A period with the law that it follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What it is about.
    pub class: RecordClass,
    /// ISO 3166-1 country, `EU`, or `*`.
    pub jurisdiction: String,
    /// The law, or that it is a rule of the house.
    pub basis: String,
    /// Calendar months.
    pub months: u32,
    /// From when.
    pub trigger: Trigger,
    /// An application for erasure before the end is refused for this reason; otherwise the period is only the latest end.
    pub binding: bool,
    /// In force from.
    pub from: DateTime<Utc>,
}

impl Policy {
    /// When the period ends; none before its trigger has happened.
    pub fn ends(&self, recorded: DateTime<Utc>, ended: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        let start = match self.trigger {
            Trigger::Recorded => Some(recorded),
            Trigger::RelationEnded => ended,
        };
        start.and_then(|start| start.checked_add_months(Months::new(self.months)))
    }
}

/// Member states of the European Union, ISO 3166-1 alpha-2.
const EU: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// The policy of a class in a country at that time: the country's own before the Union's before the general one, then the one
/// in force last. None where nobody wrote one: then nothing is deleted, and an operator is told.
pub fn resolve<'a>(
    policies: &'a [Policy],
    class: RecordClass,
    country: &str,
    now: DateTime<Utc>,
) -> Option<&'a Policy> {
    let rank = |policy: &Policy| match policy.jurisdiction.as_str() {
        own if own == country => 3,
        "EU" if EU.contains(&country) => 2,
        "*" => 1,
        _ => 0,
    };
    let fits = policies
        .iter()
        .filter(|policy| policy.class == class && policy.from <= now && rank(policy) > 0);
    fits.max_by_key(|policy| (rank(policy), policy.from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> DateTime<Utc> {
        format!("{text}T00:00:00Z").parse().unwrap()
    }

    fn policy(jurisdiction: &str, months: u32, from: &str) -> Policy {
        Policy {
            class: RecordClass::Screening,
            jurisdiction: jurisdiction.into(),
            basis: String::new(),
            months,
            trigger: Trigger::Recorded,
            binding: true,
            from: day(from),
        }
    }

    #[test]
    fn the_most_specific_policy_in_force_counts() {
        let all = [
            policy("*", 60, "2020-01-01"),
            policy("US", 60, "2020-01-01"),
            policy("US", 120, "2025-03-12"),
            policy("EU", 60, "2027-07-10"),
        ];
        let months = |country, at| resolve(&all, RecordClass::Screening, country, day(at)).map(|p| p.months);
        assert_eq!(months("US", "2024-01-01"), Some(60));
        assert_eq!(months("US", "2026-01-01"), Some(120));
        let of = |country, at| resolve(&all, RecordClass::Screening, country, day(at)).map(|p| p.jurisdiction.as_str());
        assert_eq!(of("DE", "2027-07-09"), Some("*"));
        assert_eq!(of("DE", "2027-07-10"), Some("EU"));
        assert_eq!(of("GB", "2027-07-10"), Some("*"));
        assert_eq!(resolve(&all, RecordClass::Filing, "US", day("2026-01-01")), None);
    }

    #[test]
    fn a_period_counts_from_its_trigger() {
        let mut period = policy("US", 25, "2020-01-01");
        assert_eq!(period.ends(day("2026-01-31"), None), Some(day("2028-02-29")));
        period.trigger = Trigger::RelationEnded;
        assert_eq!(period.ends(day("2026-01-31"), None), None, "a live loan has not ended");
        assert_eq!(
            period.ends(day("2026-01-31"), Some(day("2027-01-01"))),
            Some(day("2029-02-01"))
        );
    }
}
