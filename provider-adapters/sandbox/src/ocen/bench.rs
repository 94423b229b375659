//! What the lender answers on the way from an acceptance to a disbursement.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::wire::figures;
use super::{Application, Page};
use crate::network::loan::rupees;

/// Where an accepted application is worked on.
pub(super) struct Bench<'a> {
    pub(super) id: &'a str,
    pub(super) url: &'a str,
    pub(super) wants: &'a BTreeSet<Page>,
    pub(super) paid: bool,
    pub(super) number: usize,
}

impl Bench<'_> {
    fn state(&self, state: &str) -> Value {
        json!({ "response": { "status": "SUCCESS" }, "loanApplicationId": self.id, "loanApplicationStatus": state })
    }

    fn link(&self, page: Page) -> String {
        format!("{}/pages/{}/{}", self.url, self.id, page.name())
    }

    fn waits(&self, application: &Application, page: Page) -> bool {
        self.wants.contains(&page) && !application.done.contains(&page)
    }

    pub(super) fn move_on(&self, name: &str, application: &mut Application, request: &Value) -> Value {
        match name {
            "offers/setOffers" => self.state("OFFER_ACCEPTED"),
            "kyc/triggerKyc" | "kyc/kycStatus" => {
                let mut answer = self.state("KYC_COMPLETED");
                answer["kyc"] = json!({ "kycRefNo": "KYC-1" });
                if self.waits(application, Page::Kyc) {
                    answer["loanApplicationStatus"] = json!("KYC_INITIATED");
                    answer["kyc"]["next"] = json!({ "type": "REDIRECT", "data": { "url": self.link(Page::Kyc) } });
                }
                answer
            }
            "loanAcceptance/loanAgreement" => {
                let waits = self.waits(application, Page::Agreement);
                let mut answer = self.state(if waits {
                    "LOAN_AGREEMENT_INITIATED"
                } else {
                    "LOAN_AGREEMENT_COMPLETED"
                });
                let legal = json!({ "type": "REDIRECT_TO_LENDER_URL", "data": self.link(Page::Agreement) });
                answer["loanAgreement"] = json!({ "legalDocument": legal, "status": "AGREEMENT_READY" });
                answer
            }
            "grantLoan/grantLoan" => self.grant(application),
            "disbursement/setRepaymentPlan" | "disbursement/setRepaymentPlanStatus" => {
                let waits = self.waits(application, Page::Mandate);
                let mut answer = self.state(if waits {
                    "REPAYMENT_SETUP_INITIATED"
                } else {
                    "REPAYMENT_SETUP_COMPLETED"
                });
                let status = if waits { "INACTIVE" } else { "ACTIVE" };
                answer["plan"] = request["plan"].clone();
                answer["paymentMethod"] =
                    json!({ "id": "m-1", "type": "ENACH", "status": status, "url": self.link(Page::Mandate) });
                answer
            }
            "disbursement/triggerDisbursement" => {
                application.triggered = true;
                let mut answer = self.state("DISBURSEMENT_INITIATED");
                answer["loanId"] = json!(application.loan);
                answer
            }
            _ => self.disbursement(application),
        }
    }

    fn grant(&self, application: &mut Application) -> Value {
        if self.waits(application, Page::Kyc) || self.waits(application, Page::Agreement) {
            return json!({ "response": { "status": "ERROR", "responseDetail": "the borrower is not ready" } });
        }
        let number = self.number;
        let loan = application.loan.get_or_insert_with(|| format!("L-{number}"));
        json!({ "response": { "status": "SUCCESS" }, "loanDetails": {
            "loanId": loan, "loanApplicationId": self.id, "loanApplicationStatus": "GRANTED" } })
    }

    fn disbursement(&self, application: &mut Application) -> Value {
        application.asked += 1;
        let done = self.paid && application.triggered;
        let mut answer = self.state(if done {
            "DISBURSEMENT_COMPLETED"
        } else {
            "DISBURSEMENT_INITIATED"
        });
        answer["loanId"] = json!(application.loan);
        if let Some(wanted) = application.wanted.filter(|_| done) {
            let net = serde_json::from_str(&rupees(figures(wanted).net)).unwrap_or(Value::Null);
            answer["payment"] = json!({ "totalAmount": net, "status": "SUCCESS", "txnRefNo": "4618602124", "id": "p" });
        }
        answer
    }
}

/// The application that a request is about.
pub(super) fn application_of(request: &Value) -> String {
    let places = [
        "/loanApplicationId",
        "/loanApplications/0/loanApplicationId",
        "/loanApplicationIds/0",
    ];
    let found = places.into_iter().find_map(|place| request.pointer(place)?.as_str());
    found.unwrap_or_default().to_owned()
}
