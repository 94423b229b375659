//! Quotes in the schema.

use std::sync::Arc;

use aggregator::api::RankedQuote;
use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, NaiveDate, Utc};
use domain::offer::{Fee, ScheduledPayment, VenueLoan};
use domain::quote::{Flag, Quote, Scenario};

use super::rules::DisclosureOut;
use super::value::{MoneyOut, RateOut, TokenOut, mirror};
use super::{api, caller, fail};
use crate::public_id::{Kind, encode};

mirror! {
    /// Kinds of credit.
    ProductKind = "domain::request::Product" {
        /// Repaid in installments.
        Installment,
        /// A credit line.
        Line,
        /// Buy now, pay later.
        Bnpl,
        /// Against locked collateral.
        Collateralized,
    }
}
mirror! {
    /// How far the lender is bound.
    BindingLevel = "domain::offer::Binding" {
        /// The offer itself is executed on chain.
        OnchainExecutable,
        /// Bound until the offer ends.
        Firm,
        /// Bound once the facts are confirmed.
        Prequalified,
        /// Not bound.
        Indicative,
    }
}
mirror! {
    /// Conventions of an APR.
    Convention = "domain::offer::AprConvention" {
        /// US Regulation Z, Appendix J.
        UsNominal,
        /// EU Annex I.
        EuEffective,
        /// India: monthly internal rate times 12.
        IndiaNominal,
    }
}
mirror! {
    /// What could happen.
    ScenarioName = "domain::quote::ScenarioKind" {
        /// As agreed.
        Base,
        /// The rate rises by 2 points.
        #[graphql(name = "RATE_PLUS_200BP")]
        RatePlus200bp,
        /// One installment 30 days late.
        LateOnce,
        /// Paid back after a third of the term.
        ExitAtThird,
        /// Collateral loses 20 %.
        #[graphql(name = "PRICE_MINUS_20")]
        PriceMinus20,
        /// Collateral loses 40 %.
        #[graphql(name = "PRICE_MINUS_40")]
        PriceMinus40,
    }
}
mirror! {
    /// Who gets a fee.
    FeePayee = "domain::offer::Payee" {
        /// The lender.
        Provider,
        /// Usance or the integrator.
        Platform,
        /// Somebody else.
        ThirdParty,
        /// A chain's validators.
        Network,
    }
}
mirror! {
    /// When a fee is paid.
    FeeMoment = "domain::offer::FeeTiming" {
        /// Withheld from the disbursement.
        UpfrontDeducted,
        /// Paid at the start.
        UpfrontPaid,
        /// Added to the principal.
        Financed,
        /// Part of each installment.
        PerPeriod,
        /// Only when paid early.
        OnPrepay,
        /// Only when late.
        OnLate,
    }
}

/// A quote: what the lender says, and what we computed.
#[derive(Clone, Debug)]
pub struct QuoteOut(pub Arc<RankedQuote>);

impl QuoteOut {
    fn quote(&self) -> &Quote {
        &self.0.quote
    }
}

impl From<RankedQuote> for QuoteOut {
    fn from(quote: RankedQuote) -> Self {
        Self(Arc::new(quote))
    }
}

impl From<Arc<RankedQuote>> for QuoteOut {
    fn from(quote: Arc<RankedQuote>) -> Self {
        Self(quote)
    }
}

#[Object(name = "Quote")]
impl QuoteOut {
    /// Id, starts with `quo_`.
    async fn id(&self) -> async_graphql::ID {
        encode(Kind::Quote, self.quote().id.0).into()
    }

    /// Place in the ranking, from 1.
    async fn position(&self) -> u32 {
        self.0.position
    }

    /// The lender.
    async fn provider(&self) -> &str {
        self.quote().provider.as_str()
    }

    /// Kind of credit.
    async fn product(&self) -> ProductKind {
        self.quote().offer.product.into()
    }

    /// How far the lender is bound.
    async fn binding(&self) -> BindingLevel {
        self.quote().offer.binding.into()
    }

    /// When the offer ends.
    async fn valid_until(&self) -> DateTime<Utc> {
        self.quote().offer.valid_until
    }

    /// Commitment to every number; acceptance names it.
    async fn digest(&self) -> String {
        self.quote().digest.to_string()
    }

    /// Principal.
    async fn principal(&self) -> MoneyOut {
        MoneyOut(self.quote().offer.amounts.offered)
    }

    /// What arrives.
    async fn net_disbursed(&self) -> MoneyOut {
        MoneyOut(self.quote().offer.amounts.net_disbursed)
    }

    /// Nominal yearly rate.
    async fn nominal_rate(&self) -> RateOut {
        RateOut(self.quote().offer.rate.nominal)
    }

    /// APR that we computed from the cash flows, in the borrower's home convention.
    async fn verified_apr(&self) -> RateOut {
        RateOut(self.quote().verified.apr)
    }

    /// Convention of `verifiedApr`.
    async fn convention(&self) -> Convention {
        self.quote().verified.convention.into()
    }

    /// The same flows under US Regulation Z.
    async fn us_apr(&self) -> Option<RateOut> {
        self.quote().verified.us_apr.map(RateOut)
    }

    /// The same flows under EU Annex I.
    async fn eu_aprc(&self) -> Option<RateOut> {
        self.quote().verified.eu_aprc.map(RateOut)
    }

    /// The same flows under India's rule.
    async fn in_apr(&self) -> Option<RateOut> {
        self.quote().verified.in_apr.map(RateOut)
    }

    /// APR that the lender declares. Never ranked on.
    async fn declared_apr(&self) -> RateOut {
        RateOut(self.quote().offer.declared.apr)
    }

    /// Convention of `declaredApr`.
    async fn declared_convention(&self) -> Convention {
        self.quote().offer.declared.convention.into()
    }

    /// All payments.
    async fn total_of_payments(&self) -> MoneyOut {
        MoneyOut(self.quote().verified.total_of_payments)
    }

    /// All payments less what arrives.
    async fn finance_charge(&self) -> MoneyOut {
        MoneyOut(self.quote().verified.finance_charge)
    }

    /// Largest single payment.
    async fn largest_payment(&self) -> MoneyOut {
        MoneyOut(self.quote().verified.largest_payment)
    }

    /// What to know, as codes: `APR_MISDECLARED`, `NOT_BINDING`, `PARTIAL_AMOUNT`, `SHORTER_TERM`, `HARD_INQUIRY`.
    async fn flags(&self) -> Vec<&'static str> {
        self.quote().flags.iter().map(flag_code).collect()
    }

    /// What could happen and what it would cost.
    async fn scenarios(&self) -> Vec<ScenarioOut> {
        self.quote().scenarios.iter().cloned().map(Into::into).collect()
    }

    /// Fees.
    async fn fees(&self) -> Vec<FeeOut> {
        self.quote().offer.fees.iter().cloned().map(Into::into).collect()
    }

    /// The calendar of payments.
    #[graphql(complexity = "12 * child_complexity")]
    async fn schedule(&self) -> Vec<ScheduledOut> {
        self.quote().offer.repayment.schedule.iter().map(Into::into).collect()
    }

    /// Disclosures that the law of the place asks for, made now where they are not there yet. None while the book is open.
    #[graphql(complexity = "50 + 3 * child_complexity")]
    async fn disclosures(&self, ctx: &Context<'_>) -> Result<Vec<DisclosureOut>> {
        let found = Box::pin(api(ctx)?.aggregator.disclosures(caller(ctx)?, self.quote().id)).await;
        Ok(found.map_err(fail)?.into_iter().map(Into::into).collect())
    }

    /// Collateral to lock.
    async fn collateral(&self) -> Vec<TokenOut> {
        let collateral = self.quote().offer.collateral.iter();
        collateral
            .flat_map(|c| c.assets.iter().map(|a| TokenOut(a.amount.clone())))
            .collect()
    }

    /// Loan-to-value at the stated prices.
    async fn loan_to_value(&self) -> Option<RateOut> {
        domain::appraisal::loan_to_value(&self.quote().offer).map(RateOut)
    }

    /// Chain on which it is executed.
    async fn chain_id(&self) -> Option<String> {
        let offer = &self.quote().offer;
        let venue = offer.venue.as_ref().map(|loan| loan.chain_id);
        let chain = offer.onchain.as_ref().map(|onchain| onchain.chain_id).or(venue);
        chain.map(|id| id.to_string())
    }

    /// The pool whose loan it is; the borrower's own wallet takes it.
    #[graphql(complexity = 1)]
    async fn venue(&self) -> Option<VenueOut> {
        self.quote().offer.venue.clone().map(Into::into)
    }
}

/// A loan of a lending pool, to the base unit. Nobody is bound by it: the pool lends to who comes, at the rate of that moment.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "QuoteVenue")]
pub struct VenueOut {
    /// Chain.
    chain_id: String,
    /// Name of the protocol.
    name: String,
    /// Lent: the exact debt at the start.
    debt: TokenOut,
    /// Locked.
    collateral: TokenOut,
    /// Gas that opening the position takes.
    gas_estimate: u64,
    /// Contract through which it is opened in one transaction; null where the wallet does it call by call.
    router: Option<String>,
}

impl From<VenueLoan> for VenueOut {
    fn from(loan: VenueLoan) -> Self {
        Self {
            chain_id: loan.chain_id.to_string(),
            name: loan.venue,
            debt: TokenOut(loan.debt),
            collateral: TokenOut(loan.collateral),
            gas_estimate: loan.gas_estimate,
            router: loan.router.map(|router| router.to_string()),
        }
    }
}

/// The code of a flag.
pub fn flag_code(flag: &Flag) -> &'static str {
    match flag {
        Flag::AprMisdeclared { .. } => "APR_MISDECLARED",
        Flag::NotBinding => "NOT_BINDING",
        Flag::PartialAmount => "PARTIAL_AMOUNT",
        Flag::ShorterTerm => "SHORTER_TERM",
        Flag::HardInquiry => "HARD_INQUIRY",
    }
}

/// What one scenario costs.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "Scenario")]
pub struct ScenarioOut {
    /// Which.
    kind: ScenarioName,
    /// All payments and losses less what arrives.
    total_cost: MoneyOut,
    /// APR in the home convention, where there is one.
    apr: Option<RateOut>,
    /// The collateral would be sold.
    liquidated: bool,
}

impl From<Scenario> for ScenarioOut {
    fn from(s: Scenario) -> Self {
        let Scenario {
            kind,
            total_cost,
            apr,
            liquidated,
        } = s;
        Self {
            kind: kind.into(),
            total_cost: MoneyOut(total_cost),
            apr: apr.map(RateOut),
            liquidated,
        }
    }
}

/// One fee.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "Fee")]
pub struct FeeOut {
    /// For people.
    code: String,
    /// Who gets it.
    payee: FeePayee,
    /// How much.
    amount: MoneyOut,
    /// When.
    timing: FeeMoment,
    /// The credit cannot be had without it.
    mandatory: bool,
}

impl From<Fee> for FeeOut {
    fn from(fee: Fee) -> Self {
        Self {
            code: fee.code,
            payee: fee.payee.into(),
            amount: MoneyOut(fee.amount),
            timing: fee.timing.into(),
            mandatory: fee.mandatory,
        }
    }
}

/// One payment of a quote's calendar.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "ScheduledPayment")]
pub struct ScheduledOut {
    /// Due date.
    due: NaiveDate,
    /// Principal part.
    principal: MoneyOut,
    /// Interest part.
    interest: MoneyOut,
    /// Fees part.
    fees: MoneyOut,
    /// All.
    total: MoneyOut,
}

impl From<&ScheduledPayment> for ScheduledOut {
    fn from(row: &ScheduledPayment) -> Self {
        Self {
            due: row.due,
            principal: MoneyOut(row.principal),
            interest: MoneyOut(row.interest),
            fees: MoneyOut(row.fees),
            total: MoneyOut(row.total),
        }
    }
}
