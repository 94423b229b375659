//! Adverse action under Regulation B (12 CFR 1002.9): the sample reasons of form C-1, who has to be told what by when.

use chrono::{Days, NaiveDate};
use domain::{Outcome, Reason};
use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident $code:literal $text:literal;)+) => {
        /// The 24 sample reasons of form C-1, Appendix C to 12 CFR part 1002.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AdverseReason {
            $(#[doc = $text] $name,)+
        }

        impl AdverseReason {
            /// All of them, in the order of the form.
            pub const ALL: [Self; 24] = [$(Self::$name),+];

            /// Stable code, as it stands in a [`Reason`].
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// The words of the form.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// The reason with this code.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|reason| reason.code() == code)
            }
        }
    };
}

reasons! {
    ApplicationIncomplete "APPLICATION_INCOMPLETE" "Credit application incomplete";
    ReferencesInsufficient "REFERENCES_INSUFFICIENT" "Insufficient number of credit references provided";
    ReferencesUnacceptable "REFERENCES_UNACCEPTABLE" "Unacceptable type of credit references provided";
    ReferencesUnverified "REFERENCES_UNVERIFIED" "Unable to verify credit references";
    EmploymentIrregular "EMPLOYMENT_IRREGULAR" "Temporary or irregular employment";
    EmploymentUnverified "EMPLOYMENT_UNVERIFIED" "Unable to verify employment";
    EmploymentLength "EMPLOYMENT_LENGTH" "Length of employment";
    IncomeInsufficient "INCOME_INSUFFICIENT" "Income insufficient for amount of credit requested";
    ObligationsExcessive "OBLIGATIONS_EXCESSIVE" "Excessive obligations in relation to income";
    IncomeUnverified "INCOME_UNVERIFIED" "Unable to verify income";
    ResidenceLength "RESIDENCE_LENGTH" "Length of residence";
    ResidenceTemporary "RESIDENCE_TEMPORARY" "Temporary residence";
    ResidenceUnverified "RESIDENCE_UNVERIFIED" "Unable to verify residence";
    NoCreditFile "NO_CREDIT_FILE" "No credit file";
    LimitedCreditExperience "LIMITED_CREDIT_EXPERIENCE" "Limited credit experience";
    PoorPerformanceWithUs "POOR_PERFORMANCE_WITH_US" "Poor credit performance with us";
    DelinquentObligations "DELINQUENT_OBLIGATIONS" "Delinquent past or present credit obligations with others";
    CollectionOrJudgment "COLLECTION_OR_JUDGMENT" "Collection action or judgment";
    GarnishmentOrAttachment "GARNISHMENT_OR_ATTACHMENT" "Garnishment or attachment";
    ForeclosureOrRepossession "FORECLOSURE_OR_REPOSSESSION" "Foreclosure or repossession";
    Bankruptcy "BANKRUPTCY" "Bankruptcy";
    RecentInquiries "RECENT_INQUIRIES" "Number of recent inquiries on credit bureau report";
    CollateralInsufficient "COLLATERAL_INSUFFICIENT" "Value or type of collateral not sufficient";
    Other "OTHER" "Other, specify";
}

/// What starts a period of notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NoticeEvent {
    /// A completed application was received.
    ApplicationCompleted,
    /// Adverse action was taken on an incomplete application.
    ActionOnIncomplete,
    /// Adverse action was taken on an existing account.
    ActionOnAccount,
    /// The applicant was told of a counteroffer and has not accepted it.
    CounterofferNotified,
    /// An incomplete application was received.
    ApplicationIncomplete,
    /// The applicant asked for the reasons (within [`REASONS_REQUEST_DAYS`] of the notice).
    ReasonsRequested,
}

/// Days after a notice in which an applicant may ask for the reasons (1002.9(a)(2)(ii)).
pub const REASONS_REQUEST_DAYS: u16 = 60;

impl NoticeEvent {
    /// Calendar days until the notice has to be given.
    pub const fn within_days(self) -> u16 {
        match self {
            Self::CounterofferNotified => 90,
            Self::ApplicationCompleted
            | Self::ActionOnIncomplete
            | Self::ActionOnAccount
            | Self::ApplicationIncomplete
            | Self::ReasonsRequested => 30,
        }
    }

    /// The paragraph of 12 CFR that says so.
    pub const fn citation(self) -> &'static str {
        match self {
            Self::ApplicationCompleted => "1002.9(a)(1)(i)",
            Self::ActionOnIncomplete => "1002.9(a)(1)(ii)",
            Self::ActionOnAccount => "1002.9(a)(1)(iii)",
            Self::CounterofferNotified => "1002.9(a)(1)(iv)",
            Self::ApplicationIncomplete => "1002.9(c)(1)",
            Self::ReasonsRequested => "1002.9(a)(2)(ii)",
        }
    }
}

/// One creditor's decision, as the notice needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditorDecision {
    /// Name of the creditor.
    pub creditor: String,
    /// What it decided.
    pub outcome: Outcome,
    /// Why, the most important first.
    pub reasons: Vec<Reason>,
    /// What started the period.
    pub event: NoticeEvent,
    /// The day of the event.
    pub on: NaiveDate,
}

/// One creditor's part of a notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditorNotice {
    /// Name of the creditor.
    pub creditor: String,
    /// What it decided.
    pub outcome: Outcome,
    /// One to four principal reasons. Words of form C-1 where the code is of the form, else the creditor's own words.
    pub reasons: Vec<Reason>,
    /// Last day to give the notice.
    pub due_by: NaiveDate,
    /// The paragraph that sets it.
    pub citation: String,
}

/// One joint notice for every creditor that did not give what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdverseActionNotice {
    /// By creditor, in the order given.
    pub creditors: Vec<CreditorNotice>,
    /// The earliest of the last days.
    pub due_by: NaiveDate,
}

/// Why no notice can be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// A refusal without a specific reason is not a lawful notice: ask the creditor.
    #[error("{creditor} gave no specific reason")]
    NoReason {
        /// The creditor.
        creditor: String,
    },
    /// The last day lies beyond the calendar.
    #[error("the date is out of range")]
    OutOfRange,
}

/// More than four reasons are not helpful (official comment 9(b)(2)-1).
const MOST_REASONS: usize = 4;

/// Codes that are not reasons in the sense of 1002.9(b)(2): internal standards, and a score that was not reached.
const NOT_REASONS: [&str; 3] = ["INTERNAL_POLICY", "INTERNAL_STANDARDS", "SCORE_TOO_LOW"];

/// What is told of a creditor that gave no specific reason: the right to ask for it (1002.9(a)(2)(ii)).
const REASONS_ON_REQUEST: &str = "This creditor has not told its principal reasons. You may ask for them within 60 days of this notice, and it has to answer within 30 days.";

/// The joint notice of the decisions; none when every creditor gave what was asked.
pub fn notice(decisions: &[CreditorDecision]) -> Result<Option<AdverseActionNotice>, NoticeError> {
    let creditors = decisions
        .iter()
        .filter(|decision| decision.outcome != Outcome::Offer)
        .map(creditor_notice)
        .collect::<Result<Vec<_>, _>>()?;
    let earliest = creditors.iter().map(|creditor| creditor.due_by).min();
    Ok(earliest.map(|due_by| AdverseActionNotice { creditors, due_by }))
}

/// The same for the notice that goes out whatever creditors failed to say: where one gave no specific reason, the applicant is told
/// of the right to ask for it. Answers those creditors as well, so that somebody asks them.
pub fn joint_notice(decisions: &[CreditorDecision]) -> Result<Option<(AdverseActionNotice, Vec<String>)>, NoticeError> {
    let mut silent = Vec::new();
    let told = |decision: &CreditorDecision| -> CreditorDecision {
        match creditor_notice(decision) {
            Err(NoticeError::NoReason { creditor }) => {
                silent.push(creditor);
                CreditorDecision {
                    reasons: vec![Reason::new(AdverseReason::Other.code(), REASONS_ON_REQUEST)],
                    ..decision.clone()
                }
            }
            Ok(_) | Err(NoticeError::OutOfRange) => decision.clone(),
        }
    };
    let refusals = decisions.iter().filter(|decision| decision.outcome != Outcome::Offer);
    let told: Vec<CreditorDecision> = refusals.map(told).collect();
    Ok(notice(&told)?.map(|notice| (notice, silent)))
}

fn creditor_notice(decision: &CreditorDecision) -> Result<CreditorNotice, NoticeError> {
    let mut reasons: Vec<Reason> = Vec::new();
    for reason in &decision.reasons {
        let told = principal(reason);
        if let Some(told) = told.filter(|told| reasons.len() < MOST_REASONS && !reasons.contains(told)) {
            reasons.push(told);
        }
    }
    if reasons.is_empty() {
        return Err(NoticeError::NoReason {
            creditor: decision.creditor.clone(),
        });
    }
    let days = Days::new(u64::from(decision.event.within_days()));
    Ok(CreditorNotice {
        creditor: decision.creditor.clone(),
        outcome: decision.outcome,
        reasons,
        due_by: decision.on.checked_add_days(days).ok_or(NoticeError::OutOfRange)?,
        citation: decision.event.citation().to_owned(),
    })
}

fn principal(reason: &Reason) -> Option<Reason> {
    match AdverseReason::from_code(&reason.code) {
        Some(AdverseReason::Other) | None => {
            let specific = !NOT_REASONS.contains(&reason.code.as_str()) && !reason.text.trim().is_empty();
            specific.then(|| Reason::new(AdverseReason::Other.code(), reason.text.clone()))
        }
        Some(known) => Some(Reason::new(known.code(), known.text())),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn published() -> serde_json::Value {
        serde_json::from_str(include_str!("../data/regb-adverse-action.json")).unwrap()
    }

    fn decision(outcome: Outcome, reasons: &[(&str, &str)], event: NoticeEvent) -> CreditorDecision {
        CreditorDecision {
            creditor: "Harbor Bank".into(),
            outcome,
            reasons: reasons.iter().map(|(code, text)| Reason::new(*code, *text)).collect(),
            event,
            on: "2026-11-20".parse().unwrap(),
        }
    }

    #[test]
    fn the_reasons_are_those_of_form_c1_word_for_word() {
        let published = published();
        let form: Vec<&str> = published["c1_reasons"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t.as_str().unwrap())
            .collect();
        assert_eq!(AdverseReason::ALL.map(AdverseReason::text).to_vec(), form);
        for reason in AdverseReason::ALL {
            assert_eq!(AdverseReason::from_code(reason.code()), Some(reason));
        }
    }

    #[test]
    fn every_reason_of_the_risk_model_is_one_of_the_form() {
        let model = include_str!("../../risk/models/points/reasons.en.json");
        let policy: serde_json::Value = serde_json::from_str(include_str!("../../risk/rules/policy-v2.json")).unwrap();
        let mut texts: BTreeMap<String, String> = serde_json::from_str(model).unwrap();
        texts.extend(serde_json::from_value::<BTreeMap<String, String>>(policy["reasons"].clone()).unwrap());
        // Nothing is refused by a look that is still to come.
        assert!(texts.remove("REVIEW_NEEDED").is_some());
        for (code, text) in texts {
            assert_eq!(
                AdverseReason::from_code(&code).map(AdverseReason::text),
                Some(text.as_str()),
                "{code}"
            );
        }
    }

    #[test]
    fn the_periods_are_those_of_the_regulation() {
        use NoticeEvent::{
            ActionOnAccount, ActionOnIncomplete, ApplicationCompleted, ApplicationIncomplete, CounterofferNotified,
            ReasonsRequested,
        };
        let published = published();
        let rows = published["timing"].as_array().unwrap();
        let events = [
            ApplicationCompleted,
            ActionOnIncomplete,
            ActionOnAccount,
            CounterofferNotified,
            ApplicationIncomplete,
            ReasonsRequested,
        ];
        assert_eq!(rows.len(), events.len());
        for (row, event) in rows.iter().zip(events) {
            let days = row["within_days"]
                .as_u64()
                .or(row["answer_within_days"].as_u64())
                .unwrap();
            assert_eq!(u64::from(event.within_days()), days);
            assert_eq!(event.citation(), row["cite"].as_str().unwrap());
        }
        assert_eq!(
            rows[5]["request_within_days"].as_u64(),
            Some(u64::from(REASONS_REQUEST_DAYS))
        );
    }

    #[test]
    fn one_notice_names_every_creditor_and_the_earliest_day() {
        let decisions = [
            decision(
                Outcome::Counter,
                &[("INCOME_INSUFFICIENT", "x")],
                NoticeEvent::CounterofferNotified,
            ),
            decision(Outcome::Offer, &[], NoticeEvent::ApplicationCompleted),
            decision(
                Outcome::Decline,
                &[("NO_LICENCE", "We do not lend there.")],
                NoticeEvent::ApplicationCompleted,
            ),
        ];
        let notice = notice(&decisions).unwrap().unwrap();
        assert_eq!(notice.due_by, "2026-12-20".parse().unwrap());
        assert_eq!(notice.creditors.len(), 2);
        assert_eq!(notice.creditors[0].due_by, "2027-02-18".parse().unwrap());
        assert_eq!(
            notice.creditors[0].reasons[0].text,
            "Income insufficient for amount of credit requested"
        );
        assert_eq!(
            notice.creditors[1].reasons,
            [Reason::new("OTHER", "We do not lend there.")]
        );
        assert_eq!(super::notice(&decisions[1..2]), Ok(None));
    }

    #[test]
    fn a_refusal_without_a_specific_reason_is_refused() {
        for reasons in [
            &[][..],
            &[("INTERNAL_POLICY", "policy")],
            &[("SCORE_TOO_LOW", "score")],
            &[("OTHER", " ")],
        ] {
            let refused = notice(&[decision(Outcome::Decline, reasons, NoticeEvent::ApplicationCompleted)]);
            assert!(matches!(refused, Err(NoticeError::NoReason { .. })), "{reasons:?}");
        }
    }

    #[test]
    fn a_creditor_without_reasons_leaves_the_right_to_ask_for_them() {
        let event = NoticeEvent::ApplicationCompleted;
        let decisions = [
            decision(Outcome::Decline, &[("SCORE_TOO_LOW", "score")], event),
            CreditorDecision {
                creditor: "Other Bank".into(),
                ..decision(Outcome::Decline, &[("NO_CREDIT_FILE", "x")], event)
            },
            decision(Outcome::Offer, &[], event),
        ];
        let (notice, silent) = joint_notice(&decisions).unwrap().unwrap();
        assert_eq!((notice.creditors.len(), silent), (2, vec!["Harbor Bank".to_owned()]));
        assert!(notice.creditors[0].reasons[0].text.contains("within 60 days"));
        assert_eq!(notice.creditors[1].reasons[0].text, "No credit file");
        assert_eq!(joint_notice(&decisions[2..]), Ok(None));
    }

    #[test]
    fn at_most_four_reasons_are_told() {
        let five: Vec<(&str, &str)> = AdverseReason::ALL[..5].iter().map(|r| (r.code(), r.text())).collect();
        let told = notice(&[decision(Outcome::Decline, &five, NoticeEvent::ApplicationCompleted)])
            .unwrap()
            .unwrap();
        assert_eq!(told.creditors[0].reasons.len(), 4);
    }
}
