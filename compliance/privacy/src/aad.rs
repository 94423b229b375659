//! What a ciphertext is bound to.

/// Associated data of one encryption. Every part goes in with its length, so that no two lists of parts give the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aad(Vec<u8>);

impl Aad {
    /// Begins with what is encrypted: a field, a person's key, a tenant's key.
    pub fn new(kind: &str) -> Self {
        Self(Vec::with_capacity(192))
            .part(b"usance/privacy/1")
            .part(kind.as_bytes())
    }

    /// Adds a part.
    #[must_use]
    pub fn part(mut self, part: &[u8]) -> Self {
        // A part of 4 GiB cannot be made here: names and ids only.
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(part);
        self
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_a_border_between_two_parts_gives_other_bytes() {
        assert_ne!(
            Aad::new("k").part(b"ab").part(b"c"),
            Aad::new("k").part(b"a").part(b"bc")
        );
        assert_ne!(Aad::new("k").part(b""), Aad::new("k"));
        assert_ne!(Aad::new("k").part(b"x"), Aad::new("kx"));
    }
}
