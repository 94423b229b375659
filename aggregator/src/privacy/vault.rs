//! Sealing and opening by the keys of a person.
//!
//! Keys are made, read and destroyed over the key store's own connections, each in a transaction of its own: a key is committed
//! before anything is sealed by it. Seal before a business transaction begins, so that it waits for no key service.

use std::sync::Arc;

use ::audit::{Actor, Code, Object, Record};
use ::privacy::{
    Aad, BlindIndex, BlindKey, DataKey, Exact, Field, KeyCache, KeyContext, KeyId, Kms, KmsError, Limits, LocalKms,
    Pii, Place, Purpose, RecordClass, SealError, Sealed, Whose, Wrapped,
};
use domain::Principal;
use domain::ports::{Clock, Ids};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::api::Error;
use crate::store::privacy as rows;
use crate::store::privacy::{FieldRow, SubjectKeyRow, TenantKeyRow};

/// Why a value was not sealed or opened, by what the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The value is gone: the person was forgotten, or the time was over. Nobody can bring it back.
    #[error("the personal data was erased")]
    Erased,
    /// The key service or the key store does not answer: try again.
    #[error("the keys are not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The bytes do not belong where they lie: somebody has to look into it.
    #[error("a sealed value does not belong where it lies, or was altered")]
    Foreign,
    /// A defect of ours, or of an operator: rights, formats.
    #[error("the keys cannot be used")]
    Unusable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<sqlx::Error> for VaultError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<SealError> for VaultError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Foreign | SealError::OtherKey | SealError::Format => Self::Foreign,
            SealError::Randomness => Self::Unavailable(Box::new(error)),
            SealError::TooLong => Self::Unusable(Box::new(error)),
        }
    }
}

impl From<KmsError> for VaultError {
    fn from(error: KmsError) -> Self {
        match error {
            KmsError::Unavailable(_) => Self::Unavailable(Box::new(error)),
            KmsError::Destroyed(_) => Self::Erased,
            KmsError::Foreign => Self::Foreign,
            KmsError::Refused(_) | KmsError::Malformed(_) => Self::Unusable(Box::new(error)),
        }
    }
}

impl From<VaultError> for Error {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Erased => Self::refused("ERASED", "The personal data of this record was erased.", None),
            VaultError::Unavailable(cause) => Self::Unavailable(cause),
            VaultError::Foreign => {
                metrics::counter!("usance_privacy_foreign_ciphertexts_total").increment(1);
                Self::Internal(Box::new(error))
            }
            VaultError::Unusable(cause) => Self::Internal(cause),
        }
    }
}

/// Who reads in clear, and what for.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// A person; none is a process of ours.
    pub by: Option<&'a Principal>,
    /// What for.
    pub purpose: Purpose,
}

/// Seals and opens.
pub struct Vault {
    kms: Arc<dyn Kms>,
    /// The key store; may be another database than everything else.
    keys: PgPool,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    tenants: KeyCache<Uuid>,
    active: KeyCache<(Whose, RecordClass)>,
    known: KeyCache<Uuid>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({})", self.kms.name())
    }
}

/// Who reads when no person does.
const OURSELVES: &str = "usance";
const WRAP: &str = "WRAP";
const INDEX: &str = "INDEX";

fn subject_aad(whose: Whose, class: &str, key: Uuid) -> Aad {
    Aad::new("subject-key")
        .part(whose.tenant.as_bytes())
        .part(whose.subject.as_bytes())
        .part(class.as_bytes())
        .part(key.as_bytes())
}

fn missing(what: &'static str) -> VaultError {
    VaultError::Unusable(Box::new(crate::store::Unreadable(what)))
}

impl Vault {
    /// Over that key service and that key store, which is migrated.
    pub fn new(kms: Arc<dyn Kms>, keys: PgPool, (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>)) -> Self {
        let limits = Limits::default();
        Self {
            kms,
            keys,
            clock,
            ids,
            tenants: KeyCache::new(limits),
            active: KeyCache::new(limits),
            known: KeyCache::new(limits),
        }
    }

    /// With the public development key: for tests and development alone.
    pub fn development(keys: PgPool, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Arc<Self> {
        Arc::new(Self::new(Arc::new(LocalKms::development()), keys, (clock, ids)))
    }

    /// Seals a value to its place.
    pub async fn seal(&self, whose: Whose, place: Place, value: &Pii<Vec<u8>>) -> Result<Sealed, VaultError> {
        let key = self.active(whose, place.field.class).await?;
        let exposed = value.expose(Purpose::Sealing);
        Ok(key.seal(&place.aad(whose), exposed.value())?)
    }

    /// Opens a value of that place.
    pub async fn open(&self, whose: Whose, place: Place, sealed: &Sealed) -> Result<Pii<Vec<u8>>, VaultError> {
        let key = self.by_id(whose, sealed.key_id().0).await?;
        Ok(key.open(&place.aad(whose), sealed)?)
    }

    /// Seals and stores a value in the caller's transaction; `country` says whose law keeps it how long. The first value of a
    /// place has version 1; a newer one names the next version.
    pub async fn put(
        &self,
        conn: &mut PgConnection,
        whose: Whose,
        (place, country): (Place, &str),
        value: &Pii<Vec<u8>>,
    ) -> Result<(), VaultError> {
        let sealed = self.seal(whose, place, value).await?;
        self.store(conn, whose, (place, country), &sealed).await
    }

    /// Stores a value that was sealed before the caller's transaction began.
    pub async fn store(
        &self,
        conn: &mut PgConnection,
        whose: Whose,
        (place, country): (Place, &str),
        sealed: &Sealed,
    ) -> Result<(), VaultError> {
        let key = (sealed.key_id().0, sealed.as_bytes());
        Ok(rows::add_field(conn, (whose, place, country), key, self.clock.now()).await?)
    }

    /// The newest version of a value in clear; the reading is noted in the caller's transaction. None when nothing was stored.
    pub async fn get(
        &self,
        conn: &mut PgConnection,
        (whose, field, row): (Whose, &'static Field, Uuid),
        reading: Reading<'_>,
    ) -> Result<Option<Pii<Vec<u8>>>, VaultError> {
        let Some(stored) = rows::field(conn, field, row).await? else {
            return Ok(None);
        };
        if stored.whose() != whose {
            return Err(VaultError::Foreign);
        }
        self.read(conn, &stored, reading).await.map(Some)
    }

    /// Opens a stored value and notes the reading, beside the value's place and in the audit trail.
    pub(crate) async fn read(
        &self,
        conn: &mut PgConnection,
        stored: &FieldRow,
        reading: Reading<'_>,
    ) -> Result<Pii<Vec<u8>>, VaultError> {
        let value = self.opened(stored).await?;
        let exposure = value.expose(reading.purpose).exposure();
        let now = self.clock.now();
        let by = reading.by.map(|person| person.id.to_string());
        rows::add_exposure(conn, stored, (exposure, by.as_deref().unwrap_or(OURSELVES)), now).await?;
        let entry = Self::record_of(stored, reading).at(self.ids.next(), now);
        let noted = crate::store::audit::insert_entries(conn, &[entry]).await;
        noted.map_err(|error| VaultError::Unavailable(Box::new(error)))?;
        Ok(value)
    }

    /// A reading in the audit trail: who, of whom, which value, what for. Never the value.
    fn record_of(stored: &FieldRow, reading: Reading<'_>) -> Record {
        let actor = reading.by.map_or(Actor::SYSTEM, crate::audit::actor);
        let place = Code::named(&format!("{}.{}", stored.table_name, stored.column_name));
        let object = Object::of(place.unwrap_or_else(|| Code::of("personal_field")), stored.row_id);
        let made = Record::new(stored.tenant, actor, Code::of("personal.read"), object).about(stored.subject);
        Record {
            decision: Code::named(reading.purpose.as_str()),
            ..made
        }
    }

    /// Opens a stored value to seal it again.
    pub(crate) async fn opened(&self, stored: &FieldRow) -> Result<Pii<Vec<u8>>, VaultError> {
        let bytes = stored.sealed.clone().ok_or(VaultError::Erased)?;
        let sealed = Sealed::from_bytes(bytes)?;
        self.open(stored.whose(), place_of(stored)?, &sealed).await
    }

    /// Stores by which value the row can be found. The type says that the value is fit for it; a value of another form has none.
    pub async fn put_index<F: Exact>(
        &self,
        conn: &mut PgConnection,
        (whose, place): (Whose, Place),
        value: &Pii<String>,
    ) -> Result<bool, VaultError> {
        let Some(index) = self.index::<F>(whose.tenant, place.field, value).await? else {
            return Ok(false);
        };
        rows::add_blind_index(conn, (whose, place), index).await?;
        Ok(true)
    }

    /// Rows and people of a tenant that may have that value; compare the opened values.
    pub async fn find<F: Exact>(
        &self,
        conn: &mut PgConnection,
        (tenant, field): (Uuid, &'static Field),
        value: &Pii<String>,
    ) -> Result<Vec<(Uuid, Uuid)>, VaultError> {
        let Some(index) = self.index::<F>(tenant, field, value).await? else {
            return Ok(Vec::new());
        };
        Ok(rows::rows_with(conn, tenant, field, index).await?)
    }

    async fn index<F: Exact>(
        &self,
        tenant: Uuid,
        field: &Field,
        value: &Pii<String>,
    ) -> Result<Option<BlindIndex>, VaultError> {
        let key = self.tenant_active(tenant, INDEX).await?;
        let key = BlindKey::derive(&key, field.table, field.column).ok_or_else(|| missing("index key"))?;
        Ok(key.index::<F>(value))
    }

    /// The key of fingerprints in that column, of the tenant. Rotation leaves it as it is: what was decided goes on to hold.
    pub(crate) async fn fingerprints(&self, tenant: Uuid, column: (&str, &str)) -> Result<BlindKey, VaultError> {
        let key = self.tenant_active(tenant, INDEX).await?;
        BlindKey::derive(&key, column.0, column.1).ok_or_else(|| missing("index key"))
    }

    /// A keyed hash of a value that is the same for every tenant: logins are looked up before the tenant is known.
    pub(crate) async fn keyed(&self, label: &str, value: &[u8]) -> Result<[u8; 32], VaultError> {
        let key = self.tenant_active(crate::audit::PLATFORM, INDEX).await?;
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key.secret()).map_err(|_| missing("index key"))?;
        mac.update(&[label.as_bytes(), b"\0", value].concat());
        Ok(mac.finalize().into_bytes().into())
    }

    /// Destroys the keys of a class of a person, in the key store at once and in this process; other processes forget them within
    /// a minute. Answers how many.
    pub async fn destroy(&self, whose: Whose, class: RecordClass) -> Result<u64, VaultError> {
        self.destroy_keys(whose, (class, None)).await
    }

    /// The same of one key.
    pub(crate) async fn destroy_keys(
        &self,
        whose: Whose,
        (class, only): (RecordClass, Option<Uuid>),
    ) -> Result<u64, VaultError> {
        let mut conn = self.keys.acquire().await?;
        let gone = rows::destroy_subject_keys(&mut conn, whose, (class, only), self.clock.now()).await?;
        self.active.forget((whose, class));
        // Which names they had is not known here, and few are kept: all are unwrapped again when they are needed.
        self.known.forget_where(|name| only.is_none_or(|key| key == *name));
        Ok(gone)
    }

    /// The key that a person's values of a class are sealed by now; made when there is none.
    async fn active(&self, whose: Whose, class: RecordClass) -> Result<Arc<DataKey>, VaultError> {
        let now = self.clock.now();
        if let Some(key) = self.active.get((whose, class), now) {
            return Ok(key);
        }
        let mut conn = self.keys.acquire().await?;
        let row = match rows::active_subject_key(&mut conn, whose, class).await? {
            Some(row) => row,
            None => self.make_subject_key(&mut conn, whose, class).await?,
        };
        let key = self.unwrap_subject(&mut conn, &row).await?;
        let key = self.active.put((whose, class), key, now);
        // What is sealed by it is opened soon.
        Ok(self.known.put(row.id, key, now))
    }

    async fn make_subject_key(
        &self,
        conn: &mut PgConnection,
        whose: Whose,
        class: RecordClass,
    ) -> Result<SubjectKeyRow, VaultError> {
        let tenant = self.tenant_active_by(conn, whose.tenant, WRAP).await?;
        let id = self.ids.next();
        let key = DataKey::generate(KeyId(id))?;
        let wrapped = tenant.seal(&subject_aad(whose, class.as_str(), id), key.secret())?;
        let row = SubjectKeyRow {
            id,
            tenant: whose.tenant,
            subject: whose.subject,
            class: class.as_str().to_owned(),
            wrapped: Some(wrapped.into_bytes()),
            wrapped_by: tenant.id().0,
            changed_at: self.clock.now(),
        };
        rows::add_subject_key(conn, &row, self.clock.now()).await?;
        let made = rows::active_subject_key(conn, whose, class).await?;
        made.ok_or_else(|| missing("key of a person"))
    }

    /// The key of that name, which must be the person's.
    async fn by_id(&self, whose: Whose, id: Uuid) -> Result<Arc<DataKey>, VaultError> {
        let now = self.clock.now();
        if let Some(key) = self.known.get(id, now) {
            return Ok(key);
        }
        let mut conn = self.keys.acquire().await?;
        let row = rows::subject_key(&mut conn, id).await?.ok_or(VaultError::Foreign)?;
        if (row.tenant, row.subject) != (whose.tenant, whose.subject) {
            return Err(VaultError::Foreign);
        }
        let key = self.unwrap_subject(&mut conn, &row).await?;
        Ok(self.known.put(id, key, now))
    }

    pub(crate) async fn unwrap_subject(
        &self,
        conn: &mut PgConnection,
        row: &SubjectKeyRow,
    ) -> Result<DataKey, VaultError> {
        let sealed = Sealed::from_bytes(row.wrapped.clone().ok_or(VaultError::Erased)?)?;
        let tenant = self.tenant_key(conn, (row.tenant, row.wrapped_by)).await?;
        let whose = Whose {
            tenant: row.tenant,
            subject: row.subject,
        };
        let opened = tenant.open(&subject_aad(whose, &row.class, row.id), &sealed)?;
        let exposed = opened.expose(Purpose::Sealing);
        DataKey::from_slice(KeyId(row.id), exposed.value()).ok_or(VaultError::Foreign)
    }

    /// The person's key wrapped by the tenant's key of now.
    pub(crate) async fn wrap_again(
        &self,
        conn: &mut PgConnection,
        row: &SubjectKeyRow,
    ) -> Result<(Vec<u8>, Uuid), VaultError> {
        let key = self.unwrap_subject(conn, row).await?;
        // Not from memory: it may still hold the tenant's key that was just retired.
        let newest = rows::active_tenant_key(conn, row.tenant, WRAP).await?;
        let tenant = if let Some(newest) = newest {
            self.tenant_key(conn, (row.tenant, newest.id)).await?
        } else {
            self.tenants.forget_where(|_| true);
            self.tenant_active_by(conn, row.tenant, WRAP).await?
        };
        let whose = Whose {
            tenant: row.tenant,
            subject: row.subject,
        };
        let wrapped = tenant.seal(&subject_aad(whose, &row.class, row.id), key.secret())?;
        Ok((wrapped.into_bytes(), tenant.id().0))
    }

    async fn tenant_active(&self, tenant: Uuid, kind: &str) -> Result<Arc<DataKey>, VaultError> {
        let mut conn = self.keys.acquire().await?;
        self.tenant_active_by(&mut conn, tenant, kind).await
    }

    /// The tenant's key of that kind; made when there is none.
    async fn tenant_active_by(
        &self,
        conn: &mut PgConnection,
        tenant: Uuid,
        kind: &str,
    ) -> Result<Arc<DataKey>, VaultError> {
        let row = match rows::active_tenant_key(conn, tenant, kind).await? {
            Some(row) => row,
            None => self.make_tenant_key(conn, tenant, kind).await?,
        };
        self.unwrap_tenant(row).await
    }

    async fn make_tenant_key(
        &self,
        conn: &mut PgConnection,
        tenant: Uuid,
        kind: &str,
    ) -> Result<TenantKeyRow, VaultError> {
        let id = self.ids.next();
        let key = DataKey::generate(KeyId(id))?;
        let wrapped = self.kms.wrap(&key, &KeyContext { tenant, key: id }).await?;
        let row = TenantKeyRow {
            id,
            tenant,
            wrapped: Some(wrapped.bytes),
            kek: wrapped.by,
        };
        rows::add_tenant_key(conn, &row, kind, self.clock.now()).await?;
        let made = rows::active_tenant_key(conn, tenant, kind).await?;
        made.ok_or_else(|| missing("key of a tenant"))
    }

    async fn tenant_key(
        &self,
        conn: &mut PgConnection,
        (tenant, id): (Uuid, Uuid),
    ) -> Result<Arc<DataKey>, VaultError> {
        if let Some(key) = self.tenants.get(id, self.clock.now()) {
            return Ok(key);
        }
        let row = rows::tenant_key(conn, id).await?.ok_or(VaultError::Foreign)?;
        if row.tenant != tenant {
            return Err(VaultError::Foreign);
        }
        self.unwrap_tenant(row).await
    }

    async fn unwrap_tenant(&self, row: TenantKeyRow) -> Result<Arc<DataKey>, VaultError> {
        let now = self.clock.now();
        if let Some(key) = self.tenants.get(row.id, now) {
            return Ok(key);
        }
        let context = KeyContext {
            tenant: row.tenant,
            key: row.id,
        };
        let wrapped = Wrapped {
            bytes: row.wrapped.ok_or(VaultError::Erased)?,
            by: row.kek,
        };
        let key = self.kms.unwrap(&wrapped, &context).await?;
        Ok(self.tenants.put(row.id, key, now))
    }

    pub(crate) fn kms(&self) -> &dyn Kms {
        self.kms.as_ref()
    }

    pub(crate) fn key_store(&self) -> &PgPool {
        &self.keys
    }

    /// Forgets the person's unwrapped keys, so that the next sealing sees the newest.
    pub(crate) fn forget(&self, whose: Whose) {
        self.active.forget_where(|(held, _)| *held == whose);
    }

    /// Forgets the tenants' unwrapped keys.
    pub(crate) fn forget_tenants(&self) {
        self.tenants.forget_where(|_| true);
    }
}

/// The place that a stored value names.
pub(crate) fn place_of(stored: &FieldRow) -> Result<Place, VaultError> {
    let field = ::privacy::places::find(&stored.table_name, &stored.column_name).ok_or_else(|| missing("field"))?;
    Ok(Place::new(field, stored.row_id, stored.version.cast_unsigned()))
}
