//! Retention: what has been kept long enough is erased, unless a hold binds it or a credit is live.

use ::privacy::{Policy, RecordClass, Whose, resolve};
use chrono::{DateTime, Months, Utc};
use domain::Principal;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Aggregator;
use crate::access::{Action, Class, platform};
use crate::api::Error;
use crate::store::privacy as rows;
use crate::store::privacy::FieldRow;
use crate::store::{Unreadable, corrupt};

/// Values looked at in one step.
const AT_ONCE: i64 = 200;

/// When the business with a person ended; none while it lives.
pub(crate) async fn relation_end(conn: &mut PgConnection, whose: Whose) -> Result<Option<DateTime<Utc>>, Error> {
    let requests = rows::requests_stand(conn, whose).await?;
    let credits = rows::credits_stand(conn, whose).await?;
    if requests.live || credits.live {
        return Ok(None);
    }
    Ok(requests.last.max(credits.last).or(Some(DateTime::UNIX_EPOCH)))
}

/// A class and country whose values are looked at, and where in the list the last look ended.
struct Look<'a> {
    policy: &'a Policy,
    class: RecordClass,
    country: &'a str,
}

impl Aggregator {
    /// Erases every value whose time is over; answers how many. A class without a policy is never erased, and is counted in
    /// `usance_privacy_without_policy`.
    pub async fn retain(&self) -> Result<usize, Error> {
        let now = self.world.clock.now();
        let mut conn = self.world.db.acquire().await?;
        let policies = rows::policies(&mut conn).await?;
        let kinds = rows::kept_kinds(&mut conn).await?;
        drop(conn);
        let mut erased = 0;
        let mut without: u32 = 0;
        for (class, country) in &kinds {
            let class = RecordClass::parse(class).ok_or_else(|| corrupt(Unreadable("record class")))?;
            match resolve(&policies, class, country, now) {
                Some(policy) => erased += self.retain_kind(Look { policy, class, country }, now).await?,
                None => without += 1,
            }
        }
        metrics::gauge!("usance_privacy_without_policy").set(f64::from(without));
        metrics::counter!("usance_privacy_retained_out_total").increment(u64::try_from(erased).unwrap_or_default());
        Ok(erased)
    }

    async fn retain_kind(&self, look: Look<'_>, now: DateTime<Utc>) -> Result<usize, Error> {
        // Nothing recorded later can be due, from whatever day its time counts.
        let Some(before) = now.checked_sub_months(Months::new(look.policy.months)) else {
            return Ok(0);
        };
        let mut after = (DateTime::UNIX_EPOCH, Uuid::nil());
        let mut erased = 0;
        loop {
            let mut tx = self.world.db.begin().await?;
            let kind = (look.class.as_str(), look.country);
            let old = rows::kept_fields(&mut tx, kind, (before, after), AT_ONCE).await?;
            let Some(last) = old.last() else { return Ok(erased) };
            after = (last.recorded_at, last.row_id);
            let mut emptied = Vec::new();
            for row in &old {
                if self.retain_one(&mut tx, row, (&look, now)).await? {
                    erased += 1;
                    if !rows::any_left(&mut tx, row.whose(), look.class).await? {
                        emptied.push(row.whose());
                    }
                }
            }
            tx.commit().await?;
            // After the commit: a key whose values are gone can go any time, and a crash leaves a key that opens nothing.
            for whose in emptied {
                self.destroy_unless_used(whose, look.class).await?;
            }
        }
    }

    /// The values are gone; so is their key, unless a new value was sealed by it just now.
    async fn destroy_unless_used(&self, whose: Whose, class: RecordClass) -> Result<(), Error> {
        let mut tx = self.world.db.begin().await?;
        rows::hold_subject(&mut tx, whose).await?;
        if !rows::any_left(&mut tx, whose, class).await? && relation_end(&mut tx, whose).await?.is_some() {
            self.world.vault.destroy(whose, class).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn retain_one(
        &self,
        conn: &mut PgConnection,
        row: &FieldRow,
        (look, now): (&Look<'_>, DateTime<Utc>),
    ) -> Result<bool, Error> {
        let whose = row.whose();
        rows::hold_subject(conn, whose).await?;
        if rows::is_held(conn, whose, look.class).await? {
            return Ok(false);
        }
        let ended = relation_end(conn, whose).await?;
        let Some(ended) = ended else { return Ok(false) };
        let end = look.policy.ends(row.recorded_at, Some(ended));
        let due = end.is_some_and(|end| end <= now);
        if due {
            rows::erase_field(conn, row, ("RETENTION", now)).await?;
        }
        Ok(due)
    }

    /// Every policy of retention. For officers.
    pub async fn retention_policies(&self, caller: &Principal) -> Result<Vec<PolicyView>, Error> {
        platform(caller, Action::Read, Class::LegalHold)?;
        let all = rows::policies(&mut *self.world.db.acquire().await?).await?;
        Ok(all.into_iter().map(Into::into).collect())
    }
}

/// A policy as officers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyView {
    /// What it is about.
    pub class: String,
    /// ISO 3166-1 country, `EU`, or `*`.
    pub jurisdiction: String,
    /// The law, or that it is a rule of the house.
    pub basis: String,
    /// Calendar months.
    pub months: u32,
    /// `RECORDED` or `RELATION_ENDED`.
    pub counts_from: String,
    /// A law asks to keep it so long.
    pub binding: bool,
    /// In force from.
    pub effective_at: DateTime<Utc>,
}

impl From<Policy> for PolicyView {
    fn from(policy: Policy) -> Self {
        Self {
            class: policy.class.as_str().to_owned(),
            jurisdiction: policy.jurisdiction,
            basis: policy.basis,
            months: policy.months,
            counts_from: policy.trigger.as_str().to_owned(),
            binding: policy.binding,
            effective_at: policy.from,
        }
    }
}
