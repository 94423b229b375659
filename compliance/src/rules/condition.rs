//! Conditions: a typed tree over the facts of a case.
//!
//! A leaf compares one field with a value of its type in its unit; what does not fit is refused when the file is read. A fact that
//! is missing never makes a condition false: it is asked for.

use domain::money::{Currency, Money, Rate};
use serde::{Deserialize, Serialize};

use super::model::named;

named! {
    /// A fact that a condition may ask about.
    Field {
        /// APR that we computed, in the home convention. Unit `PERCENT_PER_YEAR`.
        VerifiedApr "VERIFIED_APR",
        /// Military APR that we computed. Unit `PERCENT_PER_YEAR`.
        Mapr "MAPR",
        /// Charge on principal that is paid early. Unit `PERCENT`.
        PrepaymentCharge "PREPAYMENT_CHARGE",
        /// Principal. Unit: a currency; the value is minor units.
        Amount "AMOUNT",
        /// Days from issue to the last payment. Unit `DAYS`.
        TermDays "TERM",
        /// Days in which the borrower may leave. Unit `DAYS`.
        CoolingOff "COOLING_OFF",
        /// Number of payments. Unit `PAYMENTS`.
        Installments "INSTALLMENTS",
        /// The borrower is covered by the Military Lending Act.
        MilitaryCovered "MILITARY_COVERED",
        /// Collateral is locked.
        Secured "SECURED",
        /// Kind of credit.
        Product "PRODUCT",
        /// Who borrows.
        Borrower "BORROWER",
    }
}

named! {
    /// How a field is compared.
    Op {
        /// Equal.
        Eq "EQ",
        /// Not equal.
        Ne "NE",
        /// Below.
        Lt "LT",
        /// At most.
        Le "LE",
        /// Above.
        Gt "GT",
        /// At least.
        Ge "GE",
        /// One of a list.
        In "IN",
    }
}

/// The value of a fact, or what it is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A share or a yearly rate.
    Rate(Rate),
    /// Money.
    Money(Money),
    /// Days or a count.
    Count(u32),
    /// Yes or no.
    Flag(bool),
    /// A name.
    Name(String),
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Each of them, from left to right: one that does not hold ends it, one that cannot be answered ends it too.
    All(Vec<Condition>),
    /// At least one of them.
    Any(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// A comparison.
    Leaf {
        /// What.
        field: Field,
        /// How.
        op: Op,
        /// With what: one value, or several of `IN`.
        values: Vec<Value>,
    },
}

/// The answer to a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// A fact is missing.
    Missing(Field),
    /// The amount is in another currency than the rule's.
    Foreign,
}

/// Where facts come from.
pub trait Facts {
    /// The fact; none when it is not known.
    fn value(&self, field: Field) -> Option<Value>;
}

impl Condition {
    /// Whether it holds for those facts.
    pub fn eval(&self, facts: &impl Facts) -> Truth {
        match self {
            Self::All(parts) => {
                let ends = |part: &Self| Some(part.eval(facts)).filter(|truth| *truth != Truth::Holds);
                parts.iter().find_map(ends).unwrap_or(Truth::Holds)
            }
            Self::Any(parts) => {
                let mut open = Truth::Fails;
                for part in parts {
                    match part.eval(facts) {
                        Truth::Holds => return Truth::Holds,
                        Truth::Fails => {}
                        unknown => open = unknown,
                    }
                }
                open
            }
            Self::Not(part) => match part.eval(facts) {
                Truth::Holds => Truth::Fails,
                Truth::Fails => Truth::Holds,
                unknown => unknown,
            },
            Self::Leaf { field, op, values } => match facts.value(*field) {
                None => Truth::Missing(*field),
                Some(fact) => compare(&fact, *op, values),
            },
        }
    }

    /// Every field that it may ask about.
    pub fn fields(&self) -> Vec<Field> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::fields).collect(),
            Self::Not(part) => part.fields(),
            Self::Leaf { field, .. } => vec![*field],
        }
    }
}

fn compare(fact: &Value, op: Op, values: &[Value]) -> Truth {
    let truth = |holds: bool| if holds { Truth::Holds } else { Truth::Fails };
    if op == Op::In {
        return truth(values.contains(fact));
    }
    let Some(value) = values.first() else {
        return Truth::Fails;
    };
    let order = match (fact, value) {
        (Value::Money(a), Value::Money(b)) if a.currency != b.currency => return Truth::Foreign,
        (Value::Money(a), Value::Money(b)) => a.minor.cmp(&b.minor),
        (Value::Rate(a), Value::Rate(b)) => a.cmp(b),
        (Value::Count(a), Value::Count(b)) => a.cmp(b),
        (Value::Flag(a), Value::Flag(b)) => a.cmp(b),
        (Value::Name(a), Value::Name(b)) => a.cmp(b),
        // Types are checked when the rule is read.
        _ => return Truth::Fails,
    };
    truth(match op {
        Op::Eq => order.is_eq(),
        Op::Ne => order.is_ne(),
        Op::Lt => order.is_lt(),
        Op::Le => order.is_le(),
        Op::Gt => order.is_gt(),
        Op::Ge => order.is_ge(),
        Op::In => false,
    })
}

/// What is wrong with a condition as it is written, and where in it.
pub(super) struct Flaw {
    pub field: String,
    pub problem: String,
}

fn flaw(path: &str, problem: impl Into<String>) -> Flaw {
    Flaw {
        field: path.to_owned(),
        problem: problem.into(),
    }
}

/// Deepest tree.
const DEEPEST: usize = 8;

/// Reads a condition; `path` names where it stands.
pub(super) fn parse(value: &toml::Value, path: &str, depth: usize) -> Result<Condition, Flaw> {
    let table = value.as_table().ok_or_else(|| flaw(path, "a table is needed"))?;
    if depth > DEEPEST {
        return Err(flaw(path, "the tree is too deep"));
    }
    let several = |key: &str| -> Result<Vec<Condition>, Flaw> {
        let path = format!("{path}.{key}");
        let parts = table[key].as_array().filter(|parts| !parts.is_empty());
        let parts = parts.ok_or_else(|| flaw(&path, "a list of at least one condition is needed"))?;
        let at = |(n, part)| parse(part, &format!("{path}[{n}]"), depth + 1);
        parts.iter().enumerate().map(at).collect()
    };
    let single = table.len() == 1;
    if single && table.contains_key("all") {
        Ok(Condition::All(several("all")?))
    } else if single && table.contains_key("any") {
        Ok(Condition::Any(several("any")?))
    } else if let (true, Some(part)) = (single, table.get("not")) {
        Ok(Condition::Not(Box::new(parse(
            part,
            &format!("{path}.not"),
            depth + 1,
        )?)))
    } else {
        leaf(table, path)
    }
}

fn leaf(table: &toml::Table, path: &str) -> Result<Condition, Flaw> {
    let at = |key: &str| format!("{path}.{key}");
    let known = ["field", "op", "value", "unit"];
    if let Some(odd) = table.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(flaw(&at(odd), "no such key in a condition"));
    }
    let text = |key: &str| table.get(key).and_then(toml::Value::as_str);
    let field = text("field").and_then(Field::parse);
    let field = field.ok_or_else(|| flaw(&at("field"), "no such field"))?;
    let op = text("op").and_then(Op::parse);
    let op = op.ok_or_else(|| flaw(&at("op"), "no such comparison"))?;
    let unit = unit(field, text("unit"), table.contains_key("unit")).map_err(|problem| flaw(&at("unit"), problem))?;
    if matches!(op, Op::Lt | Op::Le | Op::Gt | Op::Ge) && matches!(unit, Unit::Flag | Unit::Name(_)) {
        return Err(flaw(&at("op"), "this field has no order"));
    }
    let given = table
        .get("value")
        .ok_or_else(|| flaw(&at("value"), "a value is needed"))?;
    let given: Vec<&toml::Value> = match (op, given) {
        (Op::In, toml::Value::Array(all)) if !all.is_empty() => all.iter().collect(),
        (Op::In, _) => return Err(flaw(&at("value"), "a list of at least one value is needed")),
        (_, one) => vec![one],
    };
    let read = |value| unit.read(value).ok_or_else(|| flaw(&at("value"), unit.wanted()));
    let values = given.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Condition::Leaf { field, op, values })
}

/// What values of a field look like.
enum Unit {
    Rate,
    Money(Currency),
    Count,
    Flag,
    Name(&'static [&'static str]),
}

fn unit(field: Field, given: Option<&str>, present: bool) -> Result<Unit, String> {
    let wanted = match field {
        Field::VerifiedApr | Field::Mapr => ("PERCENT_PER_YEAR", Unit::Rate),
        Field::PrepaymentCharge => ("PERCENT", Unit::Rate),
        Field::TermDays | Field::CoolingOff => ("DAYS", Unit::Count),
        Field::Installments => ("PAYMENTS", Unit::Count),
        Field::Amount => {
            let currency = given.and_then(|text| Currency::parse(text).ok());
            return currency
                .map(Unit::Money)
                .ok_or_else(|| "the unit is a currency".to_owned());
        }
        Field::MilitaryCovered | Field::Secured => ("", Unit::Flag),
        Field::Product => ("", Unit::Name(&["INSTALLMENT", "LINE", "BNPL", "COLLATERALIZED"])),
        Field::Borrower => ("", Unit::Name(&["CONSUMER", "BUSINESS"])),
    };
    match (wanted, given) {
        (("", unit), None) if !present => Ok(unit),
        (("", _), _) => Err("this field has no unit".to_owned()),
        ((name, unit), Some(given)) if name == given => Ok(unit),
        ((name, _), _) => Err(format!("the unit is {name}")),
    }
}

impl Unit {
    fn wanted(&self) -> &'static str {
        match self {
            Self::Rate => "a per cent as text, not below zero",
            Self::Money(_) => "minor units, a whole number not below zero",
            Self::Count => "a whole number not below zero",
            Self::Flag => "true or false",
            Self::Name(_) => "no such name",
        }
    }

    fn read(&self, value: &toml::Value) -> Option<Value> {
        match self {
            Self::Rate => {
                let rate = Rate::parse_percent(value.as_str()?).ok()?;
                (rate >= Rate::ZERO).then_some(Value::Rate(rate))
            }
            Self::Money(currency) => {
                let minor = value.as_integer().filter(|minor| *minor >= 0)?;
                Some(Value::Money(Money::new(minor, *currency)))
            }
            Self::Count => u32::try_from(value.as_integer()?).ok().map(Value::Count),
            Self::Flag => value.as_bool().map(Value::Flag),
            Self::Name(names) => {
                let name = value.as_str().filter(|name| names.contains(name))?;
                Some(Value::Name(name.to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Known(Vec<(Field, Value)>);

    impl Facts for Known {
        fn value(&self, field: Field) -> Option<Value> {
            self.0.iter().find(|(known, _)| *known == field).map(|(_, v)| v.clone())
        }
    }

    fn read(text: &str) -> Result<Condition, String> {
        let table: toml::Table = toml::from_str(&format!("when = {text}")).unwrap();
        parse(&table["when"], "when", 0).map_err(|flaw| format!("{}: {}", flaw.field, flaw.problem))
    }

    const MLA: &str = r#"{ all = [{ field = "MILITARY_COVERED", op = "EQ", value = true },
        { field = "MAPR", op = "GT", value = "36", unit = "PERCENT_PER_YEAR" }] }"#;

    #[test]
    fn all_stops_at_the_first_that_fails_or_is_not_known() {
        let condition = read(&MLA.replace('\n', "")).unwrap();
        let covered = |yes| (Field::MilitaryCovered, Value::Flag(yes));
        let mapr = |ppm| (Field::Mapr, Value::Rate(Rate::from_ppm(ppm)));
        let truth = |facts| condition.eval(&Known(facts));
        assert_eq!(truth(vec![covered(false)]), Truth::Fails);
        assert_eq!(truth(vec![mapr(100)]), Truth::Missing(Field::MilitaryCovered));
        assert_eq!(truth(vec![covered(true)]), Truth::Missing(Field::Mapr));
        assert_eq!(truth(vec![covered(true), mapr(360_000)]), Truth::Fails);
        assert_eq!(truth(vec![covered(true), mapr(360_001)]), Truth::Holds);
    }

    #[test]
    fn any_and_not_never_turn_a_missing_fact_into_an_answer() {
        let leaf = r#"{ field = "SECURED", op = "EQ", value = true }"#;
        let term = r#"{ field = "TERM", op = "LE", value = 30, unit = "DAYS" }"#;
        let any = read(&format!("{{ any = [{leaf}, {term}] }}")).unwrap();
        let secured = Known(vec![(Field::Secured, Value::Flag(true))]);
        let open = Known(vec![(Field::Secured, Value::Flag(false))]);
        assert_eq!(any.eval(&secured), Truth::Holds);
        assert_eq!(any.eval(&open), Truth::Missing(Field::TermDays));
        let not = read(&format!("{{ not = {term} }}")).unwrap();
        assert_eq!(not.eval(&open), Truth::Missing(Field::TermDays));
        assert_eq!(
            not.eval(&Known(vec![(Field::TermDays, Value::Count(31))])),
            Truth::Holds
        );
    }

    #[test]
    fn money_of_another_currency_has_no_order() {
        let condition = read(r#"{ field = "AMOUNT", op = "LT", value = 1000, unit = "USD" }"#).unwrap();
        let amount = |minor, code| {
            Known(vec![(
                Field::Amount,
                Value::Money(Money::new(minor, Currency::parse(code).unwrap())),
            )])
        };
        assert_eq!(condition.eval(&amount(999, "USD")), Truth::Holds);
        assert_eq!(condition.eval(&amount(1_000, "USD")), Truth::Fails);
        assert_eq!(condition.eval(&amount(999, "EUR")), Truth::Foreign);
    }

    #[test]
    fn types_and_units_are_checked_and_the_place_is_named() {
        for (text, place) in [
            (
                r#"{ field = "VERIFIED_APR", op = "GT", value = "36" }"#,
                "when.unit: the unit is PERCENT_PER_YEAR",
            ),
            (
                r#"{ field = "VERIFIED_APR", op = "GT", value = 36, unit = "PERCENT_PER_YEAR" }"#,
                "when.value: a per cent",
            ),
            (
                r#"{ field = "VERIFIED_APR", op = "GT", value = "36", unit = "DAYS" }"#,
                "when.unit: the unit is",
            ),
            (
                r#"{ field = "TERM", op = "GT", value = "36", unit = "DAYS" }"#,
                "when.value: a whole number",
            ),
            (
                r#"{ field = "TERM", op = "GT", value = -1, unit = "DAYS" }"#,
                "when.value: a whole number",
            ),
            (
                r#"{ field = "SECURED", op = "GT", value = true }"#,
                "when.op: this field has no order",
            ),
            (
                r#"{ field = "SECURED", op = "EQ", value = true, unit = "DAYS" }"#,
                "when.unit: this field has no unit",
            ),
            (
                r#"{ field = "AMOUNT", op = "EQ", value = 1, unit = "DAYS" }"#,
                "when.unit: the unit is a currency",
            ),
            (
                r#"{ field = "PRODUCT", op = "IN", value = ["LOAN"] }"#,
                "when.value: no such name",
            ),
            (r#"{ field = "PRODUCT", op = "IN", value = [] }"#, "when.value: a list"),
            (
                r#"{ field = "INCOME", op = "EQ", value = 1 }"#,
                "when.field: no such field",
            ),
            (
                r#"{ field = "TERM", op = "NEAR", value = 1, unit = "DAYS" }"#,
                "when.op: no such comparison",
            ),
            ("{ all = [] }", "when.all: a list"),
            (
                r#"{ all = [{ field = "TERM" }] }"#,
                "when.all[0].op: no such comparison",
            ),
            ("{ all = [], any = [] }", "when.all: no such key"),
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.starts_with(place), "{text}: {refused}");
        }
    }
}
