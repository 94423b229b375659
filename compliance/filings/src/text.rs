//! What a value may look like.

use crate::Problem;

/// Rules of text that the reports share: no blank at either end, no control character, not longer than the form allows.
pub(crate) fn check(problems: &mut Vec<Problem>, field: &str, value: &str, longest: usize) {
    if value.is_empty() {
        problems.push(Problem::new(field, "EMPTY", "must not be empty"));
    } else if value.trim() != value {
        problems.push(Problem::new(field, "BLANKS", "must not begin or end with a blank"));
    }
    if value.chars().any(char::is_control) {
        problems.push(Problem::new(
            field,
            "CONTROL",
            "must not hold line ends, tabs or other control characters",
        ));
    }
    if value.chars().count() > longest {
        let text = format!("must not be longer than {longest} characters");
        problems.push(Problem::new(field, "LENGTH", text));
    }
}

/// Digits alone, of a number that is allowed.
pub(crate) fn digits(problems: &mut Vec<Problem>, field: &str, value: &str, lengths: std::ops::RangeInclusive<usize>) {
    if !value.bytes().all(|byte| byte.is_ascii_digit()) || !lengths.contains(&value.len()) {
        problems.push(Problem::new(
            field,
            "DIGITS",
            format!("must be {} to {} digits", lengths.start(), lengths.end()),
        ));
    }
}

/// A country, ISO 3166-1 alpha-2, upper case.
pub(crate) fn country(problems: &mut Vec<Problem>, field: &str, value: &str) {
    if !is_country(value) {
        problems.push(Problem::new(
            field,
            "COUNTRY",
            "must be an ISO 3166-1 country of two letters",
        ));
    }
}

/// Assigned codes of ISO 3166-1 alpha-2, and `XX`, which IVMS101 uses for an unknown state.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW \
BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD \
GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP \
KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG \
NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR \
SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

pub(crate) fn is_country(value: &str) -> bool {
    value.len() == 2 && COUNTRIES.split(' ').any(|code| code == value)
}

/// States, the District of Columbia and territories as two letters.
const STATES: &str = "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH \
OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI UM FM MH PW";

pub(crate) fn is_state(value: &str) -> bool {
    value.len() == 2 && STATES.split(' ').any(|code| code == value)
}

/// Text inside an XML element.
pub(crate) fn xml(value: &str) -> String {
    value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&apos;")
}

/// Remainder of a number of letters and digits by 97 (ISO 7064): A is 10, Z is 35. None when it holds anything else.
pub(crate) fn mod_97(value: &str) -> Option<u32> {
    value.chars().try_fold(0u32, |rest, c| {
        let digit = c.to_digit(36)?;
        Some(if digit < 10 {
            (rest * 10 + digit) % 97
        } else {
            (rest * 100 + digit) % 97
        })
    })
}

/// A legal entity identifier: 18 letters and digits, two check digits (ISO 17442).
pub(crate) fn is_lei(value: &str) -> bool {
    let shape = value.len() == 20
        && value
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && value.as_bytes()[18..].iter().all(u8::is_ascii_digit);
    shape && mod_97(value) == Some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lei_has_two_check_digits() {
        // GLEIF's own, as its site shows it.
        assert!(is_lei("506700GE1G29325QX363"));
        assert!(!is_lei("506700GE1G29325QX364"));
        assert!(!is_lei("506700ge1g29325qx363"));
        assert!(!is_lei("506700GE1G29325QX36"));
    }

    #[test]
    fn text_has_no_blanks_at_its_ends_and_no_control_characters() {
        let of = |value: &str| {
            let mut problems = Vec::new();
            check(&mut problems, "x", value, 5);
            problems.into_iter().map(|problem| problem.code).collect::<Vec<_>>()
        };
        assert_eq!(of("abc"), [""; 0]);
        assert_eq!(of(""), ["EMPTY"]);
        assert_eq!(of(" a"), ["BLANKS"]);
        assert_eq!(of("a\tb"), ["CONTROL"]);
        assert_eq!(of("abcdef"), ["LENGTH"]);
    }
}
