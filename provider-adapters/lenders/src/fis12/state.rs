//! What an order of the lender's says: its forms, and where it stands.

use domain::Money;
use domain::Reason;
use sdk::normalise::{Document, Reader};
use sdk::{LenderError, LenderStatus, NetworkPolicy};

use super::journey::{Form, Journey};
use crate::networks::link;

type Read<T> = Result<T, LenderError>;

/// The one item of an order with that id, or its only one.
pub(super) fn item<'d>(order: &Reader<'d>, id: &str) -> Read<Reader<'d>> {
    let items = order.get("items");
    let found = items.find("id", id)?;
    if found.exists() {
        return Ok(found);
    }
    Err(items.malformed("the item is not among them"))
}

/// The form that an item asks for and that the borrower has not sent, if any.
pub(super) fn form(item: &Reader<'_>, network: NetworkPolicy) -> Read<Option<Form>> {
    let xinput = item.get("xinput");
    let form = xinput.get("form");
    let Some(url) = form.get("url").optional()? else {
        return Ok(None);
    };
    if let Some(required) = xinput.get("required").optional()?
        && !required.boolean()?
    {
        return Ok(None);
    }
    if submitted(&xinput)?.is_some() {
        return Ok(None);
    }
    let url = link(&form.get("url"), url.text()?, network)?;
    let title = xinput.at("head.descriptor.name").optional()?;
    Ok(Some(Form {
        id: bounded(&form.get("id"))?,
        title: title.map(|title| title.text().map(str::to_owned)).transpose()?,
        url,
        submission: None,
    }))
}

/// The receipt of a form that was sent.
fn submitted(xinput: &Reader<'_>) -> Read<Option<String>> {
    let response = xinput.get("form_response");
    let Some(status) = response.get("status").optional()? else {
        return Ok(None);
    };
    let done = status.one_of(&[
        ("SUCCESS", true),
        ("APPROVED", true),
        ("SUBMITTED", true),
        ("OFFLINE_PENDING", false),
        ("PENDING", false),
        ("INITIATED", false),
        ("REJECTED", false),
        ("EXPIRED", false),
    ])?;
    if !done {
        return Ok(None);
    }
    bounded(&response.get("submission_id")).map(Some)
}

/// An id of theirs that is kept.
pub(super) fn bounded(id: &Reader<'_>) -> Read<String> {
    let field = id.field()?;
    let text = field.text()?;
    if text.len() > 80 || text.chars().any(char::is_control) {
        return Err(id.malformed("expected 1 to 80 bytes on one line"));
    }
    Ok(text.to_owned())
}

/// Takes over what an order says that changed: forms that were sent, the order's id, and its end.
pub(super) fn fold(journey: &mut Journey, body: &[u8], net: Money) -> Read<()> {
    let document = Document::parse(body)?;
    let root = Reader::new(&document);
    let order = root.at("message.order");
    if order.get("id").optional()?.is_some() {
        let id = bounded(&order.get("id"))?;
        if journey.order.as_ref().is_some_and(|known| *known != id) {
            return Err(order.get("id").malformed("changed"));
        }
        journey.order = Some(id);
    }
    fold_form(journey, &order)?;
    if let Some(ended) = ended(&root, &order, net)? {
        journey.ended = Some(ended);
    }
    Ok(())
}

/// Takes over the receipt of the open form from whichever item shows it.
pub(super) fn fold_form(journey: &mut Journey, order: &Reader<'_>) -> Read<()> {
    let Some(open) = journey.form.as_mut().filter(|open| open.submission.is_none()) else {
        return Ok(());
    };
    for item in order.get("items").items_or_none()? {
        let xinput = item.get("xinput");
        let form = xinput.at("form.id").optional()?;
        if form.is_some_and(|form| form.text().is_ok_and(|id| id == open.id)) {
            open.submission = submitted(&xinput)?;
        }
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Going,
    Disbursed,
    Rejected,
    Cancelled,
}

const STATES: [(&str, State); 14] = [
    ("INITIATED", State::Going),
    ("PENDING", State::Going),
    ("APPROVED", State::Going),
    ("SANCTIONED", State::Going),
    ("ACCEPTED", State::Going),
    ("CONSENT_REQUIRED", State::Going),
    ("LOAN_AGREEMENT_SIGNED", State::Going),
    ("DISBURSED", State::Disbursed),
    ("COMPLETED", State::Disbursed),
    ("REJECTED", State::Rejected),
    ("LOAN_REJECTED", State::Rejected),
    ("EXPIRED", State::Rejected),
    ("CANCELLED", State::Cancelled),
    ("CANCELED", State::Cancelled),
];

/// Where the order ended; none while it goes on.
fn ended(root: &Reader<'_>, order: &Reader<'_>, net: Money) -> Read<Option<LenderStatus>> {
    let fulfillment = order.get("fulfillments").index(0);
    let state = fulfillment.at("state.descriptor.code");
    let Some(code) = state.optional()? else { return Ok(None) };
    match code.one_of(&STATES)? {
        State::Going => Ok(None),
        State::Cancelled => Ok(Some(LenderStatus::Cancelled)),
        State::Rejected => {
            let reason = Reason::new("LENDER_REJECTED", "The lender rejected the application.");
            Ok(Some(LenderStatus::Rejected { reasons: vec![reason] }))
        }
        State::Disbursed => disbursed(root, order, net).map(Some),
    }
}

/// The evidence of a disbursement: the payment to the borrower, paid, of the amount that was to arrive.
fn disbursed(root: &Reader<'_>, order: &Reader<'_>, net: Money) -> Read<LenderStatus> {
    let payments = order.get("payments");
    for payment in payments.items_or_none()? {
        let kind = payment.get("type").optional()?;
        if !kind.is_some_and(|kind| {
            kind.text()
                .is_ok_and(|text| text.eq_ignore_ascii_case("ON_FULFILLMENT"))
        }) {
            continue;
        }
        let paid = payment
            .get("status")
            .field()?
            .one_of(&[("PAID", true), ("NOT-PAID", false)])?;
        if !paid {
            return Err(payment.get("status").malformed("disbursed, but not paid"));
        }
        let params = payment.get("params");
        let amount = match params.get("amount").optional()? {
            Some(amount) => amount.money(net.currency)?,
            None => return Err(params.get("amount").malformed("the amount paid out is missing")),
        };
        if amount != net {
            return Err(params.get("amount").malformed("is not what was to arrive"));
        }
        let evidence = match params.get("transaction_id").optional()? {
            Some(_) => bounded(&params.get("transaction_id"))?,
            None => bounded(&payment.get("id"))?,
        };
        let at = match payment.at("time.timestamp").optional()? {
            Some(at) => at.instant()?,
            None => root.at("context.timestamp").field()?.instant()?,
        };
        return Ok(LenderStatus::Disbursed { amount, at, evidence });
    }
    Err(payments.malformed("no payment of the disbursement"))
}
