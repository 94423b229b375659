//! Values that must not be seen.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret as _, SecretBox};
use serde::{Deserialize, Deserializer};

/// A secret of ours or of a lender's: a token, a password, a private key. It cannot be printed or serialized, and its memory is
/// wiped when it goes. It can be read from a configuration.
///
/// ```
/// use sdk::Secret;
/// # use usance_provider_sdk as sdk;
/// let token = Secret::new(String::from("s3cret"));
/// assert_eq!(token.expose(), "s3cret");
/// ```
/// ```compile_fail,E0277
/// # use usance_provider_sdk as sdk;
/// format!("{:?}", sdk::Secret::new(String::from("s3cret")));
/// ```
/// ```compile_fail,E0277
/// # use usance_provider_sdk as sdk;
/// format!("{}", sdk::Secret::new(String::from("s3cret")));
/// ```
/// ```compile_fail,E0277
/// # use usance_provider_sdk as sdk;
/// serde_json::to_string(&sdk::Secret::new(String::from("s3cret"))).unwrap();
/// ```
#[expect(missing_debug_implementations, reason = "a secret has none on purpose")]
pub struct Secret<T: Zeroize>(SecretBox<T>);

impl<T: Zeroize> Secret<T> {
    /// Hides a value.
    pub fn new(value: T) -> Self {
        Self(SecretBox::new(Box::new(value)))
    }

    /// The value, for the one place that needs it.
    pub fn expose(&self) -> &T {
        self.0.expose_secret()
    }
}

impl<T: Zeroize + Clone> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self::new(self.expose().clone())
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl FromStr for Secret<String> {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::new(text.to_owned()))
    }
}

impl<'de, T: Zeroize + Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // What could not be read is not quoted.
        let value = T::deserialize(deserializer);
        value.map(Self::new).map_err(|_| serde::de::Error::custom(Unreadable))
    }
}

struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret has the wrong type")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_from_configuration_and_an_unreadable_one_is_not_quoted() {
        let read: Secret<String> = serde_json::from_str("\"s3cret\"").unwrap();
        assert_eq!(read.expose(), "s3cret");
        assert_eq!(read.clone().expose(), "s3cret");
        let error = serde_json::from_str::<Secret<String>>("12345")
            .err()
            .unwrap()
            .to_string();
        assert!(!error.contains("12345"), "{error}");
    }
}
