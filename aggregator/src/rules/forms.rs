//! Disclosures from a quote: what the lender said and what we computed, in the form that the law of the place asks for. The borrower
//! is named by the request alone, so that no personal data is stored.

use documents::{
    ChargePayee, ContingentCharges, Document, Kfs, KfsCharge, KfsQualitative, Line, Party, Prepayment, Problem, RegZ,
    Secci, SecciForm, SecurityInterest, VariableRate, render,
};
use domain::calendar::{Period, Unit};
use domain::money::{Money, Rate};
use domain::offer::{Fee, FeeTiming, Offer, Payee};
use domain::quote::Quote;
use domain::request::Product;

/// What a form could not be made of.
#[derive(Debug, thiserror::Error)]
pub(super) enum FormError {
    /// No form of that code is known.
    #[error("no form {0} is known")]
    Unknown(String),
    /// The numbers do not make the form.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// An amount is out of range.
    #[error("an amount is out of range")]
    Money(#[from] domain::money::MoneyError),
}

/// Who offers the credit, and through whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parties<'a> {
    pub lender: &'a str,
    pub platform: &'a Party,
}

impl Parties<'_> {
    fn creditor(&self) -> Party {
        Party {
            address: vec![format!("Reached through {}", self.platform.name)],
            ..Party::named(self.lender)
        }
    }
}

/// The form of that code for a quote.
pub(super) fn form(code: &str, quote: &Quote, parties: Parties<'_>) -> Result<Document, FormError> {
    match code {
        "REGZ" => Ok(render::reg_z(&reg_z(quote, parties)?)?),
        "SECCI" => Ok(render::secci(&secci(SecciForm::Ccd2008, quote, parties)?)?),
        "SECCI_CCD2" => Ok(render::secci(&secci(SecciForm::Ccd2023, quote, parties)?)?),
        "KFS" => Ok(render::kfs(&kfs(quote, parties)?)?),
        other => Err(FormError::Unknown(other.to_owned())),
    }
}

fn reference(quote: &Quote) -> String {
    format!("quo_{}", quote.id.0.simple())
}

fn borrower(quote: &Quote) -> Party {
    Party::named(format!("The borrower of req_{}", quote.request_id.0.simple()))
}

/// Fees that are a cost of the credit, paid at the start: withheld, and paid apart.
fn upfront(offer: &Offer, timing: FeeTiming) -> impl Iterator<Item = &Fee> {
    let counts = move |fee: &&Fee| fee.timing == timing && (fee.mandatory || fee.in_finance_charge);
    offer.fees.iter().filter(counts)
}

fn total<'a>(zero: Money, fees: impl Iterator<Item = &'a Fee>) -> Result<Money, domain::money::MoneyError> {
    let mut sum = zero;
    for fee in fees {
        sum = sum.plus(fee.amount)?;
    }
    Ok(sum)
}

fn scheduled(offer: &Offer) -> Result<Money, domain::money::MoneyError> {
    let mut sum = Money::zero(offer.amounts.offered.currency);
    for row in &offer.repayment.schedule {
        sum = sum.plus(row.total)?;
    }
    Ok(sum)
}

fn line(fee: &Fee) -> Line {
    Line {
        label: words(&fee.code),
        amount: fee.amount,
    }
}

/// `late_fee` as people write it.
fn words(code: &str) -> String {
    let text = code.replace(['_', '-'], " ");
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn variable(offer: &Offer) -> Option<VariableRate> {
    let index = offer.rate.index.clone()?;
    let spread = offer.rate.spread.unwrap_or(Rate::ZERO);
    Some(VariableRate {
        index,
        index_rate: Rate::from_ppm(offer.rate.nominal.ppm() - spread.ppm()),
        spread,
        cap: offer.rate.cap,
        floor: offer.rate.floor,
        reset_every: offer.repayment.every,
        plus_25bp: None,
    })
}

fn security(offer: &Offer) -> Option<SecurityInterest> {
    let collateral = offer.collateral.as_ref()?;
    let asset = |asset: &domain::offer::CollateralAsset| {
        let token = &asset.amount.asset;
        format!(
            "{} base units (1/10^{}) of {}",
            asset.amount.units, token.decimals, token.symbol
        )
    };
    let locked: Vec<String> = collateral.assets.iter().map(asset).collect();
    Some(SecurityInterest {
        property: format!("{}, locked on a chain", locked.join(" and ")),
        liquidation_threshold: collateral.liquidation_threshold,
        liquidation_penalty: Some(collateral.liquidation_penalty),
        filing_fees: None,
    })
}

fn reg_z(quote: &Quote, parties: Parties<'_>) -> Result<RegZ, FormError> {
    let offer = &quote.offer;
    let zero = Money::zero(offer.amounts.offered.currency);
    // Fees paid apart reduce the amount financed as those that are withheld do (1026.18(b)(3)).
    let paid = scheduled(offer)?;
    let withheld = total(zero, upfront(offer, FeeTiming::UpfrontDeducted))?;
    let apart = total(zero, upfront(offer, FeeTiming::UpfrontPaid))?;
    let financed = offer.amounts.offered.minus(withheld)?.minus(apart)?;
    let voluntary: Vec<&Fee> = offer
        .fees
        .iter()
        .filter(|fee| fee.timing == FeeTiming::UpfrontDeducted && !fee.mandatory && !fee.in_finance_charge)
        .collect();
    let others = total(zero, voluntary.iter().copied())?;
    let mut itemization = vec![Line {
        label: "Amount given to you directly".into(),
        amount: financed.minus(others)?,
    }];
    itemization.extend(voluntary.into_iter().map(|fee| Line {
        label: format!("Amount paid to others on your behalf: {}", words(&fee.code)),
        amount: fee.amount,
    }));
    let prepaid: Vec<Line> = upfront(offer, FeeTiming::UpfrontDeducted)
        .chain(upfront(offer, FeeTiming::UpfrontPaid))
        .map(line)
        .collect();
    Ok(RegZ {
        reference: reference(quote),
        date: quote.received_at.date_naive(),
        creditor: parties.creditor(),
        consumer: borrower(quote),
        apr: quote.verified.us_apr.unwrap_or(quote.verified.apr),
        finance_charge: paid.minus(financed)?,
        amount_financed: financed,
        total_of_payments: paid,
        itemization,
        prepayment: Prepayment {
            charge: offer.repayment.prepayment_charge,
            finance_charge_kept: !prepaid.is_empty(),
        },
        prepaid_finance_charge: prepaid,
        schedule: offer.repayment.schedule.clone(),
        variable: variable(offer),
        demand_feature: false,
        late: offer.repayment.late.clone(),
        security: security(offer),
    })
}

/// From issue to the last payment.
fn duration(offer: &Offer) -> Period {
    let start = offer.issued_at.date_naive();
    let last = offer
        .repayment
        .schedule
        .iter()
        .map(|row| row.due)
        .max()
        .unwrap_or(start);
    let days = u32::try_from(last.signed_duration_since(start).num_days()).unwrap_or(0);
    let every = offer.repayment.every;
    let payments = u32::try_from(offer.repayment.schedule.len()).unwrap_or(0);
    let whole = every.after(start, payments).is_ok_and(|end| end == last);
    if whole {
        Period::new(every.count.saturating_mul(payments), every.unit)
    } else {
        Period::new(days, Unit::Day)
    }
}

fn kind(product: Product) -> &'static str {
    match product {
        Product::Installment => "Installment loan",
        Product::Line => "Credit line",
        Product::Bnpl => "Deferred payment",
        Product::Collateralized => "Loan against locked collateral",
    }
}

fn secci(form: SecciForm, quote: &Quote, parties: Parties<'_>) -> Result<Secci, FormError> {
    let offer = &quote.offer;
    let zero = Money::zero(offer.amounts.offered.currency);
    let withheld = total(zero, upfront(offer, FeeTiming::UpfrontDeducted))?;
    let apart = total(zero, upfront(offer, FeeTiming::UpfrontPaid))?;
    let compulsory: Vec<String> = offer
        .fees
        .iter()
        .filter(|fee| fee.mandatory && fee.payee == Payee::ThirdParty)
        .map(|fee| words(&fee.code))
        .collect();
    let costs = offer.fees.iter().filter(|fee| fee.mandatory || fee.in_finance_charge);
    Ok(Secci {
        form,
        reference: reference(quote),
        date: quote.received_at.date_naive(),
        creditor: parties.creditor(),
        intermediary: Some(parties.platform.clone()),
        consumer: borrower(quote),
        credit_type: kind(offer.product).into(),
        total_amount: offer.amounts.offered.minus(withheld)?,
        drawdown: "At once, after acceptance and the lender's last checks.".into(),
        duration: duration(offer),
        schedule: offer.repayment.schedule.clone(),
        total_payable: scheduled(offer)?.plus(apart)?,
        linked: None,
        security: security(offer),
        borrowing_rate: offer.rate.nominal,
        variable: variable(offer),
        aprc: quote.verified.eu_aprc.unwrap_or(quote.verified.apr),
        compulsory_service: (!compulsory.is_empty()).then(|| compulsory.join(", ")),
        costs: costs.map(line).collect(),
        costs_may_change: None,
        notarial_costs: None,
        late: offer.repayment.late.clone(),
        withdrawal_days: offer.repayment.cooling_off_days.max(14),
        early_repayment_compensation: offer.repayment.prepayment_charge,
        valid_until: Some(offer.valid_until.date_naive()),
        personalised_price: true,
        distance: None,
    })
}

fn kfs(quote: &Quote, parties: Parties<'_>) -> Result<Kfs, FormError> {
    let offer = &quote.offer;
    let zero = Money::zero(offer.amounts.offered.currency);
    let charges = upfront(offer, FeeTiming::UpfrontDeducted).chain(upfront(offer, FeeTiming::UpfrontPaid));
    let charges: Vec<&Fee> = charges.collect();
    let once = total(zero, charges.iter().copied())?;
    let per_period = upfront(offer, FeeTiming::PerPeriod);
    let charge = |(fee, recurring): (&Fee, Option<Period>)| KfsCharge {
        label: words(&fee.code),
        payee: if fee.payee == Payee::Provider {
            ChargePayee::Lender
        } else {
            ChargePayee::ThirdParty
        },
        recurring,
        amount: fee.amount,
    };
    let every = offer.repayment.every;
    let all = charges
        .into_iter()
        .map(|fee| (fee, None))
        .chain(per_period.map(|fee| (fee, Some(every))));
    let asked = "Stands in the lender's agreement; the lender did not tell it to us";
    let term = duration(offer);
    Ok(Kfs {
        proposal: reference(quote),
        date: quote.received_at.date_naive(),
        lender: parties.creditor(),
        service_provider: Some(parties.platform.clone()),
        borrower: borrower(quote),
        loan_type: kind(offer.product).into(),
        sanctioned: offer.amounts.offered,
        staged_disbursal_clause: None,
        term,
        schedule: offer.repayment.schedule.clone(),
        disbursed_on: offer.issued_at.date_naive(),
        interest_rate: offer.rate.nominal,
        floating: variable(offer),
        charges: all.map(charge).collect(),
        net_disbursed: offer.amounts.offered.minus(once)?,
        apr: quote.verified.in_apr.unwrap_or(quote.verified.apr),
        contingent: ContingentCharges {
            late: offer.repayment.late.clone(),
            other_penal: None,
            foreclosure: offer.repayment.prepayment_charge,
            switching: None,
            other: None,
        },
        qualitative: KfsQualitative {
            recovery_clause: asked.into(),
            grievance_clause: asked.into(),
            nodal_phone: asked.into(),
            nodal_email: asked.into(),
            transferable: true,
            co_lending: None,
            cooling_off_days: offer.repayment.cooling_off_days,
            recovery_agent: None,
        },
        valid_working_days: if term.unit == Unit::Day && term.count < 7 { 1 } else { 3 },
    })
}
