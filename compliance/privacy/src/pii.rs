//! Values of a person.

use zeroize::Zeroize;

/// Why a value is read in clear. An entry of the audit trail names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// To compare it with sanctions lists.
    Screening,
    /// To decide about credit.
    Underwriting,
    /// To verify an identity at a vendor.
    IdentityCheck,
    /// To write a notice or disclosure to the person.
    Disclosure,
    /// To write a report that the law asks for.
    Filing,
    /// To look into a case, by a named officer.
    Investigation,
    /// To answer the person's own request.
    SubjectAccess,
    /// To seal it, or to seal it again by a newer key.
    Sealing,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 8] = [
        Self::Screening,
        Self::Underwriting,
        Self::IdentityCheck,
        Self::Disclosure,
        Self::Filing,
        Self::Investigation,
        Self::SubjectAccess,
        Self::Sealing,
    ];

    /// The name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Screening => "SCREENING",
            Self::Underwriting => "UNDERWRITING",
            Self::IdentityCheck => "IDENTITY_CHECK",
            Self::Disclosure => "DISCLOSURE",
            Self::Filing => "FILING",
            Self::Investigation => "INVESTIGATION",
            Self::SubjectAccess => "SUBJECT_ACCESS",
            Self::Sealing => "SEALING",
        }
    }
}

/// What an audit trail writes down of one reading: the purpose, never the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// What for.
    pub purpose: Purpose,
}

/// A value of a person. It is wiped from memory when it is dropped.
///
/// It cannot be displayed:
/// ```compile_fail,E0277
/// let name = usance_privacy::Pii::new("Jane".to_owned());
/// println!("{name}");
/// ```
/// nor turned into text:
/// ```compile_fail,E0599
/// let name = usance_privacy::Pii::new("Jane".to_owned());
/// let _ = name.to_string();
/// ```
/// nor serialized:
/// ```compile_fail,E0277
/// fn write<T: serde::Serialize>(_: &T) {}
/// write(&usance_privacy::Pii::new("Jane".to_owned()));
/// ```
/// nor read without a purpose:
/// ```compile_fail,E0614
/// let name = usance_privacy::Pii::new("Jane".to_owned());
/// let _ = &*name;
/// ```
/// nor compared, which would tell it bit by bit:
/// ```compile_fail,E0369
/// let name = usance_privacy::Pii::new("Jane".to_owned());
/// let _ = name == usance_privacy::Pii::new("Joan".to_owned());
/// ```
/// What was exposed for a purpose cannot be displayed by accident either:
/// ```compile_fail,E0277
/// let name = usance_privacy::Pii::new("Jane".to_owned());
/// println!("{}", name.expose(usance_privacy::Purpose::Screening));
/// ```
/// Its `Debug` says nothing of it:
/// ```
/// let name = usance_privacy::Pii::new("Jane".to_owned());
/// assert_eq!(format!("{name:?}"), "Pii(redacted)");
/// assert_eq!(name.expose(usance_privacy::Purpose::Screening).value(), "Jane");
/// ```
#[derive(Clone)]
pub struct Pii<T: Zeroize>(T);

impl<T: Zeroize> Pii<T> {
    /// From now on it is personal.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for a purpose that the caller writes down: [`Exposed::exposure`] is what to write.
    #[must_use]
    pub fn expose(&self, purpose: Purpose) -> Exposed<'_, T> {
        Exposed {
            value: &self.0,
            exposure: Exposure { purpose },
        }
    }
}

impl<T: Zeroize> Drop for Pii<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> std::fmt::Debug for Pii<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pii(redacted)")
    }
}

/// A value in clear, for as long as somebody looks at it.
pub struct Exposed<'a, T> {
    value: &'a T,
    exposure: Exposure,
}

impl<'a, T> Exposed<'a, T> {
    /// The value.
    pub const fn value(&self) -> &'a T {
        self.value
    }

    /// What to write down about this reading.
    pub const fn exposure(&self) -> Exposure {
        self.exposure
    }
}

impl<T> std::fmt::Debug for Exposed<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Exposed(redacted, {})", self.exposure.purpose.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_says_nothing_of_the_value_and_names_the_purpose() {
        let value = Pii::new("canary-7f3a".to_owned());
        let exposed = value.expose(Purpose::Filing);
        let text = format!("{value:?} {exposed:?} {:#?}", Some(&value));
        assert!(!text.contains("canary"), "{text}");
        assert!(text.contains("FILING"));
        assert_eq!(
            exposed.exposure(),
            Exposure {
                purpose: Purpose::Filing
            }
        );
    }

    #[test]
    fn purposes_have_names_of_their_own() {
        let names: std::collections::BTreeSet<_> = Purpose::ALL.iter().map(|p| p.as_str()).collect();
        assert_eq!(names.len(), Purpose::ALL.len());
    }
}
