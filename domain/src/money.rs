//! Money, token amounts and rates. Every amount has a unit, every rate says per what; nothing here is a float.

use std::fmt;
use std::str::FromStr;

use alloy_primitives::{Address, U256};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// An ISO 4217 currency that Usance lends in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(CurrencyRow);

type CurrencyRow = &'static (&'static str, u32);

/// Code and number of decimals of the minor unit (ISO 4217, table A.1).
static CURRENCIES: [(&str, u32); 18] = [
    ("AUD", 2),
    ("BHD", 3),
    ("BRL", 2),
    ("CAD", 2),
    ("CHF", 2),
    ("CNY", 2),
    ("CZK", 2),
    ("DKK", 2),
    ("EUR", 2),
    ("GBP", 2),
    ("INR", 2),
    ("JPY", 0),
    ("KWD", 3),
    ("NOK", 2),
    ("PLN", 2),
    ("SEK", 2),
    ("SGD", 2),
    ("USD", 2),
];

impl Currency {
    /// Looks a currency up by its three-letter code, upper case.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        CURRENCIES
            .iter()
            .find(|row| row.0 == code)
            .map(Self)
            .ok_or_else(|| MoneyError::UnknownCurrency(code.chars().take(12).collect()))
    }

    /// The ISO 4217 code.
    pub fn code(self) -> &'static str {
        self.0.0
    }

    /// Decimals of the minor unit: 2 for USD, 0 for JPY, 3 for KWD.
    pub fn decimals(self) -> u32 {
        self.0.1
    }

    /// US dollar, the currency of the samples.
    pub fn usd() -> Self {
        Self(&CURRENCIES[17])
    }

    /// Every currency known, by code.
    pub fn all() -> impl Iterator<Item = Self> {
        CURRENCIES.iter().map(Self)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;
    fn try_from(code: String) -> Result<Self, MoneyError> {
        Self::parse(&code)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

/// An amount of money in whole minor units (cents), positive or negative.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units: 12.34 USD is 1234.
    pub minor: i64,
    /// The currency that `minor` counts.
    pub currency: Currency,
}

impl Money {
    /// `minor` minor units of `currency`.
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing of `currency`.
    pub fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Sum; other currency or overflow is an error.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(minor, self.currency))
    }

    /// Difference; other currency or overflow is an error.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(minor, self.currency))
    }

    /// True when there is nothing left.
    pub fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// Major units as an exact decimal: 1234 USD cents are 12.34.
    pub fn to_major(self) -> Decimal {
        Decimal::new(self.minor, self.currency.decimals())
    }

    /// From major units; more decimals than the currency has is refused, never rounded away.
    pub fn from_major(major: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let scale = Decimal::from(10u64.pow(currency.decimals()));
        let minor = major.checked_mul(scale).ok_or(MoneyError::Overflow)?.normalize();
        if minor.scale() != 0 {
            return Err(MoneyError::TooManyDecimals {
                allowed: currency.decimals(),
            });
        }
        i64::try_from(minor.mantissa())
            .map(|minor| Self::new(minor, currency))
            .map_err(|_| MoneyError::Overflow)
    }

    /// Parses major units such as `"1250.00"`.
    pub fn parse_major(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let plain =
            !text.is_empty() && text.len() <= 32 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
        let major = plain
            .then(|| Decimal::from_str(text).ok())
            .flatten()
            .ok_or(MoneyError::NotANumber)?;
        Self::from_major(major, currency)
    }

    /// `self × numerator / denominator`, ties to the even minor unit.
    pub fn mul_ratio_half_even(self, numerator: i64, denominator: i64) -> Result<Self, MoneyError> {
        let minor = div_half_even(i128::from(self.minor) * i128::from(numerator), i128::from(denominator))?;
        i64::try_from(minor)
            .map(|minor| Self::new(minor, self.currency))
            .map_err(|_| MoneyError::Overflow)
    }

    /// The share of `self` that `rate` is (not per time), ties to the even minor unit.
    pub fn share_half_even(self, rate: Rate) -> Result<Self, MoneyError> {
        self.mul_ratio_half_even(rate.ppm(), Rate::ONE.ppm())
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::CurrencyMismatch {
                left: self.currency,
                right: other.currency,
            })
        }
    }
}

/// Integer division that rounds ties to even. `denominator` zero is an overflow error.
pub fn div_half_even(numerator: i128, denominator: i128) -> Result<i128, MoneyError> {
    let quotient = numerator.checked_div(denominator).ok_or(MoneyError::Overflow)?;
    let remainder = numerator - quotient * denominator;
    let twice = remainder.unsigned_abs().checked_mul(2).ok_or(MoneyError::Overflow)?;
    let up = match twice.cmp(&denominator.unsigned_abs()) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => quotient % 2 != 0,
        std::cmp::Ordering::Greater => true,
    };
    let away = if (numerator < 0) == (denominator < 0) { 1 } else { -1 };
    Ok(if up { quotient + away } else { quotient })
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_major(), self.currency)
    }
}

/// A rate or share in parts per million: 1 % is 10,000. Whether it is per year is said by the field that holds it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(i64);

impl Rate {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// 100 %.
    pub const ONE: Self = Self(1_000_000);

    /// From parts per million.
    pub const fn from_ppm(ppm: i64) -> Self {
        Self(ppm)
    }

    /// From hundredths of a per cent.
    pub const fn from_bps(bps: i64) -> Self {
        Self(bps * 100)
    }

    /// From whole per cent.
    pub const fn from_percent(percent: i64) -> Self {
        Self(percent * 10_000)
    }

    /// Parts per million.
    pub const fn ppm(self) -> i64 {
        self.0
    }

    /// As an exact fraction: 12 % is 0.12.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.0, 6)
    }

    /// As exact per cent: 12 % is 12.0000.
    pub fn to_percent(self) -> Decimal {
        Decimal::new(self.0, 4)
    }

    /// Parses per cent such as `"12.5"`, at most four decimals.
    pub fn parse_percent(text: &str) -> Result<Self, MoneyError> {
        let percent = Decimal::from_str(text).map_err(|_| MoneyError::NotANumber)?;
        let ppm = percent
            .checked_mul(Decimal::from(10_000))
            .ok_or(MoneyError::Overflow)?
            .normalize();
        if ppm.scale() != 0 {
            return Err(MoneyError::TooManyDecimals { allowed: 4 });
        }
        i64::try_from(ppm.mantissa())
            .map(Self)
            .map_err(|_| MoneyError::Overflow)
    }

    /// Sum, or overflow.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_add(other.0).map(Self).ok_or(MoneyError::Overflow)
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} %", self.to_percent())
    }
}

/// A fungible token on one EVM chain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Token contract.
    pub token: Address,
    /// Ticker for people, for example `dUSD`.
    pub symbol: String,
    /// Decimals of the base unit.
    pub decimals: u8,
}

/// A non-negative amount of a token in whole base units.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenAmount {
    /// Base units (wei for an 18-decimal token); decimal text on the wire.
    #[serde(with = "decimal_text")]
    pub units: U256,
    /// The token that `units` counts.
    pub asset: Asset,
}

/// U256 as decimal text on the wire.
pub mod decimal_text {
    use super::U256;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes decimal digits.
    pub fn serialize<S: Serializer>(value: &U256, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    /// Reads decimal digits only.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<U256, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(D::Error::custom("expected decimal digits"));
        }
        U256::from_str_radix(&text, 10).map_err(|_| D::Error::custom("number too large"))
    }
}

/// Why an amount or a rate was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not in the table of currencies.
    #[error("unknown currency {0:?}")]
    UnknownCurrency(String),
    /// Two amounts of different currencies met.
    #[error("currencies differ: {left} and {right}")]
    CurrencyMismatch {
        /// First operand.
        left: Currency,
        /// Second operand.
        right: Currency,
    },
    /// Finer than the minor unit.
    #[error("too many decimals: at most {allowed}")]
    TooManyDecimals {
        /// Decimals that the unit has.
        allowed: u32,
    },
    /// Not a plain decimal number.
    #[error("not a decimal number")]
    NotANumber,
    /// Larger than the type can hold.
    #[error("amount too large")]
    Overflow,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_currency_round_trips_and_usd_is_usd() {
        for currency in Currency::all() {
            assert_eq!(Currency::parse(currency.code()), Ok(currency));
        }
        assert_eq!(Currency::usd().code(), "USD");
        assert!(matches!(Currency::parse("usd"), Err(MoneyError::UnknownCurrency(_))));
    }

    #[test]
    fn major_units_never_lose_precision() {
        let usd = Currency::usd();
        assert_eq!(Money::parse_major("1250.50", usd), Ok(Money::new(125_050, usd)));
        assert_eq!(
            Money::parse_major("0.001", usd),
            Err(MoneyError::TooManyDecimals { allowed: 2 })
        );
        let yen = Currency::parse("JPY").unwrap();
        assert_eq!(Money::parse_major("10", yen), Ok(Money::new(10, yen)));
        assert_eq!(Money::parse_major("1e3", usd), Err(MoneyError::NotANumber));
        assert_eq!(
            Money::parse_major("99999999999999999999", usd),
            Err(MoneyError::Overflow)
        );
    }

    #[test]
    fn ties_go_to_even_for_both_signs() {
        assert_eq!(div_half_even(5, 2), Ok(2));
        assert_eq!(div_half_even(7, 2), Ok(4));
        assert_eq!(div_half_even(-5, 2), Ok(-2));
        assert_eq!(div_half_even(-7, 2), Ok(-4));
        assert_eq!(div_half_even(1, 0), Err(MoneyError::Overflow));
    }

    #[test]
    fn different_currencies_never_add() {
        let eur = Currency::parse("EUR").unwrap();
        assert!(Money::new(1, Currency::usd()).plus(Money::new(1, eur)).is_err());
    }
}
