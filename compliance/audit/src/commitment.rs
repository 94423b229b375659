//! Commitments to personal data: they prove later what a value was, and prove nothing once the salt is destroyed.

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::code::Code;

/// 32 random bytes, kept beside the personal data and destroyed with it.
pub type Salt = [u8; 32];

/// HMAC-SHA256 of a field and its value under a salt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// Name of the field in our vocabulary, for example `applicant.full_name`.
    pub field: Code,
    /// The HMAC.
    #[serde(with = "crate::digits")]
    pub hmac: [u8; 32],
}

impl Commitment {
    /// Commits to a value.
    pub fn to(field: Code, value: &[u8], salt: &Salt) -> Self {
        let hmac = keyed(&field, value, salt).finalize().into_bytes().into();
        Self { field, hmac }
    }

    /// Whether the value is the one that was committed to.
    pub fn opens(&self, value: &[u8], salt: &Salt) -> bool {
        keyed(&self.field, value, salt).verify_slice(&self.hmac).is_ok()
    }
}

fn keyed(field: &Code, value: &[u8], salt: &Salt) -> Hmac<Sha256> {
    // An HMAC takes a key of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(salt).unwrap_or_else(|_| unreachable!());
    let name = field.as_str().as_bytes();
    mac.update(&[u8::try_from(name.len()).unwrap_or(u8::MAX)]);
    mac.update(name);
    mac.update(value);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commitment_opens_with_its_value_field_and_salt_alone() {
        let (field, salt) = (Code::of("applicant.full_name"), [7; 32]);
        let made = Commitment::to(field.clone(), b"Jane Doe", &salt);
        assert!(made.opens(b"Jane Doe", &salt));
        assert!(!made.opens(b"Jane Do", &salt));
        assert!(!made.opens(b"Jane Doe", &[8; 32]));
        let other = Commitment {
            field: Code::of("applicant.full_nam"),
            ..made.clone()
        };
        assert!(!other.opens(b"eJane Doe", &salt), "the field is not part of the value");
    }
}
