//! The messages that we send.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::context::Parties;
use super::journey::{Item, Journey};

/// What the network asks every buyer application to say of itself: its finder's fee, which is none, and its terms.
fn terms(parties: &Parties) -> Value {
    json!([
        {
            "descriptor": { "code": "BUYER_FINDER_FEES" },
            "display": false,
            "list": [
                { "descriptor": { "code": "BUYER_FINDER_FEES_TYPE" }, "value": "PERCENT_ANNUALIZED" },
                { "descriptor": { "code": "BUYER_FINDER_FEES_PERCENTAGE" }, "value": "0" }
            ]
        },
        {
            "descriptor": { "code": "SETTLEMENT_TERMS" },
            "display": false,
            "list": [
                { "descriptor": { "code": "STATIC_TERMS" }, "value": parties.bap.uri },
                { "descriptor": { "code": "OFFLINE_CONTRACT" }, "value": "true" }
            ]
        }
    ])
}

/// `search`: a personal loan.
pub(super) fn search(parties: &Parties) -> Value {
    json!({
        "intent": {
            "category": { "descriptor": { "code": "PERSONAL_LOAN" } },
            "payment": { "collected_by": "BPP" },
            "tags": terms(parties),
        }
    })
}

fn item(journey: &Journey, item: &Item) -> Value {
    let mut value = json!({ "id": item.id });
    if let Some(parent) = &item.parent {
        value["parent_item_id"] = json!(parent);
    }
    if let Some(form) = &journey.form
        && let Some(submission) = &form.submission
    {
        value["xinput"] = json!({
            "form": { "id": form.id },
            "form_response": { "status": "SUCCESS", "submission_id": submission },
        });
    }
    value
}

/// `select` and `init`: the item, with the receipt of its form.
pub(super) fn order(journey: &Journey, chosen: &Item) -> Value {
    json!({ "order": { "provider": { "id": journey.provider }, "items": [item(journey, chosen)] } })
}

/// `init` and `confirm`: the same with who pays and on which terms.
pub(super) fn agreement(journey: &Journey, chosen: &Item, parties: &Parties) -> Value {
    let mut message = order(journey, chosen);
    message["order"]["payments"] = json!([{
        "type": "ON_ORDER",
        "collected_by": "BPP",
        "status": "NOT-PAID",
        "tags": terms(parties),
    }]);
    message
}

/// `status`: by the loan's id, or by the transaction before there is one.
pub(super) fn status(journey: &Journey) -> Value {
    match &journey.order {
        Some(order) => json!({ "order_id": order }),
        None => json!({ "ref_id": journey.transaction }),
    }
}

/// `cancel`: the borrower changed their mind.
pub(super) fn cancel(order: &str, at: DateTime<Utc>) -> Value {
    json!({
        "order_id": order,
        "cancellation_reason_id": "LCR001",
        "descriptor": { "short_desc": "Withdrawn by the borrower", "long_desc": at.to_rfc3339_opts(SecondsFormat::Secs, true) },
    })
}
