//! A builder that makes a wrong offer hard to write.
//!
//! A lender says what it knows: the rate, the fees, and either a plan or its own calendar. The builder derives the rest: the payments,
//! their parts and sums, what arrives, the fees in each payment, the total cost, and the APR in the convention of the borrower's home.
//! An offer without a rate or without a calendar does not compile; everything else is checked by [`OfferBuilder::build`], which
//! names the field that is wrong.
//!
//! ```
//! use sdk::{OfferBuilder, Plan};
//! # use usance_provider_sdk as sdk;
//! # fn offer(request: &domain::request::CreditRequest, now: chrono::DateTime<chrono::Utc>) -> Result<(), sdk::OfferError> {
//! use chrono::TimeDelta;
//! use domain::{Rate, calendar::{Period, Unit}};
//! let month = Period::new(1, Unit::Month);
//! let offer = OfferBuilder::new(request, "ref-1", now)
//!     .firm_for(TimeDelta::minutes(30))
//!     .withheld_fee("origination", domain::Money::new(10_000, request.amount.currency))
//!     .fixed_rate(Rate::from_percent(12))
//!     .plan(Plan::equal_installments(24, month))
//!     .build()?;
//! # Ok(()) }
//! ```

mod calendar;
mod error;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::appraisal::{APR_TOLERANCE, home_convention};
use domain::calendar::{DayCount, Period, Unit};
use domain::cashflow::{DatedFlows, verified};
use domain::offer::{
    Amounts, AprConvention, Binding, Collateral, Declared, Fee, FeeTiming, Inquiry, LateTerms, Offer, Onchain, Payee,
    RateKind, RateTerms, Repayment, RepaymentMethod, ScheduledPayment,
};
use domain::ports::LenderError;
use domain::request::{CreditRequest, Product};
use domain::{Money, Rate};

use crate::validate::validate_offer;

pub use calendar::Plan;
use calendar::Shape;
pub use error::{OfferError, Rule};

/// State of a builder that has no rate yet.
#[derive(Clone, Copy, Debug)]
pub struct Unpriced;

/// State of a builder that has a rate and no calendar yet.
#[derive(Clone, Debug)]
pub struct Priced(RateTerms);

/// State of a builder that can build.
#[derive(Clone, Debug)]
pub struct Scheduled(RateTerms, Shape);

/// What a declared APR is.
#[derive(Clone, Copy, Debug)]
enum Apr {
    /// Taken from the cash flows.
    Derived,
    /// Said by the lender; must agree with the cash flows.
    Checked(Rate, AprConvention),
    /// Said by somebody else and passed on, right or wrong; it is shown beside ours.
    AsStated(Rate, AprConvention),
}

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct OfferBuilder<'r, S = Unpriced> {
    request: &'r CreditRequest,
    now: DateTime<Utc>,
    provider_ref: String,
    product: Product,
    binding: Binding,
    valid_for: TimeDelta,
    inquiry: Inquiry,
    offered: Money,
    limit: Option<Money>,
    fees: Vec<Fee>,
    prepayment_charge: Rate,
    late: LateTerms,
    cooling_off_days: u32,
    collateral: Option<Collateral>,
    onchain: Option<Onchain>,
    apr: Apr,
    state: S,
}

impl<'r> OfferBuilder<'r> {
    /// An answer to a request, made now, under the lender's own reference. Until said otherwise: an installment loan of the amount asked
    /// for, indicative for 30 minutes, without a bureau inquiry, fees or late charges, with its APR taken from its cash flows.
    pub fn new(request: &'r CreditRequest, provider_ref: &str, now: DateTime<Utc>) -> Self {
        Self {
            request,
            now,
            provider_ref: provider_ref.to_owned(),
            product: Product::Installment,
            binding: Binding::Indicative,
            valid_for: TimeDelta::minutes(30),
            inquiry: Inquiry::None,
            offered: request.amount,
            limit: None,
            fees: Vec::new(),
            prepayment_charge: Rate::ZERO,
            late: LateTerms {
                grace_days: 0,
                fee: Money::zero(request.amount.currency),
                penal_rate: Rate::ZERO,
            },
            cooling_off_days: 0,
            collateral: None,
            onchain: None,
            apr: Apr::Derived,
            state: Unpriced,
        }
    }

    /// A fixed nominal yearly rate; months count as 30 days of a year of 360. [`Self::rate`] takes any other.
    pub fn fixed_rate(self, nominal: Rate) -> OfferBuilder<'r, Priced> {
        let kind = if nominal == Rate::ZERO {
            RateKind::Zero
        } else {
            RateKind::Fixed
        };
        self.rate(RateTerms {
            kind,
            nominal,
            day_count: DayCount::Thirty360,
            compounding: None,
            index: None,
            spread: None,
            cap: None,
            floor: None,
            curve: None,
        })
    }

    /// Any rate.
    pub fn rate(self, rate: RateTerms) -> OfferBuilder<'r, Priced> {
        self.with(|_| Priced(rate))
    }
}

impl<'r> OfferBuilder<'r, Priced> {
    /// Payments made by us from a plan.
    pub fn plan(self, plan: Plan) -> OfferBuilder<'r, Scheduled> {
        self.with(|Priced(rate)| Scheduled(rate, Shape::Plan(plan)))
    }

    /// The lender's own calendar with its parts; the totals are summed here.
    pub fn calendar(self, method: RepaymentMethod, every: Period, rows: Vec<Row>) -> OfferBuilder<'r, Scheduled> {
        self.with(|Priced(rate)| Scheduled(rate, Shape::Rows(method, every, rows)))
    }

    /// The lender's own calendar where it tells only dates and totals. They are split into interest on the balance at the nominal rate
    /// and principal; the last payments take what is left, so that the principal is repaid exactly. The cash flows, and with them the APR,
    /// are the lender's own.
    pub fn totals(
        self,
        method: RepaymentMethod,
        every: Period,
        rows: Vec<(NaiveDate, Money)>,
    ) -> OfferBuilder<'r, Scheduled> {
        self.with(|Priced(rate)| Scheduled(rate, Shape::Totals(method, every, rows)))
    }
}

/// One payment of a lender's own calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Due date.
    pub due: NaiveDate,
    /// Part that reduces the principal.
    pub principal: Money,
    /// Interest part.
    pub interest: Money,
    /// Fees part.
    pub fees: Money,
}

impl<'r, S> OfferBuilder<'r, S> {
    /// Kind of credit.
    #[must_use]
    pub fn product(mut self, product: Product) -> Self {
        self.product = product;
        self
    }

    /// Bound for that long.
    #[must_use]
    pub fn firm_for(self, valid_for: TimeDelta) -> Self {
        self.binding(Binding::Firm, valid_for)
    }

    /// How far bound, and for how long.
    #[must_use]
    pub fn binding(mut self, binding: Binding, valid_for: TimeDelta) -> Self {
        (self.binding, self.valid_for) = (binding, valid_for);
        self
    }

    /// What was asked of a credit bureau.
    #[must_use]
    pub fn inquiry(mut self, inquiry: Inquiry) -> Self {
        self.inquiry = inquiry;
        self
    }

    /// Less than was asked for.
    #[must_use]
    pub fn lend(mut self, offered: Money) -> Self {
        self.offered = offered;
        self
    }

    /// Limit of a line.
    #[must_use]
    pub fn limit(mut self, limit: Money) -> Self {
        self.limit = Some(limit);
        self
    }

    /// A fee that is kept back from the disbursement.
    #[must_use]
    pub fn withheld_fee(self, code: &str, amount: Money) -> Self {
        self.own_fee(code, amount, FeeTiming::UpfrontDeducted)
    }

    /// A fee that the borrower pays at the start.
    #[must_use]
    pub fn upfront_fee(self, code: &str, amount: Money) -> Self {
        self.own_fee(code, amount, FeeTiming::UpfrontPaid)
    }

    /// A fee that is added to the principal.
    #[must_use]
    pub fn financed_fee(self, code: &str, amount: Money) -> Self {
        self.own_fee(code, amount, FeeTiming::Financed)
    }

    /// A fee spread over the payments; `amount` is all of it.
    #[must_use]
    pub fn fee_in_payments(self, code: &str, amount: Money) -> Self {
        self.own_fee(code, amount, FeeTiming::PerPeriod)
    }

    /// Any other fee.
    #[must_use]
    pub fn fee(mut self, fee: Fee) -> Self {
        self.fees.push(fee);
        self
    }

    fn own_fee(self, code: &str, amount: Money, timing: FeeTiming) -> Self {
        self.fee(Fee {
            code: code.to_owned(),
            payee: Payee::Provider,
            amount,
            timing,
            mandatory: true,
            in_finance_charge: true,
        })
    }

    /// Charge on principal paid early.
    #[must_use]
    pub fn prepayment_charge(mut self, share: Rate) -> Self {
        self.prepayment_charge = share;
        self
    }

    /// What a late payment costs.
    #[must_use]
    pub fn late(mut self, late: LateTerms) -> Self {
        self.late = late;
        self
    }

    /// Days in which the borrower may withdraw.
    #[must_use]
    pub fn cooling_off_days(mut self, days: u32) -> Self {
        self.cooling_off_days = days;
        self
    }

    /// Security.
    #[must_use]
    pub fn collateral(mut self, collateral: Collateral) -> Self {
        self.collateral = Some(collateral);
        self
    }

    /// An order on chain; the offer is executable.
    #[must_use]
    pub fn onchain(mut self, onchain: Onchain) -> Self {
        self.binding = Binding::OnchainExecutable;
        self.onchain = Some(onchain);
        self
    }

    /// The APR that the lender declares. It must agree with the cash flows within an eighth of a percentage point.
    #[must_use]
    pub fn declare_apr(mut self, apr: Rate, convention: AprConvention) -> Self {
        self.apr = Apr::Checked(apr, convention);
        self
    }

    /// The APR as a foreign lender states it, not checked here: it is shown beside the one that we compute, and an offer is ranked on
    /// ours alone.
    #[must_use]
    pub fn pass_on_apr(mut self, apr: Rate, convention: AprConvention) -> Self {
        self.apr = Apr::AsStated(apr, convention);
        self
    }

    fn with<T>(self, state: impl FnOnce(S) -> T) -> OfferBuilder<'r, T> {
        OfferBuilder {
            request: self.request,
            now: self.now,
            provider_ref: self.provider_ref,
            product: self.product,
            binding: self.binding,
            valid_for: self.valid_for,
            inquiry: self.inquiry,
            offered: self.offered,
            limit: self.limit,
            fees: self.fees,
            prepayment_charge: self.prepayment_charge,
            late: self.late,
            cooling_off_days: self.cooling_off_days,
            collateral: self.collateral,
            onchain: self.onchain,
            apr: self.apr,
            state: state(self.state),
        }
    }

    /// Fees of that timing, in all.
    fn fees_of(&self, timing: FeeTiming) -> Result<i64, OfferError> {
        let mut fees = self.fees.iter().filter(|fee| fee.timing == timing);
        fees.try_fold(0_i64, |sum, fee| sum.checked_add(fee.amount.minor))
            .ok_or_else(|| OfferError::new("fees", Rule::TooLarge))
    }

    fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.request.amount.currency)
    }
}

impl OfferBuilder<'_, Scheduled> {
    /// The offer, checked by every rule of [`validate_offer`].
    pub fn build(self) -> Result<Offer, OfferError> {
        self.check_amounts()?;
        let repayment = self.repayment()?;
        let net = self.offered.minor - self.fees_of(FeeTiming::UpfrontDeducted)?;
        if net <= 0 {
            return Err(OfferError::new("amounts.net_disbursed", Rule::NotPositive));
        }
        let home = home_convention(&self.request.jurisdiction);
        let unknown = Declared {
            apr: Rate::ZERO,
            convention: home,
            total_cost: None,
            payment: None,
        };
        let mut offer = self.assemble(net, repayment, unknown);
        // Everything else first: a broken calendar has no APR either, and its own rule says more.
        self.check(&offer)?;
        offer.declared = self.declared(net, &offer.repayment.schedule, home)?;
        self.check(&offer)?;
        Ok(offer)
    }

    fn assemble(&self, net: i64, repayment: Repayment, declared: Declared) -> Offer {
        let Scheduled(rate, _) = &self.state;
        Offer {
            provider_ref: self.provider_ref.clone(),
            product: self.product,
            issued_at: self.now,
            valid_until: self.now + self.valid_for,
            binding: self.binding,
            inquiry: self.inquiry,
            amounts: Amounts {
                requested: self.request.amount,
                offered: self.offered,
                net_disbursed: self.money(net),
                limit: self.limit,
            },
            rate: rate.clone(),
            fees: self.fees.clone(),
            repayment,
            collateral: self.collateral.clone(),
            onchain: self.onchain.clone(),
            venue: None,
            declared,
        }
    }

    fn check(&self, offer: &Offer) -> Result<(), OfferError> {
        validate_offer(offer, self.request, self.now).map_err(|error| match error {
            LenderError::Malformed { field, detail } => OfferError::new(field, Rule::Invalid(detail)),
            other => OfferError::new("offer", Rule::Invalid(other.to_string())),
        })
    }

    fn check_amounts(&self) -> Result<(), OfferError> {
        let asked = self.request.amount;
        if self.offered.currency != asked.currency {
            return Err(OfferError::new("amounts.offered", Rule::Currency));
        }
        if self.offered.minor <= 0 {
            return Err(OfferError::new("amounts.offered", Rule::NotPositive));
        }
        if self.offered.minor > asked.minor {
            return Err(OfferError::new("amounts.offered", Rule::AboveRequest));
        }
        for (i, fee) in self.fees.iter().enumerate() {
            let field = || format!("fees[{i}].amount");
            if fee.amount.currency != asked.currency {
                return Err(OfferError::new(field(), Rule::Currency));
            }
            if fee.amount.minor < 0 {
                return Err(OfferError::new(field(), Rule::NotPositive));
            }
        }
        Ok(())
    }

    fn repayment(&self) -> Result<Repayment, OfferError> {
        let Scheduled(rate, shape) = &self.state;
        let principal = self
            .offered
            .minor
            .checked_add(self.fees_of(FeeTiming::Financed)?)
            .ok_or_else(|| OfferError::new("fees", Rule::TooLarge))?;
        let owed = calendar::Owed {
            principal: self.money(principal),
            fees: self.money(self.fees_of(FeeTiming::PerPeriod)?),
            start: self.now.date_naive(),
        };
        let (method, every, schedule) = shape.schedule(rate, owed)?;
        Ok(Repayment {
            schedule,
            method,
            every,
            prepayment_charge: self.prepayment_charge,
            late: self.late.clone(),
            cooling_off_days: self.cooling_off_days,
        })
    }

    fn declared(&self, net: i64, schedule: &[ScheduledPayment], home: AprConvention) -> Result<Declared, OfferError> {
        let upfront = self.fees_of(FeeTiming::UpfrontPaid)?;
        let start = self.now.date_naive();
        let mut payments: Vec<_> = schedule.iter().map(|p| (p.due, i128::from(p.total.minor))).collect();
        if upfront > 0 {
            payments.push((start, i128::from(upfront)));
        }
        let cost = payments.iter().map(|(_, amount)| *amount).sum::<i128>() - i128::from(net);
        let cost = i64::try_from(cost).map_err(|_| OfferError::new("declared.total_cost", Rule::TooLarge))?;
        let flows = DatedFlows {
            advances: vec![(start, i128::from(net))],
            payments,
        };
        let compute = |convention: AprConvention| {
            let apr = verified(&flows, convention.into());
            apr.map(|apr| apr.rate)
                .map_err(|_| OfferError::new("declared.apr", Rule::NoApr))
        };
        let (apr, convention) = match self.apr {
            Apr::Derived => (compute(home)?, home),
            Apr::AsStated(apr, convention) => (apr, convention),
            Apr::Checked(declared, convention) => {
                let verified = compute(convention)?;
                if declared.ppm().abs_diff(verified.ppm()) > APR_TOLERANCE.ppm().unsigned_abs() {
                    return Err(OfferError::new(
                        "declared.apr",
                        Rule::AprMisdeclared { declared, verified },
                    ));
                }
                (declared, convention)
            }
        };
        Ok(Declared {
            apr,
            convention,
            total_cost: Some(self.money(cost)).filter(|cost| cost.minor >= 0),
            payment: schedule.first().map(|payment| payment.total),
        })
    }
}

/// A month, the interval of most plans.
pub const MONTH: Period = Period::new(1, Unit::Month);

#[cfg(test)]
#[path = "offer/tests.rs"]
mod tests;
