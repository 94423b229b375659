//! Amounts of money, charges and counts.

use domain::money::MoneyError;
use domain::{Currency, Money};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::percent::{self, Percent, Tax, lead};
use super::scan::Scan;
use super::{Field, Problem, Refusal};

/// An amount with what is said about tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// How much.
    pub money: Money,
    /// With which tax.
    pub tax: Tax,
}

/// A fee or penalty as lenders state it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// `NA`, `Not Applicable`, empty: the lender does not have it.
    NotApplicable,
    /// A fixed amount, perhaps zero.
    Amount(Quantity),
    /// A share.
    Share(Percent),
}

impl Charge {
    /// True when nothing is charged.
    pub fn is_free(&self) -> bool {
        match self {
            Self::NotApplicable => true,
            Self::Amount(quantity) => quantity.money.is_zero(),
            Self::Share(percent) => percent.rate.ppm() == 0,
        }
    }
}

impl Field<'_> {
    /// An amount that is not negative: `1000 INR`, `25750INR`, `₹ 25,750.00`, `Rs. 1,00,000/-`, `5 lakh`, `0`. Another currency is
    /// refused, so is a tax on top and a part finer than the minor unit. The decimal mark is the point.
    pub fn money(&self, currency: Currency) -> Result<Money, Refusal> {
        self.parse(|text| untaxed(single(text, currency)?))
    }

    /// The same, perhaps with a minus sign.
    pub fn signed_money(&self, currency: Currency) -> Result<Money, Refusal> {
        self.parse(|text| {
            let (negative, rest) = match text.strip_prefix(['-', '−']) {
                Some(rest) => (true, rest),
                None => (false, text),
            };
            let money = untaxed(single(rest, currency)?)?;
            let minor = if negative { -money.minor } else { money.minor };
            Ok(Money::new(minor, currency))
        })
    }

    /// An amount with what is said about tax: `500 INR + GST`.
    pub fn quantity(&self, currency: Currency) -> Result<Quantity, Refusal> {
        self.parse(|text| single(text, currency))
    }

    /// The two ends of `10000 - 50000 INR`; one amount is both of its ends.
    pub fn money_range(&self, currency: Currency) -> Result<(Money, Money), Refusal> {
        self.parse(|text| {
            let (low, high, tax) = range(text, currency)?;
            if tax != Tax::Unstated {
                return Err(Problem::Taxed);
            }
            Ok((low, high.unwrap_or(low)))
        })
    }

    /// A fee or penalty: an amount, a percentage, or nothing.
    pub fn charge(&self, currency: Currency) -> Result<Charge, Refusal> {
        if self.is_absent() {
            return Ok(Charge::NotApplicable);
        }
        self.parse(|text| {
            if percent_leads(text) {
                percent::exact(text).map(Charge::Share)
            } else {
                single(text, currency).map(Charge::Amount)
            }
        })
    }

    /// A whole number that is not negative: `5`, `24.0`, `1,000`.
    pub fn count(&self) -> Result<u32, Refusal> {
        self.parse(|text| {
            let mut scan = Scan::new(text);
            lead(&mut scan)?;
            let value = scan.number()?;
            scan.finish()?;
            let value = value.normalize();
            if value.scale() != 0 {
                return Err(Problem::TooFine);
            }
            value.to_u32().ok_or(Problem::TooLarge)
        })
    }

    /// A plain decimal number, perhaps negative.
    pub fn decimal(&self) -> Result<Decimal, Refusal> {
        self.parse(|text| {
            let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
            let mut scan = Scan::new(rest);
            let value = scan.number()?;
            scan.finish()?;
            Ok(if negative { -value } else { value })
        })
    }
}

fn percent_leads(text: &str) -> bool {
    // `500 INR + 18% GST` is an amount; its percentage is the tax's.
    let head = text
        .split(['+', '('])
        .find(|part| !part.trim().is_empty())
        .unwrap_or(text);
    percent::mentions(head)
}

fn untaxed(quantity: Quantity) -> Result<Money, Problem> {
    match quantity.tax {
        Tax::Unstated | Tax::Inside => Ok(quantity.money),
        Tax::OnTop(_) => Err(Problem::Taxed),
    }
}

fn single(text: &str, currency: Currency) -> Result<Quantity, Problem> {
    match range(text, currency)? {
        (money, None, tax) => Ok(Quantity { money, tax }),
        (_, Some(_), _) => Err(Problem::Range),
    }
}

fn range(text: &str, currency: Currency) -> Result<(Money, Option<Money>, Tax), Problem> {
    let mut scan = Scan::new(text);
    let low = amount(&mut scan, currency)?;
    let high = if scan.range_mark() {
        Some(amount(&mut scan, currency)?)
    } else {
        None
    };
    scan.eat("only");
    let tax = percent::tax(&mut scan)?.unwrap_or(Tax::Unstated);
    scan.finish()?;
    Ok((low, high, tax))
}

/// Marker, number, magnitude, marker.
fn amount(scan: &mut Scan<'_>, currency: Currency) -> Result<Money, Problem> {
    let marked = marker(scan, currency)?;
    lead(scan)?;
    let mut thousandths = *scan;
    let value = scan.number()?;
    // In three decimals `1,234` may be a thousand or one and a bit.
    if currency.decimals() == 3 && thousandths.has_one_comma() {
        return Err(Problem::Ambiguous);
    }
    let value = value.checked_mul(magnitude(scan)).ok_or(Problem::TooLarge)?;
    let dashed = scan.eat("/-") || scan.eat("/=");
    if !dashed || !marked {
        marker(scan, currency)?;
    }
    Money::from_major(value, currency).map_err(|error| match error {
        MoneyError::TooManyDecimals { .. } => Problem::TooFine,
        _ => Problem::TooLarge,
    })
}

fn magnitude(scan: &mut Scan<'_>) -> Decimal {
    if !scan.at_word() {
        return Decimal::ONE;
    }
    let lakh = ["lakhs", "lakh", "lacs", "lac"];
    let crore = ["crores", "crore", "cr"];
    if scan.eat_any(&lakh) {
        Decimal::from(100_000)
    } else if scan.eat_any(&crore) {
        Decimal::from(10_000_000)
    } else {
        Decimal::ONE
    }
}

/// Takes a currency's code, symbol or usual short form. True when there was one.
fn marker(scan: &mut Scan<'_>, currency: Currency) -> Result<bool, Problem> {
    /// Spelling and the codes that it may stand for.
    const MARKS: [(&str, &[&str]); 14] = [
        ("₹", &["INR"]),
        ("rs.", &["INR"]),
        ("rs", &["INR"]),
        ("rupees", &["INR"]),
        ("us$", &["USD"]),
        ("c$", &["CAD"]),
        ("a$", &["AUD"]),
        ("s$", &["SGD"]),
        ("r$", &["BRL"]),
        ("$", &["USD", "CAD", "AUD", "SGD"]),
        ("€", &["EUR"]),
        ("£", &["GBP"]),
        ("¥", &["JPY", "CNY"]),
        ("kr", &["SEK", "NOK", "DKK"]),
    ];
    if !scan.at_word() {
        return Ok(false);
    }
    if scan.eat(currency.code()) {
        return Ok(true);
    }
    for (mark, codes) in MARKS {
        if scan.eat(mark) {
            let fits = codes.contains(&currency.code());
            return if fits {
                Ok(true)
            } else {
                Err(Problem::WrongCurrency(currency))
            };
        }
    }
    if Currency::all().any(|other| scan.eat(other.code())) {
        return Err(Problem::WrongCurrency(currency));
    }
    Ok(false)
}

impl Scan<'_> {
    /// True when the number that comes next has one comma and no point.
    fn has_one_comma(&mut self) -> bool {
        let mut commas = 0;
        loop {
            let mut digits = 0;
            while self.eat_digit() {
                digits += 1;
            }
            if self.eat(".") {
                return false;
            }
            if digits == 0 || !self.eat(",") {
                return commas == 1;
            }
            commas += 1;
        }
    }

    fn eat_digit(&mut self) -> bool {
        self.eat_any(&["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Rate;

    fn inr() -> Currency {
        Currency::parse("INR").unwrap()
    }

    fn read(text: &str) -> Result<i64, Problem> {
        Field::new("f", text)
            .money(inr())
            .map(|money| money.minor)
            .map_err(|refusal| refusal.problem().clone())
    }

    #[test]
    fn an_amount_has_many_spellings_and_one_value() {
        for text in [
            "25750",
            "25750INR",
            "25750 INR",
            "25750.00 inr",
            "INR 25,750",
            "₹25750",
            "₹ 25,750.00",
            "Rs. 25,750/-",
            "Rs 25750",
            "25,750/- only",
            "rs.25750.0",
            "25750.0000",
            "+25750",
            "INR25750",
        ] {
            assert_eq!(read(text), Ok(2_575_000), "{text}");
        }
        assert_eq!(read("Rs. 1,00,000/-"), Ok(10_000_000));
        assert_eq!(read("2.5 lakh"), Ok(25_000_000));
        assert_eq!(read("Rs 1 Cr"), Ok(1_000_000_000));
        assert_eq!(read("0"), Ok(0));
        assert_eq!(read("0.00 INR"), Ok(0));
    }

    #[test]
    fn what_is_no_single_exact_amount_is_refused_by_its_reason() {
        for (text, problem) in [
            ("", Problem::Missing),
            ("N/A", Problem::Missing),
            ("-5", Problem::Negative),
            ("₹ -5", Problem::Negative),
            ("100.005", Problem::TooFine),
            ("100 USD", Problem::WrongCurrency(inr())),
            ("$100", Problem::WrongCurrency(inr())),
            ("10000 - 50000", Problem::Range),
            ("upto 5000", Problem::Bound),
            ("500 + GST", Problem::Taxed),
            ("5%", Problem::Unread),
            ("1e5", Problem::Unread),
            ("five", Problem::NotANumber),
            ("PT30D", Problem::NotANumber),
            ("25750,00", Problem::Grouping),
            ("92233720368547758.08", Problem::TooLarge),
        ] {
            assert_eq!(read(text), Err(problem), "{text}");
        }
        let long = "9".repeat(201);
        assert_eq!(read(&long), Err(Problem::TooLong));
        let dinar = Currency::parse("KWD").unwrap();
        let three = Field::new("f", "1,234").money(dinar).unwrap_err();
        assert_eq!(three.problem(), &Problem::Ambiguous);
        assert_eq!(
            Field::new("f", "1,234.000").money(dinar),
            Ok(Money::new(1_234_000, dinar))
        );
    }

    #[test]
    fn a_charge_is_an_amount_a_share_or_nothing() {
        let charge = |text: &'static str| Field::new("f", text).charge(inr());
        assert_eq!(charge("Not Applicable"), Ok(Charge::NotApplicable));
        let Ok(Charge::Amount(amount)) = charge("500 INR + 18% GST") else {
            panic!("no amount")
        };
        assert_eq!(
            (amount.money.minor, amount.tax),
            (50_000, Tax::OnTop(Some(Rate::from_percent(18))))
        );
        assert!(matches!(charge("0.5 %"), Ok(Charge::Share(share)) if share.rate == Rate::from_ppm(5_000)));
        assert!(charge("0").unwrap().is_free() && charge("0.00%").unwrap().is_free());
        assert!(!charge("1").unwrap().is_free());
        let prose =
            charge("4% of POS if loan closed within 12 months and 3% of POS if loan is closed at or after 12 months");
        assert_eq!(prose.unwrap_err().problem(), &Problem::Unread);
    }

    #[test]
    fn ranges_signs_and_counts_are_their_own_readers() {
        let field = |text: &'static str| Field::new("f", text);
        let (low, high) = field("₹10,000 - ₹50,000").money_range(inr()).unwrap();
        assert_eq!((low.minor, high.minor), (1_000_000, 5_000_000));
        assert_eq!(field("-5.50 INR").signed_money(inr()).unwrap().minor, -550);
        assert_eq!(field("24.0").count(), Ok(24));
        assert_eq!(field("24.5").count().unwrap_err().problem(), &Problem::TooFine);
        assert_eq!(field("24 months").count().unwrap_err().problem(), &Problem::Unread);
        assert_eq!(field("-1.25").decimal(), Ok(Decimal::new(-125, 2)));
    }
}
