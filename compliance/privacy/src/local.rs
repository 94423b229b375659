//! Keys of keys in the memory of this process: for development, and for machines without a key service.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::aad::Aad;
use crate::envelope::{DataKey, KeyId, SealError, Sealed};
use crate::kms::{KeyContext, Kms, KmsError, Wrapped};
use crate::pii::Purpose;

/// The public development key. A production refuses it.
pub const DEVELOPMENT_KEY: [u8; 32] = *b"usance development key: public!!";

/// A [`Kms`] in memory, by version.
#[derive(Debug)]
pub struct LocalKms {
    keys: BTreeMap<u32, DataKey>,
}

impl LocalKms {
    /// Keys of keys by version; the highest wraps. None without a key.
    pub fn new(keys: impl IntoIterator<Item = (u32, [u8; 32])>) -> Option<Self> {
        let named = keys.into_iter().filter_map(|(version, bytes)| {
            let id = KeyId(uuid::Uuid::from_u128(u128::from(version)));
            Some((version, DataKey::from_slice(id, &bytes)?))
        });
        let keys: BTreeMap<u32, DataKey> = named.collect();
        (!keys.is_empty()).then_some(Self { keys })
    }

    /// The development key alone.
    pub fn development() -> Self {
        let id = KeyId(uuid::Uuid::from_u128(1));
        let key = DataKey::from_slice(id, &DEVELOPMENT_KEY);
        Self {
            keys: key.into_iter().map(|key| (1, key)).collect(),
        }
    }

    /// Whether the development key is among the keys.
    pub fn is_development(&self) -> bool {
        self.keys.values().any(|key| *key.secret() == DEVELOPMENT_KEY)
    }

    fn newest_key(&self) -> Result<(u32, &DataKey), KmsError> {
        let newest = self.keys.iter().next_back();
        let (version, key) = newest.ok_or_else(|| KmsError::Destroyed("no key".into()))?;
        Ok((*version, key))
    }
}

fn name(version: u32) -> String {
    format!("local:{version}")
}

fn aad(context: &KeyContext) -> Aad {
    let parts = context.pairs();
    let start = Aad::new("tenant-key");
    parts.iter().fold(start, |aad, (name, value)| {
        aad.part(name.as_bytes()).part(value.as_bytes())
    })
}

#[async_trait]
impl Kms for LocalKms {
    fn name(&self) -> &'static str {
        "local"
    }

    async fn wrap(&self, key: &DataKey, context: &KeyContext) -> Result<Wrapped, KmsError> {
        let (version, kek) = self.newest_key()?;
        let sealed = kek.seal(&aad(context), key.secret());
        let sealed = sealed.map_err(|error| KmsError::Unavailable(error.to_string()))?;
        Ok(Wrapped {
            bytes: sealed.into_bytes(),
            by: name(version),
        })
    }

    async fn unwrap(&self, wrapped: &Wrapped, context: &KeyContext) -> Result<DataKey, KmsError> {
        let sealed = Sealed::from_bytes(wrapped.bytes.clone()).map_err(|_| KmsError::Foreign)?;
        let kek = self.keys.values().find(|key| key.id() == sealed.key_id());
        let kek = kek.ok_or_else(|| KmsError::Destroyed(wrapped.by.clone()))?;
        let opened = kek.open(&aad(context), &sealed).map_err(|error| match error {
            SealError::Randomness => KmsError::Unavailable(error.to_string()),
            _ => KmsError::Foreign,
        })?;
        let exposed = opened.expose(Purpose::Sealing);
        DataKey::from_slice(KeyId(context.key), exposed.value()).ok_or(KmsError::Foreign)
    }

    async fn rewrap(&self, wrapped: &Wrapped, context: &KeyContext) -> Result<Wrapped, KmsError> {
        let key = self.unwrap(wrapped, context).await?;
        self.wrap(&key, context).await
    }

    async fn newest(&self) -> Result<String, KmsError> {
        Ok(name(self.newest_key()?.0))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn context(tenant: u128) -> KeyContext {
        KeyContext {
            tenant: Uuid::from_u128(tenant),
            key: Uuid::from_u128(99),
        }
    }

    #[tokio::test]
    async fn a_wrapped_key_unwraps_in_its_own_context_only_and_outlives_a_rotation() {
        let old = LocalKms::new([(1, [1; 32])]).unwrap();
        let key = DataKey::generate(KeyId(context(1).key)).unwrap();
        let wrapped = old.wrap(&key, &context(1)).await.unwrap();
        assert_eq!(wrapped.by, "local:1");
        assert_eq!(old.unwrap(&wrapped, &context(2)).await.unwrap_err(), KmsError::Foreign);

        let both = LocalKms::new([(1, [1; 32]), (2, [2; 32])]).unwrap();
        assert_eq!(both.newest().await.unwrap(), "local:2");
        let again = both.rewrap(&wrapped, &context(1)).await.unwrap();
        assert_eq!(again.by, "local:2");
        assert_eq!(both.unwrap(&again, &context(1)).await.unwrap().secret(), key.secret());

        // The first key of keys is destroyed: what it wrapped is gone, what was wrapped again is not.
        let new = LocalKms::new([(2, [2; 32])]).unwrap();
        assert!(matches!(
            new.unwrap(&wrapped, &context(1)).await,
            Err(KmsError::Destroyed(_))
        ));
        assert!(new.unwrap(&again, &context(1)).await.is_ok());
    }

    #[test]
    fn the_development_key_is_known_as_such() {
        assert!(LocalKms::development().is_development());
        assert!(!LocalKms::new([(1, [9; 32])]).unwrap().is_development());
        assert!(LocalKms::new([]).is_none());
    }
}
