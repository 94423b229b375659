//! Structured creditor references, ISO 11649: `RF`, two check digits, and up to 21 letters and digits. A borrower writes it on every
//! payment, so it is made to be typed.

use alloy_primitives::keccak256;
use domain::RequestId;

/// Characters of ours behind the check digits.
const LENGTH: usize = 20;

/// The reference of the loan that comes of a request: the same each time. A request has at most one loan.
pub fn of(request: RequestId) -> String {
    let digest = keccak256([b"usance creditor reference".as_slice(), request.0.as_bytes()].concat());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    let mut number = u128::from_be_bytes(bytes);
    let mut body = String::with_capacity(LENGTH);
    for _ in 0..LENGTH {
        let digit = u32::try_from(number % 36).unwrap_or_default();
        body.push(char::from_digit(digit, 36).unwrap_or('0').to_ascii_uppercase());
        number /= 36;
    }
    let check = remainder(&format!("{body}RF00")).map_or(0, |rest| 98 - rest);
    format!("RF{check:02}{body}")
}

/// The reference without the spaces that people put in; none when it is none, or its check digits are wrong.
pub fn parse(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let plain = plain.to_ascii_uppercase();
    let shaped = (5..=25).contains(&plain.len())
        && plain.starts_with("RF")
        && plain.bytes().all(|b| b.is_ascii_alphanumeric())
        && plain[2..4].bytes().all(|b| b.is_ascii_digit());
    let sound = shaped && remainder(&format!("{}{}", &plain[4..], &plain[..4])) == Some(1);
    sound.then_some(plain)
}

/// ISO 7064, MOD 97-10, letters counting as 10 to 35; none for any other character.
pub(super) fn remainder(text: &str) -> Option<u32> {
    text.chars().try_fold(0, |rest, c| {
        let value = c.to_digit(36)?;
        Some((if value < 10 { rest * 10 } else { rest * 100 } + value) % 97)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn the_check_digits_are_those_of_the_standard() {
        // The example of ISO 11649 that every description repeats.
        assert_eq!(parse("rf18 5390 0754 7034").as_deref(), Some("RF18539007547034"));
        for wrong in [
            "RF18539007547035",
            "RF19539007547034",
            "RF18",
            "XX18539007547034",
            "RF1853900754703-",
            "RFA8539",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_reference_of_ours_is_valid_stable_and_its_own() {
        let ids = (1..200_u128).map(|n| RequestId(Uuid::from_u128(n)));
        let made: std::collections::BTreeSet<String> = ids.map(of).collect();
        assert_eq!(made.len(), 199);
        for reference in &made {
            assert_eq!(parse(reference).as_ref(), Some(reference));
            assert!(reference.len() <= 25, "{reference}");
            // One wrong character is noticed.
            let wrong = if reference.ends_with('A') { "B" } else { "A" };
            assert_eq!(parse(&format!("{}{wrong}", &reference[..reference.len() - 1])), None);
        }
        assert_eq!(of(RequestId(Uuid::from_u128(7))), of(RequestId(Uuid::from_u128(7))));
    }
}
