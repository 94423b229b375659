//! An offer with its whole calendar of payments.

use alloy_primitives::{Address, B256, Bytes, U256};
use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::Period;
use domain::offer as d;
use domain::request::Product;
use domain::{Rate, TokenAmount};
use serde::{Deserialize, Serialize};

use super::{WireError, WireMoney, whole_or};

/// An offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// The lender's reference.
    pub provider_ref: String,
    /// Kind of credit.
    pub product: Product,
    /// When it was made.
    pub issued_at: DateTime<Utc>,
    /// When it ends.
    pub valid_until: DateTime<Utc>,
    /// How far the lender is bound.
    pub binding: d::Binding,
    /// What was asked of a bureau.
    pub inquiry: d::Inquiry,
    /// Amounts.
    pub amounts: Amounts,
    /// Interest; rates in parts per million a year.
    pub rate: d::RateTerms,
    /// Fees.
    pub fees: Vec<Fee>,
    /// Repayment.
    pub repayment: Repayment,
    /// Security.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collateral: Option<d::Collateral>,
    /// On-chain execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onchain: Option<Onchain>,
    /// The lender's own figures.
    pub declared: Declared,
}

/// Amounts of an offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amounts {
    /// Asked for.
    pub requested: WireMoney,
    /// Offered.
    pub offered: WireMoney,
    /// What arrives.
    pub net_disbursed: WireMoney,
    /// Limit of a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<WireMoney>,
}

/// A fee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    /// Such as `origination`.
    pub code: String,
    /// Who gets it.
    pub payee: d::Payee,
    /// How much in all.
    pub amount: WireMoney,
    /// When.
    pub timing: d::FeeTiming,
    /// No credit without it.
    pub mandatory: bool,
    /// Part of the finance charge.
    pub in_finance_charge: bool,
}

/// One payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// Due date.
    pub due: NaiveDate,
    /// Principal part.
    pub principal: WireMoney,
    /// Interest part.
    pub interest: WireMoney,
    /// Fees part.
    pub fees: WireMoney,
    /// Sum of the three.
    pub total: WireMoney,
}

/// Late terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Late {
    /// Days without cost.
    pub grace_days: u32,
    /// Fee a late installment.
    pub fee: WireMoney,
    /// Yearly rate on the overdue amount.
    pub penal_rate: Rate,
}

/// Repayment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repayment {
    /// The whole calendar.
    pub schedule: Vec<Payment>,
    /// Method.
    pub method: d::RepaymentMethod,
    /// Interval.
    pub every: Period,
    /// Charge on principal paid early, parts per million.
    pub prepayment_charge: Rate,
    /// Late terms.
    pub late: Late,
    /// Days to withdraw.
    pub cooling_off_days: u32,
}

/// The lender's own figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// APR.
    pub apr: Rate,
    /// Its convention.
    pub convention: d::AprConvention,
    /// All payments less what arrives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_cost: Option<WireMoney>,
    /// A regular payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<WireMoney>,
}

/// On-chain execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Onchain {
    /// EIP-155.
    pub chain_id: u64,
    /// Venue.
    pub venue: String,
    /// Settlement contract.
    pub contract: Address,
    /// Gas of the settlement.
    pub gas_estimate: u64,
    /// The order.
    pub order: Order,
    /// EIP-712 hash of the order.
    pub order_hash: B256,
    /// The lender's signature.
    pub signature: Bytes,
    /// The token lent.
    pub principal: TokenAmount,
}

/// The EIP-712 order; integers wider than 64 bits as decimal text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Signer.
    pub lender: Address,
    /// The only borrower, or zero.
    pub borrower: Address,
    /// Token lent.
    pub asset: Address,
    /// Token locked; zero when the loan is unsecured.
    pub collateral: Address,
    /// Contract that values the collateral; zero when no rule depends on a price.
    pub oracle: Address,
    /// Base units lent; of a reusable order, at most and in all.
    pub principal: String,
    /// Zero, or the smallest part that may be taken of a reusable order; we take it whole.
    pub min_fill: String,
    /// Base units locked for the whole principal.
    pub collateral_amount: String,
    /// Base units of an installment for the whole principal.
    pub installment_amount: String,
    /// Simple yearly rate.
    pub rate_ppm: u32,
    /// Number of installments.
    pub installments: u16,
    /// Seconds between them.
    pub period: u32,
    /// Seconds of grace.
    pub grace: u32,
    /// Late fee.
    pub late_fee_bps: u16,
    /// Fee withheld.
    pub origination_fee_bps: u16,
    /// Debt over value above which anyone may liquidate; zero exactly when there is no oracle.
    pub liquidation_ltv_bps: u16,
    /// What a liquidator gets above what it pays.
    pub liquidation_bonus_bps: u16,
    /// Policy that a credit attestation must meet; zero means that none is needed.
    pub attestation_policy: u32,
    /// Who gets the fee.
    pub fee_recipient: Address,
    /// Unix second.
    pub expiry: u64,
    /// Lender's epoch.
    pub epoch: u64,
    /// Nonce, decimal text.
    pub nonce: String,
}

fn opt(money: Option<domain::Money>) -> Option<WireMoney> {
    money.map(WireMoney::from)
}

impl From<&d::Offer> for Offer {
    fn from(o: &d::Offer) -> Self {
        Self {
            provider_ref: o.provider_ref.clone(),
            product: o.product,
            issued_at: o.issued_at,
            valid_until: o.valid_until,
            binding: o.binding,
            inquiry: o.inquiry,
            amounts: Amounts {
                requested: o.amounts.requested.into(),
                offered: o.amounts.offered.into(),
                net_disbursed: o.amounts.net_disbursed.into(),
                limit: opt(o.amounts.limit),
            },
            rate: o.rate.clone(),
            fees: o.fees.iter().map(Fee::from).collect(),
            repayment: Repayment::from(&o.repayment),
            collateral: o.collateral.clone(),
            onchain: o.onchain.as_ref().map(Onchain::from),
            declared: Declared {
                apr: o.declared.apr,
                convention: o.declared.convention,
                total_cost: opt(o.declared.total_cost),
                payment: opt(o.declared.payment),
            },
        }
    }
}

impl From<&d::Fee> for Fee {
    fn from(f: &d::Fee) -> Self {
        Self {
            code: f.code.clone(),
            payee: f.payee,
            amount: f.amount.into(),
            timing: f.timing,
            mandatory: f.mandatory,
            in_finance_charge: f.in_finance_charge,
        }
    }
}

impl From<&d::Repayment> for Repayment {
    fn from(r: &d::Repayment) -> Self {
        let payment = |p: &d::ScheduledPayment| Payment {
            due: p.due,
            principal: p.principal.into(),
            interest: p.interest.into(),
            fees: p.fees.into(),
            total: p.total.into(),
        };
        Self {
            schedule: r.schedule.iter().map(payment).collect(),
            method: r.method,
            every: r.every,
            prepayment_charge: r.prepayment_charge,
            late: Late {
                grace_days: r.late.grace_days,
                fee: r.late.fee.into(),
                penal_rate: r.late.penal_rate,
            },
            cooling_off_days: r.cooling_off_days,
        }
    }
}

impl From<&d::Onchain> for Onchain {
    fn from(o: &d::Onchain) -> Self {
        let order = &o.order;
        Self {
            chain_id: o.chain_id,
            venue: o.venue.clone(),
            contract: o.contract,
            gas_estimate: o.gas_estimate,
            order: Order {
                lender: order.lender,
                borrower: order.borrower,
                asset: order.asset,
                collateral: order.collateral,
                oracle: order.oracle,
                principal: order.principal.to_string(),
                min_fill: order.min_fill.to_string(),
                collateral_amount: order.collateral_amount.to_string(),
                installment_amount: order.installment_amount.to_string(),
                rate_ppm: order.rate_ppm,
                installments: order.installments,
                period: order.period,
                grace: order.grace,
                late_fee_bps: order.late_fee_bps,
                origination_fee_bps: order.origination_fee_bps,
                liquidation_ltv_bps: order.liquidation_ltv_bps,
                liquidation_bonus_bps: order.liquidation_bonus_bps,
                attestation_policy: order.attestation_policy,
                fee_recipient: order.fee_recipient,
                expiry: order.expiry,
                epoch: order.epoch,
                nonce: order.nonce.to_string(),
            },
            order_hash: o.order_hash,
            signature: o.signature.clone(),
            principal: o.principal.clone(),
        }
    }
}

impl Offer {
    /// As the domain says it. `at` names the offer in errors, for example `offers[0]`.
    pub fn read(&self, at: &str) -> Result<d::Offer, WireError> {
        let field = |name: &str| format!("{at}.{name}");
        let a = &self.amounts;
        let limit = a.limit.as_ref().map(|m| m.read(&field("amounts.limit"))).transpose()?;
        let declared = &self.declared;
        let total_cost = declared
            .total_cost
            .as_ref()
            .map(|m| m.read(&field("declared.total_cost")))
            .transpose()?;
        let payment = declared
            .payment
            .as_ref()
            .map(|m| m.read(&field("declared.payment")))
            .transpose()?;
        let fees = self
            .fees
            .iter()
            .enumerate()
            .map(|(i, fee)| fee.read(&format!("{at}.fees[{i}]")));
        Ok(d::Offer {
            provider_ref: self.provider_ref.clone(),
            product: self.product,
            issued_at: self.issued_at,
            valid_until: self.valid_until,
            binding: self.binding,
            inquiry: self.inquiry,
            amounts: d::Amounts {
                requested: a.requested.read(&field("amounts.requested"))?,
                offered: a.offered.read(&field("amounts.offered"))?,
                net_disbursed: a.net_disbursed.read(&field("amounts.net_disbursed"))?,
                limit,
            },
            rate: self.rate.clone(),
            fees: fees.collect::<Result<_, _>>()?,
            repayment: self.repayment.read(&field("repayment"))?,
            collateral: self.collateral.clone(),
            onchain: self.onchain.as_ref().map(|o| o.read(&field("onchain"))).transpose()?,
            venue: None,
            declared: d::Declared {
                apr: declared.apr,
                convention: declared.convention,
                total_cost,
                payment,
            },
        })
    }
}

impl Fee {
    fn read(&self, at: &str) -> Result<d::Fee, WireError> {
        Ok(d::Fee {
            code: self.code.clone(),
            payee: self.payee,
            amount: self.amount.read(&format!("{at}.amount"))?,
            timing: self.timing,
            mandatory: self.mandatory,
            in_finance_charge: self.in_finance_charge,
        })
    }
}

impl Repayment {
    fn read(&self, at: &str) -> Result<d::Repayment, WireError> {
        let payment = |(i, p): (usize, &Payment)| {
            let field = |name: &str| format!("{at}.schedule[{i}].{name}");
            Ok(d::ScheduledPayment {
                due: p.due,
                principal: p.principal.read(&field("principal"))?,
                interest: p.interest.read(&field("interest"))?,
                fees: p.fees.read(&field("fees"))?,
                total: p.total.read(&field("total"))?,
            })
        };
        Ok(d::Repayment {
            schedule: self
                .schedule
                .iter()
                .enumerate()
                .map(payment)
                .collect::<Result<_, WireError>>()?,
            method: self.method,
            every: self.every,
            prepayment_charge: self.prepayment_charge,
            late: d::LateTerms {
                grace_days: self.late.grace_days,
                fee: self.late.fee.read(&format!("{at}.late.fee"))?,
                penal_rate: self.late.penal_rate,
            },
            cooling_off_days: self.cooling_off_days,
        })
    }
}

impl Onchain {
    fn read(&self, at: &str) -> Result<d::Onchain, WireError> {
        let o = &self.order;
        let units = |text: &str, name: &str| whole_or::<u128>(text, &format!("{at}.order.{name}"));
        Ok(d::Onchain {
            chain_id: self.chain_id,
            venue: self.venue.clone(),
            contract: self.contract,
            gas_estimate: self.gas_estimate,
            order: d::OnchainOrder {
                lender: o.lender,
                borrower: o.borrower,
                asset: o.asset,
                collateral: o.collateral,
                oracle: o.oracle,
                principal: units(&o.principal, "principal")?,
                min_fill: units(&o.min_fill, "min_fill")?,
                collateral_amount: units(&o.collateral_amount, "collateral_amount")?,
                installment_amount: units(&o.installment_amount, "installment_amount")?,
                rate_ppm: o.rate_ppm,
                installments: o.installments,
                period: o.period,
                grace: o.grace,
                late_fee_bps: o.late_fee_bps,
                origination_fee_bps: o.origination_fee_bps,
                liquidation_ltv_bps: o.liquidation_ltv_bps,
                liquidation_bonus_bps: o.liquidation_bonus_bps,
                attestation_policy: o.attestation_policy,
                fee_recipient: o.fee_recipient,
                expiry: o.expiry,
                epoch: o.epoch,
                nonce: whole_or::<U256>(&o.nonce, &format!("{at}.order.nonce"))?,
            },
            order_hash: self.order_hash,
            signature: self.signature.clone(),
            principal: self.principal.clone(),
        })
    }
}
