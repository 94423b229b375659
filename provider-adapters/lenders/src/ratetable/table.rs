//! A table, and its offers at their worst end.
//!
//! An offer is a range; ours is the one point of it that the borrower cannot do worse than, as far as the table says:
//!
//! - the amount is what was asked for, or `maxAmount` when that is less; an offer that starts above what was asked is left out;
//! - the fee is `maxFeeFixed` plus `maxFeeRate` of the amount, rounded up, withheld from the disbursement; a fee that is not stated is none,
//!   because the APR holds it anyway;
//! - the payments are equal and monthly, the first a month from now, each the largest of: what `maxApr` makes of the amount less the fee,
//!   `maxMonthlyPayment`, and `maxTotalPayment` over their number; the last two only when the table is for the amount that we asked;
//! - the nominal rate is the one at which those payments repay the whole amount.
//!
//! So the APR that we compute is the stated maximum, or more when the stated payments say more. An offer without `maxApr`, with an open term or
//! one in days, with security or a second applicant is left out: it would need a figure that nobody stated. Means are only checked to
//! lie inside their ranges. `payout`, `recommendationScore`, `conversionProbability` and the order of the table are never read: offers are
//! ordered by their ids.

use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::DayCount;
use domain::cashflow::{Convention, DatedFlows, verified};
use domain::offer::{AprConvention, Binding, Fee, FeeTiming, Offer, Payee, RateKind, RateTerms, RepaymentMethod};
use domain::request::CreditRequest;
use domain::schedule::rate::Basis;
use domain::schedule::{Accrual, Grace, InstallmentRule, LoanTerms, Method, generate};
use domain::{Currency, Money, Rate, Reason};
use sdk::client::MAX_OFFERS;
use sdk::normalise::{Document, Problem, Reader};
use sdk::offer::MONTH;
use sdk::{Answer, LenderError, MAX_PAYMENTS, NetworkPolicy, OfferBuilder};

use super::config::Terms;
use super::{lead, malformed};

/// Characters of an originator's name that a reference keeps.
const NAME_BYTES: usize = 48;
const MAX_LINK: usize = 2_048;

/// A table as it came; its offers are read when it is final.
#[derive(Debug)]
pub(super) struct Table {
    body: Vec<u8>,
    uuid: String,
    pending: usize,
    offers: usize,
}

/// Where an offer is found again: `table/offer originator`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OfferRef {
    pub table: String,
    pub offer: String,
}

impl OfferRef {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (ids, _) = text.split_once(' ')?;
        let (table, offer) = ids.split_once('/')?;
        (is_id(table) && is_id(offer)).then(|| Self {
            table: table.into(),
            offer: offer.into(),
        })
    }

    fn write(&self, originator: &str) -> String {
        let mut name: String = originator.chars().filter(|c| !c.is_control()).collect();
        while name.len() > NAME_BYTES {
            name.pop();
        }
        format!("{}/{} {}", self.table, self.offer, name.trim())
    }
}

/// An id that may stand in a path: the ones of the marketplace are UUIDs.
fn is_id(text: &str) -> bool {
    (1..=36).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

impl Table {
    /// Reads what decides whether the table is final.
    pub(super) fn read(body: Vec<u8>) -> Result<Self, LenderError> {
        let document = Document::parse(&body)?;
        let root = Reader::new(&document);
        let uuid = root.get("uuid").field()?.text()?.to_owned();
        if !is_id(&uuid) {
            return Err(malformed("uuid", "is no id"));
        }
        let pending = root.get("pendingResponses").items()?.len();
        let offers = root.get("loanOffers").items()?.len();
        if offers > MAX_OFFERS {
            return Err(malformed("loanOffers", "too many"));
        }
        Ok(Self {
            body,
            uuid,
            pending,
            offers,
        })
    }

    pub(super) fn uuid(&self) -> &str {
        &self.uuid
    }

    /// Nobody is waited for: no offer follows.
    pub(super) fn is_final(&self) -> bool {
        self.pending == 0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.offers == 0
    }

    /// The offers. One that cannot be read is left out and counted; when none can, the first reason is the error.
    pub(super) fn answer(
        &self,
        request: &CreditRequest,
        terms: Terms,
        now: DateTime<Utc>,
    ) -> Result<Answer, LenderError> {
        let document = Document::parse(&self.body)?;
        let root = Reader::new(&document);
        let asked = lead::whole_amount_down(request);
        let for_ours = match root.get("loanAmount").optional()? {
            Some(field) => field.decimal()? == asked.into(),
            None => true,
        };
        let seen = Seen {
            table: &self.uuid,
            request,
            asked: Money::from_major(asked.into(), request.amount.currency)
                .map_err(|_| malformed("amount", "is too large"))?,
            for_ours,
            terms,
            now,
        };
        let (mut offers, mut first): (Vec<Offer>, Option<LenderError>) = (Vec::new(), None);
        for item in root.get("loanOffers").items()? {
            match seen.offer(&item) {
                Ok(Some(offer)) => offers.push(offer),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "an offer of a rate table is left out");
                    metrics::counter!("usance_rate_table_offers_left_out_total").increment(1);
                    first = first.or(Some(error));
                }
            }
        }
        if !offers.is_empty() {
            offers.sort_by(|a, b| a.provider_ref.cmp(&b.provider_ref));
            return Ok(Answer::Offers(offers));
        }
        first.map_or_else(
            || {
                let text = "No originator of this marketplace made an offer that fits.";
                Ok(Answer::Declined(vec![Reason::new("NO_OFFER", text)]))
            },
            Err,
        )
    }

    /// The originator's name and the page of an offer; none when the table has no such offer.
    pub(super) fn link(&self, offer: &str, network: NetworkPolicy) -> Result<Option<(String, String)>, LenderError> {
        let document = Document::parse(&self.body)?;
        let root = Reader::new(&document);
        let found = root.get("loanOffers").find("uuid", offer)?;
        if !found.exists() {
            return Ok(None);
        }
        let link = found.get("url").field()?;
        let link = link.text()?;
        let local = network == NetworkPolicy::AllowLoopback && link.starts_with("http://127.0.0.1");
        let plain = link.len() <= MAX_LINK && link.bytes().all(|b| b.is_ascii_graphic());
        if !plain || !(local || link.starts_with("https://")) {
            return Err(malformed("loanOffers.url", "is no https address"));
        }
        let name = found.at("originator.name").field()?.text()?.to_owned();
        Ok(Some((name, link.to_owned())))
    }
}

/// What offers are read against.
struct Seen<'a> {
    table: &'a str,
    request: &'a CreditRequest,
    /// What the lead asked for, whole dollars.
    asked: Money,
    /// The table is for that amount.
    for_ours: bool,
    terms: Terms,
    now: DateTime<Utc>,
}

impl Seen<'_> {
    /// One offer at its worst end; none when it does not fit or is of a kind that is not read.
    fn offer(&self, item: &Reader<'_>) -> Result<Option<Offer>, LenderError> {
        let uuid = item.get("uuid").field()?.text()?.to_owned();
        if !is_id(&uuid) {
            return Err(item.get("uuid").malformed("is no id"));
        }
        let originator = item.at("originator.name").field()?.text()?.to_owned();
        let word = |key: &str| Ok::<_, LenderError>(item.get(key).field()?.boolean()?);
        if word("secured")? || word("coApplicant")? {
            return Ok(None);
        }
        let (least, most) = self.money_range(item, "Amount", None)?;
        let most = most.ok_or_else(|| item.get("maxAmount").refuse(Problem::Missing))?;
        if least.is_some_and(|least| least.minor > self.asked.minor) {
            return Ok(None);
        }
        let offered = Money::new(most.minor.min(self.asked.minor), self.asked.currency);
        let months = months(item)?;
        let apr = worst_apr(item)?;
        let fee = self.worst_fee(item, offered)?;
        let totals = self.payments(item, (offered, fee), months, apr)?;
        let nominal = self.nominal(offered, &totals).ok_or_else(|| {
            item.get("maxApr")
                .malformed("cannot be: the payments do not repay the amount")
        })?;
        let variable =
            item.get("aprType")
                .field()?
                .one_of(&[("fixed", false), ("regular", false), ("variable", true)])?;
        let reference = OfferRef {
            table: self.table.to_owned(),
            offer: uuid,
        };
        let mut builder = OfferBuilder::new(self.request, &reference.write(&originator), self.now)
            .binding(Binding::Indicative, self.terms.valid_for)
            .inquiry(self.terms.inquiry)
            .lend(offered)
            .pass_on_apr(apr, AprConvention::UsNominal);
        if fee.minor > 0 {
            builder = builder.withheld_fee("origination", fee);
        }
        if let Some(charge) = prepayment(item, offered.currency)? {
            builder = builder.fee(charge);
        }
        let offer = builder
            .rate(rate(nominal, variable))
            .totals(RepaymentMethod::EqualInstallment, MONTH, totals)
            .build()
            .map_err(|error| at(item, error.into()))?;
        Ok(Some(offer))
    }

    /// `min…`, `max…` and `mean…` of an amount; the deprecated single value is a maximum too.
    fn money_range(
        &self,
        item: &Reader<'_>,
        what: &str,
        single: Option<&str>,
    ) -> Result<(Option<Money>, Option<Money>), LenderError> {
        let read = |key: &str| -> Result<Option<Money>, LenderError> {
            let field = item.get(key).optional()?;
            Ok(field.map(|field| field.money(self.asked.currency)).transpose()?)
        };
        let (least, most) = (read(&format!("min{what}"))?, read(&format!("max{what}"))?);
        let mean = read(&format!("mean{what}"))?;
        let minor = |money: Option<Money>| money.map(|money| money.minor);
        ordered(item, what, [minor(least), minor(mean), minor(most)])?;
        let single = single.map(read).transpose()?.flatten();
        let most = match (most, single) {
            (Some(most), Some(single)) => Some(Money::new(most.minor.max(single.minor), most.currency)),
            (most, single) => most.or(single),
        };
        Ok((least, most))
    }

    fn worst_fee(&self, item: &Reader<'_>, offered: Money) -> Result<Money, LenderError> {
        let fixed = self.money_range(item, "FeeFixed", Some("feeFixed"))?.1;
        let share = |key: &str| -> Result<Option<Rate>, LenderError> {
            let field = item.get(key).optional()?;
            Ok(field
                .map(|field| field.percent_rounded_half_even().map(|p| p.rate))
                .transpose()?)
        };
        let (least, most) = (share("minFeeRate")?, share("maxFeeRate")?);
        ordered(item, "FeeRate", [least, None, most])?;
        let share = most.max(share("feeRate")?).unwrap_or(Rate::ZERO);
        let scaled = i128::from(offered.minor) * i128::from(share.ppm());
        let fee = i64::try_from((scaled + 999_999).div_euclid(1_000_000)).ok();
        let whole = fee.and_then(|fee| fee.checked_add(fixed.map_or(0, |fixed| fixed.minor)));
        let whole = whole.filter(|fee| *fee < offered.minor);
        let whole = whole.ok_or_else(|| item.get("maxFeeRate").malformed("leaves nothing to pay out"))?;
        Ok(Money::new(whole, offered.currency))
    }

    /// Due dates and totals.
    fn payments(
        &self,
        item: &Reader<'_>,
        (offered, fee): (Money, Money),
        months: u32,
        apr: Rate,
    ) -> Result<Vec<(NaiveDate, Money)>, LenderError> {
        let terms = LoanTerms {
            principal: i128::from(offered.minor - fee.minor),
            annual_rate: apr.to_decimal(),
            start: self.now.date_naive(),
            first_due: None,
            first_years: None,
            count: months,
            every: MONTH,
            method: Method::EqualInstallments,
            basis: Basis::THIRTY_360,
            accrual: Accrual::Basis,
            rule: InstallmentRule::RoundedUp,
            grace: Grace::default(),
            rounding: 1,
            installment_multiple: None,
        };
        let made = generate(&terms).map_err(|error| item.malformed(&error.to_string()))?;
        let (_, monthly) = self.money_range(item, "MonthlyPayment", Some("monthlyPayment"))?;
        let (_, total) = self.money_range(item, "TotalPayment", None)?;
        let each = |money: Option<Money>| {
            money
                .filter(|_| self.for_ours)
                .map_or(0, |money| i128::from(money.minor))
        };
        let count = i128::from(months);
        let stated = each(monthly).max((each(total) + count - 1).div_euclid(count));
        let currency = offered.currency;
        let rows = made.installments.iter().map(|row| {
            let level = made.installments.first().map_or(0, |first| first.total);
            let minor = if stated > level { stated } else { row.total };
            let minor = i64::try_from(minor).map_err(|_| item.get("maxMonthlyPayment").malformed("is too large"))?;
            Ok((row.due, Money::new(minor, currency)))
        });
        rows.collect()
    }

    /// The yearly rate at which the payments repay the whole amount; none when they do not.
    fn nominal(&self, offered: Money, totals: &[(NaiveDate, Money)]) -> Option<Rate> {
        let paid: i128 = totals.iter().map(|(_, total)| i128::from(total.minor)).sum();
        if paid == i128::from(offered.minor) {
            return Some(Rate::ZERO);
        }
        let flows = DatedFlows {
            advances: vec![(self.now.date_naive(), i128::from(offered.minor))],
            payments: totals
                .iter()
                .map(|(due, total)| (*due, i128::from(total.minor)))
                .collect(),
        };
        let rate = verified(&flows, Convention::UsNominal).ok()?.rate;
        (rate >= Rate::ZERO).then_some(rate)
    }
}

fn worst_apr(item: &Reader<'_>) -> Result<Rate, LenderError> {
    let read = |key: &str| -> Result<Option<Rate>, LenderError> {
        let field = item.get(key).optional()?;
        let percent = field.map(|field| {
            let percent = field.percent_rounded_half_even()?;
            percent.yearly().map_err(|problem| field.refuse(problem))
        });
        Ok(percent.transpose()?)
    };
    let (least, mean, most) = (read("minApr")?, read("meanApr")?, read("maxApr")?);
    let most = most.ok_or_else(|| item.get("maxApr").refuse(Problem::Missing))?;
    ordered(item, "Apr", [least, mean, Some(most)])?;
    Ok(most)
}

/// Refuses a range whose ends are the wrong way round.
fn ordered<T: PartialOrd + Copy>(item: &Reader<'_>, what: &str, ends: [Option<T>; 3]) -> Result<(), LenderError> {
    let mut before = None;
    for end in ends.into_iter().flatten() {
        if before.is_some_and(|before| before > end) {
            let place = item.get(&format!("max{what}"));
            return Err(place.malformed("is below the other end of its range"));
        }
        before = Some(end);
    }
    Ok(())
}

/// The term in months. Days and open terms have no calendar that anybody stated.
fn months(item: &Reader<'_>) -> Result<u32, LenderError> {
    let unit = item.get("termUnit");
    let times = unit
        .field()?
        .one_of(&[("month", 1), ("year", 12), ("day", 0), ("open", 0)])?;
    if times == 0 {
        return Err(unit.malformed("has no calendar of monthly payments"));
    }
    let length = item.get("termLength");
    let months = length.field()?.count()?.checked_mul(times);
    let fits = months.filter(|months| (1..=MAX_PAYMENTS).contains(&usize::try_from(*months).unwrap_or(usize::MAX)));
    fits.ok_or_else(|| length.malformed("is not 1 to 600 months"))
}

fn prepayment(item: &Reader<'_>, currency: Currency) -> Result<Option<Fee>, LenderError> {
    let Some(field) = item.get("prepaymentFee").optional()? else {
        return Ok(None);
    };
    let amount = field.money(currency)?;
    Ok((amount.minor > 0).then(|| Fee {
        code: "prepayment".into(),
        payee: Payee::Provider,
        amount,
        timing: FeeTiming::OnPrepay,
        mandatory: true,
        in_finance_charge: false,
    }))
}

fn rate(nominal: Rate, variable: bool) -> RateTerms {
    let kind = match (variable, nominal == Rate::ZERO) {
        (true, _) => RateKind::Variable,
        (false, true) => RateKind::Zero,
        (false, false) => RateKind::Fixed,
    };
    RateTerms {
        kind,
        nominal,
        day_count: DayCount::Thirty360,
        compounding: None,
        index: None,
        spread: None,
        cap: None,
        floor: None,
        curve: None,
    }
}

/// Puts the place of the offer before the field of an error.
fn at(item: &Reader<'_>, error: LenderError) -> LenderError {
    match error {
        LenderError::Malformed { field, detail } => LenderError::Malformed {
            field: format!("{}.{field}", item.path()),
            detail,
        },
        other => other,
    }
}

/// The attributes of our lead that the marketplace refuses; never its words, which may quote the lead.
pub(super) fn refused_fields(body: &[u8]) -> String {
    let Ok(document) = Document::parse(body) else {
        return "the lead".into();
    };
    let root = Reader::new(&document);
    let names = root.items().unwrap_or_default().into_iter().take(4).filter_map(|item| {
        let field = item.get("attribute").optional().ok()??;
        let name = field.text().ok()?.to_owned();
        let plain = name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'.');
        plain.then_some(name)
    });
    let names: Vec<String> = names.collect();
    if names.is_empty() {
        "the lead".into()
    } else {
        names.join(", ")
    }
}
