use std::sync::Arc;

use aggregator::api::RankedQuote;
use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};
use domain::Currency;
use domain::calendar::{DayCount, Period, Unit};
use domain::digest::Arrival;
use domain::offer::*;
use domain::quote::Quote;
use domain::request::*;
use futures::FutureExt;
use uuid::Uuid;

use super::*;

struct Lists(Vec<QuoteOut>);

#[Object]
impl Lists {
    async fn direct(&self) -> QuoteNodes {
        QuoteNodes(self.0.clone())
    }

    async fn usual(&self) -> Vec<QuoteOut> {
        self.0.clone()
    }
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::usd())
}

fn request() -> CreditRequest {
    CreditRequest {
        id: Uuid::from_u128(1).into(),
        tenant: Uuid::from_u128(2).into(),
        borrower: Uuid::from_u128(3).into(),
        at: "2026-01-10T12:00:00Z".parse().unwrap(),
        amount: usd(500_000),
        term: Period::new(1, Unit::Month),
        purpose: Purpose::Other,
        products: vec![],
        jurisdiction: Jurisdiction {
            country: "US".into(),
            region: Some("CA".into()),
        },
        applicant: Applicant {
            full_name: "Alex Sample".into(),
            date_of_birth: None,
            monthly_income: usd(700_000),
            monthly_housing_cost: usd(150_000),
            monthly_debt_payments: usd(20_000),
            employment: Employment::Employed,
            employment_months: 60,
            residence_months: 48,
            delinquencies_24m: 0,
            inquiries_6m: 0,
            credit_history_months: None,
            revolving_utilization_percent: None,
            military_covered: false,
        },
        wallet: None,
        collateral: None,
        refinances: None,
        data_consents: Vec::new(),
    }
}

fn quote(position: u32, total: i64) -> QuoteOut {
    let request = request();
    let month = Period::new(1, Unit::Month);
    let row = ScheduledPayment {
        due: month.after(request.at.date_naive(), 1).unwrap(),
        principal: request.amount,
        interest: usd(total - 500_000),
        fees: usd(0),
        total: usd(total),
    };
    let offer = Offer {
        provider_ref: "ref".into(),
        product: Product::Installment,
        issued_at: request.at,
        valid_until: request.at,
        binding: Binding::Prequalified,
        inquiry: Inquiry::None,
        amounts: Amounts {
            requested: request.amount,
            offered: request.amount,
            net_disbursed: request.amount,
            limit: None,
        },
        rate: RateTerms {
            kind: RateKind::Fixed,
            nominal: Rate::from_percent(10),
            day_count: DayCount::Thirty360,
            compounding: None,
            index: None,
            spread: None,
            cap: None,
            floor: None,
            curve: None,
        },
        fees: vec![],
        repayment: Repayment {
            schedule: vec![row],
            method: RepaymentMethod::EqualInstallment,
            every: month,
            prepayment_charge: Rate::ZERO,
            late: LateTerms {
                grace_days: 10,
                fee: usd(1_500),
                penal_rate: Rate::ZERO,
            },
            cooling_off_days: 0,
        },
        collateral: None,
        onchain: None,
        venue: None,
        declared: Declared {
            apr: Rate::from_percent(10),
            convention: AprConvention::UsNominal,
            total_cost: None,
            payment: None,
        },
    };
    let arrival = Arrival {
        id: Uuid::from_u128(u128::from(position)).into(),
        provider: "harbor-bank".parse().unwrap(),
        at: request.at,
    };
    let appraisal = domain::appraisal::appraise(&request, &offer).unwrap();
    let quote = Quote::seal(arrival, &request, offer, appraisal, vec![]);
    QuoteOut(Arc::new(RankedQuote { position, quote }))
}

fn answers(selection: &str) -> (Value, Value) {
    let lists = Lists(vec![quote(1, 505_000), quote(2, 507_503)]);
    let schema = Schema::new(lists, EmptyMutation, EmptySubscription);
    let ask = |list: &str| {
        let document =
            format!("query($yes: Boolean = true) {{ list: {list} {selection} unused: {list} {USES} }} {FRAGMENT}");
        let response = schema.execute(document).now_or_never().unwrap();
        assert!(response.errors.is_empty(), "{selection}: {:?}", response.errors);
        response.data
    };
    (ask("direct"), ask("usual"))
}

/// Every document has to use the variable and the fragment.
const USES: &str = "{ ...Part @include(if: $yes) }";
const FRAGMENT: &str = "fragment Part on Quote { provider }";
const PLAIN: &str =
    "{ id position provider product binding digest principal { amount minor currency } netDisbursed { minor }
    nominalRate { percent ppm } verifiedApr { percent } convention declaredApr { ppm } totalOfPayments { amount }
    financeCharge { currency } largestPayment { amount } }";

#[test]
fn a_direct_answer_is_the_usual_one() {
    let selections = [
        PLAIN,
        "{ binding id }",
        "{ a: id b: id verified: verifiedApr { p: percent } }",
        "{ id id principal { minor } principal { amount } }",
        "{ id __typename principal { __typename minor } }",
        "{ id ...Part ... on Quote { id } ... { position } }",
        "{ id @include(if: $yes) provider @skip(if: $yes) }",
        "{ id flags schedule { due total { minor } } loanToValue { percent } usApr { percent } }",
    ];
    for selection in selections {
        let (direct, usual) = answers(selection);
        assert_eq!(direct, usual, "{selection}");
    }
}

#[test]
fn plain_fields_need_no_future() {
    let document = async_graphql::parser::parse_query(PLAIN).unwrap();
    let (_, operation) = document.operations.iter().next().unwrap();
    let plan = Plan::<QuoteOut>::of(&operation.node.selection_set.node);
    assert_eq!(plan.map(|plan| plan.steps.len()), Some(15));
}
