//! Accepting, the state of a loan, withdrawing.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use domain::Money;
use domain::offer::{Binding, Offer};
use domain::ports::LenderError;
use futures::future::join_all;
use sdk::wire::{AcceptRequest, Loan, LoanState, WireMoney};

use super::call::Answered;
use super::ctx::{Ctx, loan};
use crate::Area;

type Verdict = Result<(), String>;

/// What a step needs and did not get; every check of the area without a verdict is skipped for it.
fn skip_rest(ctx: &mut Ctx<'_>, area: Area, reason: &str) {
    for check in crate::lender_checks() {
        if check.area == area {
            ctx.verdicts.skip(&check.id, reason);
        }
    }
}

/// A loan that was just accepted.
struct Taken {
    order: AcceptRequest,
    loan: Loan,
}

/// Asks, accepts, and judges the acceptance.
async fn take(ctx: &mut Ctx<'_>) -> Result<Taken, String> {
    let (request, offer) = ctx.offer().await?;
    let order = ctx.order(&request, &offer);
    let answer = match ctx.accept(&order).await {
        Ok(answer) => answer,
        Err(error) => {
            ctx.verdicts.fail("accept.answers", error.to_string());
            return Err("an acceptance was not answered".into());
        }
    };
    ctx.verdicts.pass("accept.answers");
    if answer.status != 200 {
        ctx.verdicts.fail("accept.takes", answer.says());
        return Err("an acceptance was not taken".into());
    }
    ctx.verdicts.pass("accept.takes");
    let loan = match loan(&answer) {
        Ok(loan) => loan,
        // An empty reference of the payment is a fault of the evidence.
        Err(seen) if seen.contains("status.evidence") => {
            ctx.verdicts.fail("accept.evidence", seen);
            return Err("an acceptance was answered without evidence".into());
        }
        Err(seen) => {
            ctx.verdicts.fail("accept.shape", seen);
            return Err("the answer to an acceptance was not readable".into());
        }
    };
    ctx.verdicts.pass("accept.shape");
    judge(ctx, &offer, &order, &loan)?;
    ctx.journal.push((order.clone(), loan.clone()));
    Ok(Taken { order, loan })
}

fn judge(ctx: &mut Ctx<'_>, offer: &Offer, order: &AcceptRequest, loan: &Loan) -> Verdict {
    let must = |holds: bool, seen: &str| if holds { Ok(()) } else { Err(seen.to_owned()) };
    let same = loan.settlement_id == order.settlement_id;
    let mine = must(same, "settlement_id is not the one of the acceptance");
    ctx.verdicts.verdict("accept.settlement-id", mine);
    let unknown = matches!(loan.status, LoanState::Unknown {});
    ctx.verdicts.verdict(
        "accept.known",
        must(!unknown, "the loan is UNKNOWN right after its acceptance"),
    );
    if unknown {
        return Err("an accepted loan is unknown".into());
    }
    let named = loan.loan_ref.as_ref().is_some_and(|name| !name.is_empty());
    ctx.verdicts
        .verdict("accept.loan-ref", must(named, "loan_ref is missing"));
    if offer.binding == Binding::Firm {
        let rejected = matches!(loan.status, LoanState::Rejected { .. });
        ctx.verdicts
            .verdict("accept.firm", must(!rejected, "a FIRM offer was REJECTED at once"));
    } else {
        ctx.verdicts.skip("accept.firm", "no offer is FIRM");
    }
    disbursement(ctx, order, &loan.status);
    Ok(())
}

/// Judges a disbursement, when there is one.
fn disbursement(ctx: &mut Ctx<'_>, order: &AcceptRequest, status: &LoanState) {
    let LoanState::Disbursed { amount, at, .. } = status else {
        for id in ["accept.amount", "accept.evidence"] {
            ctx.verdicts.skip(id, "nothing was paid out yet");
        }
        return;
    };
    let wanted = &order.net_disbursed;
    let right = if amount == wanted {
        Ok(())
    } else {
        Err(format!(
            "{} {} arrived, {} were offered",
            amount.minor, amount.currency, wanted.minor
        ))
    };
    ctx.verdicts.verdict("accept.amount", right);
    let latest = ctx.options.clock.now() + TimeDelta::seconds(30);
    let timely = if *at <= latest {
        Ok(())
    } else {
        Err(format!("paid out at {at}"))
    };
    ctx.verdicts.verdict("accept.evidence", timely);
}

/// Whether a state may come after another: nothing is taken back, and a payment is the same payment.
fn follows(before: &LoanState, after: &LoanState) -> Verdict {
    let name = |state: &LoanState| match state {
        LoanState::Unknown {} => "UNKNOWN",
        LoanState::Accepted {} => "ACCEPTED",
        LoanState::Disbursed { .. } => "DISBURSED",
        LoanState::Rejected { .. } => "REJECTED",
        LoanState::Cancelled {} => "CANCELLED",
    };
    match (before, after) {
        (LoanState::Accepted {}, after) if !matches!(after, LoanState::Unknown {}) => Ok(()),
        (LoanState::Disbursed { .. }, LoanState::Disbursed { .. }) if before != after => {
            Err("the payment is another one: amount, time or evidence differ".into())
        }
        (before, after) if name(before) == name(after) => Ok(()),
        (before, after) => Err(format!("{} after {}", name(after), name(before))),
    }
}

/// The same loan, further on at most.
fn same_loan(before: &Loan, after: &Loan) -> Verdict {
    if before.loan_ref != after.loan_ref {
        return Err("loan_ref is another one".into());
    }
    follows(&before.status, &after.status)
}

pub(crate) async fn accept(ctx: &mut Ctx<'_>) {
    let taken = match take(ctx).await {
        Ok(taken) => taken,
        Err(reason) => return skip_rest(ctx, Area::Accept, &reason),
    };
    let again = accepted(ctx, &taken.order).await;
    let verdict = again.and_then(|again| same_loan(&taken.loan, &again));
    ctx.verdicts.verdict("accept.repeat", verdict);
    let verdict = at_once(ctx).await;
    settle(ctx, "accept.at-once", verdict);
    let mut other = taken.order.clone();
    other.quote_id = ctx.options.ids.next().into();
    other.principal = less(&other.principal);
    let verdict = match ctx.accept(&other).await {
        Ok(answer) if answer.status == 409 => Ok(()),
        Ok(answer) => Err(answer.says()),
        Err(error) => Err(error.to_string()),
    };
    ctx.verdicts.verdict("accept.key-reused", verdict);
    foreign(ctx).await;
    let verdict = second_run(ctx).await;
    ctx.verdicts.verdict("accept.second-run", verdict);
    expired(ctx).await;
}

/// A verdict, or why it could not be tried.
fn settle(ctx: &mut Ctx<'_>, id: &str, verdict: Result<Verdict, String>) {
    match verdict {
        Ok(verdict) => ctx.verdicts.verdict(id, verdict),
        Err(reason) => ctx.verdicts.skip(id, reason),
    }
}

fn less(money: &WireMoney) -> WireMoney {
    let minor = money.minor.parse::<i64>().unwrap_or_default() - 1;
    WireMoney {
        minor: minor.to_string(),
        currency: money.currency.clone(),
    }
}

async fn accepted(ctx: &Ctx<'_>, order: &AcceptRequest) -> Result<Loan, String> {
    let answer = ctx.accept(order).await;
    loan(&answer.map_err(|error| error.to_string())?)
}

async fn at_once(ctx: &mut Ctx<'_>) -> Result<Verdict, String> {
    let (request, offer) = ctx.offer().await?;
    let order = ctx.order(&request, &offer);
    let answers = join_all((0..8).map(|_| accepted(ctx, &order))).await;
    let mut first: Option<Loan> = None;
    let mut paid: Option<LoanState> = None;
    for answer in answers {
        let loan = match answer {
            Ok(loan) => loan,
            Err(seen) => return Ok(Err(seen)),
        };
        if loan.loan_ref != first.get_or_insert_with(|| loan.clone()).loan_ref {
            return Ok(Err("two of eight answers name different loans".into()));
        }
        let disbursed = matches!(loan.status, LoanState::Disbursed { .. });
        if disbursed && *paid.get_or_insert_with(|| loan.status.clone()) != loan.status {
            return Ok(Err("two of eight answers name different payments".into()));
        }
    }
    if let Some(loan) = first {
        ctx.journal.push((order, loan));
    }
    Ok(Ok(()))
}

/// Acceptances that are not the lender's own offer.
async fn foreign(ctx: &mut Ctx<'_>) {
    let ids = ["accept.unknown-offer", "accept.other-terms", "accept.other-request"];
    let (request, offer) = match ctx.offer().await {
        Ok(offer) => offer,
        Err(reason) => {
            for id in ids {
                ctx.verdicts.skip(id, reason.clone());
            }
            return;
        }
    };
    let mut unknown = ctx.order(&request, &offer);
    unknown.provider_ref = format!("kit-{}", ctx.options.ids.next().simple());
    let mut more = ctx.order(&request, &offer);
    let a = &offer.amounts;
    let plus = |money: Money| WireMoney::from(Money::new(money.minor.saturating_add(100), money.currency));
    (more.principal, more.net_disbursed) = (plus(a.offered), plus(a.net_disbursed));
    let mut other = ctx.order(&request, &offer);
    other.request_id = ctx.options.ids.next().into();
    for (id, order) in ids.into_iter().zip([unknown, more, other]) {
        let answer = ctx.accept(&order).await;
        ctx.verdicts.verdict(id, turned_down(answer));
    }
}

/// Refused with a 4xx, or taken note of and rejected.
fn turned_down(answer: Result<Answered, LenderError>) -> Verdict {
    let answer = answer.map_err(|error| error.to_string())?;
    if (400..500).contains(&answer.status) && answer.status != 429 {
        return Ok(());
    }
    match loan(&answer)?.status {
        LoanState::Rejected { .. } => Ok(()),
        _ => Err("the acceptance was taken".into()),
    }
}

async fn second_run(ctx: &Ctx<'_>) -> Verdict {
    for (order, before) in &ctx.journal {
        same_loan(before, &accepted(ctx, order).await?)?;
    }
    Ok(())
}

async fn expired(ctx: &mut Ctx<'_>) {
    let id = "accept.expired";
    let (request, offer) = match ctx.offer().await {
        Ok(offer) => offer,
        Err(reason) => return ctx.verdicts.skip(id, reason),
    };
    let left = (offer.valid_until - ctx.options.clock.now())
        .to_std()
        .unwrap_or_default();
    let past = left + Duration::from_secs(1);
    match &ctx.options.time_travel {
        Some(travel) => travel(past),
        None if past <= ctx.options.patience => tokio::time::sleep(past).await,
        None => {
            let minutes = left.as_secs() / 60;
            return ctx.verdicts.skip(
                id,
                format!("offers are good for {minutes} minutes; that is not waited for"),
            );
        }
    }
    let answer = ctx.accept(&ctx.order(&request, &offer)).await;
    ctx.verdicts.verdict(id, turned_down(answer));
}

/// A settlement that the lender never heard of.
fn unheard(id: domain::SettlementId, answer: Result<Loan, String>) -> (Verdict, Verdict) {
    match answer {
        Err(seen) => (Err(seen), Ok(())),
        Ok(loan) => {
            let unknown = matches!(loan.status, LoanState::Unknown {}) && loan.loan_ref.is_none();
            let verdict = if unknown { Ok(()) } else { Err("a state is told".into()) };
            (verdict, mine(id, &loan))
        }
    }
}

fn mine(id: domain::SettlementId, loan: &Loan) -> Verdict {
    if loan.settlement_id == id {
        Ok(())
    } else {
        Err("settlement_id is not the one asked for".into())
    }
}

pub(crate) async fn status(ctx: &mut Ctx<'_>) {
    let id = ctx.options.ids.next().into();
    let (unknown, named) = unheard(id, ctx.status(id).await);
    ctx.verdicts.verdict("status.unknown", unknown);
    ctx.verdicts.verdict("status.settlement-id", named);
    let taken = match take(ctx).await {
        Ok(taken) => taken,
        Err(reason) => return skip_rest(ctx, Area::Status, &reason),
    };
    let id = taken.order.settlement_id;
    let mut before = match ctx.status(id).await {
        Ok(loan) => loan,
        Err(seen) => {
            ctx.verdicts.fail("status.same-loan", seen);
            return skip_rest(ctx, Area::Status, "the state could not be read");
        }
    };
    ctx.verdicts.verdict("status.settlement-id", mine(id, &before));
    let named = taken.loan.loan_ref == before.loan_ref;
    let verdict = if named {
        Ok(())
    } else {
        Err("loan_ref is another one".to_owned())
    };
    ctx.verdicts.verdict("status.same-loan", verdict);
    let mut verdict = follows(&taken.loan.status, &before.status);
    let deadline = ctx.options.payout_wait.map(|wait| Instant::now() + wait);
    loop {
        match ctx.status(id).await {
            Ok(after) => {
                verdict = verdict.and_then(|()| follows(&before.status, &after.status));
                before = after;
            }
            Err(seen) => verdict = verdict.and(Err(seen)),
        }
        let waiting = matches!(before.status, LoanState::Accepted {});
        if !waiting || verdict.is_err() || deadline.is_none_or(|deadline| Instant::now() >= deadline) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    ctx.verdicts.verdict("status.forward", verdict);
    let open = matches!(before.status, LoanState::Accepted {});
    match (open, ctx.options.payout_wait) {
        (false, _) => ctx.verdicts.pass("status.settles"),
        (true, Some(wait)) => {
            let seen = format!("ACCEPTED after {} ms", wait.as_millis());
            ctx.verdicts.fail("status.settles", seen);
        }
        (true, None) => ctx
            .verdicts
            .skip("status.settles", "a payout is not waited for (--payout-wait)"),
    }
    if !open {
        disbursement(ctx, &taken.order, &before.status);
    }
}

pub(crate) async fn cancel(ctx: &mut Ctx<'_>) {
    let id = ctx.options.ids.next().into();
    let (unknown, _) = unheard(id, ctx.cancel(id).await);
    ctx.verdicts.verdict("cancel.unknown", unknown);
    let taken = match take(ctx).await {
        Ok(taken) => taken,
        Err(reason) => return skip_rest(ctx, Area::Cancel, &reason),
    };
    let id = taken.order.settlement_id;
    let first = ctx.cancel(id).await;
    let paid = matches!(taken.loan.status, LoanState::Disbursed { .. });
    if paid {
        let verdict = first.clone().and_then(|loan| follows(&taken.loan.status, &loan.status));
        ctx.verdicts.verdict("cancel.paid-stays", verdict);
        ctx.verdicts.skip("cancel.withdraws", "the lender pays out at once");
        ctx.verdicts.skip("cancel.final", "the lender pays out at once");
    } else {
        let verdict = first.clone().and_then(|loan| match loan.status {
            LoanState::Cancelled {} | LoanState::Disbursed { .. } | LoanState::Rejected { .. } => Ok(()),
            _ => Err("the loan was not withdrawn".to_owned()),
        });
        ctx.verdicts.verdict("cancel.withdraws", verdict);
        ctx.verdicts
            .skip("cancel.paid-stays", "the lender does not pay out at once");
        let verdict = stays_withdrawn(ctx, &taken, first.as_ref().ok()).await;
        settle(ctx, "cancel.final", verdict);
    }
    match first {
        Err(reason) => ctx.verdicts.skip("cancel.repeat", reason),
        Ok(first) => {
            let again = ctx.cancel(id).await;
            let verdict = again.and_then(|again| same_loan(&first, &again));
            ctx.verdicts.verdict("cancel.repeat", verdict);
        }
    }
}

async fn stays_withdrawn(ctx: &Ctx<'_>, taken: &Taken, first: Option<&Loan>) -> Result<Verdict, String> {
    let Some(withdrawn) = first.filter(|loan| matches!(loan.status, LoanState::Cancelled {})) else {
        return Err("nothing was withdrawn".into());
    };
    let again = accepted(ctx, &taken.order).await;
    let told = ctx.status(taken.order.settlement_id).await;
    let again = again.and_then(|loan| follows(&withdrawn.status, &loan.status));
    Ok(again.and_then(|()| told.and_then(|loan| follows(&withdrawn.status, &loan.status))))
}
