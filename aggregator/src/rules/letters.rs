//! The letter of a notice. It names the request, never the person: whoever delivers it knows the address.

use std::collections::HashMap;

use chrono::NaiveDate;
use compliance::AdverseActionNotice;
use documents::{ActionTaken, AdverseAction, CreditorAction, Document, Party, render};
use domain::Outcome;

use super::notices::NoticeFacts;
use crate::api::Error;
use crate::store::corrupt;
use crate::store::rules::obligations::ObligationRow;

/// What is known of a creditor's address.
const THROUGH_US: &str = "Reached through the sender of this notice";

/// Appendix A of Regulation B: finance companies and all other creditors that it does not list.
fn agency() -> Party {
    Party {
        address: vec!["Equal Credit Opportunity".into(), "Washington, DC 20580".into()],
        ..Party::named("Federal Trade Commission")
    }
}

/// The joint notice of every creditor.
pub(super) fn adverse_action(
    row: &ObligationRow,
    (facts, notice): (&NoticeFacts, &AdverseActionNotice),
    (today, sender): (NaiveDate, &Party),
    names: &HashMap<String, String>,
) -> Result<Document, Error> {
    let reference = format!("req_{}", row.request_id.simple());
    let creditor = |creditor: &compliance::adverse_action::CreditorNotice| {
        let name = names.get(&creditor.creditor).unwrap_or(&creditor.creditor);
        let ours = *name == sender.name;
        CreditorAction {
            creditor: Party {
                address: if ours {
                    sender.address.clone()
                } else {
                    vec![THROUGH_US.into()]
                },
                ..Party::named(name)
            },
            action: match creditor.outcome {
                Outcome::Counter => ActionTaken::Counteroffer {
                    terms: "A smaller amount than you asked for, as it was shown to you.".into(),
                },
                Outcome::MoreInfo => ActionTaken::Incomplete,
                Outcome::Offer | Outcome::Decline => ActionTaken::Denied,
            },
            reasons: creditor.reasons.clone(),
            agency: agency(),
            sources: None,
        }
    };
    let letter = AdverseAction {
        applicant: Party::named(format!("The applicant of {reference}")),
        reference,
        date: today,
        sender: sender.clone(),
        requested: format!("Credit of {}", facts.requested),
        applied_on: facts.applied_on,
        creditors: notice.creditors.iter().map(creditor).collect(),
    };
    render::adverse_action(&letter).map_err(corrupt)
}
