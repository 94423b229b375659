//! Stored fraud checks, for officers.

use chrono::{DateTime, Utc};
use domain::Principal;
use domain::ids::RequestId;
use risk::fraud::FraudResult;
use serde::Deserialize;

use crate::Aggregator;
use crate::access::{Action, Class, Resource, check, may_ever};
use crate::api::Error;
use crate::decisions::DecisionKind;
use crate::store::{corrupt, decisions as rows, quoting};

/// The fraud checks of one decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FraudCheckView {
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
    /// What was found.
    pub result: FraudResult,
}

/// The part of a stored risk decision that is read here. Decisions of before had no fraud checks.
#[derive(Deserialize)]
struct Stored {
    fraud: Option<FraudResult>,
}

impl Aggregator {
    /// Fraud checks of a request, oldest first. For officers: to everyone else `Forbidden`, whoever asked for the credit.
    pub async fn fraud_checks(&self, caller: &Principal, request: RequestId) -> Result<Vec<FraudCheckView>, Error> {
        may_ever(caller, Action::Read, Class::FraudCheck)?;
        let mut conn = self.world.db.acquire().await?;
        let asked = quoting::request(&mut conn, request).await?;
        let about = asked.map(|row| (row.asked.request.tenant, row.asked.request.borrower));
        let about = about.map(|(tenant, borrower)| Resource::about(Class::FraudCheck, tenant, borrower));
        // A request of another tenant has no checks, like one that is not there.
        if about.is_none_or(|about| check(caller, Action::Read, &about).is_err()) {
            return Ok(Vec::new());
        }
        let found = rows::results_of(&mut conn, request, DecisionKind::Risk.as_str()).await?;
        let mut checks = Vec::new();
        for row in found {
            let stored: Stored = serde_json::from_str(&row.result).map_err(corrupt)?;
            let view = |result| FraudCheckView {
                decided_at: row.decided_at,
                result,
            };
            checks.extend(stored.fraud.map(view));
        }
        Ok(checks)
    }
}
