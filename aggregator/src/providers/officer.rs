//! What officers see of lenders and do to them, and what a lender sees of itself.

use domain::Principal;
use domain::ids::ProviderId;
use domain::provider::{Limits, ProviderState};
use serde::Serialize;

use super::views::{ChangeView, HealthView, ProviderView, VersionView};
use crate::Aggregator;
use crate::access::{self, Action, Class, Resource, may_ever, shows};
use crate::api::{Error, IdempotencyKey};
use crate::idempotency::{Begun, Call, begin, finish};
use crate::store::providers::{self as rows, ProviderRow, Suspension};

/// Longest reason, characters.
const LONGEST: usize = 500;
/// Most changes and versions that are shown.
const SHOWN: u32 = 100;
/// Longest stretch of health, minutes: what is kept.
const WEEK: u32 = 7 * 24 * 60;

/// What an officer wants of a lender.
#[derive(Clone, Copy, Debug, Serialize)]
enum Wish {
    Suspend,
    Resume,
    Become(ProviderState),
    Limit(Limits),
}

impl Wish {
    fn action(self) -> Action {
        match self {
            Self::Suspend => Action::Suspend,
            Self::Resume => Action::Resume,
            Self::Become(_) | Self::Limit(_) => Action::Change,
        }
    }
}

impl Aggregator {
    /// Lenders by name: all for staff of the platform, its own for a lender, `Forbidden` for others.
    pub async fn providers(&self, caller: &Principal) -> Result<Vec<ProviderView>, Error> {
        may_ever(caller, Action::Read, Class::Lender)?;
        let mut conn = self.world.db.acquire().await?;
        let all = rows::all(&mut conn).await?.into_iter();
        Ok(all
            .filter(|row| shows(caller, &lender(&row.id)))
            .map(|row| self.view(row))
            .collect())
    }

    /// One lender. To a lender another one does not exist.
    pub async fn provider(&self, caller: &Principal, id: &ProviderId) -> Result<ProviderView, Error> {
        check_sees(caller, id)?;
        let mut conn = self.world.db.acquire().await?;
        Ok(self.view(rows::one(&mut conn, id).await?.ok_or(Error::NotFound)?))
    }

    /// How a lender did in the last minutes, 1 to 10,080. Figures are at most five seconds behind.
    pub async fn provider_health(
        &self,
        caller: &Principal,
        id: &ProviderId,
        minutes: u32,
    ) -> Result<HealthView, Error> {
        check_sees(caller, id)?;
        if !(1..=WEEK).contains(&minutes) {
            return Err(Error::invalid("minutes", "1 to 10080"));
        }
        let since = self.world.clock.now() - chrono::Duration::minutes(i64::from(minutes));
        let mut conn = self.world.db.acquire().await?;
        let window = rows::health_of(&mut conn, id, since, None).await?;
        Ok(HealthView::of(minutes, &window))
    }

    /// The last changes of a lender, newest first, 1 to 100.
    pub async fn provider_history(
        &self,
        caller: &Principal,
        id: &ProviderId,
        first: u32,
    ) -> Result<Vec<ChangeView>, Error> {
        check_sees(caller, id)?;
        let mut conn = self.world.db.acquire().await?;
        rows::changes(&mut conn, id, shown(first)?).await
    }

    /// The last versions of a lender's configuration, newest first, 1 to 100.
    pub async fn provider_versions(
        &self,
        caller: &Principal,
        id: &ProviderId,
        first: u32,
    ) -> Result<Vec<VersionView>, Error> {
        check_sees(caller, id)?;
        let mut conn = self.world.db.acquire().await?;
        rows::versions(&mut conn, id, shown(first)?).await
    }

    /// Stops asking a live lender until an officer resumes it. One that the rules suspended stays so, now by a person.
    ///
    /// Refusals: `PROVIDER_TRANSITION`.
    pub async fn suspend_provider(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (id, reason): (&ProviderId, &str),
    ) -> Result<ProviderView, Error> {
        self.wish(caller, key, (id, reason), ("suspendProvider", Wish::Suspend))
            .await
    }

    /// Asks a suspended lender again, whoever suspended it.
    ///
    /// Refusals: `PROVIDER_TRANSITION`.
    pub async fn resume_provider(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (id, reason): (&ProviderId, &str),
    ) -> Result<ProviderView, Error> {
        self.wish(caller, key, (id, reason), ("resumeProvider", Wish::Resume))
            .await
    }

    /// Moves a lender along its onboarding: `DRAFT`, `TESTING`, `CERTIFIED`, `LIVE`.
    ///
    /// Refusals: `PROVIDER_TRANSITION`.
    pub async fn change_provider_state(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (id, reason): (&ProviderId, &str),
        state: ProviderState,
    ) -> Result<ProviderView, Error> {
        self.wish(caller, key, (id, reason), ("changeProviderState", Wish::Become(state)))
            .await
    }

    /// Changes a lender's limits by a new version; every process applies them within a second.
    pub async fn set_provider_limits(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (id, reason): (&ProviderId, &str),
        limits: Limits,
    ) -> Result<ProviderView, Error> {
        if let Some((field, range)) = limits.flaw() {
            return Err(Error::invalid(field, range));
        }
        self.wish(caller, key, (id, reason), ("setProviderLimits", Wish::Limit(limits)))
            .await
    }

    async fn wish(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (id, reason): (&ProviderId, &str),
        (operation, wish): (&'static str, Wish),
    ) -> Result<ProviderView, Error> {
        may_ever(caller, wish.action(), Class::Lender)?;
        access::check(caller, wish.action(), &lender(id))?;
        let reason = reason.trim();
        let said = (1..=LONGEST).contains(&reason.chars().count()) && !reason.chars().any(char::is_control);
        if !said {
            return Err(Error::invalid("reason", "1 to 500 characters"));
        }
        let call = Call::new(caller, key, operation, &(id, reason, wish))?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        if !rows::hold(&mut tx, id).await? {
            return Err(Error::NotFound);
        }
        let mut row = rows::one(&mut tx, id).await?.ok_or(Error::NotFound)?;
        let from = row.state;
        let kind = grant(&mut row, wish)?;
        row.revision += 1;
        reason.clone_into(&mut row.reason);
        row.changed_by = caller.id.to_string();
        row.changed_at = self.world.clock.now();
        rows::update(&mut tx, &row).await?;
        if let Wish::Limit(_) = wish {
            let config = rows::config(&mut tx, id, row.version - 1)
                .await?
                .ok_or(Error::NotFound)?;
            rows::add_version(&mut tx, &row, &config).await?;
        }
        self.record_change(&mut tx, &row, kind, Some(from)).await?;
        let view = self.view(row);
        finish(&mut tx, &call, &view).await?;
        fail::fail_point!("providers::before_wish_commit");
        tx.commit().await?;
        self.wake.events.notify_one();
        // Other processes read it within a second; so does this one when it cannot now.
        if let Err(error) = self.refresh_providers().await {
            tracing::warn!(%error, "the registry was not read");
        }
        Ok(view)
    }

    fn view(&self, row: ProviderRow) -> ProviderView {
        let configured = self.world.lenders.iter().any(|lender| *lender.id() == row.id);
        ProviderView::of(row, configured)
    }
}

/// Changes the row as wished, or says why not.
fn grant(row: &mut ProviderRow, wish: Wish) -> Result<&'static str, Error> {
    match wish {
        Wish::Suspend => {
            let by_rules = matches!(row.suspension, Some(Suspension::Supervisor { .. }));
            if !by_rules {
                check(row, ProviderState::Suspended)?;
            }
            (row.state, row.suspension) = (ProviderState::Suspended, Some(Suspension::Officer));
            Ok("ProviderSuspended")
        }
        Wish::Resume if row.state == ProviderState::Suspended => {
            (row.state, row.suspension, row.failed) = (ProviderState::Live, None, 0);
            Ok("ProviderResumed")
        }
        Wish::Resume => Err(refused(row, ProviderState::Live)),
        // Suspending and resuming have their own names, so that nobody does either by mistake.
        Wish::Become(ProviderState::Suspended) => Err(refused(row, ProviderState::Suspended)),
        Wish::Become(ProviderState::Live) if row.state == ProviderState::Suspended => {
            Err(refused(row, ProviderState::Live))
        }
        Wish::Become(state) => {
            check(row, state)?;
            (row.state, row.suspension, row.failed) = (state, None, 0);
            Ok("ProviderStateChanged")
        }
        Wish::Limit(limits) => {
            (row.limits, row.version) = (limits, row.version + 1);
            Ok("ProviderLimited")
        }
    }
}

fn check(row: &ProviderRow, next: ProviderState) -> Result<(), Error> {
    if row.state.may_become(next) {
        Ok(())
    } else {
        Err(refused(row, next))
    }
}

fn refused(row: &ProviderRow, next: ProviderState) -> Error {
    let text = format!(
        "Lender {} is {} and cannot become {} this way.",
        row.id,
        row.state.as_str(),
        next.as_str()
    );
    Error::refused("PROVIDER_TRANSITION", text, Some("id"))
}

pub(super) fn lender(id: &ProviderId) -> Resource<'_> {
    Resource::platform(Class::Lender).with(Some(id))
}

pub(super) fn check_sees(caller: &Principal, id: &ProviderId) -> Result<(), Error> {
    may_ever(caller, Action::Read, Class::Lender)?;
    access::check(caller, Action::Read, &lender(id))
}

fn shown(first: u32) -> Result<i64, Error> {
    if (1..=SHOWN).contains(&first) {
        Ok(i64::from(first))
    } else {
        Err(Error::invalid("first", "1 to 100"))
    }
}
