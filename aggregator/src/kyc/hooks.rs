//! Webhooks of vendors: checked, stored, answered. What they lead to is the workers' business.

use domain::ports::{Hook, HookEvent, HookRefusal, Vendor};
use sha2::{Digest as _, Sha256};

use crate::Aggregator;
use crate::api::Error;
use crate::store::kyc::{self as rows, NewEvent, SessionRow};

/// A webhook that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Stored; it will be applied once.
    Stored,
    /// It was stored before.
    Again,
}

/// Why a webhook was not taken, by what its sender does next.
#[derive(Debug, thiserror::Error)]
pub enum HookProblem {
    /// It did not pass its checks: nothing of it is kept.
    #[error("refused: {0}")]
    Refused(HookRefusal),
    /// It is about a session that we do not have, or not yet: the vendor may send it again.
    #[error("no such session")]
    Unknown,
    /// We could not store it: the vendor sends it again.
    #[error("not stored")]
    Failed(#[source] Error),
}

impl From<sqlx::Error> for HookProblem {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl Aggregator {
    /// Takes a webhook. It is answered once it is stored, and never asks the vendor: that happens afterwards.
    pub async fn take_kyc_hook(&self, vendor: Vendor, hook: Hook<'_>) -> Result<Taken, HookProblem> {
        let taken = self.take_checked(vendor, hook).await;
        let label = match &taken {
            Ok(Taken::Stored) => "STORED",
            Ok(Taken::Again) => "AGAIN",
            Err(HookProblem::Refused(refusal)) => refusal.code(),
            Err(HookProblem::Unknown) => "UNKNOWN",
            Err(HookProblem::Failed(_)) => "FAILED",
        };
        metrics::counter!("usance_kyc_webhooks_total", "vendor" => vendor.as_str(), "outcome" => label).increment(1);
        taken
    }

    async fn take_checked(&self, vendor: Vendor, hook: Hook<'_>) -> Result<Taken, HookProblem> {
        let verifier = self.world.settings.kyc.verifier(vendor).ok_or(HookProblem::Unknown)?;
        let event = verifier.read_hook(hook).map_err(HookProblem::Refused)?;
        let digest: [u8; 32] = Sha256::digest(format!("{vendor} {}", event.dedupe)).into();
        let body_sha256: [u8; 32] = Sha256::digest(hook.body).into();
        let mut conn = self.world.db.acquire().await?;
        let row = rows::session(&mut conn, event.session)
            .await
            .map_err(HookProblem::Failed)?;
        let row = row
            .filter(|row| about(row, vendor, &event))
            .ok_or(HookProblem::Unknown)?;
        let new = NewEvent {
            id: self.world.ids.next(),
            digest: &digest,
            vendor: vendor.as_str(),
            session: row.id,
            kind: &event.kind,
            at_ms: event.at_ms,
            received_at: hook.at,
            body_sha256: &body_sha256,
        };
        if rows::add_event(&mut conn, &new).await? {
            self.wake.identity.notify_one();
            Ok(Taken::Stored)
        } else {
            Ok(Taken::Again)
        }
    }
}

/// The vendor's names are those that we stored; a session that does not have them yet takes nothing.
fn about(row: &SessionRow, vendor: Vendor, event: &HookEvent) -> bool {
    let same_run = event.run.is_none() || row.run == event.run;
    row.vendor == vendor && row.subject.as_deref() == Some(&event.subject) && same_run
}
