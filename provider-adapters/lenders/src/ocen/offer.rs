//! From a lender's offer to a canonical one. Numbers are read as they were written; every sum must hold; a refusal names the path.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::calendar::{Period, Unit};
use domain::offer::{AprConvention, Binding, LateTerms, Offer, RepaymentMethod};
use domain::request::CreditRequest;
use domain::{Currency, Money, Rate};
use sdk::canonical::Inquiry;
use sdk::normalise::{DateOrder, Problem, Reader, Refusal};
use sdk::{LenderError, OfferBuilder};

/// Longest validity that an offer may have, less a day.
const MAX_VALIDITY: TimeDelta = TimeDelta::days(89);

/// What an adapter knows beside the message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    pub(super) request: &'a CreditRequest,
    pub(super) reference: &'a str,
    pub(super) now: DateTime<Utc>,
    pub(super) inquiry: Inquiry,
}

type Read<T> = Result<T, LenderError>;

/// Reads an `Offer`.
pub(super) fn read(offer: &Reader<'_>, setting: &Setting<'_>) -> Read<Offer> {
    let currency = setting.request.amount.currency;
    let terms = offer.get("terms");
    let code = terms.get("currency").field()?;
    if !code.text()?.eq_ignore_ascii_case(currency.code()) {
        return Err(code.refuse(Problem::WrongCurrency(currency)).into());
    }
    let money = |name: &str| terms.get(name).field()?.money(currency);
    let (principal, net) = (money("sanctionedAmount")?, money("netDisbursedAmount")?);
    let (interest, total) = (money("interestAmount")?, money("totalRepayableAmount")?);
    let fees = charges(&terms.get("charges"), principal, currency)?;
    let withheld: i64 = principal.minor - net.minor;
    if withheld != fees.iter().map(|(_, fee)| fee.minor).sum::<i64>() {
        return Err(terms
            .get("netDisbursedAmount")
            .malformed("is not the sanctioned amount less the charges"));
    }
    if principal.minor.checked_add(interest.minor) != Some(total.minor) {
        return Err(terms
            .get("totalRepayableAmount")
            .malformed("is not principal and interest"));
    }
    let fixed = terms
        .get("interestType")
        .field()?
        .one_of(&[("FIXED", true), ("FLOATING", false)])?;
    if !fixed {
        return Err(terms
            .get("interestType")
            .malformed("a rate that follows an index must name it, and here it cannot"));
    }
    let rate = terms.get("interestRate").field()?.percent_number()?.rate;
    let until = offer.get("validTill").field()?.instant()?;
    let (every, payments) = payments(offer, total, setting)?;
    let mut made = OfferBuilder::new(setting.request, setting.reference, setting.now)
        .binding(Binding::Firm, (until - setting.now).min(MAX_VALIDITY))
        .inquiry(setting.inquiry)
        .lend(principal)
        .fixed_rate(rate)
        .totals(RepaymentMethod::EqualInstallment, every, payments);
    for (code, fee) in fees.into_iter().filter(|(_, fee)| !fee.is_zero()) {
        made = made.withheld_fee(code, fee);
    }
    made = penalties(made, &terms.get("charges"), currency)?;
    let cooling = terms.get("coolingOffPeriod");
    if cooling.exists() {
        let (count, unit) = (cooling.get("duration").field()?, cooling.get("unit").field()?);
        // Promised in months: the shortest month counts.
        let days = unit.one_of(&[("DAY", 1), ("MONTH", 28), ("YEAR", 365)])?;
        let days = count.count()?.saturating_mul(days);
        made = made.cooling_off_days(days);
    }
    if let Some(apr) = terms.get("annualPercentageRate").optional()? {
        made = made.pass_on_apr(apr.percent_rounded_half_even()?.rate, AprConvention::IndiaNominal);
    }
    Ok(made.build()?)
}

/// What is withheld: the processing charge and the other one.
fn charges(charges: &Reader<'_>, principal: Money, currency: Currency) -> Read<[(&'static str, Money); 2]> {
    let amount = |name: &str| -> Read<Money> {
        let charge = charges.get(name);
        if !charge.exists() {
            return Ok(Money::zero(currency));
        }
        let data = charge.get("data");
        if charge
            .get("chargeType")
            .field()?
            .one_of(&[("FIXED_AMOUNT", true), ("RATE_BASED", false)])?
        {
            return Ok(data.get("amount").field()?.money(currency)?);
        }
        data.get("applicableParameter")
            .field()?
            .one_of(&[("TOTAL_LOAN_AMOUNT", ())])?;
        let share = data.get("rate").field()?.percent_number()?.rate;
        let amount = principal.share_half_even(share);
        Ok(amount.map_err(|_| data.get("rate").refuse(Problem::TooLarge))?)
    };
    Ok([("processing", amount("processing")?), ("other", amount("other")?)])
}

type Building<'r> = OfferBuilder<'r, sdk::offer::Scheduled>;

fn penalties<'r>(mut made: Building<'r>, charges: &Reader<'_>, currency: Currency) -> Read<Building<'r>> {
    let kind = |charge: &Reader<'_>| -> Result<bool, Refusal> {
        charge
            .get("chargeType")
            .field()?
            .one_of(&[("FIXED_AMOUNT", true), ("RATE_BASED", false)])
    };
    let early = charges.get("prepayment");
    if early.exists() {
        if kind(&early)? {
            return Err(early.malformed("a fixed charge for paying early has no place in an offer"));
        }
        made = made.prepayment_charge(early.at("data.rate").field()?.percent_number()?.rate);
    }
    let mut late = LateTerms {
        grace_days: 0,
        fee: Money::zero(currency),
        penal_rate: Rate::ZERO,
    };
    for name in ["latePayment", "bounce"] {
        let charge = charges.get(name);
        if !charge.exists() {
            continue;
        }
        if kind(&charge)? {
            let fee = charge.at("data.amount").field()?.money(currency)?;
            late.fee = late.fee.plus(fee).map_err(|_| charge.refuse(Problem::TooLarge))?;
        } else {
            let rate = charge.at("data.rate").field()?.percent_number()?.rate;
            late.penal_rate = late
                .penal_rate
                .plus(rate)
                .map_err(|_| charge.refuse(Problem::TooLarge))?;
        }
    }
    Ok(made.late(late))
}

/// The calendar of the one repayment plan: equal installments from its start, the last one taking the rest.
fn payments(offer: &Reader<'_>, total: Money, setting: &Setting<'_>) -> Read<(Period, Vec<(NaiveDate, Money)>)> {
    let plans = offer.at("repayment.plans");
    let all = plans.items()?;
    let [plan] = all.as_slice() else {
        return Err(plans.malformed("expected one plan"));
    };
    if plan.get("totalAmount").field()?.money(total.currency)? != total {
        return Err(plan.get("totalAmount").malformed("is not the total repayable amount"));
    }
    let recurring = plan
        .get("scheduleType")
        .field()?
        .one_of(&[("RECURRING", true), ("ONE_TIME", false)])?;
    let first = plan.get("startDate").field()?.date_in(DateOrder::DayFirst)?;
    if !recurring {
        let days = u32::try_from((first - setting.now.date_naive()).num_days()).unwrap_or(0);
        return Ok((Period::new(days.max(1), Unit::Day), vec![(first, total)]));
    }
    let month = |count| Period::new(count, Unit::Month);
    let every = plan.get("frequency").field()?.one_of(&[
        ("MONTHLY", month(1)),
        ("WEEKLY", Period::new(1, Unit::Week)),
        ("QUARTERLY", month(3)),
        ("HALF_YEARLY", month(6)),
        ("YEARLY", month(12)),
    ])?;
    let number = plan.get("noOfInstallment");
    let count = number.field()?.count()?;
    if !(1..=600).contains(&count) {
        return Err(number.malformed("must be 1 to 600"));
    }
    let parts = i64::from(count);
    // Rounded up to the minor unit, as an installment is.
    let each = (total.minor + parts - 1) / parts;
    let mut rows = Vec::new();
    for at in 0..count {
        let due = every
            .after(first, at)
            .map_err(|_| number.malformed("leads beyond the calendar"))?;
        let amount = if at + 1 == count {
            total.minor - each * (parts - 1)
        } else {
            each
        };
        rows.push((due, Money::new(amount, total.currency)));
    }
    Ok((every, rows))
}
