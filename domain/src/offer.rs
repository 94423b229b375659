//! A lender's offer and the canonical quote that we make of it.
//!
//! An [`Offer`] is what a lender says. A [`Quote`](crate::quote::Quote) is an offer whose numbers we have recomputed.

use alloy_primitives::{Address, B256, Bytes, U256};
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::calendar::{DayCount, Period};
use crate::money::{Money, Rate, TokenAmount, decimal_text};
use crate::request::Product;

/// How far the lender is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Binding {
    /// The offer itself can be executed on chain.
    OnchainExecutable,
    /// Bound until `valid_until`.
    Firm,
    /// Bound once the facts are confirmed.
    Prequalified,
    /// Not bound.
    Indicative,
}

/// What the lender asked of a credit bureau.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Inquiry {
    /// Nothing.
    None,
    /// An inquiry that other lenders do not see.
    Soft,
    /// An inquiry that other lenders see.
    Hard,
}

/// The amounts of an offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amounts {
    /// Asked for.
    pub requested: Money,
    /// Principal offered.
    pub offered: Money,
    /// What arrives: principal less every fee withheld from it.
    pub net_disbursed: Money,
    /// Limit of a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Money>,
}

/// How the rate behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RateKind {
    /// The same to the end.
    Fixed,
    /// Follows an index.
    Variable,
    /// A promotional rate first.
    PromoThen,
    /// No interest.
    Zero,
}

/// Interest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateTerms {
    /// How the rate behaves.
    pub kind: RateKind,
    /// Nominal yearly rate.
    pub nominal: Rate,
    /// Day count of interest.
    pub day_count: DayCount,
    /// Interest is added to the debt this often; none for simple interest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compounding: Option<Period>,
    /// Name of the index of a variable rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// Spread over the index, a year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Rate>,
    /// Highest rate, a year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Rate>,
    /// Lowest rate, a year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<Rate>,
    /// Interest-rate curve of a pooled lender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curve: Option<RateCurve>,
}

/// A kinked curve over utilization. Rates are a year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateCurve {
    /// Rate at no utilization.
    pub base: Rate,
    /// Utilization at the kink.
    pub kink: Rate,
    /// Rise from 0 to the kink.
    pub slope_low: Rate,
    /// Rise from the kink to 1.
    pub slope_high: Rate,
    /// Utilization after our draw.
    pub utilization: Rate,
}

/// Who gets a fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Payee {
    /// The lender.
    Provider,
    /// Usance or the integrator.
    Platform,
    /// Somebody else, such as an insurer.
    ThirdParty,
    /// A chain's validators.
    Network,
}

/// When a fee is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FeeTiming {
    /// Withheld from the disbursement.
    UpfrontDeducted,
    /// Paid by the borrower at the start.
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

/// One fee, as an amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    /// For people: `origination`, `insurance`.
    pub code: String,
    /// Who gets it.
    pub payee: Payee,
    /// How much in all.
    pub amount: Money,
    /// When.
    pub timing: FeeTiming,
    /// The credit cannot be had without it.
    pub mandatory: bool,
    /// Counts in the finance charge.
    pub in_finance_charge: bool,
}

/// One payment of the calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduledPayment {
    /// Due date.
    pub due: NaiveDate,
    /// Part that reduces the principal.
    pub principal: Money,
    /// Interest part.
    pub interest: Money,
    /// Fees part.
    pub fees: Money,
    /// The sum of the three.
    pub total: Money,
}

/// How the debt is paid back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RepaymentMethod {
    /// Equal totals.
    EqualInstallment,
    /// Equal principal.
    EqualPrincipal,
    /// Interest, then everything.
    InterestOnly,
    /// Everything at the end.
    Bullet,
}

/// What a late payment costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LateTerms {
    /// Days without cost.
    pub grace_days: u32,
    /// Fixed fee a late installment.
    pub fee: Money,
    /// Yearly rate on the overdue amount.
    pub penal_rate: Rate,
}

/// Repayment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repayment {
    /// The whole calendar.
    pub schedule: Vec<ScheduledPayment>,
    /// Method.
    pub method: RepaymentMethod,
    /// Interval between payments.
    pub every: Period,
    /// Charge on principal paid early.
    pub prepayment_charge: Rate,
    /// Late payment.
    pub late: LateTerms,
    /// Days in which the borrower may withdraw.
    pub cooling_off_days: u32,
}

/// One asset that secures the loan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollateralAsset {
    /// How much is locked.
    pub amount: TokenAmount,
    /// Price of one whole token in the quote's currency, major units.
    pub price: Decimal,
    /// Where the price is from.
    pub oracle: String,
    /// When it was read.
    pub as_of: DateTime<Utc>,
}

/// Security.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collateral {
    /// What is locked.
    pub assets: Vec<CollateralAsset>,
    /// Highest loan-to-value at the start.
    pub ltv_max: Rate,
    /// Loan-to-value at which the collateral is sold; none when only a missed payment leads to seizure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liquidation_threshold: Option<Rate>,
    /// Share lost in a liquidation.
    pub liquidation_penalty: Rate,
}

/// The EIP-712 order that the settlement contract executes. Field by field the contract's `Offer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnchainOrder {
    /// Signer and source of the principal.
    pub lender: Address,
    /// The only borrower, or zero for anyone.
    pub borrower: Address,
    /// Token lent.
    pub asset: Address,
    /// Token locked; zero when the loan is unsecured.
    pub collateral: Address,
    /// Contract that values the collateral; zero when no rule depends on a price.
    pub oracle: Address,
    /// Base units lent; of a reusable order, at most and in all.
    pub principal: u128,
    /// Zero: taken once and whole. Otherwise the smallest part that may be taken of a reusable order.
    pub min_fill: u128,
    /// Base units locked for the whole principal.
    pub collateral_amount: u128,
    /// Base units of an equal installment for the whole principal; the last one takes what is left.
    pub installment_amount: u128,
    /// Simple yearly rate.
    pub rate_ppm: u32,
    /// Number of installments.
    pub installments: u16,
    /// Seconds between installments.
    pub period: u32,
    /// Seconds after a due time before default.
    pub grace: u32,
    /// Late fee, basis points of the installment.
    pub late_fee_bps: u16,
    /// Fee withheld, basis points of the principal.
    pub origination_fee_bps: u16,
    /// Debt over value above which anyone may liquidate, basis points; zero exactly when there is no oracle.
    pub liquidation_ltv_bps: u16,
    /// What a liquidator gets above what it pays, basis points.
    pub liquidation_bonus_bps: u16,
    /// Policy of the scoring oracle that an attestation must meet; zero means that none is needed.
    pub attestation_policy: u32,
    /// Who gets the origination fee.
    pub fee_recipient: Address,
    /// Unix second after which the order is dead.
    pub expiry: u64,
    /// The lender's epoch.
    pub epoch: u64,
    /// Unordered nonce.
    #[serde(with = "decimal_text")]
    pub nonce: U256,
}

/// Where and how an on-chain offer is executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Onchain {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Name of the venue.
    pub venue: String,
    /// The settlement contract.
    pub contract: Address,
    /// Gas that the whole settlement takes.
    pub gas_estimate: u64,
    /// The order.
    pub order: OnchainOrder,
    /// EIP-712 hash of the order: what the lender signed.
    pub order_hash: B256,
    /// The lender's signature.
    pub signature: Bytes,
    /// The token lent and the exact principal.
    pub principal: TokenAmount,
}

/// A loan of a pool on a chain, that the borrower's own wallet takes. Nobody signs it: the pool lends to who comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VenueLoan {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Name of the protocol, for people.
    pub venue: String,
    /// The token lent and the exact debt at the start.
    pub debt: TokenAmount,
    /// The token locked and the exact amount.
    pub collateral: TokenAmount,
    /// Gas that opening the position takes.
    pub gas_estimate: u64,
    /// Contract through which it is opened in one transaction; none where the wallet does it call by call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub router: Option<Address>,
}

/// Conventions in which an APR is stated. Never compare across them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AprConvention {
    /// US Regulation Z, Appendix J: nominal.
    UsNominal,
    /// EU Annex I: effective.
    EuEffective,
    /// India: monthly internal rate times 12.
    IndiaNominal,
}

/// What the lender says it costs. Shown beside what we compute, never ranked on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// APR.
    pub apr: Rate,
    /// Its convention.
    pub convention: AprConvention,
    /// All payments less what arrives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_cost: Option<Money>,
    /// A regular payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<Money>,
}

/// What a lender offers, as it says it. Every amount is in the request's currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// The lender's own reference.
    pub provider_ref: String,
    /// Kind of credit.
    pub product: Product,
    /// When it was made.
    pub issued_at: DateTime<Utc>,
    /// When it ends.
    pub valid_until: DateTime<Utc>,
    /// How far the lender is bound.
    pub binding: Binding,
    /// What was asked of a bureau.
    pub inquiry: Inquiry,
    /// Amounts.
    pub amounts: Amounts,
    /// Interest.
    pub rate: RateTerms,
    /// Fees.
    pub fees: Vec<Fee>,
    /// Repayment.
    pub repayment: Repayment,
    /// Security.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collateral: Option<Collateral>,
    /// On-chain execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onchain: Option<Onchain>,
    /// Execution at a pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venue: Option<VenueLoan>,
    /// The lender's own figures.
    pub declared: Declared,
}
