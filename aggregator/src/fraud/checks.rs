//! Stored fraud checks, for officers.

use chrono::{DateTime, Utc};
use domain::ids::RequestId;
use domain::{Principal, Role};
use risk::fraud::FraudResult;
use serde::Deserialize;

use crate::Aggregator;
use crate::api::Error;
use crate::decisions::DecisionKind;
use crate::store::{corrupt, decisions as rows};

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
        if caller.role != Role::Officer {
            return Err(Error::Forbidden);
        }
        let mut conn = self.world.db.acquire().await?;
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
