//! Every spelling seen in the traffic of a live credit network is read as what it means, or refused for a reason.

use domain::Currency;
use domain::calendar::{Period, Unit};
use usance_provider_sdk::normalise::{Charge, Field, Per, Percent, Refusal, Tax};

const OBSERVED: &str = include_str!("fixtures/observed-spellings.txt");
/// Distinct spellings of the list; a list that lost lines must not pass.
const SPELLINGS: usize = 243;

fn percent(percent: &Percent) -> String {
    let per = match percent.per {
        Per::Unstated => "",
        Per::Year => " a-year",
        Per::Month => " a-month",
        Per::Day => " a-day",
    };
    let tax = if percent.tax == Tax::OnTop(None) {
        " tax-on-top"
    } else {
        ""
    };
    format!("{} ppm{per}{tax}", percent.rate.ppm())
}

fn period(period: Period) -> String {
    let unit = match period.unit {
        Unit::Day => "day",
        Unit::Week => "week",
        Unit::Month => "month",
        Unit::Year => "year",
    };
    format!("{} {unit}", period.count)
}

fn read(name: &str, field: &Field<'_>) -> Result<String, Refusal> {
    let inr = Currency::parse("INR").expect("a known currency");
    match name {
        "INTEREST_RATE"
        | "ANNUAL_PERCENTAGE_RATE"
        | "MIN_INTEREST_RATE"
        | "MAX_INTEREST_RATE"
        | "SUBVENTION_RATE"
        | "RATE_ANNUALISED_PENAL_CHARGES" => field.percent().map(|p| percent(&p)),
        "TERM" | "MIN_TENURE" | "MAX_TENURE" => field.term().map(period),
        "REPAYMENT_FREQUENCY" => field.interval().map(period),
        "COOL_OFF_PERIOD" => field.whole_days_down().map(|days| format!("{days} days")),
        "OFFER_VALIDITY" => field.span().map(|span| format!("{} seconds", span.num_seconds())),
        "INTEREST_RATE_TYPE" => field
            .one_of(&[("FIXED", "fixed"), ("FLOATING", "floating")])
            .map(str::to_owned),
        "NUMBER_OF_INSTALLMENTS_OF_REPAYMENT" => field.count().map(|count| count.to_string()),
        "INSTALLMENT_AMOUNT"
        | "MIN_LOAN_AMOUNT"
        | "MAX_LOAN_AMOUNT"
        | "MINIMUM_DOWNPAYMENT"
        | "WORKING_CAPITAL_LIMIT" => field.money(inr).map(|money| format!("{} paise", money.minor)),
        "BREAKUP_TITLE" => field.breakup_title().map(|title| format!("{title:?}")),
        _ => field.charge(inr).map(|charge| match charge {
            Charge::NotApplicable => "not applicable".to_owned(),
            Charge::Amount(quantity) => format!("{} paise", quantity.money.minor),
            Charge::Share(share) => percent(&share),
        }),
    }
}

#[test]
fn every_observed_spelling_has_its_meaning() {
    let lines: Vec<_> = OBSERVED.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.len(), SPELLINGS);
    let mut wrong = Vec::new();
    for line in lines {
        let [name, text, meaning] = line.split('|').collect::<Vec<_>>().try_into().expect("three parts");
        let read = read(name, &Field::new(name, text)).unwrap_or_else(|refusal| {
            assert_eq!(refusal.field(), name);
            assert!(!refusal.text().is_empty() && text.starts_with(refusal.text()), "{text}");
            format!("refused {:?}", refusal.problem())
        });
        if read != meaning {
            wrong.push(format!("{name} {text:?}: read {read}, means {meaning}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
