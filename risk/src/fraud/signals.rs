//! What a request shows of itself: e-mail address, names, internet address, journeys. Pure functions over given values.

use std::net::IpAddr;

use domain::ports::velocity::Place;

use super::facts::{EmailDomain, FraudFacts, IpClass, NameMatch};
use super::rules::FraudRules;

/// Longest e-mail address, bytes (RFC 5321, 4.5.3.1.3).
const LONGEST_EMAIL: usize = 254;
/// Providers that ignore dots before the @, and the name that counts for each.
const DOTS_IGNORED: [(&str, &str); 2] = [("gmail.com", "gmail.com"), ("googlemail.com", "gmail.com")];

/// An e-mail address as far as rules look at it.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailSignals {
    /// The same for all spellings of one mailbox: lower case, without a tag, where the provider ignores dots without them.
    pub folded: String,
    /// After the @, lower case.
    pub domain: String,
    /// It has a tag after a plus sign.
    pub tagged: bool,
    /// Per cent of digits before the @, down; the tag does not count.
    pub digits_percent: i64,
}

impl std::fmt::Debug for EmailSignals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmailSignals(personal data)")
    }
}

/// Reads an e-mail address; none when it is not one.
pub fn email(text: &str) -> Option<EmailSignals> {
    let text = text.trim().to_lowercase();
    let (local, domain) = text.rsplit_once('@')?;
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let label = |l: &str| !l.is_empty() && l.chars().all(|c| c.is_alphanumeric() || c == '-');
    let fits = domain.contains('.') && domain.split('.').all(label) && text.len() <= LONGEST_EMAIL;
    if !fits || local.contains(|c: char| c.is_whitespace() || c == '@') {
        return None;
    }
    let (mailbox, tagged) = match local.split_once('+') {
        Some((mailbox, _)) => (mailbox, true),
        None => (local, false),
    };
    let provider = DOTS_IGNORED.into_iter().find(|(name, _)| *name == domain);
    let (mailbox, counted) = match provider {
        Some((_, counted)) => (mailbox.replace('.', ""), counted),
        None => (mailbox.to_owned(), domain),
    };
    let (digits, all) = (
        mailbox.chars().filter(char::is_ascii_digit).count(),
        mailbox.chars().count(),
    );
    let percent = (digits * 100).checked_div(all)?;
    Some(EmailSignals {
        folded: format!("{mailbox}@{counted}"),
        domain: domain.to_owned(),
        tagged,
        digits_percent: i64::try_from(percent).ok()?,
    })
}

impl FraudFacts {
    /// Puts what an e-mail address shows; answers its folded form, none when it is not an address.
    pub fn see_email(&mut self, text: &str, rules: &FraudRules) -> Option<String> {
        let Some(seen) = email(text) else {
            self.email_domain = Some(EmailDomain::Invalid);
            return None;
        };
        self.email_domain = Some(rules.email_domain(&seen.domain));
        self.email_tagged = Some(seen.tagged.into());
        self.email_digits_percent = Some(seen.digits_percent);
        Some(seen.folded)
    }
}

/// Compares two names of a person. Order, case, accents and punctuation do not count; an initial fits a word. None when one
/// of them has no letters.
pub fn names(one: &str, other: &str) -> Option<NameMatch> {
    let (one, other) = (words(one), words(other));
    if one.is_empty() || other.is_empty() {
        return None;
    }
    if one == other {
        return Some(NameMatch::Same);
    }
    // A whole word in common; initials alone fit too many people.
    let shared = one.iter().any(|word| word.chars().count() > 1 && other.contains(word));
    let (few, many) = if one.len() <= other.len() {
        (&one, &other)
    } else {
        (&other, &one)
    };
    let fits = |word: &String| many.iter().any(|other| fits(word, other));
    let whole = few.iter().filter(|word| word.chars().count() > 1).count();
    if shared && whole > 1 && few.iter().all(fits) {
        // `Ann B. Smith` and `Ann Smith` name one person.
        return Some(NameMatch::Same);
    }
    Some(if shared {
        NameMatch::Partial
    } else {
        NameMatch::Different
    })
}

/// The same word, or one is the other's initial.
fn fits(one: &str, other: &str) -> bool {
    let initial = |short: &str, long: &str| short.chars().count() == 1 && long.starts_with(short);
    one == other || initial(one, other) || initial(other, one)
}

/// Words of a name, folded and sorted.
fn words(name: &str) -> Vec<String> {
    let folded: String = name.chars().flat_map(char::to_lowercase).flat_map(plain).collect();
    // An apostrophe joins (O'Neil), everything else that is no letter parts.
    let joined = folded.replace(['\'', '\u{2019}'], "");
    let mut words: Vec<_> = joined
        .split(|c: char| !c.is_alphabetic())
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// A letter without its accent, as banks write it in files that have none. Other scripts stay as they are.
fn plain(letter: char) -> impl Iterator<Item = char> {
    let text = match letter {
        'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'č' | 'ĉ' | 'ċ' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ì'..='ï' | 'ĩ' | 'ī' | 'į' | 'ı' => "i",
        'ł' | 'ľ' | 'ĺ' | 'ļ' => "l",
        'ñ' | 'ń' | 'ň' | 'ņ' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => "o",
        'œ' => "oe",
        'ŕ' | 'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' | 'ŝ' => "s",
        'ß' => "ss",
        'ť' | 'ţ' | 'ț' => "t",
        'þ' => "th",
        'ù'..='ü' | 'ũ' | 'ū' | 'ů' | 'ű' | 'ų' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        // Combining marks of a decomposed text.
        '\u{300}'..='\u{36f}' => "",
        other => return Plain::One(other),
    };
    Plain::Text(text.chars())
}

enum Plain {
    One(char),
    Text(std::str::Chars<'static>),
    Done,
}

impl Iterator for Plain {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self {
            Self::One(letter) => {
                let letter = *letter;
                *self = Self::Done;
                Some(letter)
            }
            Self::Text(letters) => letters.next(),
            Self::Done => None,
        }
    }
}

/// The network that neighbours share: /24 of IPv4, /48 of IPv6. IPv4 written as IPv6 is IPv4.
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

/// What an address says by itself: that it is of no public network. Everything else somebody has to know.
pub fn own_class(address: IpAddr) -> Option<IpClass> {
    let private = match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local(),
    };
    private.then_some(IpClass::Private)
}

/// Speed of a journey, km an hour, along the great circle. Places are known to about 11 km, so a journey of less than
/// 50 km is none, and one in no time took a minute.
#[expect(
    clippy::float_arithmetic,
    reason = "a distance on a sphere; the fact is the rounded speed"
)]
pub fn travel_kmh(from: Place, to: Place, seconds: i64) -> i64 {
    const EARTH_KM: f64 = 6_371.0;
    const NEAR_KM: f64 = 50.0;
    const FASTEST: f64 = 1_000_000.0;
    let radians = |tenths: i16| (f64::from(tenths) / 10.0).to_radians();
    let (from_latitude, to_latitude) = (radians(from.latitude), radians(to.latitude));
    let north = (to_latitude - from_latitude) / 2.0;
    let east = (radians(to.longitude) - radians(from.longitude)) / 2.0;
    // Haversine.
    let h = north.sin().powi(2) + from_latitude.cos() * to_latitude.cos() * east.sin().powi(2);
    let km = 2.0 * EARTH_KM * h.sqrt().min(1.0).asin();
    if km < NEAR_KM {
        return 0;
    }
    let seconds = f64::from(i32::try_from(seconds.max(60)).unwrap_or(i32::MAX));
    let speed = (km * 3_600.0 / seconds).min(FASTEST).round();
    #[expect(clippy::cast_possible_truncation, reason = "between 0 and a million")]
    let speed = speed as i64;
    speed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_mailbox_fold_to_one() {
        let folded = |text| email(text).unwrap().folded;
        assert_eq!(folded("Ann.B.Smith+loans@GMail.com"), "annbsmith@gmail.com");
        assert_eq!(folded("annbsmith@googlemail.com"), "annbsmith@gmail.com");
        assert_eq!(
            folded("ann.smith+x@bank.example"),
            "ann.smith@bank.example",
            "dots count elsewhere"
        );
        assert_eq!(folded(" ann@bank.example. "), "ann@bank.example");
        for no in [
            "",
            "ann",
            "ann@",
            "@bank.example",
            "+x@bank.example",
            "a b@c.de",
            "ann@bank",
            "ann@b..de",
            "a@b@c.de",
        ] {
            assert_eq!(email(no), None, "{no}");
        }
        assert_eq!(email(&format!("{}@bank.example", "a".repeat(250))), None);
    }

    #[test]
    fn tags_and_digits_are_seen() {
        let seen = email("ann12+7777@bank.example").unwrap();
        assert_eq!((seen.tagged, seen.digits_percent), (true, 40));
        let seen = email("ann@bank.example").unwrap();
        assert_eq!((seen.tagged, seen.digits_percent), (false, 0));
    }

    #[test]
    fn an_address_becomes_facts() {
        let rules = FraudRules::built_in().unwrap();
        let mut facts = FraudFacts::default();
        assert_eq!(
            facts.see_email("1234+a@mailinator.com", &rules).as_deref(),
            Some("1234@mailinator.com")
        );
        assert_eq!(facts.email_domain, Some(EmailDomain::Disposable));
        assert_eq!((facts.email_tagged, facts.email_digits_percent), (Some(1), Some(100)));
        let mut facts = FraudFacts::default();
        assert_eq!(facts.see_email("nobody", &rules), None);
        assert_eq!(
            (facts.email_domain, facts.email_tagged),
            (Some(EmailDomain::Invalid), None)
        );
    }

    #[test]
    fn names_are_the_same_in_any_order_case_and_accent() {
        for (one, other) in [
            ("Ann Smith", "SMITH, ANN"),
            ("José Müller", "Jose Muller"),
            ("Jose\u{301} Muller", "José Müller"),
            ("Strauß Änne", "STRAUSS ANNE"),
            ("Sinéad O'Neil", "Sinead ONeil"),
            ("Ann B. Smith", "Ann Smith"),
            ("Ann Beatrice Smith", "Ann B Smith"),
            ("王 小明", "小明 王"),
        ] {
            assert_eq!(names(one, other), Some(NameMatch::Same), "{one} / {other}");
            assert_eq!(names(other, one), Some(NameMatch::Same), "{other} / {one}");
        }
    }

    #[test]
    fn a_name_in_common_is_a_partial_match_and_initials_alone_are_none() {
        for (one, other) in [
            ("Ann Smith", "Bob Smith"),
            ("A. Smith", "Ann Smith"),
            ("Smith", "Ann Smith"),
        ] {
            assert_eq!(names(one, other), Some(NameMatch::Partial), "{one} / {other}");
        }
        for (one, other) in [
            ("Ann Smith", "Bob Miller"),
            ("A S", "Ann Smith"),
            ("Ann Smith", "Annika Smithers"),
        ] {
            assert_eq!(names(one, other), Some(NameMatch::Different), "{one} / {other}");
        }
        assert_eq!(names("Ann", ""), None);
        assert_eq!(names("123", "Ann"), None);
    }

    #[test]
    fn neighbours_share_a_network() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("203.0.113.7"), "203.0.113.0/24");
        assert_eq!(of("::ffff:203.0.113.9"), "203.0.113.0/24");
        assert_eq!(of("2001:db8:7:1::1"), "2001:db8:7::/48");
    }

    #[test]
    fn addresses_of_no_public_network_say_so() {
        let of = |text: &str| own_class(text.parse().unwrap());
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "169.254.1.1",
            "100.64.0.1",
            "::1",
            "fd00::1",
            "fe80::1",
        ] {
            assert_eq!(of(private), Some(IpClass::Private), "{private}");
        }
        for public in ["203.0.113.7", "100.128.0.1", "2001:db8::1"] {
            assert_eq!(of(public), None, "{public}");
        }
    }

    #[test]
    fn a_journey_that_nobody_can_make_is_fast() {
        let place = |latitude, longitude| Place { latitude, longitude };
        let (berlin, sydney, potsdam) = (place(525, 134), place(-339, 1512), place(524, 131));
        // 16,090 km by the great circle; places are rounded to a tenth of a degree.
        let in_an_hour = travel_kmh(berlin, sydney, 3_600);
        assert!((16_000..16_200).contains(&in_an_hour), "{in_an_hour}");
        let in_a_day = travel_kmh(berlin, sydney, 86_400);
        assert!((660..680).contains(&in_a_day), "{in_a_day}");
        assert_eq!(travel_kmh(sydney, berlin, 3_600), in_an_hour);
        assert_eq!(travel_kmh(berlin, potsdam, 0), 0, "next door");
        assert_eq!(travel_kmh(berlin, berlin, 0), 0);
        assert!(travel_kmh(berlin, sydney, 0) <= 1_000_000);
        let across = travel_kmh(place(0, 1_795), place(0, -1_795), 3_600);
        assert!((110..113).contains(&across), "one degree over the date line: {across}");
    }
}
