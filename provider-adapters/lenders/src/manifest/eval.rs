//! What an expression comes to. It always comes to something or to a refusal: there are no loops but over lists, and steps, items and
//! bytes are counted.

use std::cmp::Ordering;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering as Memory};

use domain::{Currency, Money, Rate};
use rust_decimal::Decimal;

use super::parse::{Arithmetic, Comparison, Each, Expr};
use super::source::Bound;
use super::value::{Fault, Located, Value};

/// Steps that one answer may take.
const MAX_STEPS: u32 = 500_000;
/// Bytes of a text that an expression makes.
const MAX_TEXT: usize = 4_096;

pub(super) type Result<T> = std::result::Result<T, Fault>;

/// Evaluates the expressions of one exchange.
#[derive(Debug)]
pub(super) struct Evaluator {
    pub currency: Currency,
    left: AtomicU32,
}

impl Evaluator {
    pub(super) fn new(currency: Currency) -> Self {
        Self {
            currency,
            left: AtomicU32::new(MAX_STEPS),
        }
    }

    /// The value of an expression; `scope` has the names that it was parsed with.
    pub(super) fn value(&self, expr: &Expr, scope: &[Located]) -> Result<Located> {
        self.eval(expr, &mut scope.to_vec())
    }

    /// The value of a key of the manifest: a refusal without a field of the lender's names the key.
    pub(super) fn bound(&self, bound: &Bound, scope: &[Located]) -> Result<Located> {
        self.value(&bound.expr, scope).map_err(|fault| fault.or_key(&bound.key))
    }

    fn step(&self) -> Result<()> {
        // One evaluation after the other: the counter is atomic only so that it may be carried between threads.
        let left = self.left.load(Memory::Relaxed).checked_sub(1);
        self.left
            .store(left.ok_or_else(|| plain("takes too many steps"))?, Memory::Relaxed);
        Ok(())
    }

    fn eval(&self, expr: &Expr, scope: &mut Vec<Located>) -> Result<Located> {
        self.step()?;
        match expr {
            Expr::Literal(value) => Ok(value.clone().into()),
            Expr::Name(place) => Ok(scope.get(*place).cloned().unwrap_or_else(|| Value::Absent.into())),
            Expr::Member(of, name) => self.eval(of, scope)?.member(name),
            Expr::Item(of, index) => self.eval(of, scope)?.item(*index),
            Expr::List(items) => self.list(items, scope),
            Expr::Not(inner) => Ok(Value::Bool(!self.eval(inner, scope)?.truth()?).into()),
            Expr::Negate(inner) => self.negate(inner, scope),
            Expr::And(left, right) => self.short(left, right, false, scope),
            Expr::Or(left, right) => self.short(left, right, true, scope),
            Expr::Default(left, right) => {
                let value = self.eval(left, scope)?;
                if value.says_nothing() {
                    self.eval(right, scope)
                } else {
                    Ok(value)
                }
            }
            Expr::Compare(sign, left, right) => {
                let (left, right) = (self.eval(left, scope)?, self.eval(right, scope)?);
                compare(*sign, &left, &right).map(|holds| Value::Bool(holds).into())
            }
            Expr::Arithmetic(sign, left, right) => {
                let (left, right) = (self.eval(left, scope)?, self.eval(right, scope)?);
                arithmetic(*sign, &left, &right).map(Located::from)
            }
            Expr::If(parts) => {
                let [condition, yes, no] = &**parts;
                let holds = self.eval(condition, scope)?.truth()?;
                self.eval(if holds { yes } else { no }, scope)
            }
            Expr::Call(function, arguments) => {
                let values = self.all(arguments, scope)?;
                bounded((function.body)(self, &values)?)
            }
            Expr::Each(each, list, body) => self.each(*each, list, body, scope),
        }
    }

    fn all(&self, exprs: &[Expr], scope: &mut Vec<Located>) -> Result<Vec<Located>> {
        exprs.iter().map(|expr| self.eval(expr, scope)).collect()
    }

    fn list(&self, items: &[Expr], scope: &mut Vec<Located>) -> Result<Located> {
        Ok(Value::List(Arc::new(self.all(items, scope)?)).into())
    }

    fn short(&self, left: &Expr, right: &Expr, stop: bool, scope: &mut Vec<Located>) -> Result<Located> {
        let holds = self.eval(left, scope)?.truth()?;
        let holds = if holds == stop {
            holds
        } else {
            self.eval(right, scope)?.truth()?
        };
        Ok(Value::Bool(holds).into())
    }

    fn negate(&self, inner: &Expr, scope: &mut Vec<Located>) -> Result<Located> {
        let value = self.eval(inner, scope)?;
        Ok(match value.value {
            Value::Money(money) => {
                let minor = money.minor.checked_neg().ok_or_else(|| value.fault("is too large"))?;
                Value::Money(Money::new(minor, money.currency)).into()
            }
            _ => Value::Number(-value.number()?).into(),
        })
    }

    fn each(&self, each: Each, list: &Expr, body: &Expr, scope: &mut Vec<Located>) -> Result<Located> {
        let list = self.eval(list, scope)?;
        let mut kept = Vec::new();
        for item in list.items()?.iter() {
            scope.push(item.clone());
            let found = self.eval(body, scope);
            scope.pop();
            let found = found?;
            if each == Each::Map {
                kept.push(found);
            } else if found.truth()? {
                kept.push(item.clone());
            }
        }
        if each != Each::Find {
            return Ok(Located::at(Value::List(Arc::new(kept)), &list.path));
        }
        match kept.len() {
            // Two of them could say two things.
            0 => Ok(Located::at(Value::Absent, &list.path)),
            1 => Ok(kept.swap_remove(0)),
            _ => Err(list.fault("has more than one item that fits")),
        }
    }
}

fn bounded(value: Located) -> Result<Located> {
    match &value.value {
        Value::Text(text) if text.len() > MAX_TEXT => Err(value.fault("is too long a text")),
        Value::List(items) if items.len() > super::MAX_ITEMS => Err(value.fault("has too many items")),
        _ => Ok(value),
    }
}

pub(super) fn plain(detail: impl Into<String>) -> Fault {
    Fault {
        field: String::new(),
        detail: detail.into(),
    }
}

fn compare(sign: Comparison, left: &Located, right: &Located) -> Result<bool> {
    let absent = (left.value == Value::Absent, right.value == Value::Absent);
    if absent.0 || absent.1 {
        return match sign {
            Comparison::Equal => Ok(absent.0 && absent.1),
            Comparison::Unequal => Ok(absent.0 != absent.1),
            _ => Err((if absent.0 { left } else { right }).fault("is missing")),
        };
    }
    let order = order(left, right)?;
    let ordered = |holds: bool| match order {
        Some(_) => Ok(holds),
        None => Err(left.fault("has no order")),
    };
    match sign {
        Comparison::Equal => Ok(order == Some(Ordering::Equal)),
        Comparison::Unequal => Ok(order != Some(Ordering::Equal)),
        Comparison::Less => ordered(order == Some(Ordering::Less)),
        Comparison::AtMost => ordered(order != Some(Ordering::Greater)),
        Comparison::More => ordered(order == Some(Ordering::Greater)),
        Comparison::AtLeast => ordered(order != Some(Ordering::Less)),
    }
}

/// The order of two values of one kind; none when they differ and have no order. Two kinds cannot be compared.
fn order(left: &Located, right: &Located) -> Result<Option<Ordering>> {
    let unordered = |same: bool| same.then_some(Ordering::Equal);
    Ok(match (&left.value, &right.value) {
        (Value::Money(l), Value::Money(r)) if l.currency == r.currency => Some(l.minor.cmp(&r.minor)),
        (Value::Rate(l), Value::Rate(r)) => Some(l.cmp(r)),
        (Value::Date(l), Value::Date(r)) => Some(l.cmp(r)),
        (Value::Instant(l), Value::Instant(r)) => Some(l.cmp(r)),
        (Value::Period(l), Value::Period(r)) => unordered(l == r),
        _ => match (left.value.kind(), right.value.kind()) {
            ("a number", "a number") => Some(left.number()?.cmp(&right.number()?)),
            ("a text", "a text") => unordered(left.text()? == right.text()?),
            ("a truth value", "a truth value") => unordered(left.truth()? == right.truth()?),
            (l, r) => return Err(left.fault(format!("{l} cannot be compared with {r}"))),
        },
    })
}

fn arithmetic(sign: Arithmetic, left: &Located, right: &Located) -> Result<Value> {
    let large = || plain("the result is too large");
    match (&left.value, sign, &right.value) {
        (Value::Money(l), Arithmetic::Plus, Value::Money(r)) => l.plus(*r).map(Value::Money).map_err(|_| large()),
        (Value::Money(l), Arithmetic::Minus, Value::Money(r)) => l.minus(*r).map(Value::Money).map_err(|_| large()),
        (Value::Rate(l), Arithmetic::Plus, Value::Rate(r)) => l.plus(*r).map(Value::Rate).map_err(|_| large()),
        (Value::Rate(l), Arithmetic::Minus, Value::Rate(r)) => {
            let ppm = l.ppm().checked_sub(r.ppm()).ok_or_else(large)?;
            Ok(Value::Rate(Rate::from_ppm(ppm)))
        }
        (Value::Money(l), Arithmetic::Times, _) => times(*l, right),
        (_, Arithmetic::Times, Value::Money(r)) => times(*r, left),
        _ if sign == Arithmetic::Plus && left.value.kind() == "a text" => {
            Ok(Value::text(format!("{}{}", left.text()?, right.text()?)))
        }
        _ => numbers(sign, left, right).map(Value::Number),
    }
}

fn times(money: Money, factor: &Located) -> Result<Value> {
    let product = money.to_major().checked_mul(factor.number()?);
    let product = product.ok_or_else(|| plain("the result is too large"))?;
    let exact = Money::from_major(product, money.currency)
        .map_err(|_| plain("the product is finer than the minor unit: use round_money_half_even()"))?;
    Ok(Value::Money(exact))
}

fn numbers(sign: Arithmetic, left: &Located, right: &Located) -> Result<Decimal> {
    let (l, r) = (left.number()?, right.number()?);
    let result = match sign {
        Arithmetic::Plus => l.checked_add(r),
        Arithmetic::Minus => l.checked_sub(r),
        Arithmetic::Times => l.checked_mul(r),
        Arithmetic::Over if r.is_zero() => return Err(right.fault("is zero and cannot divide")),
        Arithmetic::Over => {
            let quotient = l.checked_div(r).map(|quotient| quotient.normalize());
            if quotient.is_none_or(|quotient| !is_product(l.normalize(), quotient, r.normalize())) {
                return Err(left.fault("does not divide exactly: use div_half_even()"));
            }
            quotient
        }
    };
    result.ok_or_else(|| plain("the result is too large"))
}

/// Whether `whole` is the product to the last digit; decimals multiply with rounding, whole numbers do not.
fn is_product(whole: Decimal, left: Decimal, right: Decimal) -> bool {
    let Some(product) = left.mantissa().checked_mul(right.mantissa()) else {
        return false;
    };
    let (scale, scales) = (whole.scale(), left.scale() + right.scale());
    let grown = |number: i128, by: u32| 10_i128.checked_pow(by).and_then(|ten| number.checked_mul(ten));
    let (whole, product) = if scales >= scale {
        (grown(whole.mantissa(), scales - scale), Some(product))
    } else {
        (Some(whole.mantissa()), grown(product, scale - scales))
    };
    whole.is_some() && whole == product
}
