//! From a lender's order to a canonical offer. Every figure passes the normaliser; every sum must hold; a refusal names the path.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::calendar::Period;
use domain::offer::{AprConvention, Binding, Fee, FeeTiming, LateTerms, Offer, Payee, RepaymentMethod};
use domain::request::CreditRequest;
use domain::{Currency, Money, Rate};
use sdk::canonical::Inquiry;
use sdk::normalise::{BreakupTitle, Charge, Field, Percent, Problem, Reader, Refusal};
use sdk::{LenderError, OfferBuilder};

/// Longest validity that an offer may have, less a day.
const MAX_VALIDITY: TimeDelta = TimeDelta::days(89);

/// What an adapter knows beside the message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    pub(super) request: &'a CreditRequest,
    pub(super) reference: &'a str,
    pub(super) now: DateTime<Utc>,
    pub(super) inquiry: Inquiry,
    /// Rate of the tax behind `+ GST`; without it such a charge is refused.
    pub(super) tax: Option<Rate>,
}

type Read<T> = Result<T, LenderError>;

/// The amounts of a breakup, which are proven to agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Breakup {
    pub(super) principal: Money,
    pub(super) interest: Money,
    pub(super) net: Money,
    processing: Money,
    upfront: Money,
    insurance: Money,
    other: Money,
    /// `OTHER_CHARGES` are withheld; otherwise they are in the payments.
    other_withheld: bool,
}

impl Breakup {
    /// Reads `quote`, whose lines must sum to its price, and whose net amount must be the principal less what is withheld.
    pub(super) fn read(quote: &Reader<'_>, currency: Currency) -> Read<Self> {
        let zero = Money::zero(currency);
        let mut lines: [Option<Money>; 7] = [None; 7];
        for line in quote.get("breakup").items()? {
            let title = line.get("title").field()?.breakup_title()?;
            let amount = price(&line.get("price"), currency)?;
            let slot = match title {
                BreakupTitle::Principal => 0,
                BreakupTitle::Interest => 1,
                BreakupTitle::NetDisbursed => 2,
                BreakupTitle::ProcessingFee => 3,
                BreakupTitle::OtherUpfrontCharges => 4,
                BreakupTitle::InsuranceCharges => 5,
                BreakupTitle::OtherCharges => 6,
                _ if amount.is_zero() => continue,
                _ => return Err(line.malformed("has no place in an offer")),
            };
            if lines[slot].replace(amount).is_some() {
                return Err(line.refuse(Problem::Twice).into());
            }
        }
        let breakup = quote.get("breakup");
        let needed = |amount: Option<Money>, what: &str| amount.ok_or_else(|| breakup.malformed(what));
        let [principal, interest, net, processing, upfront, insurance, other] = lines;
        let mut this = Self {
            principal: needed(principal, "has no PRINCIPAL")?,
            interest: needed(interest, "has no INTEREST")?,
            net: needed(net, "has no NET_DISBURSED_AMOUNT")?,
            processing: processing.unwrap_or(zero),
            upfront: upfront.unwrap_or(zero),
            insurance: insurance.unwrap_or(zero),
            other: other.unwrap_or(zero),
            other_withheld: false,
        };
        let sum = Self::sum([
            this.principal,
            this.interest,
            this.processing,
            this.upfront,
            this.insurance,
            this.other,
        ]);
        if sum != Some(price(&quote.get("price"), currency)?.minor) {
            return Err(quote.get("price").malformed("is not the sum of the breakup"));
        }
        let withheld = Self::sum([this.processing, this.upfront, this.insurance]);
        let gap = withheld.and_then(|w| this.principal.minor.checked_sub(w)?.checked_sub(this.net.minor));
        match gap {
            Some(0) => {}
            Some(gap) if gap == this.other.minor => this.other_withheld = true,
            _ => return Err(breakup.malformed("the net amount is not the principal less the charges withheld")),
        }
        Ok(this)
    }

    fn sum<const N: usize>(parts: [Money; N]) -> Option<i64> {
        parts.iter().try_fold(0_i64, |sum, part| sum.checked_add(part.minor))
    }

    /// What the payments come to.
    fn repaid(&self) -> Option<i64> {
        let other = if self.other_withheld { 0 } else { self.other.minor };
        self.principal
            .minor
            .checked_add(self.interest.minor)?
            .checked_add(other)
    }

    fn withheld(&self) -> Option<i64> {
        self.principal.minor.checked_sub(self.net.minor)
    }
}

fn price(price: &Reader<'_>, currency: Currency) -> Result<Money, Refusal> {
    if let Some(code) = price.get("currency").optional()?
        && !code.text()?.eq_ignore_ascii_case(currency.code())
    {
        return Err(code.refuse(Problem::WrongCurrency(currency)));
    }
    price.get("value").field()?.money(currency)
}

/// The tags of an item in the group `LOAN_INFO`.
struct Info<'d>(Reader<'d>);

impl<'d> Info<'d> {
    fn of(item: &Reader<'d>) -> Result<Self, Refusal> {
        let tags = item.get("tags");
        let group = tags.find("descriptor.code", "LOAN_INFO")?;
        let group = if group.exists() {
            group
        } else {
            tags.find("descriptor.code", "INFO")?
        };
        Ok(Self(group.get("list")))
    }

    fn value(&self, code: &str) -> Result<Reader<'d>, Refusal> {
        Ok(self.0.find("descriptor.code", code)?.get("value"))
    }

    fn field(&self, code: &str) -> Result<Field<'d>, Refusal> {
        self.value(code)?.field()
    }

    fn optional(&self, code: &str) -> Result<Option<Field<'d>>, Refusal> {
        self.value(code)?.optional()
    }
}

/// Makes an offer of `order` (of `on_select` or a later callback) for its one item.
pub(super) fn read(order: &Reader<'_>, item: &Reader<'_>, setting: &Setting<'_>) -> Read<Offer> {
    let currency = setting.request.amount.currency;
    let quote = order.get("quote");
    let breakup = Breakup::read(&quote, currency)?;
    let info = Info::of(item)?;
    let every = info.field("REPAYMENT_FREQUENCY")?.interval()?;
    let payments = payments(order, &info, &breakup, every, setting)?;
    let rate = info.field("INTEREST_RATE")?.yearly_rate()?;
    if let Some(kind) = info.optional("INTEREST_RATE_TYPE")?
        && !kind.one_of(&[("FIXED", true), ("FLOATING", false), ("VARIABLE", false)])?
    {
        return Err(info
            .value("INTEREST_RATE_TYPE")?
            .malformed("a rate that follows an index must name it, and here it cannot"));
    }
    let validity = quote.get("ttl").field()?.span()?.min(MAX_VALIDITY);
    let mut offer = OfferBuilder::new(setting.request, setting.reference, setting.now)
        .binding(Binding::Prequalified, validity)
        .inquiry(setting.inquiry)
        .lend(breakup.principal)
        .fixed_rate(rate)
        .totals(RepaymentMethod::EqualInstallment, every, payments);
    offer = fees(offer, &info, &breakup, currency)?;
    offer = penalties(offer, &info, setting, currency)?;
    if let Some(days) = info.optional("COOL_OFF_PERIOD")? {
        offer = offer.cooling_off_days(days.whole_days_down()?);
    }
    if let Some(apr) = info.optional("ANNUAL_PERCENTAGE_RATE")? {
        offer = offer.pass_on_apr(apr.percent_rounded_half_even()?.rate, AprConvention::IndiaNominal);
    }
    Ok(offer.build()?)
}

type Building<'r> = OfferBuilder<'r, sdk::offer::Scheduled>;

fn fees<'r>(mut offer: Building<'r>, info: &Info<'_>, breakup: &Breakup, currency: Currency) -> Read<Building<'r>> {
    let own = [("processing", breakup.processing), ("other_upfront", breakup.upfront)];
    for (code, amount) in own.into_iter().filter(|(_, amount)| !amount.is_zero()) {
        offer = offer.withheld_fee(code, amount);
    }
    if !breakup.insurance.is_zero() {
        offer = offer.fee(Fee {
            code: "insurance".into(),
            payee: Payee::ThirdParty,
            amount: breakup.insurance,
            timing: FeeTiming::UpfrontDeducted,
            mandatory: true,
            in_finance_charge: true,
        });
    }
    if !breakup.other.is_zero() {
        offer = if breakup.other_withheld {
            offer.withheld_fee("other", breakup.other)
        } else {
            offer.fee_in_payments("other", breakup.other)
        };
    }
    // An application fee that is in no line of the breakup would be a cost that nobody counts.
    if let Some(field) = info.optional("APPLICATION_FEE")? {
        match field.charge(currency)? {
            charge if charge.is_free() => {}
            Charge::Amount(fee) if breakup.withheld().is_some_and(|withheld| fee.money.minor <= withheld) => {}
            _ => {
                return Err(info
                    .value("APPLICATION_FEE")?
                    .malformed("is not among the charges of the breakup"));
            }
        }
    }
    Ok(offer)
}

fn penalties<'r>(
    mut offer: Building<'r>,
    info: &Info<'_>,
    setting: &Setting<'_>,
    currency: Currency,
) -> Read<Building<'r>> {
    let taxed = |field: &Field<'_>, percent: Percent| -> Result<Percent, Refusal> {
        let rate = percent
            .with_tax_half_even(setting.tax)
            .map_err(|problem| field.refuse(problem))?;
        Ok(Percent { rate, ..percent })
    };
    if let Some(field) = info.optional("FORECLOSURE_FEE")? {
        match field.charge(currency)? {
            Charge::NotApplicable => {}
            Charge::Share(percent) => offer = offer.prepayment_charge(taxed(&field, percent)?.rate),
            Charge::Amount(fee) if fee.money.is_zero() => {}
            Charge::Amount(_) => {
                let fee = Fee {
                    code: "foreclosure".into(),
                    payee: Payee::Provider,
                    amount: field.money(currency)?,
                    timing: FeeTiming::OnPrepay,
                    mandatory: false,
                    in_finance_charge: false,
                };
                offer = offer.fee(fee);
            }
        }
    }
    let mut late = LateTerms {
        grace_days: 0,
        fee: Money::zero(currency),
        penal_rate: Rate::ZERO,
    };
    for code in ["DELAY_PENALTY_FEE", "RATE_ANNUALISED_PENAL_CHARGES"] {
        let Some(field) = info.optional(code)? else { continue };
        match field.charge(currency)? {
            Charge::NotApplicable => {}
            Charge::Amount(_) => {
                late.fee = late
                    .fee
                    .plus(field.money(currency)?)
                    .map_err(|_| field.refuse(Problem::TooLarge))?;
            }
            Charge::Share(percent) => {
                let yearly = taxed(&field, percent)?
                    .yearly()
                    .map_err(|problem| field.refuse(problem))?;
                late.penal_rate = late
                    .penal_rate
                    .plus(yearly)
                    .map_err(|_| field.refuse(Problem::TooLarge))?;
            }
        }
    }
    Ok(offer.late(late))
}

/// The lender's calendar where it gives one, else equal installments of the amount and number that it names.
fn payments(
    order: &Reader<'_>,
    info: &Info<'_>,
    breakup: &Breakup,
    every: Period,
    setting: &Setting<'_>,
) -> Read<Vec<(NaiveDate, Money)>> {
    let currency = setting.request.amount.currency;
    let count_field = match info.optional("NUMBER_OF_INSTALLMENTS_OF_REPAYMENT")? {
        Some(field) => Some(field),
        None => info.optional("NUMBER_OF_INSTALLMENTS")?,
    };
    let count = count_field.as_ref().map(Field::count).transpose()?;
    let mut rows = listed(order, currency)?;
    let given = !rows.is_empty();
    let repaid = breakup
        .repaid()
        .ok_or_else(|| order.at("quote.breakup").malformed("is too large"))?;
    if given {
        if let (Some(count), Some(field)) = (count, &count_field)
            && usize::try_from(count) != Ok(rows.len())
        {
            return Err(malformed(field.path(), "is not the number of payments"));
        }
    } else {
        let field = count_field.as_ref().ok_or_else(|| {
            order
                .get("payments")
                .malformed("has no installments, and their number is not given")
        })?;
        let count = count
            .filter(|count| (1..=600).contains(count))
            .ok_or_else(|| malformed(field.path(), "must be 1 to 600"))?;
        let each = info.field("INSTALLMENT_AMOUNT")?.money(currency)?;
        let start = setting.now.date_naive();
        for number in 1..=count {
            let due = every
                .after(start, number)
                .map_err(|_| malformed(field.path(), "leads beyond the calendar"))?;
            rows.push((due, each));
        }
    }
    let paid = rows
        .iter()
        .try_fold(0_i64, |sum, (_, amount)| sum.checked_add(amount.minor));
    let unit = 10_i64.saturating_pow(currency.decimals());
    // Lenders round each installment to the unit at most.
    let room = i64::try_from(rows.len()).unwrap_or(i64::MAX).saturating_mul(unit);
    let gap = paid
        .and_then(|paid| repaid.checked_sub(paid))
        .filter(|gap| gap.unsigned_abs() <= room.unsigned_abs());
    let gap = gap.ok_or_else(|| {
        let path = if given {
            "payments"
        } else {
            "items.tags.LOAN_INFO.INSTALLMENT_AMOUNT"
        };
        malformed(
            &format!("{}.{path}", order.path()),
            "the installments do not sum to principal and interest",
        )
    })?;
    // Ours to round only where the calendar is ours.
    if !given && let Some((_, last)) = rows.last_mut() {
        *last = Money::new(last.minor + gap, currency);
    }
    Ok(rows)
}

/// The installments that an order lists.
fn listed(order: &Reader<'_>, currency: Currency) -> Read<Vec<(NaiveDate, Money)>> {
    let mut rows = Vec::new();
    for payment in order.get("payments").items_or_none()? {
        let label = payment.at("time.label").optional()?;
        if !label.is_some_and(|label| label.text().is_ok_and(|text| text.eq_ignore_ascii_case("INSTALLMENT"))) {
            continue;
        }
        let params = payment.get("params");
        if let Some(code) = params.get("currency").optional()?
            && !code.text()?.eq_ignore_ascii_case(currency.code())
        {
            return Err(code.refuse(Problem::WrongCurrency(currency)).into());
        }
        let amount = params.get("amount").field()?.money(currency)?;
        rows.push((payment.at("time.range.end").field()?.date()?, amount));
    }
    Ok(rows)
}

fn malformed(field: &str, detail: &str) -> LenderError {
    LenderError::Malformed {
        field: field.to_owned(),
        detail: detail.to_owned(),
    }
}
