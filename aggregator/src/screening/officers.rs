//! Screening for officers: how the lists stand, and a look at the folder at once.

use domain::Principal;
use serde::{Deserialize, Serialize};

use super::ScreeningStatus;
use crate::Aggregator;
use crate::access::{Action, Class, platform};
use crate::api::{Error, IdempotencyKey};
use crate::idempotency::{Begun, Call, begin, finish};

/// What a look at the folder came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refreshed {
    /// Whether other lists decide now. False when the folder holds the same, or lists that are refused.
    pub changed: bool,
    /// How screening stands after it.
    pub status: ScreeningStatus,
}

impl Aggregator {
    /// How screening stands in this process, for officers and administrators.
    pub async fn screening_of(&self, caller: &Principal) -> Result<ScreeningStatus, Error> {
        platform(caller, Action::Read, Class::ScreeningList)?;
        self.screening_status().await
    }

    /// Looks at the folder of lists at once, for officers. Other processes look by themselves within half a minute.
    pub async fn refresh_screening(&self, caller: &Principal, key: &IdempotencyKey) -> Result<Refreshed, Error> {
        platform(caller, Action::Change, Class::ScreeningList)?;
        let call = Call::new(caller, key, "refreshScreening", &())?;
        // Looking twice is harmless, so it is done before the transaction: nothing is held while files are read.
        let changed = self.refresh_lists().await?;
        let status = self.screening_status().await?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(answer) = begin(&mut tx, &self.world, &call).await? {
            return Ok(answer);
        }
        let answer = Refreshed { changed, status };
        finish(&mut tx, &call, &answer).await?;
        tx.commit().await?;
        tracing::info!(by = %caller.id, changed, "an officer asked for a look at the lists");
        Ok(answer)
    }
}
