//! Personal values become keyed hashes before they are counted or recorded.

use alloy_primitives::Address;
use domain::ids::{PrincipalId, TenantId};
use domain::money::Currency;
use domain::ports::velocity::{Entity, EntityKind, HashedKey};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Makes keyed hashes by HMAC-SHA256 with a secret of the server. With another secret every counter begins anew.
#[derive(Clone)]
pub struct FraudKeys(Hmac<Sha256>);

impl std::fmt::Debug for FraudKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FraudKeys(secret)")
    }
}

/// The secret of development and tests; it is public.
pub const DEVELOPMENT_SECRET: &[u8] = b"usance development secret of fraud counters";

impl FraudKeys {
    /// Hashes under that secret.
    pub fn new(secret: &[u8]) -> Self {
        // HMAC takes keys of every length; the longer ones are hashed, as RFC 2104 says.
        let empty = || Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default());
        Self(Hmac::new_from_slice(secret).unwrap_or_else(|_| empty()))
    }

    /// The hash of a value; the same value of another kind has another one.
    fn of(&self, label: &str, parts: &[&[u8]]) -> HashedKey {
        let mut mac = self.0.clone();
        mac.update(label.as_bytes());
        for part in parts {
            // Lengths first, so that no two lists of parts are one text.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let whole: [u8; 32] = mac.finalize().into_bytes().into();
        let mut head = [0; 16];
        head.copy_from_slice(&whole[..16]);
        HashedKey(head)
    }

    /// A borrower, alone for their tenant.
    pub fn person(&self, tenant: TenantId, borrower: PrincipalId) -> HashedKey {
        self.of("PERSON", &[tenant.0.as_bytes(), borrower.0.as_bytes()])
    }

    /// A tenant.
    pub fn partner(&self, tenant: TenantId) -> Entity {
        self.entity(EntityKind::Partner, &[tenant.0.as_bytes()])
    }

    /// A device by the id that it gave itself.
    pub fn device(&self, id: &str) -> Entity {
        self.entity(EntityKind::Device, &[id.as_bytes()])
    }

    /// A network as `risk::fraud::signals::network` writes it.
    pub fn network(&self, network: &str) -> Entity {
        self.entity(EntityKind::Network, &[network.as_bytes()])
    }

    /// An e-mail address, folded before.
    pub fn email(&self, folded: &str) -> Entity {
        self.entity(EntityKind::Email, &[folded.as_bytes()])
    }

    /// A payout account. Spaces, dashes and case do not count. Its sums are of one currency.
    pub fn payout_account(&self, account: &str, currency: Currency) -> Entity {
        let plain: String = account
            .chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_uppercase)
            .collect();
        self.entity(
            EntityKind::PayoutAccount,
            &[plain.as_bytes(), currency.code().as_bytes()],
        )
    }

    /// A wallet, on whatever chain.
    pub fn wallet(&self, wallet: Address) -> Entity {
        self.entity(EntityKind::Wallet, &[wallet.as_slice()])
    }

    fn entity(&self, kind: EntityKind, parts: &[&[u8]]) -> Entity {
        Entity {
            kind,
            key: self.of(kind.as_str(), parts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_depends_on_secret_kind_and_value_and_nothing_else() {
        let keys = FraudKeys::new(DEVELOPMENT_SECRET);
        assert_eq!(keys.device("a"), FraudKeys::new(DEVELOPMENT_SECRET).device("a"));
        assert_ne!(keys.device("a"), keys.device("b"));
        assert_ne!(keys.device("a").key, keys.email("a").key);
        assert_ne!(keys.device("a"), FraudKeys::new(b"another").device("a"));
        let usd = Currency::usd();
        assert_eq!(
            keys.payout_account("de12 3456-78", usd),
            keys.payout_account("DE12345678", usd)
        );
    }

    /// RFC 4231, test case 2, so that the hashes of one release are those of the next.
    #[test]
    fn it_is_hmac_sha256() {
        let mut mac = FraudKeys::new(b"Jefe").0;
        mac.update(b"what do ya want for nothing?");
        let hex = hex::encode(mac.finalize().into_bytes());
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn the_secret_does_not_print() {
        assert_eq!(format!("{:?}", FraudKeys::new(b"hunter2")), "FraudKeys(secret)");
    }
}
