//! The functions of expressions. A name that rounds says so; a text is never guessed at.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::calendar::{Period, Unit};
use domain::{Money, Rate};
use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};
use sdk::normalise::{Charge, DateOrder, Field, Problem, Refusal};

use super::eval::{Evaluator, Result, plain};
use super::value::{Fault, Located, Value};

/// A function: what it is called, what it takes, what it does.
pub(super) struct Function {
    pub name: &'static str,
    /// How many arguments, at least and at most.
    pub takes: (usize, usize),
    /// For people.
    pub arguments: &'static str,
    /// For the documentation.
    pub does: &'static str,
    pub body: fn(&Evaluator, &[Located]) -> Result<Located>,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Function {
    pub(super) fn takes(&self, count: usize) -> bool {
        (self.takes.0..=self.takes.1).contains(&count)
    }
}

pub(super) fn named(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// Every function as a row of a Markdown table, for the documentation.
pub(super) fn table() -> String {
    let row = |f: &Function| format!("| `{}` | {} | {} |\n", f.name, f.arguments, f.does);
    let head = "| Function | Takes | Gives |\n|---|---|---|\n".to_owned();
    let each = [
        (
            "map",
            "list, `x => …`",
            "the list of what the expression gives for each item `x`",
        ),
        ("filter", "list, `x => …`", "the items for which the expression is true"),
        (
            "find",
            "list, `x => …`",
            "the one item for which it is true, or nothing; two of them are refused",
        ),
    ];
    let each = each.map(|(name, takes, gives)| format!("| `{name}` | {takes} | {gives} |\n"));
    head + &FUNCTIONS.iter().map(row).collect::<String>() + &each.concat()
}

const ONE: (usize, usize) = (1, 1);
const TWO: (usize, usize) = (2, 2);

macro_rules! functions {
    ($($name:literal $takes:expr, $arguments:literal => $does:literal, $body:expr;)+) => {
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "the path of a method of Field<'_> is for one lifetime only"
        )]
        pub(super) const FUNCTIONS: &[Function] = &[$(Function {
            name: $name, takes: $takes, arguments: $arguments, does: $does, body: $body,
        }),+];
    };
}

functions! {
    // what lenders write
    "percent" ONE, "text" => "a nominal yearly rate; the sign is needed: `12 %`, `2% (p.m.)` is 24 %", |_, a| read(&a[0], |f| f.yearly_rate(), Value::Rate);
    "percent_number" ONE, "text or number" => "the same where the number is in per cent and the sign may be missing: `12.5`", |_, a| percent_number(&a[0], |f| f.percent_number());
    "percent_rounded_half_even" ONE, "text or number" => "the same for a figure that is only declared, such as an APR: finer than a millionth is rounded", |_, a| percent_number(&a[0], |f| f.percent_rounded_half_even());
    "fraction" ONE, "text or number" => "a rate as a fraction: `0.125` is 12.5 %", |_, a| scaled(&a[0], 1_000_000);
    "bps" ONE, "text or number" => "a rate in basis points: `1250` is 12.5 %", |_, a| scaled(&a[0], 100);
    "ppm" ONE, "text or number" => "a rate in millionths: `125000` is 12.5 %", |_, a| scaled(&a[0], 1);
    "money" ONE, "text or number" => "an amount in the lender's currency, major units: `25750INR`, `₹ 25,750.00`, `4900.5`", |e, a| read(&a[0], |f| f.money(e.currency), Value::Money);
    "minor" ONE, "text or number" => "an amount in minor units: `490050` cents", minor;
    "round_money_half_even" ONE, "number" => "the nearest amount of major units, ties to even", |e, a| { let n = number(&a[0])?; major(n.round_dp(e.currency.decimals()), e) };
    "charge_half_even" TWO, "text, money" => "a fee as written, of that amount: `500 INR`, `2%`, `3.00% + 18% GST`; `NA` is zero", charge;
    "share_half_even" TWO, "money, rate" => "that share of the amount", |_, a| money_of(&a[0])?.share_half_even(rate_of(&a[1])?).map(|m| Value::Money(m).into()).map_err(|_| plain("the result is too large"));
    "term" ONE, "text" => "a term with its unit: `24 Months`, `P24M`, `PT5M` (five months), `45 days`", |_, a| read(&a[0], |f| f.term(), Value::Period);
    "term_of" TWO, "count, unit" => "a term whose unit stands in a field of its own", |_, a| Ok(Value::Period(a[0].field()?.count_of(&a[1].field()?)?).into());
    "interval" ONE, "text" => "how often: `MONTHLY`, `P1M`, `every 2 weeks`", |_, a| read(&a[0], |f| f.interval(), Value::Period);
    "months" ONE, "count or term" => "a period of months: `24`, `2 years`", |_, a| period(&a[0], Unit::Month);
    "weeks" ONE, "count or term" => "a period of weeks", |_, a| period(&a[0], Unit::Week);
    "days" ONE, "count or term" => "a period of days", |_, a| period(&a[0], Unit::Day);
    "cooling_off_days" ONE, "text" => "a cooling-off period in whole days, rounded down: `P3D`, `72 hours`", |_, a| read(&a[0], |f| f.whole_days_down(), |n| Value::Number(n.into()));
    "date" ONE, "text" => "a day: `2026-04-03`, `3 Apr 2026`; `03/04/2026` has two meanings and is refused", |_, a| read(&a[0], |f| f.date(), Value::Date);
    "date_dmy" ONE, "text" => "a day written with the day first: `03/04/2026` is in April", |_, a| read(&a[0], |f| f.date_in(DateOrder::DayFirst), Value::Date);
    "date_mdy" ONE, "text" => "a day written with the month first: `03/04/2026` is in March", |_, a| read(&a[0], |f| f.date_in(DateOrder::MonthFirst), Value::Date);
    "instant" ONE, "text" => "an instant with its offset: `2026-04-03T10:00:00Z`", |_, a| read(&a[0], |f| f.instant(), Value::Instant);
    "bool" ONE, "text" => "yes or no: `true`, `YES`, `y`, `1` and their opposites", |_, a| read(&a[0], |f| f.boolean(), Value::Bool);
    "number" ONE, "text or number" => "a plain decimal number", |_, a| Ok(Value::Number(number(&a[0])?).into());
    "count" ONE, "text or number" => "a whole number that is not negative", |_, a| read(&a[0], |f| f.count(), |n| Value::Number(n.into()));
    "text" ONE, "text, number or truth value" => "the text as written, without white space around it", |_, a| Ok(Located::at(Value::text(a[0].field()?.text()?), &a[0].path));
    "word" (3, 63), "text, from, to, from, to, …" => "the word that the lender's word stands for; one that is not in the list is refused, unless a last word stands alone", word;
    // ours
    "major" ONE, "money" => "the amount as a number of major units", |_, a| Ok(Value::Number(money_of(&a[0])?.to_major()).into());
    "minor_units" ONE, "money" => "the amount as a whole number of minor units", |_, a| Ok(Value::Number(money_of(&a[0])?.minor.into()).into());
    "in_percent" ONE, "rate" => "the rate as a number in per cent", |_, a| Ok(Value::Number(rate_of(&a[0])?.to_percent().normalize()).into());
    "in_months" ONE, "period" => "its number of months; weeks and days are no whole months and refused", |_, a| whole(&a[0], Unit::Month);
    "in_days" ONE, "period" => "its number of days; months have no fixed length and are refused", |_, a| whole(&a[0], Unit::Day);
    "after" (2, 3), "date, period, times" => "the date that many periods later (once when `times` is left out)", after;
    "later" TWO, "instant, text or seconds" => "the instant that much later: `PT20M`, `30 minutes`, `1800`", later;
    "day" ONE, "instant" => "its day in UTC", |_, a| match &a[0].value { Value::Instant(at) => Ok(Value::Date(at.date_naive()).into()), _ => Err(a[0].expected("an instant")) };
    // numbers, texts, lists
    "div_half_even" (3, 3), "number, number, places" => "the quotient, rounded to that many decimals", |_, a| { let places = places(&a[2])?; let (l, r) = (a[0].number()?, a[1].number()?); Ok(Value::Number(l.checked_div(r).ok_or_else(|| a[1].fault("cannot divide"))?.round_dp(places)).into()) };
    "round_half_even" TWO, "number, places" => "the number, rounded to that many decimals", |_, a| Ok(Value::Number(a[0].number()?.round_dp(places(&a[1])?)).into());
    "round_down" TWO, "number, places" => "the same towards zero", |_, a| Ok(Value::Number(a[0].number()?.round_dp_with_strategy(places(&a[1])?, RoundingStrategy::ToZero)).into());
    "round_up" TWO, "number, places" => "the same away from zero", |_, a| Ok(Value::Number(a[0].number()?.round_dp_with_strategy(places(&a[1])?, RoundingStrategy::AwayFromZero)).into());
    "min" TWO, "number, number (or money, money)" => "the smaller one", |_, a| Ok(if less(&a[1], &a[0])? { a[1].clone() } else { a[0].clone() });
    "max" TWO, "number, number (or money, money)" => "the larger one", |_, a| Ok(if less(&a[0], &a[1])? { a[1].clone() } else { a[0].clone() });
    "upper" ONE, "text" => "in capitals", |_, a| Ok(Value::text(a[0].text()?.to_uppercase()).into());
    "lower" ONE, "text" => "in small letters", |_, a| Ok(Value::text(a[0].text()?.to_lowercase()).into());
    "present" ONE, "anything" => "false for nothing, `null`, an empty text, `NA` and the like", |_, a| Ok(Value::Bool(!a[0].says_nothing()).into());
    "len" ONE, "list" => "how many items", |_, a| Ok(Value::Number(a[0].items()?.len().into()).into());
    "sum" ONE, "list of numbers or money" => "their sum; of no items the number 0", sum;
    "sum_money" ONE, "list of money" => "their sum; of no items no money", |e, a| if a[0].items()?.is_empty() { Ok(Value::Money(Money::zero(e.currency)).into()) } else { sum(e, a) };
    "join" TWO, "list, list" => "the items of both", |_, a| Ok(Value::List(Arc::new(a[0].items()?.iter().chain(a[1].items()?.iter()).cloned().collect())).into());
    "range" ONE, "count" => "the numbers from 1 to that", range;
}

fn read<T>(
    from: &Located,
    how: impl FnOnce(&Field<'_>) -> std::result::Result<T, Refusal>,
    make: impl FnOnce(T) -> Value,
) -> Result<Located> {
    Ok(Located::at(make(how(&from.field()?)?), &from.path))
}

fn number(from: &Located) -> Result<Decimal> {
    Ok(from.field()?.decimal()?)
}

fn percent_number(
    from: &Located,
    how: fn(&Field<'_>) -> std::result::Result<sdk::normalise::Percent, Refusal>,
) -> Result<Located> {
    let field = from.field()?;
    let percent = how(&field)?;
    if percent.tax != sdk::normalise::Tax::Unstated {
        return Err(field.refuse(Problem::Taxed).into());
    }
    let rate = percent.yearly().map_err(|problem| field.refuse(problem))?;
    Ok(Located::at(Value::Rate(rate), &from.path))
}

fn scaled(from: &Located, ppm: i64) -> Result<Located> {
    let scaled = number(from)?.checked_mul(ppm.into()).map(|n| n.normalize());
    let scaled = scaled.ok_or_else(|| from.fault("is too large"))?;
    if scaled.scale() != 0 {
        return Err(from.fault("is finer than a millionth: use percent_rounded_half_even() for a declared figure"));
    }
    let rate = scaled.to_i64().ok_or_else(|| from.fault("is too large"))?;
    Ok(Located::at(Value::Rate(Rate::from_ppm(rate)), &from.path))
}

fn minor(e: &Evaluator, a: &[Located]) -> Result<Located> {
    let number = number(&a[0])?.normalize();
    if number.scale() != 0 {
        return Err(a[0].fault("is no whole number of minor units"));
    }
    let minor = number.to_i64().ok_or_else(|| a[0].fault("is too large"))?;
    Ok(Located::at(Value::Money(Money::new(minor, e.currency)), &a[0].path))
}

fn major(number: Decimal, e: &Evaluator) -> Result<Located> {
    let money = Money::from_major(number, e.currency).map_err(|_| plain("the amount is too large"))?;
    Ok(Value::Money(money).into())
}

fn charge(e: &Evaluator, a: &[Located]) -> Result<Located> {
    let base = money_of(&a[1])?;
    if a[0].value == Value::Absent {
        return Err(a[0].fault("is missing"));
    }
    let field = a[0].field()?;
    let refuse = |problem: Problem| Fault::from(field.refuse(problem));
    let large = |_| refuse(Problem::TooLarge);
    let money = match field.charge(e.currency)? {
        Charge::NotApplicable => Money::zero(e.currency),
        Charge::Share(percent) => {
            let rate = percent.with_tax_half_even(None).map_err(refuse)?;
            base.share_half_even(rate).map_err(large)?
        }
        Charge::Amount(quantity) => match quantity.tax {
            sdk::normalise::Tax::OnTop(None) => return Err(refuse(Problem::Taxed)),
            sdk::normalise::Tax::OnTop(Some(tax)) => {
                let tax = quantity.money.share_half_even(tax).map_err(large)?;
                quantity.money.plus(tax).map_err(large)?
            }
            _ => quantity.money,
        },
    };
    Ok(Located::at(Value::Money(money), &a[0].path))
}

fn money_of(from: &Located) -> Result<Money> {
    match from.value {
        Value::Money(money) => Ok(money),
        _ => Err(from.expected("an amount: money() or minor() reads one")),
    }
}

fn rate_of(from: &Located) -> Result<Rate> {
    match from.value {
        Value::Rate(rate) => Ok(rate),
        _ => Err(from.expected("a rate: percent() reads one")),
    }
}

/// A count of that unit, or a term that is a whole number of it.
fn period(from: &Located, unit: Unit) -> Result<Located> {
    if let Value::Period(_) = from.value {
        let count = in_units(from, unit)?;
        return Ok(Located::at(Value::Period(Period::new(count, unit)), &from.path));
    }
    let field = from.field()?;
    let Ok(count) = field.count() else {
        return period(&Located::at(Value::Period(field.term()?), &from.path), unit);
    };
    if count == 0 {
        return Err(field.refuse(Problem::Zero).into());
    }
    Ok(Located::at(Value::Period(Period::new(count, unit)), &from.path))
}

fn in_units(from: &Located, unit: Unit) -> Result<u32> {
    let Value::Period(period) = from.value else {
        return Err(from.expected("a period"));
    };
    let size = |unit| match unit {
        Unit::Day => (1, false),
        Unit::Week => (7, false),
        Unit::Month => (1, true),
        Unit::Year => (12, true),
    };
    let ((have, calendar), (want, wanted)) = (size(period.unit), size(unit));
    let total = period
        .count
        .checked_mul(have)
        .ok_or_else(|| from.fault("is too large"))?;
    if calendar != wanted || total % want != 0 {
        return Err(from.fault("is no whole number of that unit"));
    }
    Ok(total / want)
}

fn whole(from: &Located, unit: Unit) -> Result<Located> {
    Ok(Value::Number(in_units(from, unit)?.into()).into())
}

fn word(_: &Evaluator, a: &[Located]) -> Result<Located> {
    let field = a[0].field()?;
    let (pairs, alone) = a[1..].as_chunks::<2>();
    for [from, to] in pairs {
        // One word at a time, by the normaliser's idea of sameness.
        if field.one_of(&[(&*from.text()?, ())]).is_ok() {
            return Ok(to.clone());
        }
    }
    match alone {
        [last] => Ok(last.clone()),
        _ => Err(field.refuse(Problem::UnknownWord).into()),
    }
}

fn after(_: &Evaluator, a: &[Located]) -> Result<Located> {
    let times = match a.get(2) {
        Some(times) => times.field()?.count()?,
        None => 1,
    };
    match (&a[0].value, &a[1].value) {
        (Value::Date(date), Value::Period(period)) => {
            let date = period.after(*date, times).map_err(|_| a[0].fault("is too far ahead"))?;
            Ok(Value::Date(date).into())
        }
        (Value::Date(_), _) => Err(a[1].expected("a period")),
        _ => Err(a[0].expected("a date")),
    }
}

fn later(_: &Evaluator, a: &[Located]) -> Result<Located> {
    let Value::Instant(at) = a[0].value else {
        return Err(a[0].expected("an instant"));
    };
    let field = a[1].field()?;
    let span = match field.count() {
        Ok(seconds) => TimeDelta::seconds(seconds.into()),
        Err(_) => field.span()?,
    };
    let at = at
        .checked_add_signed(span)
        .ok_or_else(|| a[1].fault("is too far ahead"))?;
    Ok(Value::Instant(at).into())
}

fn places(from: &Located) -> Result<u32> {
    let places = from.number()?.to_u32().filter(|places| *places <= 20);
    places.ok_or_else(|| from.fault("must be 0 to 20 decimals"))
}

fn less(left: &Located, right: &Located) -> Result<bool> {
    match (&left.value, &right.value) {
        (Value::Money(l), Value::Money(r)) => Ok(l.minor < r.minor),
        _ => Ok(left.number()? < right.number()?),
    }
}

fn sum(_: &Evaluator, a: &[Located]) -> Result<Located> {
    let items = a[0].items()?;
    let large = || a[0].fault("the sum is too large");
    if let Some(Value::Money(_)) = items.first().map(|item| &item.value) {
        let mut total: Option<Money> = None;
        for item in items.iter() {
            let money = money_of(item)?;
            total = Some(total.map_or(Ok(money), |t| t.plus(money)).map_err(|_| large())?);
        }
        return Ok(total.map_or(Value::Absent, Value::Money).into());
    }
    let add = |total: Decimal, item: &Located| total.checked_add(item.number()?).ok_or_else(large);
    Ok(Value::Number(items.iter().try_fold(Decimal::ZERO, add)?).into())
}

fn range(_: &Evaluator, a: &[Located]) -> Result<Located> {
    let count = a[0].number()?.to_u32().filter(|n| *n as usize <= super::MAX_ITEMS);
    let count = count.ok_or_else(|| a[0].fault("has too many items"))?;
    let items = (1..=count).map(|n| Value::Number(n.into()).into()).collect();
    Ok(Value::List(Arc::new(items)).into())
}
