//! What the Lender port promises, with an honest counterparty.

use std::time::Instant;

use domain::appraisal::appraise;
use domain::offer::Offer;
use domain::ports::{AcceptOrder, AcceptReceipt, Answer, Ask, LenderError, LenderStatus};
use domain::quote::Flag;
use domain::request::CreditRequest;
use sdk::validate_answer;

use super::Step;
use super::drive::{Driver, told};
use crate::check::{Area, Check, Verdicts};

const TEXTS: [[&str; 4]; 17] = [
    [
        "adapter.capabilities",
        "The capabilities name a product, a place, and limits that admit something.",
        "A lender that admits nothing is never asked.",
        "Fill every field of Capabilities from the configuration.",
    ],
    [
        "adapter.eligible",
        "The request of this run fits the capabilities.",
        "Otherwise the platform would not have asked.",
        "Declare what the lender does, or give the kit a request that fits.",
    ],
    [
        "adapter.quotes",
        "An ordinary request gets offers.",
        "Nothing else can be checked without an offer.",
        "Compare the exchange with the lender's documentation: sdk::record writes it down.",
    ],
    [
        "adapter.valid",
        "The offers pass sdk::validate_answer.",
        "An offer that it refuses never becomes a quote.",
        "Build offers by the SDK's builder; the report names the field.",
    ],
    [
        "adapter.apr",
        "The declared APR is within 1/8 of a percentage point of what the calendar gives.",
        "A declared APR that its own payments contradict misleads; we show both.",
        "Map the lender's figure with its right convention; a lender that misdeclares fails here, as it should.",
    ],
    [
        "adapter.accepts",
        "Accepting a fresh offer gives a receipt with a reference of the loan, and a state that is not Unknown.",
        "Without a reference nobody can reconcile a payment.",
        "Map the lender's loan id to loan_ref.",
    ],
    [
        "adapter.amount",
        "What is reported as disbursed is what was to arrive.",
        "The borrower owes for what did not arrive.",
        "Map the amount paid out, not the principal.",
    ],
    [
        "adapter.repeat",
        "The same acceptance again gives the same loan.",
        "A retry must not make a second loan.",
        "Send the settlement id as the lender's idempotency key.",
    ],
    [
        "adapter.known",
        "After an acceptance the status is not Unknown.",
        "Unknown is the evidence that nothing was paid.",
        "Ask the lender by the key that the acceptance carried.",
    ],
    [
        "adapter.unknown",
        "The status of a settlement that nobody accepted is Unknown, or an error; never a state.",
        "A state out of nothing moves money.",
        "Map only what the lender says it knows.",
    ],
    [
        "adapter.cancels",
        "Withdrawing tells a state or says Unsupported, and never undoes a disbursement.",
        "Money that is out is not taken back by a call.",
        "Map the lender's answer; do not guess.",
    ],
    [
        "adapter.deadline",
        "A question whose deadline has passed is TimedOut at once.",
        "The fan-out has one deadline for all.",
        "Check the time that is left before calling.",
    ],
    [
        "adapter.in-time",
        "Every call comes back by its deadline.",
        "A call that hangs holds a place in the bulkhead.",
        "Give every call of the HTTP client a time-out.",
    ],
    [
        "adapter.no-panic",
        "No call panics.",
        "A panic in one adapter is a lost answer without a reason.",
        "Return LenderError::Malformed instead of unwrap and indexing.",
    ],
    [
        "adapter.no-personal-data",
        "No error text has the applicant's data, the lender's free text or a secret.",
        "Errors are logged.",
        "Name the field and the rule in errors; never quote an answer.",
    ],
    [
        "adapter.no-retry",
        "A mutation is sent once, whatever comes back; a read at most three times.",
        "The platform alone decides on retries: it knows what is unknown.",
        "Remove retries from the adapter.",
    ],
    [
        "adapter.recovers",
        "After a fault the next call succeeds.",
        "An adapter that stays broken needs a restart.",
        "Keep no broken connection or half-read state.",
    ],
];

pub(super) fn checks() -> Vec<Check> {
    TEXTS
        .into_iter()
        .map(|texts| Check::new(Area::Adapter, texts))
        .collect()
}

pub(super) async fn run(driver: &mut Driver<'_>, verdicts: &mut Verdicts) {
    capabilities(driver, verdicts);
    late(driver, verdicts).await;
    driver.subject.faults.arm(None, 0);
    let request = driver.request();
    let given = driver.quote(&request).await;
    driver.usual.insert(Step::Quote, driver.subject.faults.calls());
    let offer = match &given {
        Ok(Ok(answer)) => judged(driver, &request, answer, verdicts),
        other => {
            verdicts.fail("adapter.quotes", told(other));
            None
        }
    };
    if let Some(offer) = offer {
        let order = driver.order(&request, &offer);
        loan(driver, &order, verdicts).await;
    }
    let id = driver.options.ids.next().into();
    match driver.status(id).await {
        Ok(Ok(LenderStatus::Unknown) | Err(_)) => verdicts.pass("adapter.unknown"),
        other => verdicts.fail("adapter.unknown", told(&other)),
    }
}

fn capabilities(driver: &Driver<'_>, verdicts: &mut Verdicts) {
    let caps = driver.subject.lender.capabilities();
    let admits = !caps.products.is_empty()
        && !caps.jurisdictions.is_empty()
        && !caps.amounts.is_empty()
        && caps.amounts.iter().all(|range| range.min <= range.max && range.max > 0)
        && caps.min_term_days <= caps.max_term_days;
    verdicts.verdict(
        "adapter.capabilities",
        if admits {
            Ok(())
        } else {
            Err("nothing is admitted".into())
        },
    );
    let misfits: Vec<_> = caps
        .misfits(&driver.subject.request)
        .into_iter()
        .map(|r| r.code)
        .collect();
    let fits = if misfits.is_empty() {
        Ok(())
    } else {
        Err(misfits.join(", "))
    };
    verdicts.verdict("adapter.eligible", fits);
}

async fn late(driver: &mut Driver<'_>, verdicts: &mut Verdicts) {
    let ask = Ask {
        request: driver.request(),
        deadline: Instant::now(),
    };
    let started = Instant::now();
    let given = driver.ask(ask).await;
    let prompt = started.elapsed() < driver.options.deadline;
    let verdict = match given {
        Ok(Err(LenderError::TimedOut)) if prompt => Ok(()),
        other => Err(told(&other)),
    };
    verdicts.verdict("adapter.deadline", verdict);
}

fn judged(driver: &Driver<'_>, request: &CreditRequest, answer: &Answer, verdicts: &mut Verdicts) -> Option<Offer> {
    let valid = validate_answer(answer, request, driver.options.clock.now());
    let Answer::Offers(offers) = answer else {
        verdicts.fail("adapter.quotes", "the request was declined");
        return None;
    };
    verdicts.pass("adapter.quotes");
    let holds = valid.is_ok();
    verdicts.verdict("adapter.valid", valid.map_err(|error| error.to_string()));
    if holds {
        let misdeclared = offers.iter().find_map(|offer| match appraise(request, offer) {
            Err(error) => Some(error.to_string()),
            Ok(appraisal) => appraisal.flags.into_iter().find_map(|flag| match flag {
                Flag::AprMisdeclared { declared, verified } => Some(format!(
                    "declared {} %, the calendar gives {} %",
                    declared.to_percent(),
                    verified.to_percent()
                )),
                _ => None,
            }),
        });
        verdicts.verdict("adapter.apr", misdeclared.map_or(Ok(()), Err));
    }
    offers.first().cloned()
}

async fn loan(driver: &mut Driver<'_>, order: &AcceptOrder, verdicts: &mut Verdicts) {
    driver.subject.faults.arm(None, 0);
    let given = driver.accept(order).await;
    driver.usual.insert(Step::Accept, driver.subject.faults.calls());
    let receipt = match given {
        Ok(Ok(receipt)) => receipt,
        Ok(Err(LenderError::Unsupported(why))) => {
            for id in [
                "adapter.accepts",
                "adapter.amount",
                "adapter.repeat",
                "adapter.known",
                "adapter.cancels",
            ] {
                verdicts.skip(id, format!("acceptance is unsupported: {why}"));
            }
            return;
        }
        other => return verdicts.fail("adapter.accepts", told(&other)),
    };
    let stands = !receipt.loan_ref.is_empty() && receipt.status != LenderStatus::Unknown;
    verdicts.verdict(
        "adapter.accepts",
        if stands { Ok(()) } else { Err(format!("{receipt:?}")) },
    );
    let again = match driver.accept(order).await {
        Ok(Ok(again)) if again.loan_ref == receipt.loan_ref => Ok(()),
        Ok(Ok(_)) => Err("another loan".to_owned()),
        other => Err(told(&other)),
    };
    verdicts.verdict("adapter.repeat", again);
    driver.subject.faults.arm(None, 0);
    let status = driver.status(order.settlement).await;
    driver.usual.insert(Step::Status, driver.subject.faults.calls());
    match &status {
        Ok(Ok(LenderStatus::Unknown)) => verdicts.fail("adapter.known", "Unknown"),
        Ok(Ok(_)) => verdicts.pass("adapter.known"),
        other => verdicts.fail("adapter.known", told(other)),
    }
    amount(order, &receipt, &status, verdicts);
    driver.subject.faults.arm(None, 0);
    let cancelled = driver.cancel(order.settlement).await;
    driver.usual.insert(Step::Cancel, driver.subject.faults.calls());
    let paid = matches!(status, Ok(Ok(LenderStatus::Disbursed { .. })));
    let verdict = match cancelled {
        Ok(Ok(LenderStatus::Disbursed { .. }) | Err(LenderError::Unsupported(_))) => Ok(()),
        Ok(Ok(state)) if paid => Err(format!("{state:?} after a disbursement")),
        Ok(Ok(_)) => Ok(()),
        other => Err(told(&other)),
    };
    verdicts.verdict("adapter.cancels", verdict);
}

fn amount(
    order: &AcceptOrder,
    receipt: &AcceptReceipt,
    status: &super::drive::Given<LenderStatus>,
    verdicts: &mut Verdicts,
) {
    let later = status.as_ref().ok().and_then(|given| given.as_ref().ok());
    let paid = [Some(&receipt.status), later]
        .into_iter()
        .flatten()
        .find_map(|status| match status {
            LenderStatus::Disbursed { amount, .. } => Some(*amount),
            _ => None,
        });
    match paid {
        None => verdicts.skip("adapter.amount", "nothing was paid out in this run"),
        Some(paid) if paid == order.net_disbursed => verdicts.pass("adapter.amount"),
        Some(paid) => verdicts.fail("adapter.amount", format!("{paid}, not {}", order.net_disbursed)),
    }
}
