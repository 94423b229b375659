//! Percentages: of what, per what, and with which tax.

use domain::Rate;
use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};

use super::scan::Scan;
use super::{Field, Problem, Refusal};

/// What time a percentage is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Not said.
    Unstated,
    /// A year: `36% (p.a.)`.
    Year,
    /// A month: `2% (p.m.)`.
    Month,
    /// A day: `0.1% per day`.
    Day,
}

/// What a percentage is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// Not said.
    Unstated,
    /// The amount lent.
    Principal,
    /// What is still owed: `POS`, principal outstanding.
    Outstanding,
    /// One installment.
    Installment,
    /// What is overdue.
    Overdue,
}

/// What is said about tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tax {
    /// Nothing.
    Unstated,
    /// It comes on top: `+ GST`, `+ 18% GST`. The rate is there when the lender wrote it.
    OnTop(Option<Rate>),
    /// It is inside: `incl. GST`.
    Inside,
}

/// A percentage as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent {
    /// How much.
    pub rate: Rate,
    /// Per what time.
    pub per: Per,
    /// Of what.
    pub base: Base,
    /// With which tax.
    pub tax: Tax,
}

impl Percent {
    /// Nominal yearly rate: a month counts twelve times, a day 365 times; what is not said is taken as a year.
    pub fn yearly(&self) -> Result<Rate, Problem> {
        let times = match self.per {
            Per::Unstated | Per::Year => 1,
            Per::Month => 12,
            Per::Day => 365,
        };
        let ppm = self.rate.ppm().checked_mul(times).ok_or(Problem::TooLarge)?;
        Ok(Rate::from_ppm(ppm))
    }

    /// The share with the tax that comes on top: 3 % and 18 % of tax are 3.54 %. A tax of unknown rate takes `known`; without one
    /// it is refused as `Taxed`. Finer than a millionth is rounded, ties to even.
    pub fn with_tax_half_even(&self, known: Option<Rate>) -> Result<Rate, Problem> {
        let tax = match self.tax {
            Tax::Unstated | Tax::Inside => return Ok(self.rate),
            Tax::OnTop(written) => written.or(known).ok_or(Problem::Taxed)?,
        };
        let product = i128::from(self.rate.ppm()) * i128::from(tax.ppm());
        let added =
            domain::money::div_half_even(product, i128::from(Rate::ONE.ppm())).map_err(|_| Problem::TooLarge)?;
        let added = i64::try_from(added).map_err(|_| Problem::TooLarge)?;
        self.rate.plus(Rate::from_ppm(added)).map_err(|_| Problem::TooLarge)
    }
}

impl Field<'_> {
    /// A percentage with its sign or word: `12 %`, `2.25% (p.m.)`, `3.00% + GST`, `4% of POS`. A range is refused.
    pub fn percent(&self) -> Result<Percent, Refusal> {
        self.parse(|text| single(text, Sign::Needed, exact_rate))
    }

    /// The same where the protocol says that the number is in per cent: the sign may be missing.
    pub fn percent_number(&self) -> Result<Percent, Refusal> {
        self.parse(|text| single(text, Sign::Optional, exact_rate))
    }

    /// A figure that the lender only declares, such as its own APR: finer than a millionth is rounded, ties to even.
    pub fn percent_rounded_half_even(&self) -> Result<Percent, Refusal> {
        self.parse(|text| single(text, Sign::Optional, rounded_rate))
    }

    /// A nominal yearly rate: `12%`, `36% (p.a.)`, `2% (p.m.)` as 24 %. A tax or a base has no place in it.
    pub fn yearly_rate(&self) -> Result<Rate, Refusal> {
        self.parse(|text| {
            let percent = single(text, Sign::Needed, exact_rate)?;
            if percent.tax != Tax::Unstated {
                return Err(Problem::Taxed);
            }
            percent.yearly()
        })
    }

    /// The two ends of `12% - 15%`; one percentage is both of its ends.
    pub fn percent_range(&self) -> Result<(Percent, Percent), Refusal> {
        self.parse(|text| {
            let (low, high) = range(text, Sign::Needed, exact_rate)?;
            Ok((low, high.unwrap_or(low)))
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Needed,
    Optional,
}

type ToRate = fn(Decimal) -> Result<Rate, Problem>;

/// True when the text holds a percentage anywhere.
pub(super) fn mentions(text: &str) -> bool {
    if text.contains('%') {
        return true;
    }
    let lower = text.to_ascii_lowercase();
    lower.contains("pct") || lower.contains("percent") || lower.contains("per cent")
}

/// One percentage, for the readers of charges.
pub(super) fn exact(text: &str) -> Result<Percent, Problem> {
    single(text, Sign::Needed, exact_rate)
}

fn single(text: &str, sign: Sign, to_rate: ToRate) -> Result<Percent, Problem> {
    match range(text, sign, to_rate)? {
        (one, None) => Ok(one),
        (_, Some(_)) => Err(Problem::Range),
    }
}

fn range(text: &str, sign: Sign, to_rate: ToRate) -> Result<(Percent, Option<Percent>), Problem> {
    let mut scan = Scan::new(text);
    lead(&mut scan)?;
    let low = scan.number()?;
    let low_signed = percent_sign(&mut scan);
    let high = if scan.range_mark() { Some(scan.number()?) } else { None };
    let signed = if high.is_some() {
        percent_sign(&mut scan) || low_signed
    } else {
        low_signed
    };
    if !signed && sign == Sign::Needed {
        return Err(if scan.is_done() {
            Problem::NoUnit
        } else {
            Problem::Unread
        });
    }
    let tail = tail(&mut scan)?;
    scan.finish()?;
    let low = Percent {
        rate: to_rate(low)?,
        ..tail
    };
    let high = high
        .map(|high| to_rate(high).map(|rate| Percent { rate, ..tail }))
        .transpose()?;
    Ok((low, high))
}

/// A sign, or a word that makes a limit of the value.
pub(super) fn lead(scan: &mut Scan<'_>) -> Result<(), Problem> {
    if scan.at_number() {
        return Ok(());
    }
    if scan.eat_any(&[
        "up to", "upto", "maximum", "minimum", "max", "min", "from", "starting", "at least", "<", ">", "≤", "≥",
    ]) {
        return Err(Problem::Bound);
    }
    let negative = scan.eat("-") || scan.eat("−");
    if negative && scan.at_number() {
        return Err(Problem::Negative);
    }
    scan.eat("+");
    if scan.at_number() {
        Ok(())
    } else {
        Err(Problem::NotANumber)
    }
}

fn percent_sign(scan: &mut Scan<'_>) -> bool {
    scan.eat_any(&["%", "percent", "per cent", "pct"])
}

/// What may follow the sign, in any order: per what time, of what, with which tax. Each at most once.
fn tail(scan: &mut Scan<'_>) -> Result<Percent, Problem> {
    let mut read = Percent {
        rate: Rate::ZERO,
        per: Per::Unstated,
        base: Base::Unstated,
        tax: Tax::Unstated,
    };
    while !scan.is_done() {
        let (per, base, tax) = (per(scan), base(scan), tax(scan)?);
        let twice = (per.is_some() && read.per != Per::Unstated)
            || (base.is_some() && read.base != Base::Unstated)
            || (tax.is_some() && read.tax != Tax::Unstated);
        if twice {
            return Err(Problem::Ambiguous);
        }
        if per.is_none() && base.is_none() && tax.is_none() {
            break;
        }
        read.per = per.unwrap_or(read.per);
        read.base = base.unwrap_or(read.base);
        read.tax = tax.unwrap_or(read.tax);
    }
    Ok(read)
}

fn per(scan: &mut Scan<'_>) -> Option<Per> {
    let mut ahead = *scan;
    let open = ahead.eat("(");
    let year = [
        "p.a.",
        "p.a",
        "p. a.",
        "pa",
        "per annum",
        "per year",
        "a year",
        "yearly",
        "annually",
        "annual",
    ];
    let month = ["p.m.", "p.m", "p. m.", "pm", "per month", "a month", "monthly"];
    let day = ["p.d.", "per day", "a day", "daily"];
    let per = if ahead.eat_any(&year) {
        Per::Year
    } else if ahead.eat_any(&month) {
        Per::Month
    } else if ahead.eat_any(&day) {
        Per::Day
    } else {
        return None;
    };
    if open && !ahead.eat(")") {
        return None;
    }
    *scan = ahead;
    Some(per)
}

fn base(scan: &mut Scan<'_>) -> Option<Base> {
    let mut ahead = *scan;
    let open = ahead.eat("(");
    if !ahead.eat_any(&["of", "on"]) {
        return None;
    }
    ahead.eat("the");
    let outstanding = [
        "pos",
        "principal outstanding",
        "outstanding principal",
        "outstanding balance",
        "outstanding amount",
        "outstanding",
    ];
    let overdue = [
        "overdue amount",
        "overdue emi",
        "overdue installment",
        "overdue instalment",
        "overdue",
    ];
    let installment = ["emi", "installment", "instalment"];
    let principal = [
        "loan amount",
        "sanctioned amount",
        "principal amount",
        "principal",
        "disbursed amount",
    ];
    let base = if ahead.eat_any(&outstanding) {
        Base::Outstanding
    } else if ahead.eat_any(&overdue) {
        Base::Overdue
    } else if ahead.eat_any(&installment) {
        Base::Installment
    } else if ahead.eat_any(&principal) {
        Base::Principal
    } else {
        return None;
    };
    if open && !ahead.eat(")") {
        return None;
    }
    *scan = ahead;
    Some(base)
}

const TAXES: [&str; 6] = ["gst", "vat", "applicable taxes", "taxes", "tax", "service tax"];

/// `+ GST`, `plus 18% GST`, `(incl. GST)`, `exclusive of taxes`.
pub(super) fn tax(scan: &mut Scan<'_>) -> Result<Option<Tax>, Problem> {
    if scan.is_done() {
        return Ok(None);
    }
    let mut ahead = *scan;
    let open = ahead.eat("(");
    let plus = ahead.eat_any(&["+", "plus", "&", "and"]);
    let tax = if plus {
        let written = if ahead.at_number() {
            let value = ahead.number()?;
            if !percent_sign(&mut ahead) {
                return Ok(None);
            }
            Some(exact_rate(value)?)
        } else {
            None
        };
        ahead.eat("applicable");
        Tax::OnTop(written)
    } else if ahead.eat_any(&[
        "inclusive of all",
        "inclusive of",
        "including",
        "incl. of",
        "incl.",
        "incl",
    ]) {
        ahead.eat("applicable");
        Tax::Inside
    } else if ahead.eat_any(&["exclusive of", "excluding", "excl. of", "excl.", "excl"]) {
        ahead.eat("applicable");
        Tax::OnTop(None)
    } else {
        return Ok(None);
    };
    if !ahead.eat_any(&TAXES) || (open && !ahead.eat(")")) {
        return Ok(None);
    }
    *scan = ahead;
    Ok(Some(tax))
}

/// Per cent to parts per million, exactly.
fn exact_rate(percent: Decimal) -> Result<Rate, Problem> {
    let ppm = percent.checked_mul(Decimal::from(10_000)).ok_or(Problem::TooLarge)?;
    let ppm = ppm.normalize();
    if ppm.scale() != 0 {
        return Err(Problem::TooFine);
    }
    ppm.to_i64().map(Rate::from_ppm).ok_or(Problem::TooLarge)
}

fn rounded_rate(percent: Decimal) -> Result<Rate, Problem> {
    let ppm = percent.checked_mul(Decimal::from(10_000)).ok_or(Problem::TooLarge)?;
    let whole = ppm.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven);
    whole.to_i64().map(Rate::from_ppm).ok_or(Problem::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Percent, Problem> {
        Field::new("f", text)
            .percent()
            .map_err(|refusal| refusal.problem().clone())
    }

    #[test]
    fn per_what_of_what_and_the_tax_are_kept() {
        let plain = Percent {
            rate: Rate::from_percent(3),
            per: Per::Unstated,
            base: Base::Unstated,
            tax: Tax::Unstated,
        };
        let with = |change: fn(&mut Percent)| {
            let mut percent = plain;
            change(&mut percent);
            Ok(percent)
        };
        for text in [
            "3%",
            "3 %",
            "3.00%",
            "+3%",
            "3.0000 percent",
            "3 per cent",
            " 3\u{a0}% ",
        ] {
            assert_eq!(read(text), Ok(plain), "{text}");
        }
        assert_eq!(read("3% + GST"), with(|p| p.tax = Tax::OnTop(None)));
        assert_eq!(read("3% (excl. GST)"), with(|p| p.tax = Tax::OnTop(None)));
        assert_eq!(
            read("3% +18% GST"),
            with(|p| p.tax = Tax::OnTop(Some(Rate::from_percent(18))))
        );
        assert_eq!(read("3% incl. GST"), with(|p| p.tax = Tax::Inside));
        assert_eq!(read("3% (p.m.)"), with(|p| p.per = Per::Month));
        assert_eq!(read("3% p.a."), with(|p| p.per = Per::Year));
        assert_eq!(read("3% per day"), with(|p| p.per = Per::Day));
        assert_eq!(
            read("3% p.a. of the outstanding principal + GST"),
            with(|p| {
                (p.per, p.base, p.tax) = (Per::Year, Base::Outstanding, Tax::OnTop(None));
            })
        );
        assert_eq!(read("3% of overdue EMI"), with(|p| p.base = Base::Overdue));
    }

    #[test]
    fn what_is_no_single_exact_percentage_is_refused_by_its_reason() {
        for (text, problem) in [
            ("", Problem::Missing),
            ("NA", Problem::Missing),
            ("12", Problem::NoUnit),
            ("12 apples", Problem::Unread),
            ("12% - 15%", Problem::Range),
            ("12 to 15%", Problem::Range),
            ("up to 5%", Problem::Bound),
            ("-5%", Problem::Negative),
            ("about 5%", Problem::NotANumber),
            ("5% flat", Problem::Unread),
            ("5% if late", Problem::Unread),
            ("5% p.a. p.m.", Problem::Ambiguous),
            ("5.00001%", Problem::TooFine),
            ("12,5%", Problem::Grouping),
            ("9999999999999999999%", Problem::TooLarge),
        ] {
            assert_eq!(read(text), Err(problem), "{text}");
        }
    }

    #[test]
    fn ranges_monthly_rates_and_tax_are_computed_exactly() {
        let field = |text: &'static str| Field::new("f", text);
        let (low, high) = field("12% – 15.5% p.a.").percent_range().unwrap();
        assert_eq!((low.rate, high.rate), (Rate::from_percent(12), Rate::from_ppm(155_000)));
        assert_eq!(field("12%").percent_range().unwrap().1.rate, Rate::from_percent(12));
        assert_eq!(field("2.25% (p.m.)").yearly_rate(), Ok(Rate::from_percent(27)));
        assert_eq!(field("12.5").percent_number().unwrap().rate, Rate::from_ppm(125_000));
        assert_eq!(
            field("26.473215").percent_rounded_half_even().unwrap().rate,
            Rate::from_ppm(264_732)
        );
        assert_eq!(field("5% + GST").yearly_rate().unwrap_err().problem(), &Problem::Taxed);
        let taxed = field("3.00% + GST").percent().unwrap();
        assert_eq!(taxed.with_tax_half_even(None), Err(Problem::Taxed));
        assert_eq!(
            taxed.with_tax_half_even(Some(Rate::from_percent(18))),
            Ok(Rate::from_ppm(35_400))
        );
    }
}
