//! `[offer]`: one item of a lender's answer as our offer.

use domain::calendar::{DayCount, Period};
use domain::offer::{
    Amounts, AprConvention, Declared, Fee, FeeTiming, LateTerms, Offer, RateKind, RateTerms, Repayment,
    RepaymentMethod, ScheduledPayment,
};
use domain::request::CreditRequest;
use domain::schedule::rate::Basis;
use domain::schedule::{Accrual, Grace, InstallmentRule, LoanTerms, Method, generate};
use domain::{Money, Rate};

use super::ask::{OFFER, ROW};
use super::eval::{Evaluator, Result, plain};
use super::keys::{Keys, Values};
use super::source::{Loaded, Table};
use super::value::{Fault, Located, Value};

const TOP: &[(&str, bool)] = &[
    ("provider_ref", true),
    ("product", true),
    ("binding", true),
    ("inquiry", true),
    ("issued_at", true),
    ("valid_until", true),
];
const AMOUNTS: &[(&str, bool)] = &[("offered", true), ("net_disbursed", true), ("limit", false)];
const RATE: &[(&str, bool)] = &[
    ("kind", true),
    ("nominal", true),
    ("day_count", true),
    ("compounding", false),
    ("index", false),
    ("spread", false),
    ("cap", false),
    ("floor", false),
];
const FEE: &[(&str, bool)] = &[
    ("when", false),
    ("code", true),
    ("payee", true),
    ("amount", true),
    ("timing", true),
    ("mandatory", true),
    ("in_finance_charge", true),
];
const EACH: &[(&str, bool)] = &[("each", false)];
const LISTED: &[(&str, bool)] = &[
    ("due", true),
    ("principal", true),
    ("interest", true),
    ("fees", false),
    ("total", false),
];
const EQUAL: &[(&str, bool)] = &[
    ("count", true),
    ("first_due", false),
    ("installment", false),
    ("last_may_differ_by", false),
];
const REPAYMENT: &[(&str, bool)] = &[
    ("method", true),
    ("every", true),
    ("prepayment_charge", true),
    ("cooling_off_days", true),
];
const LATE: &[(&str, bool)] = &[("grace_days", true), ("fee", true), ("penal_rate", true)];
const DECLARED: &[(&str, bool)] = &[
    ("apr", true),
    ("convention", true),
    ("total_cost", false),
    ("payment", false),
];

/// The mapping.
#[derive(Debug)]
pub(super) struct OfferMap {
    top: Keys,
    amounts: Keys,
    rate: Keys,
    fees: Vec<(Keys, Keys)>,
    schedule: ScheduleMap,
    repayment: Keys,
    late: Keys,
    declared: Keys,
}

#[derive(Debug)]
enum ScheduleMap {
    /// The lender lists its payments.
    Listed { each: Keys, row: Keys },
    /// The lender states terms; the calendar follows from them.
    Equal(Keys),
}

fn part<'t>(table: &Table<'t>, key: &str, keys: &[(&'static str, bool)]) -> Loaded<(Keys, Table<'t>)> {
    let inner = table.need_table(key)?;
    Ok((Keys::load(&inner, OFFER, keys)?, inner))
}

impl OfferMap {
    pub(super) fn load(table: &Table<'_>) -> Loaded<Self> {
        let whole = |key: &str, keys| {
            let (found, inner) = part(table, key, keys)?;
            inner.finish()?;
            Ok(found)
        };
        let (repayment, inner) = part(table, "repayment", REPAYMENT)?;
        let (late, within) = part(&inner, "late", LATE)?;
        within.finish()?;
        inner.finish()?;
        let fee = |table: Table<'_>| {
            let found = (Keys::load(&table, OFFER, EACH)?, Keys::load(&table, ROW, FEE)?);
            table.finish()?;
            Ok(found)
        };
        let found = Self {
            top: Keys::load(table, OFFER, TOP)?,
            amounts: whole("amounts", AMOUNTS)?,
            rate: whole("rate", RATE)?,
            fees: table.tables("fees")?.into_iter().map(fee).collect::<Loaded<_>>()?,
            schedule: ScheduleMap::load(&table.need_table("schedule")?)?,
            repayment,
            late,
            declared: whole("declared", DECLARED)?,
        };
        table.finish()?;
        Ok(found)
    }

    /// One offer; `scope` is that of [`OFFER`].
    pub(super) fn read(&self, evaluator: &Evaluator, scope: &[Located], request: &CreditRequest) -> Result<Offer> {
        let v = Values {
            keys: &self.top,
            evaluator,
            scope,
        };
        let issued_at = v.instant("issued_at")?;
        let amounts = Self::amounts(v.of(&self.amounts), request.amount)?;
        let rate = Self::rate(v.of(&self.rate))?;
        let fees = self.fees(v)?;
        let every = v.of(&self.repayment).period("every")?;
        let terms = Terms {
            owed: owed(amounts.offered, &fees)?,
            rate: rate.nominal,
            day_count: rate.day_count,
            start: issued_at.date_naive(),
            every,
        };
        Ok(Offer {
            provider_ref: v.text("provider_ref")?,
            product: v.word("product")?,
            issued_at,
            valid_until: v.instant("valid_until")?,
            binding: v.word("binding")?,
            inquiry: v.word("inquiry")?,
            amounts,
            rate,
            fees,
            repayment: self.repayment(v, self.schedule.read(v, &terms)?, every)?,
            collateral: None,
            onchain: None,
            venue: None,
            declared: Self::declared(v.of(&self.declared))?,
        })
    }

    fn amounts(v: Values<'_>, requested: Money) -> Result<Amounts> {
        Ok(Amounts {
            requested,
            offered: v.money("offered")?,
            net_disbursed: v.money("net_disbursed")?,
            limit: v.optional_money("limit")?,
        })
    }

    fn rate(v: Values<'_>) -> Result<RateTerms> {
        Ok(RateTerms {
            kind: v.word::<RateKind>("kind")?,
            nominal: v.rate("nominal")?,
            day_count: v.word::<DayCountWord>("day_count")?.into(),
            compounding: v.optional_period("compounding")?,
            index: v.optional_text("index")?,
            spread: v.optional_rate("spread")?,
            cap: v.optional_rate("cap")?,
            floor: v.optional_rate("floor")?,
            curve: None,
        })
    }

    fn fees(&self, v: Values<'_>) -> Result<Vec<Fee>> {
        let mut fees = Vec::new();
        for (each, keys) in &self.fees {
            let rows = if each.has("each") {
                v.of(each).list("each")?
            } else {
                vec![Value::Absent.into()]
            };
            for (i, row) in rows.into_iter().enumerate() {
                let scope = with_row(v.scope, row, i);
                let v = Values {
                    keys,
                    scope: &scope,
                    ..v
                };
                if keys.has("when") && !v.truth("when")? {
                    continue;
                }
                let amount = v.money("amount")?;
                if !amount.is_zero() {
                    fees.push(fee(v, amount)?);
                }
            }
        }
        Ok(fees)
    }

    fn repayment(&self, v: Values<'_>, schedule: Vec<ScheduledPayment>, every: Period) -> Result<Repayment> {
        let (v, late) = (v.of(&self.repayment), v.of(&self.late));
        Ok(Repayment {
            schedule,
            method: v.word::<RepaymentMethod>("method")?,
            every,
            prepayment_charge: v.rate("prepayment_charge")?,
            late: LateTerms {
                grace_days: late.count("grace_days")?,
                fee: late.money("fee")?,
                penal_rate: late.rate("penal_rate")?,
            },
            cooling_off_days: v.count("cooling_off_days")?,
        })
    }

    fn declared(v: Values<'_>) -> Result<Declared> {
        Ok(Declared {
            apr: v.rate("apr")?,
            convention: v.word::<AprConvention>("convention")?,
            total_cost: v.optional_money("total_cost")?,
            payment: v.optional_money("payment")?,
        })
    }
}

fn fee(v: Values<'_>, amount: Money) -> Result<Fee> {
    Ok(Fee {
        code: v.text("code")?,
        payee: v.word("payee")?,
        amount,
        timing: v.word("timing")?,
        mandatory: v.truth("mandatory")?,
        in_finance_charge: v.truth("in_finance_charge")?,
    })
}

/// The scope of [`ROW`].
fn with_row(scope: &[Located], row: Located, index: usize) -> Vec<Located> {
    let mut scope = scope.to_vec();
    scope.push(row);
    scope.push(Value::Number((index + 1).into()).into());
    scope
}

/// Principal and what is added to it.
fn owed(offered: Money, fees: &[Fee]) -> Result<Money> {
    let financed = fees.iter().filter(|fee| fee.timing == FeeTiming::Financed);
    let sum = financed.map(|fee| fee.amount).try_fold(offered, Money::plus);
    sum.map_err(|_| plain("the sum is too large").or_key("offer.fees"))
}

struct Terms {
    owed: Money,
    rate: Rate,
    day_count: DayCount,
    start: chrono::NaiveDate,
    every: Period,
}

impl ScheduleMap {
    fn load(table: &Table<'_>) -> Loaded<Self> {
        let found = match table.text("kind")? {
            "listed" => {
                let each = Keys::load(table, OFFER, &[("each", true)])?;
                let row = Keys::load(table, ROW, LISTED)?;
                Self::Listed { each, row }
            }
            "equal" => Self::Equal(Keys::load(table, OFFER, EQUAL)?),
            _ => return Err(table.wrong("kind", table.need("kind")?, "expected listed or equal")),
        };
        table.finish()?;
        Ok(found)
    }

    fn read(&self, v: Values<'_>, terms: &Terms) -> Result<Vec<ScheduledPayment>> {
        match self {
            Self::Listed { each, row } => {
                let rows = v.of(each).list("each")?;
                let payment = |(i, item)| {
                    let scope = with_row(v.scope, item, i);
                    listed(Values {
                        keys: row,
                        scope: &scope,
                        ..v
                    })
                };
                rows.into_iter().enumerate().map(payment).collect()
            }
            Self::Equal(keys) => equal(v.of(keys), terms),
        }
    }
}

fn listed(v: Values<'_>) -> Result<ScheduledPayment> {
    let (principal, interest) = (v.money("principal")?, v.money("interest")?);
    let fees = v.optional_money("fees")?.unwrap_or(Money::zero(principal.currency));
    let total = match v.optional_money("total")? {
        Some(total) => total,
        None => principal
            .plus(interest)
            .and_then(|sum| sum.plus(fees))
            .map_err(|_| plain("the sum is too large"))?,
    };
    Ok(ScheduledPayment {
        due: v.date("due")?,
        principal,
        interest,
        fees,
        total,
    })
}

const UNPAID: &str = "the stated installment does not repay the loan at the stated rate";

/// Equal installments. A stated installment is kept to the minor unit, and then it must repay the loan at the stated rate.
fn equal(v: Values<'_>, terms: &Terms) -> Result<Vec<ScheduledPayment>> {
    let refuse = |detail: String| Fault {
        field: "offer.schedule".into(),
        detail,
    };
    let stated = v.optional_money("installment")?;
    let count = v.count("count")?;
    if count as usize > sdk::MAX_PAYMENTS {
        return Err(refuse("too many payments".into()));
    }
    let schedule = generate(&LoanTerms {
        principal: terms.owed.minor.into(),
        annual_rate: terms.rate.to_decimal(),
        start: terms.start,
        first_due: v.optional_date("first_due")?,
        first_years: None,
        count,
        every: terms.every,
        method: stated.map_or(Method::EqualInstallments, |money| {
            Method::FixedPayment(money.minor.into())
        }),
        basis: basis(terms.day_count),
        accrual: Accrual::Basis,
        rule: InstallmentRule::Nominal,
        grace: Grace::default(),
        rounding: 1,
        installment_multiple: None,
    })
    .map_err(|error| match stated {
        Some(_) => refuse(UNPAID.into()),
        None => refuse(error.to_string()),
    })?;
    let rows = &schedule.installments;
    if let (Some(stated), Some(last)) = (stated, rows.last()) {
        let within = v
            .optional_money("last_may_differ_by")?
            .map_or(i128::from(count), |money| money.minor.into());
        let differs = (last.total - i128::from(stated.minor)).abs();
        if rows.len() != count as usize || last.closing != 0 || differs > within {
            return Err(refuse(UNPAID.into()));
        }
    }
    let money = |minor: i128| {
        let minor = i64::try_from(minor).map_err(|_| refuse("the amounts are too large".into()))?;
        Ok::<_, Fault>(Money::new(minor, terms.owed.currency))
    };
    let payment = |row: &domain::schedule::Installment| {
        Ok(ScheduledPayment {
            due: row.due,
            principal: money(row.principal)?,
            interest: money(row.interest)?,
            fees: money(row.fees)?,
            total: money(row.total)?,
        })
    };
    rows.iter().map(payment).collect()
}

/// How a manifest writes a day count.
#[derive(Clone, Copy, serde::Deserialize)]
enum DayCountWord {
    #[serde(rename = "THIRTY_360")]
    Thirty360,
    #[serde(rename = "ACT_360")]
    Act360,
    #[serde(rename = "ACT_364")]
    Act364,
    #[serde(rename = "ACT_365")]
    Act365,
    #[serde(rename = "ACT_ACT")]
    ActAct,
}

impl From<DayCountWord> for DayCount {
    fn from(word: DayCountWord) -> Self {
        match word {
            DayCountWord::Thirty360 => Self::Thirty360,
            DayCountWord::Act360 => Self::Act360,
            DayCountWord::Act364 => Self::Act364,
            DayCountWord::Act365 => Self::Act365,
            DayCountWord::ActAct => Self::ActActIsda,
        }
    }
}

fn basis(day_count: DayCount) -> Basis {
    match day_count {
        DayCount::Thirty360 => Basis::THIRTY_360,
        DayCount::Act360 => Basis::ACT_360,
        DayCount::Act364 => Basis::ACT_364,
        DayCount::Act365 => Basis::ACT_365,
        DayCount::ActActIsda => Basis::ACT_ACT,
    }
}
