//! The one root finder behind every annual percentage rate.
//!
//! Time is counted in base periods (Appendix J unit-periods, months, days, years). With `s = ln(1 + i)` the present value
//! of a flow is `amount · exp(−s·t)`, divided by `1 + f·i` for Appendix J odd days. The root of
//! `ln(PV of payments / PV of advances)` is nearly a straight line in `s`, so that Brent's method needs about eight steps,
//! and runs of equal payments collapse into a geometric sum.
//!
//! When net flows in order of time change sign once, the ratio of the two present values is monotone and the root is the
//! only one above −100 % (each discount factor falls faster the later its flow). Otherwise [`isolate`] counts the roots.
#![expect(
    clippy::float_arithmetic,
    reason = "a root is found in floating point; amounts enter as integers, the rate leaves as a decimal"
)]

mod isolate;

use rust_decimal::Decimal;

use crate::calendar::Fraction;
use crate::money::Rate;

use super::{Apr, CashFlowError, Convention};

/// A flow at a time counted in base periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Full periods from the origin; may be negative.
    pub periods: i64,
    /// The rest of the time, 0 to 1 period.
    pub odd: Fraction,
    /// Whole units: positive is paid by the borrower, negative is advanced.
    pub amount: i128,
}

impl Flow {
    /// A flow after a whole number of periods.
    pub const fn whole(periods: i64, amount: i128) -> Self {
        Self {
            periods,
            odd: Fraction::ZERO,
            amount,
        }
    }

    /// A flow at an exact time, of either sign.
    pub const fn at(time: Fraction, amount: i128) -> Self {
        let Fraction { numerator, denominator } = time;
        let odd = Fraction {
            numerator: numerator.rem_euclid(denominator),
            denominator,
        };
        Self {
            periods: numerator.div_euclid(denominator),
            odd,
            amount,
        }
    }
}

/// How the odd part of a time discounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OddDays {
    /// `1 / (1 + f·i)`: Appendix J, paragraph (b)(8).
    Linear,
    /// `(1 + i)^−f`: everywhere else.
    Power,
}

/// How the period rate becomes a yearly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Annual {
    /// Period rate times periods a year.
    Nominal,
    /// Compounded over a year.
    Effective,
}

/// What the times and the result mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basis {
    /// Discounting of odd parts.
    pub odd_days: OddDays,
    /// Periods in a year.
    pub per_year: Fraction,
    /// Nominal or effective.
    pub annual: Annual,
    /// The convention that the result is labelled with.
    pub convention: Convention,
}

/// The annual rate at which `flows` balance. Order does not matter; flows at one time are netted.
pub fn rate(flows: Vec<Flow>, basis: &Basis) -> Result<Apr, CashFlowError> {
    let points = points(flows, basis.odd_days)?;
    let root = log_rate(&points, to_f64(basis.per_year), true)?;
    annual(root, basis)
}

/// The rate per period, of which `periods` make the year of `yearly`, compounding when `annual` is effective;
/// twelve decimals.
pub fn period_rate(yearly: Rate, periods: u32, annual: Annual) -> Result<Decimal, CashFlowError> {
    let yearly = integer(i128::from(yearly.ppm())) / 1e6;
    let value = match annual {
        Annual::Nominal => yearly / f64::from(periods),
        Annual::Effective => (yearly.ln_1p() / f64::from(periods)).exp_m1(),
    };
    decimal(value, 12)
}

/// A net flow in floating point.
#[derive(Clone, Copy, Debug)]
struct Point {
    /// Full periods.
    whole: f64,
    /// Odd part that discounts exponentially; zero under Appendix J.
    power: f64,
    /// Odd part that discounts linearly; zero outside Appendix J.
    linear: f64,
    amount: f64,
}

impl Point {
    /// None for a flow that nets to nothing.
    fn of(flow: &Flow, odd_days: OddDays) -> Option<Self> {
        let odd = to_f64(flow.odd);
        let (power, linear) = if odd_days == OddDays::Linear {
            (0.0, odd)
        } else {
            (odd, 0.0)
        };
        (flow.amount != 0).then(|| Self {
            whole: narrow(flow.periods),
            power,
            linear,
            amount: integer(flow.amount),
        })
    }

    /// Exponent of the discount factor.
    fn time(&self) -> f64 {
        self.whole + self.power
    }
}

/// Sorts by time, nets flows at one time, drops those that net to nothing.
fn points(mut flows: Vec<Flow>, odd_days: OddDays) -> Result<Vec<Point>, CashFlowError> {
    let cross = |a: &Flow, b: &Flow| i128::from(a.odd.numerator) * i128::from(b.odd.denominator);
    flows.sort_by(|a, b| a.periods.cmp(&b.periods).then_with(|| cross(a, b).cmp(&cross(b, a))));
    let mut points = Vec::with_capacity(flows.len());
    let mut rest = flows.into_iter();
    let Some(mut open) = rest.next() else {
        return Ok(points);
    };
    check_time(&open)?;
    for flow in rest {
        check_time(&flow)?;
        if open.periods == flow.periods && open.odd == flow.odd {
            open.amount = open.amount.checked_add(flow.amount).ok_or(CashFlowError::Overflow)?;
        } else {
            points.extend(Point::of(&open, odd_days));
            open = flow;
        }
    }
    points.extend(Point::of(&open, odd_days));
    Ok(points)
}

fn check_time(flow: &Flow) -> Result<(), CashFlowError> {
    if (0..=flow.odd.denominator).contains(&flow.odd.numerator) {
        Ok(())
    } else {
        Err(CashFlowError::BadTime)
    }
}

/// `ln(1 + i)` per period at the root. `fast` collapses runs; both paths agree, which a property test holds.
fn log_rate(points: &[Point], per_year: f64, fast: bool) -> Result<f64, CashFlowError> {
    let first = points.first().ok_or(CashFlowError::Empty)?;
    let changes = points
        .windows(2)
        .filter(|pair| (pair[0].amount < 0.0) != (pair[1].amount < 0.0))
        .count();
    let model = Model::new(points, fast);
    let balance = |s: f64| model.log_ratio(s);
    let root = match changes {
        0 => return Err(CashFlowError::OneSided),
        1 => {
            let advance_first = first.amount < 0.0;
            let (low, high) = bracket(&balance, model.spread(), advance_first)?;
            brent(&balance, low, high)
        }
        _ => {
            let (low, high) = isolate::only_root(points, per_year)?;
            brent(&balance, low, high)
        }
    };
    let residual = balance(root);
    if !root.is_finite() || residual.is_nan() {
        return Err(CashFlowError::Overflow);
    }
    if residual.abs() > RESIDUAL {
        Err(CashFlowError::NoRoot)
    } else {
        Ok(root)
    }
}

/// Beyond this the exponential of a log rate overflows.
const LOG_LIMIT: f64 = 700.0;
/// A root at which the two sides differ by more than this share is none.
const RESIDUAL: f64 = 1e-9;

/// Equal amounts at equal steps: present value in closed form.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: f64,
    last: f64,
    power: f64,
    linear: f64,
    step: f64,
    count: f64,
    amount: f64,
}

impl Run {
    fn of(point: &Point) -> Self {
        let Point {
            whole,
            power,
            linear,
            amount,
        } = *point;
        Self {
            first: whole,
            last: whole,
            power,
            linear,
            step: 0.0,
            count: 1.0,
            amount,
        }
    }

    #[expect(
        clippy::float_cmp,
        reason = "only bit-equal amounts and steps form a run; anything else stays on its own"
    )]
    fn accept(&mut self, point: &Point) -> bool {
        let step = point.whole - self.last;
        let alike = self.amount == point.amount && self.linear == point.linear && self.power == point.power;
        let fits = alike && step > 0.0 && (self.count == 1.0 || self.step == step);
        if fits {
            (self.step, self.last, self.count) = (step, point.whole, self.count + 1.0);
        }
        fits
    }

    fn middle(&self) -> f64 {
        f64::midpoint(self.first, self.last) + self.power + self.linear
    }
}

/// The flows of each side as runs of positive amounts.
struct Model {
    payments: Vec<Run>,
    advances: Vec<Run>,
    start: f64,
    end: f64,
    fast: bool,
}

impl Model {
    fn new(points: &[Point], fast: bool) -> Self {
        let (mut payments, mut advances): (Vec<Run>, Vec<Run>) = (Vec::new(), Vec::new());
        for point in points {
            let side = if point.amount < 0.0 {
                &mut advances
            } else {
                &mut payments
            };
            let point = Point {
                amount: point.amount.abs(),
                ..*point
            };
            if !(fast && side.last_mut().is_some_and(|run| run.accept(&point))) {
                side.push(Run::of(&point));
            }
        }
        let start = points.first().map_or(0.0, Point::time);
        let end = points.last().map_or(0.0, Point::time);
        Self {
            payments,
            advances,
            start,
            end,
            fast,
        }
    }

    /// Present value of one side at the log rate `s`, seen from the first flow when `s` is positive and from the last when
    /// it is negative: every exponent is then at most zero, and nothing overflows.
    fn value(&self, side: &[Run], s: f64) -> f64 {
        if s >= 0.0 {
            let distance = |run: &Run| (run.first, run.first + run.power - self.start);
            self.discount(side.iter(), s, distance)
        } else {
            let distance = |run: &Run| (run.last, self.end - run.last - run.power);
            self.discount(side.iter().rev(), s, distance)
        }
    }

    /// Sums runs from the nearest to the farthest. On the fast path a run that is one period beyond the one before it
    /// takes its factor by one multiplication.
    #[expect(
        clippy::float_cmp,
        reason = "whole periods and equal odd parts are compared bit by bit; others take the exponential"
    )]
    fn discount<'a>(&self, side: impl Iterator<Item = &'a Run>, s: f64, distance: impl Fn(&Run) -> (f64, f64)) -> f64 {
        let decay = -s.abs();
        let (period_rate, one_period) = (s.exp_m1(), decay.exp());
        let (mut factor, mut sum) = (0.0, 0.0);
        let (mut whole_before, mut power_before) = (f64::NAN, f64::NAN);
        for run in side {
            let (whole, time) = distance(run);
            let next = self.fast && (whole - whole_before).abs() == 1.0 && run.power == power_before;
            factor = if next {
                factor * one_period
            } else {
                (decay * time).exp()
            };
            (whole_before, power_before) = (whole, run.power);
            let value = run.amount * factor * geometric(decay, run);
            sum += if run.linear > 0.0 {
                value / (1.0 + run.linear * period_rate)
            } else {
                value
            };
        }
        sum
    }

    fn log_ratio(&self, s: f64) -> f64 {
        (self.value(&self.payments, s) / self.value(&self.advances, s)).ln()
    }

    /// Mean time of the payments less that of the advances, weighted by amount.
    fn spread(&self) -> f64 {
        let mean = |side: &[Run]| {
            let weight: f64 = side.iter().map(|run| run.amount * run.count).sum();
            side.iter()
                .map(|run| run.amount * run.count * run.middle())
                .sum::<f64>()
                / weight
        };
        mean(&self.payments) - mean(&self.advances)
    }
}

/// `1 + q + … + q^(count − 1)` with `q = exp(decay · step)`.
fn geometric(decay: f64, run: &Run) -> f64 {
    let unit = decay * run.step;
    if run.count <= 1.0 || unit == 0.0 {
        run.count
    } else {
        (unit * run.count).exp_m1() / unit.exp_m1()
    }
}

/// An interval over which the only root changes the sign of `balance`, walking out from the duration estimate.
fn bracket(balance: &impl Fn(f64) -> f64, spread: f64, advance_first: bool) -> Result<(f64, f64), CashFlowError> {
    let at_zero = balance(0.0);
    if at_zero == 0.0 {
        return Ok((0.0, 0.0));
    }
    if !at_zero.is_finite() {
        return Err(CashFlowError::Overflow);
    }
    let upwards = (at_zero > 0.0) == advance_first;
    let estimate = (at_zero / spread).abs();
    let mut far = if estimate.is_finite() {
        estimate.clamp(1e-12, LOG_LIMIT)
    } else {
        1.0
    };
    let mut near = 0.0;
    loop {
        let signed = if upwards { far } else { -far };
        let value = balance(signed);
        if value.is_nan() {
            return Err(CashFlowError::Overflow);
        }
        if value == 0.0 || (value > 0.0) != (at_zero > 0.0) {
            return Ok((near, signed));
        }
        if far >= LOG_LIMIT {
            return Err(CashFlowError::NoRoot);
        }
        (near, far) = (signed, (far * 1.5).min(LOG_LIMIT));
    }
}

/// Brent's method (Algorithms for Minimization without Derivatives, 1973, chapter 4), until the balance is zero
/// to the last bits of `f64`; the rounding of a sum over many flows may end it a little earlier.
fn brent(f: &impl Fn(f64) -> f64, first: f64, second: f64) -> f64 {
    let (mut a, mut b) = (first, second);
    let (mut fa, mut fb) = (f(a), f(b));
    let (mut c, mut fc) = (a, fa);
    let mut step = b - a;
    let mut previous = step;
    for _ in 0..200 {
        if (fb > 0.0) == (fc > 0.0) {
            (c, fc) = (a, fa);
            step = b - a;
            previous = step;
        }
        if fc.abs() < fb.abs() {
            (a, b, c) = (b, c, b);
            (fa, fb, fc) = (fb, fc, fb);
        }
        let tolerance = 2e-14 * b.abs() + 1e-300;
        let half = 0.5 * (c - b);
        if half.abs() <= tolerance || fb.abs() <= 1e-15 {
            return b;
        }
        let trial = interpolate([a, b, c], [fa, fb, fc], half);
        let limit = (1.5 * half.abs() - 0.5 * tolerance).min(0.5 * previous.abs());
        previous = step;
        let inside = trial.abs() < limit && trial * half > 0.0 && fa.abs() > fb.abs();
        step = if inside { trial } else { half };
        if !inside {
            previous = half;
        }
        (a, fa) = (b, fb);
        b += if step.abs() > tolerance {
            step
        } else {
            tolerance.copysign(half)
        };
        fb = f(b);
    }
    b
}

/// The secant or inverse quadratic step from the best point; not finite when it cannot be taken.
#[expect(
    clippy::float_cmp,
    reason = "Brent's test for two equal points, where the quadratic degenerates"
)]
fn interpolate([a, b, c]: [f64; 3], [fa, fb, fc]: [f64; 3], half: f64) -> f64 {
    let ratio = fb / fa;
    if a == c {
        return -2.0 * half * ratio / (1.0 - ratio);
    }
    let (near, far) = (fb / fc, fa / fc);
    let above = ratio * (2.0 * half * far * (far - near) - (b - a) * (near - 1.0));
    -above / ((far - 1.0) * (near - 1.0) * (ratio - 1.0))
}

fn annual(root: f64, basis: &Basis) -> Result<Apr, CashFlowError> {
    let per_year = to_f64(basis.per_year);
    let yearly = match basis.annual {
        Annual::Nominal => root.exp_m1() * per_year,
        Annual::Effective => (root * per_year).exp_m1(),
    };
    let ppm = i64::try_from(rounded(yearly * 1e6)?).map_err(|_| CashFlowError::Overflow)?;
    Ok(Apr {
        rate: Rate::from_ppm(ppm),
        fraction: decimal(yearly, 8)?,
        convention: basis.convention,
    })
}

fn decimal(value: f64, scale: u32) -> Result<Decimal, CashFlowError> {
    let mantissa = rounded(value * 10f64.powi(i32::try_from(scale).map_err(|_| CashFlowError::Overflow)?))?;
    Decimal::try_from_i128_with_scale(mantissa, scale).map_err(|_| CashFlowError::Overflow)
}

/// The nearest integer, ties to even.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked in the line before")]
fn rounded(value: f64) -> Result<i128, CashFlowError> {
    let value = value.round_ties_even();
    if value.abs() < 1e37 {
        Ok(value as i128)
    } else {
        Err(CashFlowError::Overflow)
    }
}

fn integer(value: i128) -> f64 {
    i64::try_from(value).map_or_else(|_| wide(value), narrow)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the documented relative precision of 2^-53 is what the solver works with"
)]
fn narrow(value: i64) -> f64 {
    value as f64
}

/// A call of its own, so that the usual 64 bits are converted by one instruction.
#[cold]
#[inline(never)]
#[expect(
    clippy::cast_precision_loss,
    reason = "the documented relative precision of 2^-53 is what the solver works with"
)]
fn wide(value: i128) -> f64 {
    value as f64
}

fn to_f64(fraction: Fraction) -> f64 {
    if fraction.numerator == 0 {
        return 0.0;
    }
    narrow(fraction.numerator) / narrow(fraction.denominator)
}

#[cfg(test)]
mod tests;
