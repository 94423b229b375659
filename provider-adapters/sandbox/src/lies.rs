//! Lies: an honest offer, bent.

use chrono::TimeDelta;
use sdk::wire::Offer;

use crate::behavior::Behavior;

/// Bends an honest offer as the behavior says.
pub(crate) fn bend(mut offer: Offer, behavior: Behavior) -> Offer {
    match behavior {
        Behavior::WrongCurrency => {
            let money = &mut offer.amounts.offered;
            money.currency = if money.currency == "EUR" { "USD" } else { "EUR" }.into();
        }
        Behavior::BadBreakup => {
            if let Some(payment) = offer.repayment.schedule.last_mut() {
                payment.total.minor = plus(&payment.total.minor, 1);
            }
        }
        Behavior::Expired => {
            offer.issued_at -= TimeDelta::hours(2);
            offer.valid_until -= TimeDelta::hours(1);
        }
        Behavior::TooMuch => {
            offer.amounts.offered.minor = plus(&offer.amounts.offered.minor, 100);
            offer.amounts.net_disbursed.minor = plus(&offer.amounts.net_disbursed.minor, 100);
            if let Some(payment) = offer.repayment.schedule.last_mut() {
                payment.principal.minor = plus(&payment.principal.minor, 100);
                payment.total.minor = plus(&payment.total.minor, 100);
            }
        }
        Behavior::Negative => {
            if let Some(payment) = offer.repayment.schedule.first_mut() {
                payment.fees.minor = "-100".into();
                payment.total.minor = plus(&payment.total.minor, -100);
            }
        }
        Behavior::BadDates => {
            if let [first, second, ..] = offer.repayment.schedule.as_mut_slice() {
                second.due = first.due;
            }
        }
        Behavior::BadNet => {
            offer.amounts.net_disbursed.minor = plus(&offer.amounts.net_disbursed.minor, -100);
        }
        _ => {}
    }
    offer
}

fn plus(minor: &str, by: i64) -> String {
    minor.parse::<i64>().unwrap_or_default().saturating_add(by).to_string()
}
