//! Facts of the European form.

use chrono::NaiveDate;
use domain::{Money, Rate};
use serde::{Deserialize, Serialize};

use super::{LateTerms, Line, Party, Period, ScheduledPayment, SecurityInterest, VariableRate};

/// Which law the European form follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SecciForm {
    /// Directive 2008/48/EC, Annex II: agreements before 20 November 2026.
    Ccd2008,
    /// Directive (EU) 2023/2225, Annex I: the key information stands first, on page one.
    Ccd2023,
}

/// Goods or services that the credit is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkedGoods {
    /// What is bought.
    pub description: String,
    /// Cash price.
    pub cash_price: Money,
}

/// Distance marketing of financial services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistanceMarketing {
    /// Register and number of the creditor.
    pub registration: String,
    /// Authority that supervises it.
    pub supervisor: String,
    /// Law of the agreement and court.
    pub law_and_court: String,
    /// Language of the information and the agreement.
    pub language: String,
    /// Out-of-court complaint and redress, and how to reach it.
    pub redress: String,
}

/// Standard European Consumer Credit Information.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secci {
    /// The law.
    pub form: SecciForm,
    /// Our reference of the loan or quote.
    pub reference: String,
    /// The day of the information.
    pub date: NaiveDate,
    /// The creditor.
    pub creditor: Party,
    /// Credit intermediary: Usance, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intermediary: Option<Party>,
    /// The consumer.
    pub consumer: Party,
    /// Type of credit, for example `Installment loan`.
    pub credit_type: String,
    /// Total amount of credit: what is made available.
    pub total_amount: Money,
    /// Conditions of drawdown.
    pub drawdown: String,
    /// Duration.
    pub duration: Period,
    /// The calendar of payments.
    pub schedule: Vec<ScheduledPayment>,
    /// Total amount payable: total amount of credit and every cost.
    pub total_payable: Money,
    /// What is bought with the credit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked: Option<LinkedGoods>,
    /// Security.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security: Option<SecurityInterest>,
    /// Borrowing rate, a year.
    pub borrowing_rate: Rate,
    /// How the rate can change; none for a fixed rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<VariableRate>,
    /// Annual percentage rate of charge by Annex I of 2008/48 (Annex III of 2023/2225).
    pub aprc: Rate,
    /// Insurance or other service that the credit cannot be had without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compulsory_service: Option<String>,
    /// Costs apart from interest.
    pub costs: Vec<Line>,
    /// When these costs can change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub costs_may_change: Option<String>,
    /// Notary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notarial_costs: Option<Money>,
    /// Late payment.
    pub late: LateTerms,
    /// Days to withdraw: 14 by law.
    pub withdrawal_days: u32,
    /// Compensation of the creditor for early repayment, on the amount repaid early; zero for none.
    pub early_repayment_compensation: Rate,
    /// Last day on which the creditor is bound by this information.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<NaiveDate>,
    /// The price was personalised by automated processing (2023/2225, Article 13).
    pub personalised_price: bool,
    /// Distance marketing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<DistanceMarketing>,
}
