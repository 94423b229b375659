//! Rotation, layer by layer, in steps that can be repeated. Values stay readable throughout.
//!
//! A new key of keys at the key service: tenants' keys are wrapped anew. A new key of a tenant: people's keys are wrapped anew,
//! then the old one is destroyed. A new key of a person: their values are sealed anew, then the old one is destroyed.

use ::privacy::{KeyContext, RecordClass, Whose, Wrapped};
use chrono::{DateTime, Utc};
use domain::Principal;
use domain::ids::{PrincipalId, TenantId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::vault::place_of;
use crate::Aggregator;
use crate::access::{Action, Class, platform};
use crate::api::{Error, IdempotencyKey};
use crate::idempotency::{Begun, Call, begin, finish};
use crate::store::identity;
use crate::store::privacy as rows;
use crate::store::privacy::SubjectKeyRow;
use crate::store::{Unreadable, corrupt};

const AT_ONCE: i64 = 100;

/// A rotation that was ordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotationView {
    /// The tenant.
    pub tenant: TenantId,
    /// The person whose keys are replaced; none: the tenant's key.
    pub subject: Option<PrincipalId>,
    /// When it was ordered.
    pub at: DateTime<Utc>,
}

impl Aggregator {
    /// Orders new keys: of a tenant, or of a person. For officers.
    pub async fn rotate(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (tenant, subject): (TenantId, Option<PrincipalId>),
    ) -> Result<RotationView, Error> {
        platform(caller, Action::Change, Class::Principal)?;
        let call = Call::new(caller, key, "rotatePersonalKeys", &(tenant, subject))?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        if !identity::tenant_exists(&mut tx, tenant.0).await? {
            return Err(Error::NotFound);
        }
        // Retiring twice is harmless, so a crash before the commit is.
        match subject {
            Some(subject) => self.retire_subject_keys(tenant, subject).await?,
            None => self.retire_tenant_key(tenant).await?,
        }
        let at = self.world.clock.now();
        let view = RotationView { tenant, subject, at };
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        tracing::info!(%tenant, by = %caller.id, "keys of personal data are rotated");
        Ok(view)
    }

    /// Retires the key that wraps the keys of a tenant's people; the work follows by [`Self::rotate_keys`].
    pub async fn retire_tenant_key(&self, tenant: TenantId) -> Result<(), Error> {
        let vault = &self.world.vault;
        let mut conn = vault.key_store().acquire().await?;
        rows::retire_tenant_key(&mut conn, tenant.0, self.world.clock.now()).await?;
        vault.forget_tenants();
        Ok(())
    }

    /// Retires the keys of a person; the work follows by [`Self::rotate_keys`].
    pub async fn retire_subject_keys(&self, tenant: TenantId, subject: PrincipalId) -> Result<(), Error> {
        let (vault, whose) = (&self.world.vault, super::whose(tenant, subject));
        let mut conn = vault.key_store().acquire().await?;
        rows::retire_subject_keys(&mut conn, whose, self.world.clock.now()).await?;
        vault.forget(whose);
        Ok(())
    }

    /// Takes rotation a step further; answers how much was done, 0 at the end.
    pub async fn rotate_keys(&self) -> Result<usize, Error> {
        let done = self.rewrap_tenant_keys().await? + self.rewrap_subject_keys().await?;
        Ok(done + self.reseal_values().await?)
    }

    async fn rewrap_tenant_keys(&self) -> Result<usize, Error> {
        let vault = &self.world.vault;
        let newest = vault.kms().newest().await.map_err(super::VaultError::from)?;
        let mut conn = vault.key_store().acquire().await?;
        let due = rows::tenant_keys_to_rewrap(&mut conn, &newest, AT_ONCE).await?;
        for row in &due {
            let context = KeyContext {
                tenant: row.tenant,
                key: row.id,
            };
            let old = Wrapped {
                bytes: row.wrapped.clone().unwrap_or_default(),
                by: row.kek.clone(),
            };
            let new = vault
                .kms()
                .rewrap(&old, &context)
                .await
                .map_err(super::VaultError::from)?;
            if new.by == row.kek {
                return Ok(0);
            }
            rows::rewrap_tenant_key(&mut conn, row, (&new.bytes, &new.by), self.world.clock.now()).await?;
        }
        Ok(due.len())
    }

    async fn rewrap_subject_keys(&self) -> Result<usize, Error> {
        let (vault, now) = (&self.world.vault, self.world.clock.now());
        let mut conn = vault.key_store().acquire().await?;
        let due = rows::subject_keys_to_rewrap(&mut conn, AT_ONCE).await?;
        for row in &due {
            let (wrapped, by) = vault.wrap_again(&mut conn, row).await?;
            rows::rewrap_subject_key(&mut conn, row, (&wrapped, by), now).await?;
        }
        rows::destroy_unused_tenant_keys(&mut conn, now).await?;
        Ok(due.len())
    }

    async fn reseal_values(&self) -> Result<usize, Error> {
        let retired = {
            let mut conn = self.world.vault.key_store().acquire().await?;
            rows::retired_subject_keys(&mut conn, AT_ONCE).await?
        };
        let mut done = 0;
        for key in &retired {
            done += self.reseal_by(key).await?;
        }
        Ok(done)
    }

    /// Seals the values of a retired key anew, and destroys it when none is left.
    async fn reseal_by(&self, key: &SubjectKeyRow) -> Result<usize, Error> {
        let vault = &self.world.vault;
        let mut conn = self.world.db.acquire().await?;
        let values = rows::fields_by_key(&mut conn, key.id, AT_ONCE).await?;
        for value in &values {
            let plain = vault.opened(value).await?;
            let sealed = vault.seal(value.whose(), place_of(value)?, &plain).await?;
            rows::reseal_field(&mut conn, value, (sealed.key_id().0, sealed.as_bytes())).await?;
        }
        if values.is_empty() && self.settled(key) {
            self.destroy_retired(key, key.id).await?;
            return Ok(1);
        }
        Ok(values.len())
    }

    /// Another process may still seal by a key for as long as it keeps it in memory, and a transaction may still be open.
    fn settled(&self, key: &SubjectKeyRow) -> bool {
        self.world.clock.now() - key.changed_at > chrono::TimeDelta::minutes(10)
    }

    async fn destroy_retired(&self, key: &SubjectKeyRow, only: Uuid) -> Result<(), Error> {
        let class = RecordClass::parse(&key.class).ok_or_else(|| corrupt(Unreadable("record class")))?;
        let whose = Whose {
            tenant: key.tenant,
            subject: key.subject,
        };
        self.world.vault.destroy_keys(whose, (class, Some(only))).await?;
        Ok(())
    }
}
