//! Legal holds: nothing of the person is erased or deleted while one binds.

use ::privacy::RecordClass;
use chrono::{DateTime, Utc};
use domain::Principal;
use domain::ids::{PrincipalId, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::tell;
use crate::Aggregator;
use crate::access::{Action, Class, may_ever, platform};
use crate::api::{Error, IdempotencyKey};
use crate::idempotency::{Begun, Call, begin, finish};
use crate::risk::reason;
use crate::store::identity;
use crate::store::privacy::{self as rows, HoldRow};

/// A legal hold as officers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldView {
    /// Id.
    pub id: Uuid,
    /// The person's tenant.
    pub tenant: TenantId,
    /// The person.
    pub subject: PrincipalId,
    /// What is held; none means everything.
    pub class: Option<String>,
    /// Why.
    pub reason: String,
    /// Who placed it.
    pub placed_by: PrincipalId,
    /// When.
    pub placed_at: DateTime<Utc>,
    /// Who ended it: never the one who placed it.
    pub released_by: Option<PrincipalId>,
    /// When.
    pub released_at: Option<DateTime<Utc>>,
    /// Why.
    pub release_reason: Option<String>,
}

impl From<HoldRow> for HoldView {
    fn from(row: HoldRow) -> Self {
        Self {
            id: row.id,
            tenant: row.tenant.into(),
            subject: row.subject.into(),
            class: row.class,
            reason: row.reason,
            placed_by: row.placed_by.into(),
            placed_at: row.placed_at,
            released_by: row.released_by.map(Into::into),
            released_at: row.released_at,
            release_reason: row.release_reason,
        }
    }
}

/// The class of that name.
pub(crate) fn class_of(name: &str) -> Result<RecordClass, Error> {
    RecordClass::parse(name).ok_or_else(|| Error::invalid("class", "no such class of records"))
}

pub(crate) fn shown(first: u32) -> Result<i64, Error> {
    if (1..=100).contains(&first) {
        Ok(i64::from(first))
    } else {
        Err(Error::invalid("first", "1 to 100"))
    }
}

impl Aggregator {
    /// Places a hold on a person's records, of a class or of all. For officers.
    pub async fn place_hold(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (subject, class): (PrincipalId, Option<&str>),
        why: &str,
    ) -> Result<HoldView, Error> {
        platform(caller, Action::Create, Class::LegalHold)?;
        let why = reason("reason", why)?;
        let class = class.map(class_of).transpose()?;
        let call = Call::new(
            caller,
            key,
            "placeLegalHold",
            &(subject, class.map(RecordClass::as_str), why),
        )?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        let person = identity::principal(&mut tx, subject.0).await?.ok_or(Error::NotFound)?;
        let row = HoldRow {
            id: self.world.ids.next(),
            tenant: person.tenant_id,
            subject: subject.0,
            class: class.map(|class| class.as_str().to_owned()),
            reason: why.to_owned(),
            placed_by: caller.id.0,
            placed_at: self.world.clock.now(),
            released_by: None,
            released_at: None,
            release_reason: None,
        };
        rows::hold_subject(&mut tx, super::whose(person.tenant_id.into(), subject)).await?;
        rows::add_hold(&mut tx, &row).await?;
        let payload = json!({ "hold": row.id, "tenant": row.tenant, "subject": row.subject, "class": row.class, "by": caller.id });
        tell(
            &mut tx,
            &self.world,
            ("legal_hold", row.id, 1),
            ("LegalHoldPlaced", payload),
        )
        .await?;
        let view = HoldView::from(row);
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        self.wake.events.notify_one();
        Ok(view)
    }

    /// Ends a hold. Another officer than the one who placed it.
    ///
    /// Refusals: `FOUR_EYES`, `HOLD_RELEASED`.
    pub async fn release_hold(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (id, why): (Uuid, &str),
    ) -> Result<HoldView, Error> {
        may_ever(caller, Action::Release, Class::LegalHold)?;
        platform(caller, Action::Read, Class::LegalHold)?;
        let why = reason("reason", why)?;
        let call = Call::new(caller, key, "releaseLegalHold", &(id, why))?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        let mut row = rows::lock_hold(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if row.released_at.is_some() {
            return Err(Error::refused(
                "HOLD_RELEASED",
                "This hold was ended already.",
                Some("id"),
            ));
        }
        if row.placed_by == caller.id.0 {
            let text = "Another officer than the one who placed a hold ends it.";
            return Err(Error::refused("FOUR_EYES", text, None));
        }
        let now = self.world.clock.now();
        rows::release_hold(&mut tx, id, (caller.id.0, why, now)).await?;
        (row.released_by, row.released_at) = (Some(caller.id.0), Some(now));
        row.release_reason = Some(why.to_owned());
        let payload = json!({ "hold": row.id, "tenant": row.tenant, "subject": row.subject, "class": row.class, "by": caller.id });
        tell(
            &mut tx,
            &self.world,
            ("legal_hold", row.id, 2),
            ("LegalHoldReleased", payload),
        )
        .await?;
        let view = HoldView::from(row);
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        self.wake.events.notify_one();
        Ok(view)
    }

    /// Holds, newest first: of a person or of all, those that bind or every one. For officers.
    pub async fn legal_holds(
        &self,
        caller: &Principal,
        subject: Option<PrincipalId>,
        (active, first): (bool, u32),
    ) -> Result<Vec<HoldView>, Error> {
        platform(caller, Action::Read, Class::LegalHold)?;
        let first = shown(first)?;
        let mut conn = self.world.db.acquire().await?;
        let found = rows::holds(&mut conn, subject.map(|subject| subject.0), (active, first)).await?;
        Ok(found.into_iter().map(Into::into).collect())
    }
}
