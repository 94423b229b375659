//! Facts of the Indian statement.

use chrono::NaiveDate;
use domain::{Money, Rate};
use serde::{Deserialize, Serialize};

use super::{LateTerms, Party, Period, ScheduledPayment, VariableRate};

/// Who a charge of the Indian statement is paid to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChargePayee {
    /// The regulated entity (column A).
    Lender,
    /// A third party through the regulated entity (column B).
    ThirdParty,
}

/// A charge of the Indian statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KfsCharge {
    /// Row: `Processing fees`, `Insurance charges`, `Valuation fees` or another.
    pub label: String,
    /// Column.
    pub payee: ChargePayee,
    /// How often; none when it is paid once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurring: Option<Period>,
    /// How much.
    pub amount: Money,
}

/// Charges that fall due only when something happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContingentCharges {
    /// Delayed payment.
    pub late: LateTerms,
    /// Other penal charges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_penal: Option<String>,
    /// Foreclosure: charge on the principal repaid early; zero for none.
    pub foreclosure: Rate,
    /// Switching between floating and fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switching: Option<Money>,
    /// Any other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
}

/// Collaborative lending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoLending {
    /// Originating entity.
    pub originator: String,
    /// Its share of the funding.
    pub originator_share: Rate,
    /// Partner entity.
    pub partner: String,
    /// Its share of the funding.
    pub partner_share: Rate,
    /// Blended rate, a year.
    pub blended_rate: Rate,
}

/// Part 2 of the Indian statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KfsQualitative {
    /// Clause about recovery agents.
    pub recovery_clause: String,
    /// Clause about grievances.
    pub grievance_clause: String,
    /// Telephone of the nodal officer.
    pub nodal_phone: String,
    /// E-mail of the nodal officer.
    pub nodal_email: String,
    /// The loan may be transferred or securitised.
    pub transferable: bool,
    /// Collaborative lending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub co_lending: Option<CoLending>,
    /// Days in which the loan may be given back without a penalty.
    pub cooling_off_days: u32,
    /// Lending service provider that may approach the borrower to recover.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_agent: Option<String>,
}

/// Key facts statement of India, RBI/2024-25/18.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kfs {
    /// Loan proposal or account number.
    pub proposal: String,
    /// The day of the statement.
    pub date: NaiveDate,
    /// The regulated entity.
    pub lender: Party,
    /// Lending service provider, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_provider: Option<Party>,
    /// The borrower.
    pub borrower: Party,
    /// Type of loan.
    pub loan_type: String,
    /// Sanctioned amount.
    pub sanctioned: Money,
    /// Clause of the agreement on disbursal in stages; none when all is paid out at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staged_disbursal_clause: Option<String>,
    /// Term.
    pub term: Period,
    /// The calendar of payments.
    pub schedule: Vec<ScheduledPayment>,
    /// Day of the disbursal, from which the first installment counts.
    pub disbursed_on: NaiveDate,
    /// Interest, a year.
    pub interest_rate: Rate,
    /// How the rate can change; none for a fixed rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floating: Option<VariableRate>,
    /// Fees and charges.
    pub charges: Vec<KfsCharge>,
    /// What arrives: sanctioned amount less the charges withheld.
    pub net_disbursed: Money,
    /// Annual percentage rate (Annex B).
    pub apr: Rate,
    /// Contingent charges.
    pub contingent: ContingentCharges,
    /// Part 2.
    pub qualitative: KfsQualitative,
    /// Working days in which the borrower may accept these terms: 3, or 1 when the tenor is under 7 days.
    pub valid_working_days: u32,
}
