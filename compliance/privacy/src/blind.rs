//! Blind indexes: finding a row by an exact value without holding the value.
//!
//! Equal values give equal indexes, so an index tells that two people share a value. That is why it exists for values that are
//! rarely guessed and rarely shared, and for no others: names, dates, incomes and countries have none.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::envelope::DataKey;
use crate::pii::{Pii, Purpose};

mod sealed {
    pub trait Sealed {}
}

/// A kind of value that may be indexed. The list is closed:
/// ```compile_fail,E0277
/// struct DateOfBirth;
/// impl usance_privacy::Exact for DateOfBirth {
///     const NAME: &'static str = "date-of-birth";
///     fn normalise(text: &str) -> Option<String> { Some(text.to_owned()) }
/// }
/// ```
pub trait Exact: sealed::Sealed {
    /// Name of the kind.
    const NAME: &'static str;
    /// The one way to write the value; none when it is not a value of this kind.
    fn normalise(text: &str) -> Option<String>;
}

macro_rules! exact {
    ($($(#[$doc:meta])* $name:ident = $label:literal, $normalise:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;
            impl sealed::Sealed for $name {}
            impl Exact for $name {
                const NAME: &'static str = $label;
                fn normalise(text: &str) -> Option<String> {
                    ($normalise)(text)
                }
            }
        )*
    };
}

exact! {
    /// An e-mail address.
    Email = "email", email;
    /// A telephone number with its country code.
    Phone = "phone", phone;
    /// A number that a state gave a person; at least 8 letters and digits.
    NationalId = "national-id", |text: &str| code(text, 8);
    /// Number of a passport or identity card; at least 6 letters and digits.
    DocumentNumber = "document-number", |text: &str| code(text, 6);
    /// An account number, ISO 13616.
    Iban = "iban", |text: &str| code(text, 15);
}

fn email(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let (local, domain) = text.split_once('@')?;
    (!local.is_empty() && domain.contains('.') && !domain.contains('@')).then_some(text)
}

fn phone(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let plus = text.trim_start().starts_with('+');
    (plus && (8..=15).contains(&digits.len())).then(|| format!("+{digits}"))
}

fn code(text: &str, least: usize) -> Option<String> {
    let kept = text.chars().filter(|c| !c.is_whitespace() && !"-./".contains(*c));
    let code: String = kept.flat_map(char::to_uppercase).collect();
    let plain = code.chars().all(|c| c.is_ascii_alphanumeric());
    (plain && (least..=64).contains(&code.len())).then_some(code)
}

/// A truncated keyed hash. Personal data all the same: it is set to null on erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlindIndex(pub [u8; 8]);

/// Key of one column of one tenant.
pub struct BlindKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for BlindKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BlindKey")
    }
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> Option<[u8; 32]> {
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(&u64::try_from(part.len()).ok()?.to_be_bytes());
        mac.update(part);
    }
    Some(mac.finalize().into_bytes().into())
}

impl BlindKey {
    /// The key of a column, from the tenant's index key.
    pub fn derive(tenant: &DataKey, table: &str, column: &str) -> Option<Self> {
        let bytes = mac(
            tenant.secret(),
            &[b"usance/blind/1", table.as_bytes(), column.as_bytes()],
        )?;
        Some(Self(Zeroizing::new(bytes)))
    }

    /// The index of a value; none when it is not a value of that kind.
    pub fn index<F: Exact>(&self, value: &Pii<String>) -> Option<BlindIndex> {
        let exposed = value.expose(Purpose::Sealing);
        let text = Zeroizing::new(F::normalise(exposed.value())?);
        let whole = mac(&self.0, &[F::NAME.as_bytes(), text.as_bytes()])?;
        let mut cut = [0; 8];
        cut.copy_from_slice(&whole[..8]);
        Some(BlindIndex(cut))
    }

    /// Tells whether what was compared of one person is still the same. The person is part of it, so that it finds nobody else with the
    /// same values, and without the key it cannot be guessed.
    pub fn fingerprint(&self, subject: Uuid, parts: &[&[u8]]) -> Option<[u8; 32]> {
        let mut all: Vec<&[u8]> = vec![b"usance/fingerprint/1", subject.as_bytes()];
        all.extend(parts);
        mac(&self.0, &all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::KeyId;

    fn key(tenant: u8, column: &str) -> BlindKey {
        let tenant = DataKey::from_slice(KeyId(Uuid::nil()), &[tenant; 32]).unwrap();
        BlindKey::derive(&tenant, "kyc.session", column).unwrap()
    }

    fn pii(text: &str) -> Pii<String> {
        Pii::new(text.to_owned())
    }

    #[test]
    fn equal_values_are_found_however_they_are_written() {
        let key = key(1, "email");
        let one = key.index::<Email>(&pii("Jane.Doe@Example.org "));
        assert!(one.is_some());
        assert_eq!(one, key.index::<Email>(&pii("jane.doe@example.org")));
        assert_eq!(
            key.index::<Phone>(&pii("+49 (30) 123-4567")),
            key.index::<Phone>(&pii("+49301234567"))
        );
        assert_eq!(
            key.index::<NationalId>(&pii("123-45-6789")),
            key.index::<NationalId>(&pii("123456789"))
        );
    }

    #[test]
    fn another_tenant_column_or_kind_gives_another_index() {
        let value = pii("AB1234567");
        let all = [
            key(1, "a").index::<NationalId>(&value),
            key(2, "a").index::<NationalId>(&value),
            key(1, "b").index::<NationalId>(&value),
            key(1, "a").index::<DocumentNumber>(&value),
        ];
        for (i, one) in all.iter().enumerate() {
            assert!(one.is_some());
            assert!(all[..i].iter().all(|other| other != one));
        }
    }

    #[test]
    fn a_fingerprint_is_of_one_person_key_and_these_values() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let all = [
            key(1, "a").fingerprint(one, &[b"x", b"y"]),
            key(1, "a").fingerprint(two, &[b"x", b"y"]),
            key(2, "a").fingerprint(one, &[b"x", b"y"]),
            key(1, "a").fingerprint(one, &[b"xy", b""]),
        ];
        assert_eq!(all[0], key(1, "a").fingerprint(one, &[b"x", b"y"]));
        for (i, fingerprint) in all.iter().enumerate() {
            assert!(fingerprint.is_some());
            assert!(all[..i].iter().all(|other| other != fingerprint));
        }
    }

    #[test]
    fn what_is_easily_guessed_or_not_of_that_kind_has_no_index() {
        let key = key(1, "a");
        assert_eq!(key.index::<NationalId>(&pii("1234")), None);
        assert_eq!(key.index::<Email>(&pii("no address")), None);
        assert_eq!(key.index::<Phone>(&pii("030 1234567")), None);
        assert_eq!(key.index::<Iban>(&pii("DE89")), None);
    }
}
