//! What the lender declares, and what it does.

use domain::calendar::{Period, Unit};
use domain::eligibility::AmountRange;
use domain::offer::{Inquiry, Offer};
use domain::ports::Answer;
use domain::request::{CreditRequest, Product};
use domain::{Currency, Money};

use super::ctx::Ctx;
use super::offer::offers;

const PRODUCTS: [Product; 4] = [
    Product::Installment,
    Product::Line,
    Product::Bnpl,
    Product::Collateralized,
];
const ALL: [&str; 12] = [
    "limits.minimum",
    "limits.maximum",
    "limits.below-minimum",
    "limits.above-maximum",
    "limits.huge-amount",
    "limits.currency",
    "limits.jurisdiction",
    "limits.term-short",
    "limits.term-long",
    "limits.product-asked",
    "limits.product-offered",
    "limits.inquiry",
];

pub(crate) async fn run(ctx: &mut Ctx<'_>) {
    // Only a lender that answers inside its limits says anything about them.
    if let Err(reason) = ctx.ask(ctx.request()).await {
        for id in ALL {
            ctx.verdicts.skip(id, reason.clone());
        }
        return;
    }
    amounts(ctx).await;
    places(ctx).await;
    terms(ctx).await;
    products(ctx).await;
}

/// The answer, whatever it is; declined or with offers that the rule takes.
async fn judged(ctx: &mut Ctx<'_>, id: &str, request: CreditRequest, takes: impl Fn(&Offer) -> Result<(), String>) {
    let verdict = match ctx.ask(request).await {
        Err(seen) => Err(seen),
        Ok(asked) => offers(&asked.answer).iter().try_for_each(takes),
    };
    ctx.verdicts.verdict(id, verdict);
}

async fn declined(ctx: &mut Ctx<'_>, id: &str, request: CreditRequest) {
    let verdict = match ctx.ask(request).await {
        Err(seen) => Err(seen),
        Ok(asked) => match asked.answer {
            Answer::Declined(_) => Ok(()),
            Answer::Offers(offers) => Err(format!("answered with {} offers", offers.len())),
        },
    };
    ctx.verdicts.verdict(id, verdict);
}

async fn amounts(ctx: &mut Ctx<'_>) {
    let AmountRange {
        currency,
        min: least,
        max: most,
    } = ctx.range();
    let of = |ctx: &Ctx<'_>, minor: i64| {
        let request = ctx.request();
        let amount = Money::new(minor, currency);
        CreditRequest { amount, ..request }
    };
    let within = |offer: &Offer| {
        let offered = offer.amounts.offered;
        if offered.minor <= most {
            Ok(())
        } else {
            Err(format!("{offered} was offered"))
        }
    };
    judged(ctx, "limits.minimum", of(ctx, least.max(1)), within).await;
    judged(ctx, "limits.maximum", of(ctx, most), within).await;
    if least > 1 {
        declined(ctx, "limits.below-minimum", of(ctx, least - 1)).await;
    } else {
        ctx.verdicts
            .skip("limits.below-minimum", "there is no amount below the smallest");
    }
    match most.checked_add(1).and_then(|more| more.checked_add(most)) {
        Some(above) => judged(ctx, "limits.above-maximum", of(ctx, above), within).await,
        None => ctx
            .verdicts
            .skip("limits.above-maximum", "there is no amount above the largest"),
    }
    judged(ctx, "limits.huge-amount", of(ctx, i64::MAX), within).await;
}

async fn places(ctx: &mut Ctx<'_>) {
    let caps = &ctx.target.capabilities;
    let other = Currency::all().find(|currency| caps.amounts_in(*currency).is_none());
    let mut request = ctx.request();
    if let Some(currency) = other {
        request.amount = Money::new(request.amount.minor, currency);
        let a = &mut request.applicant;
        for money in [
            &mut a.monthly_income,
            &mut a.monthly_housing_cost,
            &mut a.monthly_debt_payments,
        ] {
            *money = Money::new(money.minor, currency);
        }
    }
    declined(ctx, "limits.currency", request).await;
    let mut request = ctx.request();
    let served = |country: &str| caps.jurisdictions.iter().any(|j| j.country == country);
    // Antarctica, or a country near it.
    let elsewhere = ["AQ", "BV", "HM"].into_iter().find(|country| !served(country));
    request.jurisdiction.country = elsewhere.unwrap_or("AQ").into();
    request.jurisdiction.region = None;
    declined(ctx, "limits.jurisdiction", request).await;
}

async fn terms(ctx: &mut Ctx<'_>) {
    let caps = &ctx.target.capabilities;
    if caps.min_term_days > 1 {
        let mut request = ctx.request();
        request.term = Period::new(caps.min_term_days - 1, Unit::Day);
        declined(ctx, "limits.term-short", request).await;
    } else {
        ctx.verdicts
            .skip("limits.term-short", "there is no term below the shortest");
    }
    let mut request = ctx.request();
    request.term = Period::new(caps.max_term_days.saturating_add(31), Unit::Day);
    declined(ctx, "limits.term-long", request).await;
}

async fn products(ctx: &mut Ctx<'_>) {
    let caps = &ctx.target.capabilities;
    match PRODUCTS.into_iter().find(|product| !caps.products.contains(product)) {
        None => ctx.verdicts.skip("limits.product-asked", "every product is declared"),
        Some(product) => {
            let mut request = ctx.request();
            request.products = vec![product];
            // Offers of another product than asked are the fault of that rule.
            judged(ctx, "limits.product-asked", request, |offer| {
                Err(format!("{:?} was offered, {product:?} was asked", offer.product))
            })
            .await;
        }
    }
    let declared = |offer: &Offer| {
        if caps.products.contains(&offer.product) {
            Ok(())
        } else {
            Err(format!("{:?} is not declared", offer.product))
        }
    };
    judged(ctx, "limits.product-offered", ctx.request(), declared).await;
    let weight = |inquiry: Inquiry| match inquiry {
        Inquiry::None => 0,
        Inquiry::Soft => 1,
        Inquiry::Hard => 2,
    };
    let announced = |offer: &Offer| {
        if weight(offer.inquiry) <= weight(caps.inquiry) {
            Ok(())
        } else {
            Err(format!("{:?} was made, {:?} is declared", offer.inquiry, caps.inquiry))
        }
    };
    judged(ctx, "limits.inquiry", ctx.request(), announced).await;
}
