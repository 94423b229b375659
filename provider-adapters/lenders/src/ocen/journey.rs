//! What is remembered of an application, and how an answer of the lender's moves it on.

use std::collections::BTreeMap;

use domain::ports::{Handoff, JourneyRecord};
use domain::{Money, Reason, SettlementId};
use sdk::normalise::{Document, Reader};
use sdk::{AcceptReceipt, LenderError, LenderStatus, NetworkPolicy};
use serde::{Deserialize, Serialize};

use super::text;
use crate::networks::link;

/// How far an accepted application has come: the last step that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// There are offers.
    Offered,
    /// The offer is set.
    Set,
    /// The borrower is identified.
    Identified,
    /// The borrower signed the agreement.
    Agreed,
    /// The loan is granted.
    Granted,
    /// The repayment plan and its mandate are set up.
    Planned,
    /// The disbursement is under way.
    Triggered,
}

/// What is asked after an acceptance: its path, less `Request` and `Response`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Set,
    Kyc,
    KycStatus,
    Agreement,
    Grant,
    Plan,
    PlanStatus,
    Disburse,
    DisburseStatus,
}

impl Step {
    pub(super) const fn operation(self) -> &'static str {
        match self {
            Self::Set => "offers/setOffers",
            Self::Kyc => "kyc/triggerKyc",
            Self::KycStatus => "kyc/kycStatus",
            Self::Agreement => "loanAcceptance/loanAgreement",
            Self::Grant => "grantLoan/grantLoan",
            Self::Plan => "disbursement/setRepaymentPlan",
            Self::PlanStatus => "disbursement/setRepaymentPlanStatus",
            Self::Disburse => "disbursement/triggerDisbursement",
            Self::DisburseStatus => "disbursement/triggerDisbursementStatus",
        }
    }

    /// It moves something: it is stored before it is sent, and the same to the byte when it is sent again.
    pub(super) const fn moves(self) -> bool {
        matches!(self, Self::Set | Self::Kyc | Self::Grant | Self::Plan | Self::Disburse)
    }

    /// A lender that answers it with an error still waits for something, of the borrower or of its own.
    const fn may_wait(self) -> bool {
        !matches!(self, Self::Set | Self::Disburse | Self::DisburseStatus)
    }
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    /// The step is done.
    Done(Stage),
    /// The borrower or the lender is busy with it.
    Going,
    /// It did not work, and may be begun anew.
    Anew,
}

/// What the state of an application means as the answer to a step.
const MEANING: [(Step, &str, Means); 22] = [
    (Step::Set, "OFFER_ACCEPTED", Means::Done(Stage::Set)),
    (Step::Kyc, "KYC_COMPLETED", Means::Done(Stage::Identified)),
    (Step::Kyc, "KYC_INITIATED", Means::Going),
    (Step::Kyc, "KYC_FAILED", Means::Anew),
    (Step::KycStatus, "KYC_COMPLETED", Means::Done(Stage::Identified)),
    (Step::KycStatus, "KYC_INITIATED", Means::Going),
    (Step::KycStatus, "KYC_FAILED", Means::Anew),
    (Step::Agreement, "LOAN_AGREEMENT_COMPLETED", Means::Done(Stage::Agreed)),
    (Step::Agreement, "LOAN_AGREEMENT_INITIATED", Means::Going),
    (Step::Agreement, "LOAN_AGREEMENT_FAILED", Means::Going),
    (Step::Grant, "GRANTED", Means::Done(Stage::Granted)),
    (Step::Plan, "REPAYMENT_SETUP_COMPLETED", Means::Done(Stage::Planned)),
    (Step::Plan, "REPAYMENT_SETUP_INITIATED", Means::Going),
    (Step::Plan, "REPAYMENT_SETUP_FAILED", Means::Anew),
    (
        Step::PlanStatus,
        "REPAYMENT_SETUP_COMPLETED",
        Means::Done(Stage::Planned),
    ),
    (Step::PlanStatus, "REPAYMENT_SETUP_INITIATED", Means::Going),
    (Step::PlanStatus, "REPAYMENT_SETUP_FAILED", Means::Anew),
    (Step::Disburse, "DISBURSEMENT_INITIATED", Means::Done(Stage::Triggered)),
    (Step::Disburse, "DISBURSEMENT_COMPLETED", Means::Done(Stage::Triggered)),
    // It waits for an account that only the borrower can name.
    (Step::Disburse, "ACTION_REQUIRED", Means::Anew),
    (Step::DisburseStatus, "DISBURSEMENT_INITIATED", Means::Going),
    (
        Step::DisburseStatus,
        "DISBURSEMENT_COMPLETED",
        Means::Done(Stage::Triggered),
    ),
];

/// States in which nothing will be paid out.
const REJECTED: [&str; 6] = [
    "REJECTED",
    "CONSENT_REJECTED",
    "KYC_REJECTED",
    "REPAYMENT_SETUP_REJECTED",
    "SET_DISBURSEMENT_ACCOUNT_REJECTED",
    "DISBURSED_FAILED",
];

/// An offer as the lender wrote it, and what it comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) id: String,
    pub(super) text: String,
    /// Its repayment plan.
    pub(super) plan: String,
    pub(super) principal: Money,
    pub(super) net: Money,
}

/// A request as it was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sent {
    pub(super) request: String,
    pub(super) trace: String,
    pub(super) body: String,
}

/// One application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Journey {
    /// How often it was written.
    #[serde(skip)]
    pub(super) version: i64,
    pub(super) application: String,
    pub(super) stage: Stage,
    pub(super) offers: Vec<Kept>,
    pub(super) accepted: Option<String>,
    pub(super) settlement: Option<SettlementId>,
    pub(super) loan: Option<String>,
    /// Requests that move something, by operation: sent again, they are the same to the byte and have the same id.
    pub(super) sent: BTreeMap<String, Sent>,
    /// The step that was begun and is not done.
    pub(super) begun: bool,
    /// Where the borrower has to act.
    pub(super) handoff: Option<Handoff>,
    /// The lender's reference of the identification, as JSON.
    pub(super) kyc: String,
    /// The payment method of the repayment plan, as the lender wrote it.
    pub(super) method: Option<String>,
    pub(super) ended: Option<LenderStatus>,
}

impl Journey {
    pub(super) fn new(application: String) -> Self {
        Self {
            version: 0,
            application,
            stage: Stage::Offered,
            offers: Vec::new(),
            accepted: None,
            settlement: None,
            loan: None,
            sent: BTreeMap::new(),
            begun: false,
            handoff: None,
            kyc: "{}".to_owned(),
            method: None,
            ended: None,
        }
    }

    /// From its record.
    pub(super) fn of(record: &JourneyRecord) -> Result<Self, LenderError> {
        let unreadable = |_| LenderError::Unavailable("a stored journey cannot be read".into());
        let journey: Self = serde_json::from_str(&record.body).map_err(unreadable)?;
        Ok(Self {
            version: record.version,
            ..journey
        })
    }

    /// Its record.
    pub(super) fn record(&self) -> Result<JourneyRecord, LenderError> {
        let unwritable = |_| LenderError::Unavailable("a journey cannot be written".into());
        Ok(JourneyRecord {
            id: self.application.clone(),
            version: self.version,
            topic: None,
            settlement: self.settlement,
            handoff: self.handoff.clone().filter(|_| self.ended.is_none()),
            body: serde_json::to_string(self).map_err(unwritable)?,
        })
    }

    pub(super) fn chosen(&self) -> Result<&Kept, LenderError> {
        let chosen = self
            .offers
            .iter()
            .find(|offer| Some(&offer.id) == self.accepted.as_ref());
        chosen.ok_or_else(|| LenderError::Refused("no such offer".into()))
    }

    pub(super) fn status(&self) -> LenderStatus {
        self.ended.clone().unwrap_or(LenderStatus::Accepted)
    }

    pub(super) fn receipt(&self) -> AcceptReceipt {
        AcceptReceipt {
            loan_ref: self.loan.clone().unwrap_or_else(|| self.application.clone()),
            status: self.status(),
        }
    }

    /// What is to be asked now.
    pub(super) fn step(&self) -> Step {
        match (self.stage, self.begun) {
            (Stage::Offered, _) => Step::Set,
            (Stage::Set, false) => Step::Kyc,
            (Stage::Set, true) => Step::KycStatus,
            (Stage::Identified, _) => Step::Agreement,
            (Stage::Agreed, _) => Step::Grant,
            (Stage::Granted, false) => Step::Plan,
            (Stage::Granted, true) => Step::PlanStatus,
            (Stage::Planned, _) => Step::Disburse,
            (Stage::Triggered, _) => Step::DisburseStatus,
        }
    }

    /// The members of that request beside envelope and product, as JSON.
    pub(super) fn fields(&self, step: Step) -> Result<String, LenderError> {
        let application = format!("\"loanApplicationId\":{}", serde_json::json!(self.application));
        let loan = format!("{application},\"loanId\":{}", serde_json::json!(self.loan));
        let chosen = self.chosen()?;
        Ok(match step {
            Step::Set => format!("{application},\"offer\":{}", chosen.text),
            Step::Kyc | Step::KycStatus => format!("{application},\"kyc\":{}", self.kyc),
            Step::Agreement | Step::Grant => application,
            Step::Plan => format!("{loan},\"plan\":{},\"hasCollectionSupport\":false", chosen.plan),
            Step::PlanStatus => {
                let method = self.method.as_deref().unwrap_or("{}");
                format!("{loan},\"plan\":{},\"paymentMethod\":{method}", chosen.plan)
            }
            Step::Disburse | Step::DisburseStatus => loan,
        })
    }

    /// Takes over what the answer to a step says; true when the step is done.
    pub(super) fn fold(&mut self, step: Step, body: &[u8], network: NetworkPolicy) -> Result<bool, LenderError> {
        let document = Document::parse(body)?;
        let root = Reader::new(&document);
        let details = if step == Step::Grant {
            root.get("loanDetails")
        } else {
            root.clone()
        };
        let success = succeeded(&root)?;
        if !success && !step.may_wait() {
            return Err(LenderError::Refused("the response is an error".into()));
        }
        let said = details.get("loanApplicationStatus");
        if !success && !said.exists() {
            return Ok(self.waits(step));
        }
        let code = said.field()?;
        if details.get("loanApplicationId").field()?.text()? != self.application {
            return Err(details.get("loanApplicationId").malformed("is not the request's"));
        }
        let code = code.text()?;
        if REJECTED.contains(&code) {
            let reason = Reason::new("LENDER_REJECTED", "The lender rejected the application.");
            self.ended = Some(LenderStatus::Rejected { reasons: vec![reason] });
            return Ok(true);
        }
        if code == "CANCELLED" {
            self.ended = Some(LenderStatus::Cancelled);
            return Ok(true);
        }
        let row = MEANING.iter().find(|(of, name, _)| *of == step && *name == code);
        match row.map(|(_, _, means)| *means) {
            Some(Means::Done(stage)) => self.done(step, stage, &root),
            Some(Means::Going) => self.going(step, &document, network),
            Some(Means::Anew) => Ok(self.waits(step)),
            // An earlier state: the lender is not so far.
            None if step.may_wait() => Ok(self.waits(step)),
            None => Err(said.malformed("does not answer the request")),
        }
    }

    /// The step is not done and was not begun: the next look asks anew. Always false.
    fn waits(&mut self, step: Step) -> bool {
        self.sent.remove(step.operation());
        if matches!(step, Step::Kyc | Step::KycStatus) {
            self.sent.remove(Step::Kyc.operation());
        }
        if matches!(step, Step::Plan | Step::PlanStatus) {
            self.sent.remove(Step::Plan.operation());
        }
        (self.begun, self.handoff) = (false, None);
        false
    }

    fn going(&mut self, step: Step, document: &Document<'_>, network: NetworkPolicy) -> Result<bool, LenderError> {
        let root = Reader::new(document);
        self.begun = matches!(step, Step::Kyc | Step::KycStatus | Step::Plan | Step::PlanStatus);
        let found = match step {
            Step::Kyc | Step::KycStatus => {
                let reference = root.at("kyc.kycRefNo");
                if reference.optional()?.is_some() {
                    self.kyc = serde_json::json!({ "kycRefNo": bounded(&reference)? }).to_string();
                }
                Some(("KYC", root.at("kyc.next.data.url")))
            }
            Step::Agreement => {
                let legal = root.at("loanAgreement.legalDocument");
                let kind = legal.get("type").optional()?;
                let there = kind.is_some_and(|kind| kind.text().is_ok_and(|kind| kind != "TEXT"));
                there.then(|| ("LOAN_AGREEMENT", legal.get("data")))
            }
            Step::Plan | Step::PlanStatus => {
                if let Some(method) = document.root().get("paymentMethod") {
                    self.method = Some(text::written(method));
                }
                let url = root.at("paymentMethod.url");
                let url = if url.exists() { url } else { root.at("plan.paymentUrl") };
                Some(("REPAYMENT_SETUP", url))
            }
            _ => None,
        };
        self.handoff = None;
        if let Some((title, url)) = found
            && let Some(field) = url.optional()?
        {
            let address = link(&url, field.text()?, network)?;
            self.handoff = Some(Handoff {
                title: Some(title.to_owned()),
                url: address,
            });
        }
        Ok(false)
    }

    fn done(&mut self, step: Step, stage: Stage, root: &Reader<'_>) -> Result<bool, LenderError> {
        match step {
            Step::Grant => self.loan = Some(bounded(&root.at("loanDetails.loanId"))?),
            Step::DisburseStatus => self.ended = Some(self.paid(root)?),
            _ => {}
        }
        (self.stage, self.begun, self.handoff) = (stage, false, None);
        Ok(true)
    }

    /// The evidence of a disbursement: the payment, successful, of the amount that was to arrive.
    fn paid(&self, root: &Reader<'_>) -> Result<LenderStatus, LenderError> {
        let payment = root.get("payment");
        let net = self.chosen()?.net;
        payment.get("status").field()?.one_of(&[("SUCCESS", ())])?;
        let amount = payment.get("totalAmount").field()?.money(net.currency)?;
        if amount != net {
            return Err(payment.get("totalAmount").malformed("is not what was to arrive"));
        }
        Ok(LenderStatus::Disbursed {
            amount,
            at: root.at("metadata.timestamp").field()?.instant()?,
            evidence: bounded(&payment.get("txnRefNo"))?,
        })
    }
}

/// Whether a response is no error. Some responses leave the verdict out.
pub(super) fn succeeded(root: &Reader<'_>) -> Result<bool, LenderError> {
    match root.at("response.status").optional()? {
        Some(status) => Ok(status.one_of(&[("SUCCESS", true), ("ERROR", false)])?),
        None => Ok(true),
    }
}

/// An id of theirs that is kept.
pub(super) fn bounded(id: &Reader<'_>) -> Result<String, LenderError> {
    let field = id.field()?;
    let text = field.text()?;
    if text.len() > 80 || text.chars().any(char::is_control) {
        return Err(id.malformed("expected 1 to 80 bytes on one line"));
    }
    Ok(text.to_owned())
}
