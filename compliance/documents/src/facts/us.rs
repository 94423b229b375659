//! Facts of the American documents.

use chrono::NaiveDate;
use domain::{Money, Rate, Reason};
use serde::{Deserialize, Serialize};

use super::{LateTerms, Line, Party, Prepayment, ScheduledPayment, SecurityInterest, VariableRate};

/// Regulation Z, 12 CFR 1026.18: disclosures of closed-end credit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegZ {
    /// Our reference of the loan or quote.
    pub reference: String,
    /// The day of the disclosure.
    pub date: NaiveDate,
    /// The creditor.
    pub creditor: Party,
    /// The consumer.
    pub consumer: Party,
    /// Annual percentage rate by Appendix J.
    pub apr: Rate,
    /// Cost of the credit.
    pub finance_charge: Money,
    /// Credit provided: principal and other financed amounts less the prepaid finance charge.
    pub amount_financed: Money,
    /// All payments; always amount financed plus finance charge.
    pub total_of_payments: Money,
    /// Amount given to the consumer, paid on the consumer's account and to others; adds up to the amount financed.
    pub itemization: Vec<Line>,
    /// Prepaid finance charge: withheld or paid at the start. Already taken off the amount financed.
    pub prepaid_finance_charge: Vec<Line>,
    /// The calendar of payments; adds up to the total of payments.
    pub schedule: Vec<ScheduledPayment>,
    /// How the rate can change; none for a fixed rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<VariableRate>,
    /// The creditor may call the debt.
    pub demand_feature: bool,
    /// Late payment.
    pub late: LateTerms,
    /// Paying early.
    pub prepayment: Prepayment,
    /// Security; none when the loan is unsecured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security: Option<SecurityInterest>,
}

/// What a creditor did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
pub enum ActionTaken {
    /// The application was refused.
    Denied,
    /// Other terms were offered and not accepted.
    Counteroffer {
        /// The terms offered, in one sentence.
        terms: String,
    },
    /// The application was incomplete.
    Incomplete,
    /// An account was closed or its terms were made worse.
    Terminated,
}

/// A credit score that was used (FCRA, section 615(a)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreUsed {
    /// The score.
    pub score: u32,
    /// The day it was made.
    pub date: NaiveDate,
    /// Lowest possible score.
    pub low: u32,
    /// Highest possible score.
    pub high: u32,
    /// At most four key factors that hurt the score.
    pub factors: Vec<String>,
    /// The number of recent inquiries is a key factor beside them.
    pub inquiries_factor: bool,
}

/// Information of others that was used: part II of form C-1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutsideSources {
    /// Consumer reporting agencies; each needs an address and a telephone.
    pub agencies: Vec<Party>,
    /// The score used, with the agency that gave it by its place in `agencies`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<(usize, ScoreUsed)>,
    /// Information of an affiliate or another source that is no consumer reporting agency.
    pub other_source: bool,
}

/// One creditor's part of an adverse-action notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditorAction {
    /// The creditor, with its address.
    pub creditor: Party,
    /// What it did.
    pub action: ActionTaken,
    /// One to four principal reasons.
    pub reasons: Vec<Reason>,
    /// The federal agency that supervises this creditor (Appendix A of Regulation B), with its address.
    pub agency: Party,
    /// Part II.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<OutsideSources>,
}

/// Notice of action taken and statement of reasons, 12 CFR 1002.9; with several creditors the joint notice of 1002.9(g).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdverseAction {
    /// Our reference of the application.
    pub reference: String,
    /// The day of the notice.
    pub date: NaiveDate,
    /// Who sends it: Usance on behalf of the creditors, or the creditor.
    pub sender: Party,
    /// The applicant.
    pub applicant: Party,
    /// The credit that was asked for.
    pub requested: String,
    /// The day of the application.
    pub applied_on: NaiveDate,
    /// Every creditor on whose behalf the notice is given.
    pub creditors: Vec<CreditorAction>,
}
