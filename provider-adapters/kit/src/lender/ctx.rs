//! What the areas share: ordinary questions, the call, the verdicts.

use std::time::Duration;

use chrono::TimeDelta;
use domain::calendar::{Period, Unit};
use domain::eligibility::{AmountRange, approximate_days};
use domain::offer::Offer;
use domain::ports::{Answer, LenderError};
use domain::request::{Applicant, CreditRequest, Employment, Jurisdiction, Purpose};
use domain::{Money, SettlementId};
use sdk::wire::{AcceptRequest, Loan, OffersRequest};
use serde_json::Value;

use super::call::{Answered, CANARIES, Caller};
use super::callback::Desk;
use super::{KitError, Options, Target, offer, shape};
use crate::check::Verdicts;

pub(crate) struct Ctx<'t> {
    pub target: &'t Target,
    pub options: &'t Options,
    range: AmountRange,
    pub caller: Caller<'t>,
    pub verdicts: Verdicts,
    pub desk: Option<Desk>,
    /// Acceptances of this run, and what the lender said last.
    pub journal: Vec<(AcceptRequest, Loan)>,
}

/// A question that was answered with something readable.
pub(crate) struct Asked {
    pub request: CreditRequest,
    pub answer: Answer,
    pub json: Value,
}

impl<'t> Ctx<'t> {
    pub(crate) async fn new(target: &'t Target, options: &'t Options, caller: Caller<'t>) -> Result<Self, KitError> {
        let caps = &target.capabilities;
        if caps.jurisdictions.is_empty() && options.jurisdiction.is_none() {
            return Err(KitError::Empty("no jurisdictions"));
        }
        let Some(range) = caps.amounts.first().copied() else {
            return Err(KitError::Empty("no amounts"));
        };
        if range.min > range.max || range.max <= 0 {
            return Err(KitError::Empty("no amount is inside the limits"));
        }
        let desk = match &options.callbacks {
            Some(desk) => Some(Desk::open(desk, target, options).await?),
            None => None,
        };
        Ok(Self {
            target,
            options,
            range,
            caller,
            verdicts: Verdicts::default(),
            desk,
            journal: Vec::new(),
        })
    }

    /// Somebody is there at all.
    pub(crate) async fn knock(&self) -> Result<(), KitError> {
        match self.caller.call("GET", "/v1/loans/not-a-uuid", &[]).await {
            Err(LenderError::Unavailable(what)) if what == "no connection" => {
                Err(KitError::Unreachable(LenderError::Unavailable(what)))
            }
            Err(error @ LenderError::Refused(_)) => Err(KitError::Unreachable(error)),
            _ => Ok(()),
        }
    }

    pub(crate) fn conclude(mut self) -> Verdicts {
        self.caller.conclude(&mut self.verdicts);
        self.verdicts
    }

    /// The amounts of the lender's first currency.
    pub(crate) fn range(&self) -> AmountRange {
        self.range
    }

    /// An ordinary request inside the capabilities, new each time.
    pub(crate) fn request(&self) -> CreditRequest {
        let caps = &self.target.capabilities;
        let AmountRange { currency, min, max } = self.range;
        let usual = Money::new(500_000.clamp(min, max), currency);
        let amount = self.options.amount.unwrap_or(usual);
        let ids = &self.options.ids;
        let money = |text: &str| Money::new(text.parse().unwrap_or_default(), amount.currency);
        let place = self
            .options
            .jurisdiction
            .clone()
            .or_else(|| caps.jurisdictions.first().cloned());
        let mut place = place.unwrap_or(Jurisdiction {
            country: "US".into(),
            region: None,
        });
        if place.country == "US" && place.region.is_none() {
            place.region = Some("CA".into());
        }
        CreditRequest {
            id: ids.next().into(),
            tenant: ids.next().into(),
            borrower: ids.next().into(),
            at: self.options.clock.now(),
            amount,
            term: self.options.term.unwrap_or_else(|| self.usual_term()),
            purpose: Purpose::Other,
            products: vec![],
            jurisdiction: place,
            applicant: Applicant {
                full_name: "Kit Sample".into(),
                date_of_birth: None,
                monthly_income: money(CANARIES[0]),
                monthly_housing_cost: money(CANARIES[1]),
                monthly_debt_payments: money(CANARIES[2]),
                employment: Employment::Employed,
                employment_months: 40,
                residence_months: 30,
                delinquencies_24m: 0,
                inquiries_6m: 1,
                credit_history_months: Some(90),
                revolving_utilization_percent: Some(25),
                military_covered: false,
            },
            wallet: self.options.wallet,
            collateral: self.options.collateral.clone(),
            refinances: None,
            data_consents: Vec::new(),
        }
    }

    fn usual_term(&self) -> Period {
        let caps = &self.target.capabilities;
        let (least, most) = (caps.min_term_days, caps.max_term_days);
        let year = Period::new(12, Unit::Month);
        let days = approximate_days(year);
        if (least..=most).contains(&days) {
            return year;
        }
        let near = days.clamp(least, most);
        let months = Period::new(near / 30, Unit::Month);
        if near >= 30 && (least..=most).contains(&approximate_days(months)) {
            months
        } else {
            Period::new(near, Unit::Day)
        }
    }

    /// The question as it goes over the wire.
    pub(crate) fn question(&self, request: &CreditRequest, callback_url: Option<String>) -> Vec<u8> {
        let patience = self.options.patience.min(Duration::from_mins(10));
        let reply_by = self.options.clock.now() + TimeDelta::from_std(patience).unwrap_or_default();
        sdk::wire::write(&OffersRequest::new(request, reply_by, callback_url))
    }

    pub(crate) async fn post(&self, body: &[u8]) -> Result<Answered, String> {
        let answer = self.caller.call("POST", "/v1/offers", body).await;
        answer.map_err(|error| format!("no answer: {error}"))
    }

    /// An ordinary question and its answer, read and judged. The error says why there is none, for checks that are skipped.
    pub(crate) async fn ask(&mut self, request: CreditRequest) -> Result<Asked, String> {
        let body = self.question(&request, None);
        let answered = self.post(&body).await?;
        if answered.status == 202 {
            let seen = "answered 202 although there is no callback_url";
            self.verdicts.fail("callback.direct-without-url", seen);
            return Err("the lender answers by callbacks only".into());
        }
        self.verdicts.pass("callback.direct-without-url");
        if answered.status != 200 {
            return Err(format!("a question was {}", answered.says()));
        }
        self.read(request, &answered.body)
    }

    /// Reads an answer, and judges its shape and its offers.
    pub(crate) fn read(&mut self, request: CreditRequest, body: &[u8]) -> Result<Asked, String> {
        match shape::read(body, request.id, &mut self.verdicts) {
            Err(rule) => Err(format!("the answer was not readable: see {rule}")),
            Ok((answer, json)) => {
                let now = self.options.clock.now();
                if let Answer::Offers(offers) = &answer {
                    offer::judge(offers, &request, now, &mut self.verdicts);
                }
                Ok(Asked { request, answer, json })
            }
        }
    }

    /// An offer to accept.
    pub(crate) async fn offer(&mut self) -> Result<(CreditRequest, Offer), String> {
        let asked = self.ask(self.request()).await?;
        match asked.answer {
            Answer::Offers(offers) => {
                let first = offers.into_iter().next().ok_or("there is no offer")?;
                // Its fault is told already; what follows from it is not another one.
                sdk::validate_offer(&first, &asked.request, self.options.clock.now())
                    .map_err(|error| format!("the offer is not one to accept: {error}"))?;
                Ok((asked.request, first))
            }
            Answer::Declined(_) => {
                Err("an ordinary question was declined: name an amount and a term that the lender takes".into())
            }
        }
    }

    /// The acceptance of an offer, under a new settlement.
    pub(crate) fn order(&self, request: &CreditRequest, offer: &Offer) -> AcceptRequest {
        AcceptRequest {
            settlement_id: self.options.ids.next().into(),
            request_id: request.id,
            quote_id: self.options.ids.next().into(),
            provider_ref: offer.provider_ref.clone(),
            principal: offer.amounts.offered.into(),
            net_disbursed: offer.amounts.net_disbursed.into(),
        }
    }

    pub(crate) async fn accept(&self, order: &AcceptRequest) -> Result<Answered, LenderError> {
        self.caller.call("POST", "/v1/loans", &sdk::wire::write(order)).await
    }

    /// Where a loan stands; the error is for people.
    pub(crate) async fn status(&self, id: SettlementId) -> Result<Loan, String> {
        let answer = self.caller.call("GET", &format!("/v1/loans/{id}"), &[]).await;
        loan(&answer.map_err(|error| format!("no answer: {error}"))?)
    }

    pub(crate) async fn cancel(&self, id: SettlementId) -> Result<Loan, String> {
        let path = format!("/v1/loans/{id}/cancel");
        let answer = self.caller.call("POST", &path, b"{}").await;
        loan(&answer.map_err(|error| format!("no answer: {error}"))?)
    }
}

/// Reads the answer of a call under `/v1/loans`.
pub(crate) fn loan(answer: &Answered) -> Result<Loan, String> {
    if answer.status != 200 {
        return Err(answer.says());
    }
    let loan: Loan = sdk::wire::parse(&answer.body).map_err(|error| format!("the answer's {error}"))?;
    loan.status.read().map_err(|error| format!("the answer's {error}"))?;
    Ok(loan)
}
