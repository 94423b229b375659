//! An honest answer with one thing changed: what the adapter makes of it is what the lender said, or a refusal.
//!
//! The answers are those that came through the door in an honest call. Each value of each of them is changed in turn; nothing has to
//! be known of the format but that it is JSON.

use domain::calendar::DayCount;
use domain::offer::Offer;
use domain::ports::{AcceptOrder, Answer, LenderStatus};
use domain::request::CreditRequest;
use domain::{Money, Rate};
use sdk::validate_answer;
use serde_json::Value;

use super::Step;
use super::drive::{Driver, Given, told};
use crate::check::{Area, Check, Verdicts};
use crate::door::Fault;

/// Values of one answer that are changed; a larger answer repeats itself.
const MOST: usize = 160;

const TEXTS: [[&str; 4]; 7] = [
    [
        "answer.null",
        "When a value of a lender's answer is null, there is no offer, or the same offer.",
        "A term or a rate that the adapter makes up is not what the lender offers.",
        "Require every value that makes the price; give no default to a null.",
    ],
    [
        "answer.missing",
        "When a value of a lender's answer is missing, there is no offer, or the same offer.",
        "A value that the adapter fills in is not what the lender offers.",
        "Require every value that makes the price; a default hides what is missing.",
    ],
    [
        "answer.not-a-price",
        "When a number of a lender's answer is NA, there is no offer, or the same offer.",
        "NA as a price is not zero.",
        "Read numbers by sdk::normalise; it refuses what is none, and names the field.",
    ],
    [
        "answer.enum-case",
        "When a word of a lender's answer is in another case, there is no offer, or the same offer.",
        "A word that is not recognised must not become another one by default.",
        "Match the words that the lender documents, and refuse all others.",
    ],
    [
        "answer.error-object",
        "An answer with an error object beside its offers gives no offer.",
        "A success that says it failed can be read both ways.",
        "Refuse an answer whose error or errors says something.",
    ],
    [
        "answer.breakup",
        "A payment whose total is not the sum of the parts in the answer gives no offer.",
        "A breakup that does not sum hides a charge.",
        "Read all parts that the lender names, and let the sums be checked.",
    ],
    [
        "answer.loan",
        "When a value of a loan's answer is null, missing or NA, the loan stands where it stood, or there is an error.",
        "A payment without its id or its status is no evidence.",
        "Require reference, state, amount, time and evidence of a loan.",
    ],
];

pub(super) fn checks() -> Vec<Check> {
    TEXTS.into_iter().map(|texts| Check::new(Area::Answer, texts)).collect()
}

pub(super) async fn run(driver: &mut Driver<'_>, verdicts: &mut Verdicts) {
    let reason = match honest(driver).await {
        Ok((request, answer, bodies)) => {
            quotes(driver, verdicts, (&request, &answer), &bodies).await;
            loans(driver, verdicts, &request, &answer).await;
            "the answer has nothing of that kind"
        }
        Err(reason) => reason,
    };
    driver.subject.faults.arm(None, 0);
    for [id, ..] in TEXTS {
        verdicts.skip(id, reason);
    }
}

/// An ordinary question, its answer, and what the counterparty said.
async fn honest(driver: &mut Driver<'_>) -> Result<(CreditRequest, Answer, Vec<Value>), &'static str> {
    // A token may be fetched the first time.
    let request = driver.request();
    let _warm = driver.quote(&request).await;
    driver.subject.faults.arm(None, 0);
    let request = driver.request();
    let given = driver.quote(&request).await;
    let Ok(Ok(answer @ Answer::Offers(_))) = given else {
        return Err("there is no offer");
    };
    let bodies = bodies(driver);
    if bodies.iter().all(Value::is_null) {
        return Err("the counterparty does not answer in JSON");
    }
    Ok((request, answer, bodies))
}

/// What was said since the line was armed; null for what is no JSON.
fn bodies(driver: &Driver<'_>) -> Vec<Value> {
    let said = driver.subject.faults.said();
    said.iter()
        .map(|body| serde_json::from_slice(body).unwrap_or_default())
        .collect()
}

async fn quotes(
    driver: &mut Driver<'_>,
    verdicts: &mut Verdicts,
    (request, honest): (&CreditRequest, &Answer),
    bodies: &[Value],
) {
    for (call, body) in bodies.iter().enumerate() {
        for change in changes(body, honest) {
            driver.subject.faults.arm_at(
                Fault::Body {
                    is: change.body.to_string(),
                },
                call,
            );
            let request = CreditRequest {
                id: driver.options.ids.next().into(),
                ..request.clone()
            };
            let given = driver.quote(&request).await;
            let verdict = judged(driver, (&request, honest), &given, change.rule);
            let verdict = verdict.map_err(|seen| format!("{}: {seen}", change.what));
            verdicts.verdict(change.rule, verdict);
        }
    }
}

fn judged(
    driver: &Driver<'_>,
    (request, honest): (&CreditRequest, &Answer),
    given: &Given<Answer>,
    rule: &str,
) -> Result<(), String> {
    let answer = match given {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => return Ok(()),
        Err(_) => return Err(told(given)),
    };
    // What the platform refuses never becomes a quote.
    if validate_answer(answer, request, driver.options.clock.now()).is_err() {
        return Ok(());
    }
    let (Answer::Offers(now), Answer::Offers(before)) = (answer, honest) else {
        return Ok(());
    };
    if rule == "answer.error-object" {
        return Err("an offer".into());
    }
    let changed = now.iter().find(|offer| !before.iter().any(|b| same(b, offer)));
    match changed {
        None => Ok(()),
        Some(_) => Err("another offer, which the lender did not make".into()),
    }
}

/// The price that the lender named: amount, rate, payments. A charge that an answer leaves out is not there.
fn same(before: &Offer, now: &Offer) -> bool {
    type Price = (Money, Rate, DayCount, Vec<(chrono::NaiveDate, Money)>);
    let price = |offer: &Offer| -> Price {
        let rows = offer.repayment.schedule.iter();
        (
            offer.amounts.offered,
            offer.rate.nominal,
            offer.rate.day_count,
            rows.map(|row| (row.due, row.total)).collect(),
        )
    };
    now.fees.len() < before.fees.len() || price(before) == price(now)
}

/// An answer with one thing changed.
struct Change {
    rule: &'static str,
    what: String,
    body: Value,
}

fn changes(body: &Value, honest: &Answer) -> Vec<Change> {
    let mut all = Vec::new();
    if !body.is_object() && !body.is_array() {
        return all;
    }
    for place in places(body) {
        let Some(value) = body.pointer(&place) else { continue };
        let mut with = |rule, what: &str, value: Value| {
            all.push(Change {
                rule,
                what: format!("{place} {what}"),
                body: put(body, &place, value),
            });
        };
        with("answer.null", "null", Value::Null);
        if is_number(value) {
            with("answer.not-a-price", "NA", "NA".into());
        }
        if let Some(word) = other_case(value) {
            with("answer.enum-case", "in another case", word.into());
        }
        if let Some(total) = more(value).filter(|_| is_total(body, &place, honest)) {
            with("answer.breakup", "one more", total);
        }
        if let Some(without) = without(body, &place) {
            all.push(Change {
                rule: "answer.missing",
                what: format!("{place} missing"),
                body: without,
            });
        }
    }
    if let Value::Object(fields) = body {
        let mut fields = fields.clone();
        fields.insert(
            "error".into(),
            serde_json::json!({ "code": "E1", "message": "not possible" }),
        );
        all.push(Change {
            rule: "answer.error-object",
            what: "/error added".into(),
            body: Value::Object(fields),
        });
    }
    all
}

/// Where values stand that are no objects and no lists, by JSON pointer.
fn places(body: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, all: &mut Vec<String>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| {
                let name = name.replace('~', "~0").replace('/', "~1");
                walk(value, &format!("{at}/{name}"), all);
            }),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .for_each(|(i, item)| walk(item, &format!("{at}/{i}"), all)),
            // A null says nothing already.
            Value::Null => {}
            _ if all.len() < MOST => all.push(at.to_owned()),
            _ => {}
        }
    }
    let mut all = Vec::new();
    walk(body, "", &mut all);
    all
}

fn put(body: &Value, place: &str, value: Value) -> Value {
    let mut body = body.clone();
    if let Some(there) = body.pointer_mut(place) {
        *there = value;
    }
    body
}

fn without(body: &Value, place: &str) -> Option<Value> {
    let (parent, name) = place.rsplit_once('/')?;
    let mut body = body.clone();
    let fields = body.pointer_mut(parent)?.as_object_mut()?;
    fields.remove(&name.replace("~1", "/").replace("~0", "~"))?;
    Some(body)
}

fn is_number(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::String(text) => text.starts_with(|c: char| c.is_ascii_digit()),
        _ => false,
    }
}

/// A word with the case of its letters turned around; none for anything but a word.
fn other_case(value: &Value) -> Option<String> {
    let word = value.as_str()?;
    let plain = word.len() > 1 && word.bytes().all(|b| b.is_ascii_alphabetic() || b"-_".contains(&b));
    let turned = |c: char| {
        if c.is_ascii_lowercase() {
            c.to_ascii_uppercase()
        } else {
            c.to_ascii_lowercase()
        }
    };
    plain.then(|| word.chars().map(turned).collect())
}

/// Digits of a number as it is written, without separators, units and trailing zeros of a fraction.
fn figure(value: &Value) -> Option<String> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.replace(',', ""),
        _ => return None,
    };
    let number: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let number = if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        &number
    };
    (!number.is_empty()).then(|| number.to_owned())
}

/// The number one larger, written as it was.
fn more(value: &Value) -> Option<Value> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.replace(',', ""),
        _ => return None,
    };
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let whole = text[..digits].parse::<i64>().ok()?.checked_add(1)?;
    let text = format!("{whole}{}", &text[digits..]);
    match value {
        Value::Number(_) => serde_json::from_str(&text).ok(),
        _ => Some(text.into()),
    }
}

/// Whether the value is the total of a payment whose parts stand beside it.
fn is_total(body: &Value, place: &str, honest: &Answer) -> bool {
    let (Answer::Offers(offers), Some((row, _))) = (honest, place.rsplit_once('/')) else {
        return false;
    };
    let in_list = row.rsplit('/').next().is_some_and(|i| i.parse::<usize>().is_ok());
    let Some(fields) = body.pointer(row).and_then(Value::as_object).filter(|_| in_list) else {
        return false;
    };
    let said: Vec<_> = fields.values().filter_map(figure).collect();
    let written = |money: Money| [money.to_major().normalize().to_string(), money.minor.to_string()];
    let says = |money: Money| written(money).iter().any(|text| said.contains(text));
    let value = body.pointer(place).and_then(figure);
    let rows = offers.iter().flat_map(|offer| &offer.repayment.schedule);
    rows.filter(|row| row.total != row.principal && row.total != row.interest)
        .any(|row| {
            let total = written(row.total).into_iter().any(|text| Some(text) == value);
            total && says(row.principal) && says(row.interest)
        })
}

/// Acceptances and states, each value changed in turn.
async fn loans(driver: &mut Driver<'_>, verdicts: &mut Verdicts, request: &CreditRequest, answer: &Answer) {
    let Answer::Offers(offers) = answer else { return };
    let Some(offer) = offers.first() else { return };
    let order = driver.order(request, offer);
    driver.subject.faults.arm(None, 0);
    let Ok(Ok(receipt)) = driver.accept(&order).await else {
        return;
    };
    let accepted = bodies(driver);
    driver.subject.faults.arm(None, 0);
    let status = driver.status(order.settlement).await;
    let asked = bodies(driver);
    let known = [Some(receipt.status.clone()), status.ok().and_then(Result::ok)];
    for (step, bodies) in [(Step::Accept, accepted), (Step::Status, asked)] {
        for (call, body) in bodies.iter().enumerate() {
            for (what, bent) in losses(body) {
                driver.subject.faults.arm_at(Fault::Body { is: bent.to_string() }, call);
                let verdict = bent_loan(driver, step, (&order, &receipt.loan_ref), &known).await;
                verdicts.verdict(
                    "answer.loan",
                    verdict.map_err(|seen| format!("{step:?} {what}: {seen}")),
                );
            }
        }
    }
}

/// Every value null, missing, and NA.
fn losses(body: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for place in places(body) {
        all.push((format!("{place} null"), put(body, &place, Value::Null)));
        all.push((format!("{place} NA"), put(body, &place, "NA".into())));
        all.extend(without(body, &place).map(|bent| (format!("{place} missing"), bent)));
    }
    all
}

async fn bent_loan(
    driver: &mut Driver<'_>,
    step: Step,
    (order, loan_ref): (&AcceptOrder, &str),
    known: &[Option<LenderStatus>],
) -> Result<(), String> {
    let (reference, status) = if step == Step::Accept {
        let given = driver.accept(order).await;
        match given {
            Ok(Ok(receipt)) => (Some(receipt.loan_ref), receipt.status),
            Ok(Err(_)) => return Ok(()),
            Err(_) => return Err(told(&given)),
        }
    } else {
        let given = driver.status(order.settlement).await;
        match given {
            Ok(Ok(status)) => (None, status),
            Ok(Err(_)) => return Ok(()),
            Err(_) => return Err(told(&given)),
        }
    };
    if reference.is_some_and(|reference| reference != loan_ref && reference != "NA") {
        return Err("another reference".into());
    }
    // A text that nobody can check, like the evidence, may be any text that is one.
    let like = |known: &LenderStatus| match (known, &status) {
        (
            LenderStatus::Disbursed { amount, at, .. },
            LenderStatus::Disbursed {
                amount: a,
                at: t,
                evidence,
            },
        ) => amount == a && at == t && !evidence.is_empty(),
        (known, status) => known == status,
    };
    if known.iter().flatten().any(like) {
        Ok(())
    } else {
        Err(format!("the loan is {status:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_value_is_changed_once_in_each_way_that_it_can_be() {
        let body = json!({ "rate": "12 %", "kind": "firm", "none": null, "list": [{ "a/b": 7 }] });
        let changes = changes(&body, &Answer::Declined(vec![]));
        let count = |rule: &str| changes.iter().filter(|change| change.rule == rule).count();
        assert_eq!(count("answer.null"), 3);
        assert_eq!(count("answer.missing"), 3);
        assert_eq!(count("answer.not-a-price"), 2);
        assert_eq!(count("answer.enum-case"), 1);
        assert_eq!(count("answer.error-object"), 1);
        let missing = changes.iter().find(|c| c.what == "/list/0/a~1b missing").unwrap();
        assert_eq!(
            missing.body,
            json!({ "rate": "12 %", "kind": "firm", "none": null, "list": [{}] })
        );
    }

    #[test]
    fn a_number_is_read_and_raised_however_it_is_written() {
        for (value, read, raised) in [
            (json!("1,020.70 USD"), "1020.7", json!("1021.70 USD")),
            (json!(1020.07), "1020.07", json!(1021.07)),
            (json!("30.00"), "30", json!("31.00")),
            (json!(100), "100", json!(101)),
        ] {
            assert_eq!(figure(&value).as_deref(), Some(read));
            assert_eq!(more(&value), Some(raised));
        }
    }
}
