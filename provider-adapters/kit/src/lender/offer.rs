//! The numbers of an offer. Each rule is tried by itself; one whose operands are wrong already is left to the rule about them.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::appraisal::appraise;
use domain::offer::{Binding, FeeTiming, Offer};
use domain::ports::Answer;
use domain::quote::Flag;
use domain::request::{CreditRequest, Product};
use domain::{Money, Rate};
use sdk::signature::MAX_SKEW_SECONDS;
use sdk::{MAX_PAYMENTS, validate_offer};

use super::ctx::Ctx;
use crate::check::Verdicts;

type Verdict = Result<(), String>;

pub(crate) async fn run(ctx: &mut Ctx<'_>) {
    if let Err(reason) = ctx.offer().await {
        for check in crate::lender_checks() {
            if matches!(check.area, crate::Area::Offer) {
                ctx.verdicts.skip(&check.id, reason.clone());
            }
        }
    }
    let caps = &ctx.target.capabilities;
    let all = [
        Product::Installment,
        Product::Line,
        Product::Bnpl,
        Product::Collateralized,
    ];
    if let Some(other) = all.into_iter().find(|product| !caps.products.contains(product)) {
        let mut request = ctx.request();
        request.products = vec![other];
        // What is offered all the same is judged with the answer.
        let _judged = ctx.ask(request).await;
    }
    // A decline has a shape of its own.
    let least = ctx.range().min;
    if least > 1 {
        let mut request = ctx.request();
        request.amount.minor = least - 1;
        if let Err(reason) = ctx.ask(request).await {
            ctx.verdicts.skip("schema.reasons", reason);
        }
    }
}

/// Judges every offer of an answer.
pub(crate) fn judge(offers: &[Offer], request: &CreditRequest, now: DateTime<Utc>, verdicts: &mut Verdicts) {
    let mut references = BTreeSet::new();
    for offer in offers {
        let mut judge = Judge {
            offer,
            request,
            now,
            verdicts,
            clean: true,
        };
        let unique = references.insert(&offer.provider_ref);
        judge.rule("offer.reference", reference(offer, unique));
        judge.all();
    }
}

struct Judge<'a> {
    offer: &'a Offer,
    request: &'a CreditRequest,
    now: DateTime<Utc>,
    verdicts: &'a mut Verdicts,
    clean: bool,
}

impl Judge<'_> {
    fn rule(&mut self, id: &str, verdict: Verdict) -> bool {
        let holds = verdict.is_ok();
        self.clean &= holds;
        self.verdicts.verdict(id, verdict);
        holds
    }

    fn all(&mut self) {
        let (offer, request, now) = (self.offer, self.request, self.now);
        self.rule("offer.texts", texts(offer));
        self.rule("offer.product", product(offer, request));
        self.rule("offer.onchain", onchain(offer));
        self.rule("offer.rates", rates(offer));
        self.times(now);
        let sized = self.rule("offer.calendar-size", calendar_size(offer));
        let dated = self.rule("offer.dates", dates(offer));
        let comparable = self.rule("offer.currency", currency(offer, request));
        if comparable {
            self.rule(
                "offer.requested",
                same("amounts.requested", offer.amounts.requested, request.amount),
            );
            let positive = self.rule("offer.positive", positive(offer));
            let signed = self.rule("offer.no-negative", no_negative(offer));
            if positive && signed {
                self.sums(sized && dated);
            }
        }
        if self.clean {
            let taken = validate_offer(offer, request, now).map_err(|error| error.to_string());
            self.rule("offer.platform", taken);
        }
    }

    fn times(&mut self, now: DateTime<Utc>) {
        let offer = self.offer;
        let skew = TimeDelta::seconds(MAX_SKEW_SECONDS);
        let must = |holds: bool, seen: String| if holds { Ok(()) } else { Err(seen) };
        let issued = must(
            offer.issued_at <= now + skew,
            format!("issued_at is {}", offer.issued_at),
        );
        self.rule("offer.not-future", issued);
        let live = must(offer.valid_until > now, format!("valid_until is {}", offer.valid_until));
        self.rule("offer.not-expired", live);
        let ordered = offer.valid_until > offer.issued_at && offer.valid_until <= now + TimeDelta::days(90);
        let seen = format!("from {} to {}", offer.issued_at, offer.valid_until);
        self.rule("offer.validity", must(ordered, seen));
    }

    /// Arithmetic over amounts of one currency, none negative.
    fn sums(&mut self, calendar: bool) {
        let offer = self.offer;
        self.rule("offer.within-asked", within_asked(offer, self.request));
        let net = self.rule("offer.net", net(offer));
        self.rule("offer.breakup", breakup(offer));
        let principal = self.rule("offer.principal-sum", principal_sum(offer));
        let fees = self.rule("offer.fees-sum", fees_sum(offer));
        if net && principal && fees {
            self.rule("offer.total-cost", total_cost(offer));
            self.rule("offer.payment", payment(offer));
        }
        if net && principal && fees && calendar {
            self.rule("offer.apr", apr(offer, self.request));
        }
    }
}

fn same(field: &str, given: Money, wanted: Money) -> Verdict {
    if given == wanted {
        Ok(())
    } else {
        Err(format!("{field} is {given}, not {wanted}"))
    }
}

fn reference(offer: &Offer, unique: bool) -> Verdict {
    if !unique {
        return Err("two offers have the same provider_ref".into());
    }
    line(&offer.provider_ref, 128, "provider_ref")
}

fn line(text: &str, most: usize, field: &str) -> Verdict {
    let fits = !text.is_empty() && text.len() <= most && !text.chars().any(char::is_control);
    if fits {
        Ok(())
    } else {
        Err(format!("{field} has {} bytes or a line break", text.len()))
    }
}

fn texts(offer: &Offer) -> Verdict {
    for (i, fee) in offer.fees.iter().enumerate() {
        line(&fee.code, 64, &format!("fees[{i}].code"))?;
    }
    offer
        .rate
        .index
        .as_deref()
        .map_or(Ok(()), |index| line(index, 64, "rate.index"))
}

fn product(offer: &Offer, request: &CreditRequest) -> Verdict {
    if request.products.is_empty() || request.products.contains(&offer.product) {
        Ok(())
    } else {
        Err(format!("{:?} was not asked for", offer.product))
    }
}

fn onchain(offer: &Offer) -> Verdict {
    let executable = offer.binding == Binding::OnchainExecutable;
    if executable == offer.onchain.is_some() {
        Ok(())
    } else {
        Err(format!("{:?} with onchain: {}", offer.binding, offer.onchain.is_some()))
    }
}

fn rates(offer: &Offer) -> Verdict {
    let most = Rate::from_percent(10_000);
    let terms = &offer.rate;
    let late = offer.repayment.late.penal_rate;
    let all = [
        ("rate.nominal", Some(terms.nominal)),
        ("rate.spread", terms.spread),
        ("rate.cap", terms.cap),
        ("rate.floor", terms.floor),
        ("repayment.prepayment_charge", Some(offer.repayment.prepayment_charge)),
        ("repayment.late.penal_rate", Some(late)),
    ];
    for (field, rate) in all {
        if rate.is_some_and(|rate| !(Rate::ZERO..=most).contains(&rate)) {
            return Err(format!("{field} is {:?} parts per million", rate.map(Rate::ppm)));
        }
    }
    Ok(())
}

fn calendar_size(offer: &Offer) -> Verdict {
    let schedule = &offer.repayment.schedule;
    let issued = offer.issued_at.date_naive();
    let far = schedule.iter().any(|p| p.due - issued > TimeDelta::days(366 * 51));
    if (1..=MAX_PAYMENTS).contains(&schedule.len()) && !far {
        Ok(())
    } else {
        Err(format!("{} payments", schedule.len()))
    }
}

fn dates(offer: &Offer) -> Verdict {
    let mut least = offer.issued_at.date_naive();
    for (i, payment) in offer.repayment.schedule.iter().enumerate() {
        if payment.due < least {
            return Err(format!(
                "schedule[{i}].due is {}, the earliest possible is {least}",
                payment.due
            ));
        }
        least = payment.due.succ_opt().unwrap_or(payment.due);
    }
    Ok(())
}

/// Every amount of the offer with its field.
fn amounts(offer: &Offer) -> Vec<(String, Money)> {
    let a = &offer.amounts;
    let mut all = vec![
        ("amounts.requested".to_owned(), a.requested),
        ("amounts.offered".to_owned(), a.offered),
        ("amounts.net_disbursed".to_owned(), a.net_disbursed),
        ("repayment.late.fee".to_owned(), offer.repayment.late.fee),
    ];
    let mut optional = |field: &str, money: Option<Money>| all.extend(money.map(|money| (field.to_owned(), money)));
    optional("amounts.limit", a.limit);
    optional("declared.total_cost", offer.declared.total_cost);
    optional("declared.payment", offer.declared.payment);
    all.extend(
        offer
            .fees
            .iter()
            .enumerate()
            .map(|(i, fee)| (format!("fees[{i}].amount"), fee.amount)),
    );
    for (i, p) in offer.repayment.schedule.iter().enumerate() {
        for (name, money) in [
            ("principal", p.principal),
            ("interest", p.interest),
            ("fees", p.fees),
            ("total", p.total),
        ] {
            all.push((format!("schedule[{i}].{name}"), money));
        }
    }
    all
}

fn currency(offer: &Offer, request: &CreditRequest) -> Verdict {
    let wanted = request.amount.currency;
    let other = amounts(offer).into_iter().find(|(_, money)| money.currency != wanted);
    other.map_or(Ok(()), |(field, money)| {
        Err(format!("{field} is in {}, not {wanted}", money.currency))
    })
}

fn positive(offer: &Offer) -> Verdict {
    let a = &offer.amounts;
    for (field, money) in [
        ("amounts.offered", a.offered),
        ("amounts.net_disbursed", a.net_disbursed),
    ] {
        if money.minor <= 0 {
            return Err(format!("{field} is {money}"));
        }
    }
    Ok(())
}

fn no_negative(offer: &Offer) -> Verdict {
    let negative = amounts(offer).into_iter().find(|(_, money)| money.minor < 0);
    negative.map_or(Ok(()), |(field, money)| Err(format!("{field} is {money}")))
}

fn within_asked(offer: &Offer, request: &CreditRequest) -> Verdict {
    let offered = offer.amounts.offered;
    if offered.minor <= request.amount.minor {
        Ok(())
    } else {
        Err(format!("{offered} offered, {} asked", request.amount))
    }
}

fn fees(offer: &Offer, timing: FeeTiming) -> i128 {
    let of_timing = offer.fees.iter().filter(|fee| fee.timing == timing);
    of_timing.map(|fee| i128::from(fee.amount.minor)).sum()
}

fn parts(offer: &Offer, part: impl Fn(&domain::offer::ScheduledPayment) -> Money) -> i128 {
    offer.repayment.schedule.iter().map(|p| i128::from(part(p).minor)).sum()
}

fn equal(what: &str, given: i128, wanted: i128) -> Verdict {
    if given == wanted {
        Ok(())
    } else {
        Err(format!("{what} is {given} minor units, not {wanted}"))
    }
}

fn net(offer: &Offer) -> Verdict {
    let wanted = i128::from(offer.amounts.offered.minor) - fees(offer, FeeTiming::UpfrontDeducted);
    equal(
        "amounts.net_disbursed",
        i128::from(offer.amounts.net_disbursed.minor),
        wanted,
    )
}

fn breakup(offer: &Offer) -> Verdict {
    offer.repayment.schedule.iter().enumerate().try_for_each(|(i, p)| {
        let sum = [p.principal, p.interest, p.fees]
            .iter()
            .map(|m| i128::from(m.minor))
            .sum();
        equal(&format!("schedule[{i}].total"), i128::from(p.total.minor), sum)
    })
}

fn principal_sum(offer: &Offer) -> Verdict {
    let wanted = i128::from(offer.amounts.offered.minor) + fees(offer, FeeTiming::Financed);
    equal("the sum of the principal parts", parts(offer, |p| p.principal), wanted)
}

fn fees_sum(offer: &Offer) -> Verdict {
    let wanted = fees(offer, FeeTiming::PerPeriod);
    equal("the sum of the fees in the payments", parts(offer, |p| p.fees), wanted)
}

/// From the parts, so that a wrong total is one fault and not two.
fn total_cost(offer: &Offer) -> Verdict {
    let Some(declared) = offer.declared.total_cost else {
        return Ok(());
    };
    let paid = parts(offer, |p| p.principal) + parts(offer, |p| p.interest) + parts(offer, |p| p.fees);
    let wanted = paid + fees(offer, FeeTiming::UpfrontPaid) - i128::from(offer.amounts.net_disbursed.minor);
    equal("declared.total_cost", i128::from(declared.minor), wanted)
}

fn payment(offer: &Offer) -> Verdict {
    let Some(declared) = offer.declared.payment else {
        return Ok(());
    };
    if offer.repayment.schedule.iter().any(|p| p.total == declared) {
        Ok(())
    } else {
        Err(format!("declared.payment {declared} is no payment of the calendar"))
    }
}

fn apr(offer: &Offer, request: &CreditRequest) -> Verdict {
    let appraisal = appraise(request, offer).map_err(|error| error.to_string())?;
    for flag in appraisal.flags {
        if let Flag::AprMisdeclared { declared, verified } = flag {
            let (declared, verified) = (declared.to_percent(), verified.to_percent());
            return Err(format!("declared {declared} %, the calendar gives {verified} %"));
        }
    }
    Ok(())
}

/// The offers of an answer.
pub(crate) fn offers(answer: &Answer) -> &[Offer] {
    match answer {
        Answer::Offers(offers) => offers,
        Answer::Declined(_) => &[],
    }
}
