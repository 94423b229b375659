//! The last comparison of the books, for officers. The worker compares every minute and keeps the result.

use chrono::{DateTime, Utc};
use domain::Principal;

use crate::Aggregator;
use crate::access::{Action, Class, Resource, check};
use crate::api::Error;
use crate::reconcile::ReconcileReport;
use crate::store::{from_json, reconciled as rows, to_json};

/// A comparison of the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReconciliationView {
    /// When it was made.
    pub at: DateTime<Utc>,
    /// What it found.
    pub report: ReconcileReport,
}

impl Aggregator {
    /// Compares the books and keeps what was found.
    pub async fn reconcile_and_keep(&self) -> Result<ReconciliationView, Error> {
        let at = self.world.clock.now();
        let report = self.reconcile().await?;
        let mut conn = self.world.db.acquire().await?;
        rows::keep(&mut conn, at, &to_json(&report)?).await?;
        Ok(ReconciliationView { at, report })
    }

    /// The last comparison, for those who see the breakers; made now when there is none yet.
    pub async fn reconciliation(&self, caller: &Principal) -> Result<ReconciliationView, Error> {
        check(caller, Action::Read, &Resource::platform(Class::AssetPause))?;
        let mut conn = self.world.db.acquire().await?;
        let last = rows::last(&mut conn).await?;
        drop(conn);
        match last {
            Some((at, report)) => Ok(ReconciliationView {
                at,
                report: from_json(&report)?,
            }),
            None => self.reconcile_and_keep().await,
        }
    }
}
