//! Every check, as data.

mod messages;
mod money;

use crate::check::{Area, Check};

/// Every check of the kit: those of a lender, then those of an adapter.
pub fn catalogue() -> Vec<Check> {
    let mut all = lender_checks();
    all.extend(crate::adapter::checks());
    all
}

/// The checks of a lender that speaks provider protocol v1.
pub fn lender_checks() -> Vec<Check> {
    let groups: [(Area, &[[&'static str; 4]]); 12] = [
        (Area::Reach, messages::REACH),
        (Area::Signature, messages::SIGNATURE),
        (Area::Schema, messages::SCHEMA),
        (Area::Robust, messages::ROBUST),
        (Area::Limits, money::LIMITS),
        (Area::Offer, money::OFFER),
        (Area::Repeat, money::REPEAT),
        (Area::Accept, money::ACCEPT),
        (Area::Status, money::STATUS),
        (Area::Cancel, money::CANCEL),
        (Area::Callback, messages::CALLBACK),
        (Area::Privacy, messages::PRIVACY),
    ];
    let checks = |(area, texts): (Area, &[[&'static str; 4]])| {
        texts
            .iter()
            .map(move |texts| Check::new(area, *texts))
            .collect::<Vec<_>>()
    };
    groups.into_iter().flat_map(checks).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_check_has_an_id_of_its_area_and_says_what_why_and_how() {
        let all = catalogue();
        let ids: BTreeSet<_> = all.iter().map(|check| check.id.as_ref()).collect();
        assert_eq!(ids.len(), all.len(), "two checks have one id");
        assert!(all.len() >= 60, "{}", all.len());
        for check in &all {
            assert!(check.id.starts_with(&format!("{}.", check.area)), "{}", check.id);
            for text in [&check.says, &check.why, &check.fix] {
                assert!(text.len() > 10 && text.ends_with('.'), "{}: {text}", check.id);
            }
        }
    }
}
