//! Counts the rates that balance flows whose net amounts change sign more than once, by proof and not by sampling.
//!
//! Above zero, seen from the first flow, every discount factor and its slope fall as the rate rises; below zero, seen from
//! two periods after the last flow, both rise. Each side of the balance is therefore enclosed on an interval by its values
//! at the ends. An interval is dropped when the enclosures of the two sides do not meet, and settled by the signs at its
//! ends when the enclosures of the slopes do not meet; otherwise it is halved.

use super::{CashFlowError, Point};

/// The largest effective annual rate looked for, as a fraction: 100,000,000 %. A charge paid before the first advance
/// always gives a second root, astronomically high: this is where it stops to count.
const HIGHEST: f64 = 1e6;
/// The lowest value of one plus the effective annual rate that is looked for: −99.9999 %.
const LOWEST_GROWTH: f64 = 1e-6;
/// Relative allowance for rounding in a sum.
const SLACK: f64 = 1e-12;
/// Intervals examined before giving up.
const BUDGET: u32 = 20_000;

/// The interval of log rates per period that holds the only root.
pub(super) fn only_root(points: &[Point], per_year: f64) -> Result<(f64, f64), CashFlowError> {
    let low = LOWEST_GROWTH.ln() / per_year;
    let high = HIGHEST.ln_1p() / per_year;
    let mut found = None;
    let mut budget = BUDGET;
    for (from, to) in [(low, 0.0), (0.0, high)] {
        // Both halves end at zero, each in its own frame: the frame is that of the half, not of the sign of `s`.
        let frame = Frame::new(points, from >= 0.0);
        let mut open = vec![(frame.at(from), frame.at(to))];
        while let Some((left, right)) = open.pop() {
            budget = budget.checked_sub(1).ok_or(CashFlowError::TwoRoots)?;
            match settle(&left, &right, from >= 0.0)? {
                Verdict::Empty => {}
                Verdict::One => {
                    if found.replace((left.s, right.s)).is_some() {
                        return Err(CashFlowError::TwoRoots);
                    }
                }
                Verdict::Open => {
                    let middle = frame.at(f64::midpoint(left.s, right.s));
                    open.push((left, middle));
                    open.push((middle, right));
                }
            }
        }
    }
    found.ok_or(CashFlowError::NoRoot)
}

enum Verdict {
    Empty,
    One,
    Open,
}

/// Decides the half-open interval from `left` up to, not including, `right`.
fn settle(left: &Sums, right: &Sums, above_zero: bool) -> Result<Verdict, CashFlowError> {
    let (large, small) = if above_zero { (left, right) } else { (right, left) };
    let apart = |low: f64, high: f64| low * (1.0 - SLACK) > high * (1.0 + SLACK);
    if ![large.paid, large.advanced, large.paid_slope, large.advanced_slope]
        .iter()
        .all(|sum| sum.is_finite())
    {
        return Err(CashFlowError::Overflow);
    }
    if apart(small.paid, large.advanced) || apart(small.advanced, large.paid) {
        return Ok(Verdict::Empty);
    }
    if apart(small.paid_slope, large.advanced_slope) || apart(small.advanced_slope, large.paid_slope) {
        let (at_left, at_right) = (left.paid - left.advanced, right.paid - right.advanced);
        let inside = at_left == 0.0 || (at_right != 0.0 && (at_left > 0.0) != (at_right > 0.0));
        return Ok(if inside { Verdict::One } else { Verdict::Empty });
    }
    // A root that touches zero cannot be told from two roots close by.
    let width = right.s - left.s;
    if width <= 1e-13 * (right.s.abs() + left.s.abs()) || width < 1e-15 {
        return Err(CashFlowError::TwoRoots);
    }
    Ok(Verdict::Open)
}

/// Present values of both sides and the sizes of their slopes by the period rate, at one log rate.
#[derive(Clone, Copy)]
struct Sums {
    s: f64,
    paid: f64,
    advanced: f64,
    paid_slope: f64,
    advanced_slope: f64,
}

struct Frame<'a> {
    points: &'a [Point],
    above_zero: bool,
    start: f64,
    end: f64,
}

impl<'a> Frame<'a> {
    fn new(points: &'a [Point], above_zero: bool) -> Self {
        let start = points.first().map_or(0.0, Point::time);
        // Two periods more keep (1 + i)^n / (1 + f·i) convex, and so its slope monotone.
        let end = points.last().map_or(0.0, Point::time) + 2.0;
        Self {
            points,
            above_zero,
            start,
            end,
        }
    }

    fn at(&self, s: f64) -> Sums {
        let (rate, growth) = (s.exp_m1(), s.exp());
        let mut sums = Sums {
            s,
            paid: 0.0,
            advanced: 0.0,
            paid_slope: 0.0,
            advanced_slope: 0.0,
        };
        for point in self.points {
            let odd = 1.0 + point.linear * rate;
            let (exponent, slope) = if self.above_zero {
                let time = point.time() - self.start;
                (-s * time, time / growth + point.linear / odd)
            } else {
                let time = self.end - point.time();
                (s * time, time / growth - point.linear / odd)
            };
            let value = point.amount.abs() * exponent.exp() / odd;
            let (side, side_slope) = if point.amount > 0.0 {
                (&mut sums.paid, &mut sums.paid_slope)
            } else {
                (&mut sums.advanced, &mut sums.advanced_slope)
            };
            *side += value;
            *side_slope += value * slope;
        }
        sums
    }
}
