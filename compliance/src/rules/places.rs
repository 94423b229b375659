//! Codes of places, so that a misspelt jurisdiction is refused instead of covering nobody.

use std::collections::BTreeMap;

use super::model::Place;

/// ISO 3166-1 alpha-2, officially assigned.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV \
    BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR \
    GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG \
    KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX \
    MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG \
    SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG \
    VI VN VU WF WS YE YT ZA ZM ZW";

/// States, the district and outlying areas of the United States by ISO 3166-2.
const STATES: &str = "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH \
    OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR UM VI";

/// Whether the code is assigned to a country.
pub(super) fn is_country(text: &str) -> bool {
    text.len() == 2 && COUNTRIES.split_whitespace().any(|code| code == text)
}

fn is_region(country: &str, region: &str) -> bool {
    let shape = (1..=3).contains(&region.len()) && region.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    shape && (country != "US" || STATES.split_whitespace().any(|code| code == region))
}

/// A place as rules write it.
pub(super) fn parse(text: &str, groups: &BTreeMap<String, Vec<String>>) -> Option<Place> {
    if text == "*" {
        return Some(Place::Everywhere);
    }
    if groups.contains_key(text) {
        return Some(Place::Group(text.to_owned()));
    }
    match text.split_once('-') {
        None => is_country(text).then(|| Place::Country(text.to_owned())),
        Some((country, region)) => (is_country(country) && is_region(country, region))
            .then(|| Place::Region(country.to_owned(), region.to_owned())),
    }
}
