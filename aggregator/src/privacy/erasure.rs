//! The right to be forgotten: what may go, goes for good; what must stay is named, with the law and the day.
//!
//! A person's keys are destroyed first, then the values are taken away, then it is noted as done: a crash between the steps
//! repeats them. What is kept is erased by [`super::retention`] when its time is over.

use std::collections::BTreeSet;

use ::privacy::{RecordClass, Whose, resolve};
use chrono::{DateTime, Utc};
use domain::Principal;
use domain::ids::{PrincipalId, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::holds::shown;
use super::retention::relation_end;
use super::tell;
use crate::Aggregator;
use crate::access::{Action, Class, Resource, check, shows};
use crate::api::{Error, IdempotencyKey};
use crate::idempotency::{Begun, Call, begin, finish};
use crate::kyc::SessionState;
use crate::store::privacy::{self as rows, ErasureRow};
use crate::store::{from_json, identity, kyc, to_json};

/// A class of records that is kept, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Class.
    pub class: String,
    /// `HOLD`, `LIVE_CREDIT` or `LAW`.
    pub code: String,
    /// In words.
    pub because: String,
    /// Until when, where that is known.
    pub until: Option<DateTime<Utc>>,
}

/// A request to be forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureView {
    /// Id.
    pub id: Uuid,
    /// The person's tenant.
    pub tenant: TenantId,
    /// The person.
    pub subject: PrincipalId,
    /// `ACCEPTED`: about to be done; `DONE`; `REFUSED`: everything has to be kept.
    pub state: String,
    /// Classes that are erased.
    pub erases: Vec<String>,
    /// Classes that are kept.
    pub kept: Vec<Kept>,
    /// Who asked.
    pub asked_by: PrincipalId,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// When it was done.
    pub done_at: Option<DateTime<Utc>>,
}

impl TryFrom<ErasureRow> for ErasureView {
    type Error = Error;

    fn try_from(row: ErasureRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            tenant: row.tenant.into(),
            subject: row.subject.into(),
            state: row.state,
            erases: from_json(&row.erases)?,
            kept: from_json(&row.kept)?,
            asked_by: row.asked_by.into(),
            asked_at: row.asked_at,
            done_at: row.done_at,
        })
    }
}

/// What of a person may go, and what has to stay.
pub(crate) struct Verdict {
    pub erases: Vec<RecordClass>,
    pub kept: Vec<Kept>,
}

fn keep(class: RecordClass, code: &str, because: impl Into<String>, until: Option<DateTime<Utc>>) -> Kept {
    Kept {
        class: class.as_str().to_owned(),
        code: code.to_owned(),
        because: because.into(),
        until,
    }
}

/// Something that is kept of a person.
struct Kind {
    class: RecordClass,
    country: String,
    recorded_at: DateTime<Utc>,
}

/// Sealed values, and verifications of identity at vendors.
async fn records_of(conn: &mut PgConnection, whose: Whose) -> Result<Vec<Kind>, Error> {
    let mut found = Vec::new();
    for row in rows::fields_of(conn, whose).await? {
        if let Some(class) = RecordClass::parse(&row.class) {
            found.push(Kind {
                class,
                country: row.country,
                recorded_at: row.recorded_at,
            });
        }
    }
    // Where nobody said whose law keeps a verification, that of every application does.
    let countries: BTreeSet<String> = found.iter().map(|kind: &Kind| kind.country.clone()).collect();
    for session in verifications(conn, whose).await? {
        let of = session
            .consent_country
            .map_or_else(|| countries.clone(), |country| BTreeSet::from([country]));
        found.extend(of.into_iter().map(|country| Kind {
            class: RecordClass::Identity,
            country,
            recorded_at: session.created_at,
        }));
    }
    Ok(found)
}

/// Verifications that are not forgotten yet.
async fn verifications(conn: &mut PgConnection, whose: Whose) -> Result<Vec<kyc::SessionRow>, Error> {
    let mut found = kyc::of_borrower(conn, (whose.tenant.into(), whose.subject.into())).await?;
    found.retain(|session| session.state != SessionState::Erased);
    Ok(found)
}

/// Judges every class that something is kept of.
pub(crate) async fn judge(conn: &mut PgConnection, whose: Whose, now: DateTime<Utc>) -> Result<Verdict, Error> {
    let policies = rows::policies(conn).await?;
    let stored = records_of(conn, whose).await?;
    let relation = relation_end(conn, whose).await?;
    let mut verdict = Verdict {
        erases: Vec::new(),
        kept: Vec::new(),
    };
    for class in RecordClass::ALL {
        let mut until: Option<(DateTime<Utc>, String)> = None;
        let mut live = false;
        for row in stored.iter().filter(|row| row.class == class) {
            live |= relation.is_none();
            let Some(policy) = resolve(&policies, class, &row.country, now).filter(|policy| policy.binding) else {
                continue;
            };
            match policy.ends(row.recorded_at, relation) {
                Some(end) if end > now && until.as_ref().is_none_or(|(latest, _)| end > *latest) => {
                    until = Some((end, policy.basis.clone()));
                }
                _ => {}
            }
        }
        if rows::is_held(conn, whose, class).await? {
            let text = "A legal hold binds these records.";
            verdict.kept.push(keep(class, "HOLD", text, None));
        } else if live {
            let text = "An application is open or a credit is live; ask again when it has ended.";
            verdict.kept.push(keep(class, "LIVE_CREDIT", text, None));
        } else if let Some((end, basis)) = until {
            verdict.kept.push(keep(class, "LAW", basis, Some(end)));
        } else {
            verdict.erases.push(class);
        }
    }
    // A hold on what nobody stored is no news to the person, and filings are not spoken of.
    let stored_of = |class: &str| stored.iter().any(|row| row.class.as_str() == class);
    verdict.kept.retain(|kept| stored_of(&kept.class));
    Ok(verdict)
}

fn bound_by_credit(verdict: &Verdict) -> bool {
    verdict.kept.iter().any(|kept| kept.code == "LIVE_CREDIT")
}

fn names(classes: &[RecordClass]) -> Vec<&'static str> {
    classes.iter().map(|class| class.as_str()).collect()
}

/// What the person is told: nothing of reports to authorities, nor of checks that led to them.
pub(crate) fn for_subject(mut view: ErasureView) -> ErasureView {
    let silent = [RecordClass::Filing.as_str(), RecordClass::Screening.as_str()];
    view.kept.retain(|kept| !silent.contains(&kept.class.as_str()));
    view.erases.retain(|class| !silent.contains(&class.as_str()));
    view
}

/// Whether the caller reads erasures of others.
fn staff(caller: &Principal) -> bool {
    shows(caller, &Resource::platform(Class::Erasure))
}

impl Aggregator {
    /// Asks to forget a person: the person, an integrator of their tenant, or an officer for them. Answers at once what will be
    /// erased and what is kept and why; the erasing follows by the worker.
    pub async fn request_erasure(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        subject: PrincipalId,
    ) -> Result<ErasureView, Error> {
        let call = Call::new(caller, key, "requestErasure", &subject)?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        let whose = self
            .person(&mut tx, (caller, Action::Create, Class::Erasure), subject)
            .await?;
        rows::hold_subject(&mut tx, whose).await?;
        let now = self.world.clock.now();
        let verdict = judge(&mut tx, whose, now).await?;
        let refused = bound_by_credit(&verdict)
            || (!verdict.kept.is_empty() && self.nothing_goes(&mut tx, whose, &verdict).await?);
        let erases = if refused { Vec::new() } else { names(&verdict.erases) };
        let row = ErasureRow {
            id: self.world.ids.next(),
            tenant: whose.tenant,
            subject: whose.subject,
            state: if refused { "REFUSED" } else { "ACCEPTED" }.to_owned(),
            version: 1,
            erases: to_json(&erases)?,
            kept: to_json(&verdict.kept)?,
            asked_by: caller.id.0,
            asked_at: now,
            done_at: None,
        };
        rows::add_erasure(&mut tx, &row).await?;
        let payload = json!({ "erasure": row.id, "tenant": row.tenant, "subject": row.subject, "state": row.state });
        tell(
            &mut tx,
            &self.world,
            ("erasure", row.id, 1),
            ("ErasureRequested", payload),
        )
        .await?;
        let mut view = ErasureView::try_from(row)?;
        if !staff(caller) {
            view = for_subject(view);
        }
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        self.wake.events.notify_one();
        Ok(view)
    }

    async fn nothing_goes(&self, conn: &mut PgConnection, whose: Whose, verdict: &Verdict) -> Result<bool, Error> {
        for class in &verdict.erases {
            let sessions = *class == RecordClass::Identity && !verifications(conn, whose).await?.is_empty();
            if sessions || rows::any_left(conn, whose, *class).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The person, when the caller may do that to what is of that class about them.
    pub(crate) async fn person(
        &self,
        conn: &mut PgConnection,
        (caller, action, class): (&Principal, Action, Class),
        subject: PrincipalId,
    ) -> Result<Whose, Error> {
        let known = identity::principal(conn, subject.0).await?.ok_or(Error::NotFound)?;
        let tenant = TenantId(known.tenant_id);
        check(caller, action, &Resource::about(class, tenant, subject))?;
        Ok(super::whose(tenant, subject))
    }

    /// Requests to be forgotten, newest first: the person's own, or any for officers.
    pub async fn erasures(
        &self,
        caller: &Principal,
        subject: Option<PrincipalId>,
        first: u32,
    ) -> Result<Vec<ErasureView>, Error> {
        let first = shown(first)?;
        let mut conn = self.world.db.acquire().await?;
        let is_officer = staff(caller);
        let subject = match subject {
            None if is_officer => None,
            other => {
                let subject = other.unwrap_or(caller.id);
                self.person(&mut conn, (caller, Action::Read, Class::Erasure), subject)
                    .await?;
                Some(subject.0)
            }
        };
        let mut views = Vec::new();
        for row in rows::erasures(&mut conn, subject, first).await? {
            let view = ErasureView::try_from(row)?;
            views.push(if is_officer { view } else { for_subject(view) });
        }
        Ok(views)
    }

    /// Does the next erasure; answers how many, 0 at the end. It is judged again: a hold may have come in between.
    ///
    /// Vendors of identities are asked to forget the person first, outside of the transaction. While one of them does not answer, the
    /// erasure is not done, and repeated.
    pub async fn erase_next(&self) -> Result<usize, Error> {
        let mut conn = self.world.db.acquire().await?;
        if let Some(row) = rows::next_erasure(&mut conn).await? {
            let whose = super::whose(row.tenant.into(), row.subject.into());
            let verdict = judge(&mut conn, whose, self.world.clock.now()).await?;
            drop(conn);
            if !bound_by_credit(&verdict) && verdict.erases.contains(&RecordClass::Identity) {
                self.erase_verifications((row.tenant.into(), row.subject.into()))
                    .await?;
            }
        }
        let mut tx = self.world.db.begin().await?;
        let Some(mut row) = rows::next_erasure(&mut tx).await? else {
            return Ok(0);
        };
        let whose = Whose {
            tenant: row.tenant,
            subject: row.subject,
        };
        rows::hold_subject(&mut tx, whose).await?;
        let now = self.world.clock.now();
        let verdict = judge(&mut tx, whose, now).await?;
        let live = bound_by_credit(&verdict);
        if !live && verdict.kept.is_empty() {
            // Nothing of the person is left that an entry of the audit trail could be compared with.
            crate::audit::forget(&mut tx, whose.tenant, whose.subject).await?;
        }
        let erases = if live { Vec::new() } else { verdict.erases };
        for class in &erases {
            // First the key, in a transaction of its own: once it is gone, repeating the rest is harmless.
            self.world.vault.destroy(whose, *class).await?;
            rows::erase_class(&mut tx, (whose, *class), ("REQUEST", now)).await?;
        }
        if erases.contains(&RecordClass::Contract) {
            crate::store::sessions::forget_logins(&mut tx, whose.subject).await?;
        }
        row.erases = to_json(&names(&erases))?;
        row.kept = to_json(&verdict.kept)?;
        rows::finish_erasure(&mut tx, &row, now).await?;
        let payload = json!({
            "erasure": row.id, "tenant": row.tenant, "subject": row.subject, "classes": names(&erases),
        });
        tell(&mut tx, &self.world, ("erasure", row.id, 2), ("PersonErased", payload)).await?;
        tx.commit().await?;
        metrics::counter!("usance_privacy_erasures_total").increment(1);
        self.wake.events.notify_one();
        Ok(1)
    }
}
