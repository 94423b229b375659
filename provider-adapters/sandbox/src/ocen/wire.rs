//! What the lender says of an offer, in the format of the network.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::network::loan::{Loan, apr, month_later, rupees};

/// An application as the lender took it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Paise.
    pub(super) amount: i64,
    pub(super) months: u32,
}

impl Wanted {
    /// Of the terms of an application; none for what the lender does not do.
    pub(super) fn read(application: &Value) -> Option<Self> {
        let terms = &application["terms"];
        let amount: Decimal = terms["requestedAmount"].as_number()?.to_string().parse().ok()?;
        let paise: i64 = (amount * Decimal::ONE_HUNDRED).try_into().ok()?;
        let duration = u32::try_from(terms["tenure"]["duration"].as_u64()?).ok()?;
        let months = match terms["tenure"]["unit"].as_str()? {
            "MONTH" => duration,
            "YEAR" => duration.checked_mul(12)?,
            _ => return None,
        };
        let fits =
            terms["currency"] == "INR" && (2_500_000..=500_000_000).contains(&paise) && (2..=60).contains(&months);
        fits.then_some(Self { amount: paise, months })
    }
}

/// What an offer comes to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    pub(super) net: i64,
    pub(super) total: i64,
}

/// 1 % and 0.5 % are withheld, interest in whole rupees.
pub(super) fn figures(wanted: Wanted) -> Figures {
    let loan = Loan::new(wanted.amount, wanted.months);
    Figures {
        net: wanted.amount - loan.share_down(100) - loan.share_down(50),
        total: wanted.amount + loan.interest() / 100 * 100,
    }
}

fn number(paise: i64) -> Value {
    serde_json::from_str(&rupees(paise)).unwrap_or(Value::Null)
}

/// Good for two days.
pub(super) fn offer(wanted: Wanted, now: DateTime<Utc>) -> Value {
    let Figures { net, total } = figures(wanted);
    let (months, today) = (wanted.months, now.date_naive());
    let first = month_later(today, 1);
    let parts = i64::from(months);
    let each = (total + parts - 1) / parts;
    let rows: Vec<_> = (1..=months)
        .map(|month| {
            let amount = if month == months {
                total - each * (parts - 1)
            } else {
                each
            };
            (month_later(today, month), amount)
        })
        .collect();
    let declared: Value = serde_json::from_str(&apr(today, net, &rows).to_string()).unwrap_or(Value::Null);
    json!({
        "id": "OFFER-1",
        "validTill": (now + TimeDelta::days(2)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        "terms": {
            "requestedAmount": number(wanted.amount), "currency": "INR", "sanctionedAmount": number(wanted.amount),
            "netDisbursedAmount": number(net), "interestType": "FIXED", "interestRate": 12,
            "annualPercentageRate": declared, "totalRepayableAmount": number(total),
            "interestAmount": number(total - wanted.amount), "coolingOffPeriod": { "duration": 3, "unit": "DAY" },
            "tenure": { "duration": months, "unit": "MONTH" },
            "charges": {
                "processing": { "chargeType": "RATE_BASED", "data": { "rate": 1, "applicableParameter": "TOTAL_LOAN_AMOUNT" } },
                "other": { "chargeType": "FIXED_AMOUNT", "data": { "amount": number(wanted.amount * 50 / 10_000) } },
                "prepayment": { "chargeType": "RATE_BASED",
                    "data": { "rate": 4, "applicableParameter": "OUTSTANDING_PAYABLE_AMOUNT" } },
                "latePayment": { "chargeType": "RATE_BASED", "data": { "rate": 24, "applicableParameter": "EMI" } },
                "bounce": { "chargeType": "FIXED_AMOUNT", "data": { "amount": 500 } },
            },
        },
        "disbursement": { "plans": [{ "id": "d", "automatic": true, "scheduleType": "ONE_TIME", "totalAmount": number(net) }] },
        "repayment": { "plans": [{
            "id": "r", "automatic": true, "scheduleType": "RECURRING", "frequency": "MONTHLY", "noOfInstallment": months,
            "totalAmount": number(total), "startDate": first.format("%d-%m-%Y").to_string(),
        }] },
    })
}
