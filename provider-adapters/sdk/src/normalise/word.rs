//! Words: nothing, yes and no, and names out of a list.

use super::{Field, Problem, Refusal};

/// True for the ways in which lenders write that there is nothing.
pub(super) fn is_absent(text: &str) -> bool {
    const ABSENT: [&str; 12] = [
        "",
        "na",
        "n/a",
        "n.a.",
        "n.a",
        "not applicable",
        "not available",
        "nil",
        "null",
        "none",
        "undefined",
        "tbd",
    ];
    let dashes = !text.is_empty() && text.chars().all(|c| matches!(c, '-' | '–' | '—'));
    dashes || ABSENT.iter().any(|word| text.eq_ignore_ascii_case(word))
}

impl Field<'_> {
    /// Yes or no: `true`, `YES`, `y`, `1`, and their opposites.
    pub fn boolean(&self) -> Result<bool, Refusal> {
        self.one_of(&[
            ("true", true),
            ("yes", true),
            ("y", true),
            ("1", true),
            ("false", false),
            ("no", false),
            ("n", false),
            ("0", false),
        ])
    }

    /// One of the words of a table. Letters and digits count; case, spaces, hyphens and underscores do not.
    pub fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, Refusal> {
        self.parse(|text| {
            words
                .iter()
                .find(|(word, _)| same_word(word, text))
                .map(|(_, value)| *value)
                .ok_or(Problem::UnknownWord)
        })
    }

    /// The meaning of a title of a price breakup, misspellings seen in the wild included.
    pub fn breakup_title(&self) -> Result<BreakupTitle, Refusal> {
        self.one_of(&TITLES)
    }
}

fn same_word(left: &str, right: &str) -> bool {
    fn letters(text: &str) -> impl Iterator<Item = char> {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .map(|c| c.to_ascii_lowercase())
    }
    letters(left).eq(letters(right))
}

/// What a line of a price breakup stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BreakupTitle {
    /// The amount lent.
    Principal,
    /// All interest.
    Interest,
    /// A fee for handling the application.
    ProcessingFee,
    /// Other charges at the start.
    OtherUpfrontCharges,
    /// Premium of an insurance.
    InsuranceCharges,
    /// Any other charges.
    OtherCharges,
    /// What arrives.
    NetDisbursed,
    /// Principal still owed.
    OutstandingPrincipal,
    /// Interest still owed.
    OutstandingInterest,
    /// Charge for being late.
    LateFee,
    /// Charge for paying a part early.
    PrepaymentCharge,
    /// Charge for paying everything early.
    ForeclosureCharge,
    /// Drawn part of a line.
    Utilization,
    /// Limit of a line.
    WorkingCapitalLimit,
}

const TITLES: [(&str, BreakupTitle); 21] = [
    ("PRINCIPAL", BreakupTitle::Principal),
    ("PRINCIPAL_AMOUNT", BreakupTitle::Principal),
    ("INTEREST", BreakupTitle::Interest),
    ("INTEREST_AMOUNT", BreakupTitle::Interest),
    ("PROCESSING_FEE", BreakupTitle::ProcessingFee),
    ("OTHER_UPFRONT_CHARGES", BreakupTitle::OtherUpfrontCharges),
    ("INSURANCE_CHARGES", BreakupTitle::InsuranceCharges),
    ("OTHER_CHARGES", BreakupTitle::OtherCharges),
    ("NET_DISBURSED_AMOUNT", BreakupTitle::NetDisbursed),
    ("OUTSTANDING_PRINCIPAL", BreakupTitle::OutstandingPrincipal),
    ("OUTSTANDING_INTEREST", BreakupTitle::OutstandingInterest),
    ("LATE_FEE_AMOUNT", BreakupTitle::LateFee),
    ("PRE_PAYMENT_CHARGE", BreakupTitle::PrepaymentCharge),
    ("FORECLOSURE_CHARGES", BreakupTitle::ForeclosureCharge),
    ("FORCLOSURE_CHARGES", BreakupTitle::ForeclosureCharge),
    ("FORCLOSUER_CHARGES", BreakupTitle::ForeclosureCharge),
    ("FORECLOSUER_CHARGES", BreakupTitle::ForeclosureCharge),
    ("CURRENT_UTILIZATION", BreakupTitle::Utilization),
    ("CURRENT_UTLIZATION", BreakupTitle::Utilization),
    ("WORKING_CAPITAL_LIMIT", BreakupTitle::WorkingCapitalLimit),
    ("WOKRKING_CAPITAL_LIMIT", BreakupTitle::WorkingCapitalLimit),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_many_names_and_zero_is_none_of_them() {
        for text in [
            "",
            "  ",
            "NA",
            "n/a",
            "N.A.",
            "Not Applicable",
            "-",
            "--",
            "–",
            "null",
            "NIL",
            "None",
        ] {
            assert!(Field::new("f", text).is_absent(), "{text:?}");
            assert!(Field::new("f", text).optional().is_none());
        }
        for text in ["0", "No", "0%", "-5", "nano"] {
            assert!(!Field::new("f", text).is_absent(), "{text:?}");
        }
    }

    #[test]
    fn words_match_without_case_and_separators_and_nothing_else() {
        let kinds = [("FIXED", 1), ("PROMO_THEN", 2)];
        let read = |text: &'static str| Field::new("f", text).one_of(&kinds).map_err(|r| r.problem().clone());
        assert_eq!(
            (read("Fixed"), read("promo-then "), read("Promo then")),
            (Ok(1), Ok(2), Ok(2))
        );
        assert_eq!(read("fixe"), Err(Problem::UnknownWord));
        let boolean = |text: &'static str| Field::new("f", text).boolean();
        assert_eq!((boolean("TRUE"), boolean("n")), (Ok(true), Ok(false)));
        assert_eq!(boolean("maybe").unwrap_err().problem(), &Problem::UnknownWord);
    }
}
