//! The public edits that apply to one line, as a table: number, field, rule, condition (source: CFPB, list of edits of 2024).
//!
//! Left out are the edits that need lists of others: census tracts and counties (V625-2, V716), institutions (S303, V719-2), and the
//! quarterly ones (S307, V718).

#![cfg_attr(not(test), expect(clippy::enum_glob_use, reason = "the table is about the fields"))]

use super::Field::{self, *};
use super::{Loan, Sheet};
use crate::text::{is_state, mod_97};

/// An edit of the sheet.
pub struct SheetEdit {
    /// Number.
    pub id: &'static str,
    /// Field.
    pub field: &'static str,
    /// The rule.
    pub text: &'static str,
    /// Whether it holds.
    pub holds: fn(&Sheet) -> bool,
}

/// An edit of a loan.
pub struct LoanEdit {
    /// Number.
    pub id: &'static str,
    /// The field that is reported.
    pub field: Field,
    /// The rule.
    pub text: &'static str,
    /// Whether it holds in that year.
    pub holds: fn(&Loan, &str) -> bool,
}

impl std::fmt::Debug for SheetEdit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

impl std::fmt::Debug for LoanEdit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

fn shape(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(byte, want)| {
            if want == b'9' {
                byte.is_ascii_digit()
            } else {
                byte == want
            }
        })
}

fn zip(text: &str) -> bool {
    shape(text, "99999") || shape(text, "99999-9999")
}

fn alphanumeric(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A number with a dot and a sign at most.
fn number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let mut parts = digits.split('.');
    let whole = parts.next().unwrap_or_default();
    let fraction = parts.next();
    let is = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    parts.next().is_none() && is(whole) && fraction.is_none_or(is) && digits.bytes().any(|byte| byte.is_ascii_digit())
}

fn not_negative(text: &str) -> bool {
    number(text) && !text.starts_with('-')
}

fn zero(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0' | b'.' | b'-'))
}

fn positive(text: &str) -> bool {
    not_negative(text) && !zero(text)
}

fn whole(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn whole_positive(text: &str) -> bool {
    whole(text) && !zero(text)
}

fn date(text: &str) -> bool {
    text.len() == 8 && whole(text) && chrono::NaiveDate::parse_from_str(text, "%Y%m%d").is_ok()
}

fn no_value(text: &str) -> bool {
    matches!(text, "NA" | "Exempt")
}

fn int(text: &str) -> Option<u64> {
    text.parse().ok()
}

impl Loan {
    /// The field is one of these codes, which are divided by blanks.
    fn is(&self, field: Field, codes: &str) -> bool {
        codes.split(' ').any(|code| code == self.get(field))
    }

    fn blank_all(&self, fields: &[Field]) -> bool {
        fields.iter().all(|field| self.get(*field).is_empty())
    }

    fn blank_or(&self, fields: &[Field], codes: &str) -> bool {
        fields
            .iter()
            .all(|field| self.get(*field).is_empty() || self.is(*field, codes))
    }

    /// No code is there twice.
    fn once(&self, fields: &[Field]) -> bool {
        let codes: Vec<&str> = fields
            .iter()
            .map(|f| self.get(*f))
            .filter(|code| !code.is_empty())
            .collect();
        (1..codes.len()).all(|at| !codes[..at].contains(&codes[at]))
    }

    fn any(&self, fields: &[Field], code: &str) -> bool {
        fields.iter().any(|field| self.get(*field) == code)
    }

    fn has(&self, field: Field) -> bool {
        !self.get(field).is_empty()
    }

    /// Not a person.
    fn company(&self) -> bool {
        self.is(Ethnicity1, "4") && self.is(Race1, "7") && self.is(Sex, "4")
    }

    fn co_company(&self) -> bool {
        self.is(CoEthnicity1, "4") && self.is(CoRace1, "7") && self.is(CoSex, "4")
    }

    fn no_co_applicant(&self) -> bool {
        self.is(CoEthnicity1, "5") && self.is(CoRace1, "8") && self.is(CoSex, "5")
    }

    /// Systems and results stand in pairs.
    fn pairs(&self) -> bool {
        AUS.iter()
            .zip(RESULTS)
            .all(|(system, result)| self.has(*system) == self.has(result))
    }
}

const ETHNICITY_REST: [Field; 4] = [Ethnicity2, Ethnicity3, Ethnicity4, Ethnicity5];
const ETHNICITY: [Field; 5] = [Ethnicity1, Ethnicity2, Ethnicity3, Ethnicity4, Ethnicity5];
const CO_ETHNICITY_REST: [Field; 4] = [CoEthnicity2, CoEthnicity3, CoEthnicity4, CoEthnicity5];
const CO_ETHNICITY: [Field; 5] = [CoEthnicity1, CoEthnicity2, CoEthnicity3, CoEthnicity4, CoEthnicity5];
const RACE_REST: [Field; 4] = [Race2, Race3, Race4, Race5];
const RACE: [Field; 5] = [Race1, Race2, Race3, Race4, Race5];
const CO_RACE_REST: [Field; 4] = [CoRace2, CoRace3, CoRace4, CoRace5];
const CO_RACE: [Field; 5] = [CoRace1, CoRace2, CoRace3, CoRace4, CoRace5];
const DENIAL_REST: [Field; 3] = [Denial2, Denial3, Denial4];
const DENIAL: [Field; 4] = [Denial1, Denial2, Denial3, Denial4];
const AUS: [Field; 5] = [Aus1, Aus2, Aus3, Aus4, Aus5];
const AUS_REST: [Field; 4] = [Aus2, Aus3, Aus4, Aus5];
const RESULTS: [Field; 5] = [AusResult1, AusResult2, AusResult3, AusResult4, AusResult5];
const RESULTS_REST: [Field; 4] = [AusResult2, AusResult3, AusResult4, AusResult5];
const RACES: &str = "1 2 21 22 23 24 25 26 27 3 4 41 42 43 44 5";
const MODELS: &str = "1111 1 2 3 4 5 6 7 8 9 11 12 13 14 15";

macro_rules! sheet {
    ($($id:literal $field:literal $text:literal $holds:expr;)+) => {
        /// Edits of the transmittal sheet.
        pub const SHEET: &[SheetEdit] = &[$(SheetEdit { id: $id, field: $field, text: $text, holds: $holds },)+];
    };
}

sheet! {
    "V600" "lei" "20 letters and digits" |s| s.lei.len() == 20 && alphanumeric(&s.lei);
    "V601" "institution" "name, contact, e-mail, street and city must not be blank"
        |s| [&s.institution, &s.contact, &s.email, &s.street, &s.city].iter().all(|text| !text.trim().is_empty());
    "V602" "quarter" "must be 4" |s| s.quarter == "4";
    "V603" "phone" "must be 999-999-9999" |s| shape(&s.phone, "999-999-9999");
    "V604" "state" "must be a state of two letters" |s| is_state(&s.state);
    "V605" "zip" "must be 12345 or 12345-1010" |s| zip(&s.zip);
    "V606" "entries" "must be a whole number above zero" |s| whole_positive(&s.entries);
    "V607" "taxId" "must be 99-9999999" |s| shape(&s.tax_id, "99-9999999");
    "V717" "email" "must be an e-mail address"
        |s| s.email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'));
    "V719" "institution" "must hold a letter" |s| s.institution.chars().any(char::is_alphabetic);
    "S302" "year" "must be a year" |s| shape(&s.year, "9999");
}

macro_rules! loan {
    ($name:ident $doc:literal $($id:literal $field:ident $text:literal $holds:expr;)+) => {
        #[doc = $doc]
        const $name: [LoanEdit; [$($id),+].len()] = [$(LoanEdit { id: $id, field: $field, text: $text, holds: $holds },)+];
    };
}

loan! { APPLICATION "The application, the action and the place."
    "V600" Lei "20 letters and digits" |l, _| l.get(Lei).len() == 20 && alphanumeric(l.get(Lei));
    "V608-1" Uli "letters and digits, 45 at most" |l, _| alphanumeric(l.get(Uli)) && l.get(Uli).len() <= 45;
    "V608-2" Uli "must not be blank, NA, Exempt or 1111" |l, _| l.has(Uli) && !l.is(Uli, "NA Exempt 1111");
    "V609" Uli "the check digits of the ULI do not agree"
        |l, _| l.get(Uli).len() < 23 || mod_97(l.get(Uli)) == Some(1);
    "V610-1" ApplicationDate "must be a date or NA" |l, _| date(l.get(ApplicationDate)) || l.is(ApplicationDate, "NA");
    "V610-2" ApplicationDate "is NA exactly for a purchased loan" |l, _| l.is(ActionTaken, "6") == l.is(ApplicationDate, "NA");
    "V611" LoanType "must be 1, 2, 3 or 4" |l, _| l.is(LoanType, "1 2 3 4");
    "V612-1" LoanPurpose "must be 1, 2, 31, 32, 4 or 5" |l, _| l.is(LoanPurpose, "1 2 31 32 4 5");
    "V612-2" LoanPurpose "a preapproval is for a purchase" |l, _| !l.is(Preapproval, "1") || l.is(LoanPurpose, "1");
    "V613-1" Preapproval "must be 1 or 2" |l, _| l.is(Preapproval, "1 2");
    "V613-2" Preapproval "must be 1 for actions 7 and 8" |l, _| !l.is(ActionTaken, "7 8") || l.is(Preapproval, "1");
    "V613-3" Preapproval "must be 2 for actions 3 to 6" |l, _| !l.is(ActionTaken, "3 4 5 6") || l.is(Preapproval, "2");
    "V613-4" ActionTaken "must be 1, 2, 7 or 8 for a preapproval" |l, _| !l.is(Preapproval, "1") || l.is(ActionTaken, "1 2 7 8");
    "V614-1" Preapproval "must be 2 unless it is a purchase" |l, _| !l.is(LoanPurpose, "2 4 31 32 5") || l.is(Preapproval, "2");
    "V614-2" Preapproval "must be 2 with affordable units" |l, _| !number(l.get(AffordableUnits)) || l.is(Preapproval, "2");
    "V614-3" Preapproval "must be 2 for a reverse mortgage" |l, _| !l.is(Reverse, "1") || l.is(Preapproval, "2");
    "V614-4" Preapproval "must be 2 for a line of credit" |l, _| !l.is(OpenEnd, "1") || l.is(Preapproval, "2");
    "V615-1" Construction "must be 1 or 2" |l, _| l.is(Construction, "1 2");
    "V615-2" Construction "must be 2 with a land interest of 1 to 4" |l, _| !l.is(HomeLand, "1 2 3 4") || l.is(Construction, "2");
    "V615-3" Construction "must be 2 with a secured type of 1 or 2" |l, _| !l.is(HomeSecured, "1 2") || l.is(Construction, "2");
    "V616" Occupancy "must be 1, 2 or 3" |l, _| l.is(Occupancy, "1 2 3");
    "V617" Amount "must be a number, zero or more" |l, _| not_negative(l.get(Amount));
    "V618" ActionTaken "must be 1 to 8" |l, _| l.is(ActionTaken, "1 2 3 4 5 6 7 8");
    "V619-1" ActionDate "must be a date" |l, _| date(l.get(ActionDate));
    "V619-2" ActionDate "must lie in the year of the file" |l, year| l.get(ActionDate).starts_with(year);
    "V619-3" ActionDate "must not lie before the application"
        |l, _| l.is(ActionTaken, "6") || !date(l.get(ApplicationDate)) || l.get(ActionDate) >= l.get(ApplicationDate);
    "V620" Street "must not be blank" |l, _| l.has(Street);
    "V621" City "must not be blank" |l, _| l.has(City);
    "V622" Street "with a street there is a city, a state and a ZIP"
        |l, _| l.is(Street, "NA Exempt") || ![City, State, Zip].iter().any(|f| l.is(*f, "NA") || !l.has(*f));
    "V623" State "must be a state of two letters or NA" |l, _| l.is(State, "NA") || is_state(l.get(State));
    "V624" Zip "must be 12345, 12345-1010, NA or Exempt" |l, _| no_value(l.get(Zip)) || zip(l.get(Zip));
    "V625-1" Tract "must be 11 digits or NA" |l, _| l.is(Tract, "NA") || shape(l.get(Tract), "99999999999");
    "V626" County "must be 5 digits or NA" |l, _| l.is(County, "NA") || shape(l.get(County), "99999");
    "V627" Tract "must begin with the county"
        |l, _| l.is(County, "NA") || l.is(Tract, "NA") || l.get(Tract).starts_with(l.get(County));
    "V709" Street "street, city and ZIP are exempt together"
        |l, _| { let n = [Street, City, Zip].iter().filter(|f| l.is(**f, "Exempt")).count(); n == 0 || n == 3 };
}

loan! { PERSONS "Ethnicity, race, sex and age."
    "V628-1" Ethnicity1 "must be a code, or the free text is given"
        |l, _| l.is(Ethnicity1, "1 11 12 13 14 2 3 4") || (!l.has(Ethnicity1) && l.has(EthnicityOther));
    "V628-2" Ethnicity2 "must be a code or blank" |l, _| l.blank_or(&ETHNICITY_REST, "1 11 12 13 14 2");
    "V628-3" Ethnicity2 "each code once" |l, _| l.once(&ETHNICITY);
    "V628-4" Ethnicity2 "must be blank after 3 or 4" |l, _| !l.is(Ethnicity1, "3 4") || l.blank_all(&ETHNICITY_REST);
    "V629-1" EthnicityObserved "must be 1, 2 or 3" |l, _| l.is(EthnicityObserved, "1 2 3");
    "V629-2" EthnicityObserved "what was observed is 1 or 2"
        |l, _| !l.is(EthnicityObserved, "1") || (l.is(Ethnicity1, "1 2") && l.blank_or(&[Ethnicity2], "1 2")
            && l.blank_all(&[Ethnicity3, Ethnicity4, Ethnicity5]));
    "V629-3" EthnicityObserved "what was not observed is 1, 11 to 14, 2 or 3, or free text"
        |l, _| !l.is(EthnicityObserved, "2") || l.is(Ethnicity1, "1 11 12 13 14 2 3")
            || (!l.has(Ethnicity1) && l.has(EthnicityOther));
    "V630" EthnicityObserved "must be 3 when not applicable" |l, _| !l.is(Ethnicity1, "4") || l.is(EthnicityObserved, "3");
    "V631-1" CoEthnicity1 "must be a code, or the free text is given"
        |l, _| l.is(CoEthnicity1, "1 11 12 13 14 2 3 4 5") || (!l.has(CoEthnicity1) && l.has(CoEthnicityOther));
    "V631-2" CoEthnicity2 "must be a code or blank" |l, _| l.blank_or(&CO_ETHNICITY_REST, "1 11 12 13 14 2");
    "V631-3" CoEthnicity2 "each code once" |l, _| l.once(&CO_ETHNICITY);
    "V631-4" CoEthnicity2 "must be blank after 3, 4 or 5" |l, _| !l.is(CoEthnicity1, "3 4 5") || l.blank_all(&CO_ETHNICITY_REST);
    "V632-1" CoEthnicityObserved "must be 1 to 4" |l, _| l.is(CoEthnicityObserved, "1 2 3 4");
    "V632-2" CoEthnicityObserved "what was observed is 1 or 2"
        |l, _| !l.is(CoEthnicityObserved, "1") || (l.is(CoEthnicity1, "1 2") && l.blank_or(&[CoEthnicity2], "1 2")
            && l.blank_all(&[CoEthnicity3, CoEthnicity4, CoEthnicity5]));
    "V632-3" CoEthnicityObserved "what was not observed is 1, 11 to 14, 2 or 3, or free text"
        |l, _| !l.is(CoEthnicityObserved, "2") || l.is(CoEthnicity1, "1 11 12 13 14 2 3")
            || (!l.has(CoEthnicity1) && l.has(CoEthnicityOther));
    "V633" CoEthnicityObserved "must be 3 when not applicable" |l, _| !l.is(CoEthnicity1, "4") || l.is(CoEthnicityObserved, "3");
    "V634" CoEthnicityObserved "is 4 exactly without a co-applicant" |l, _| l.is(CoEthnicity1, "5") == l.is(CoEthnicityObserved, "4");
    "V635-1" Race1 "must be a code, or a free text is given"
        |l, _| l.is(Race1, RACES) || l.is(Race1, "6 7")
            || (!l.has(Race1) && [RaceTribe, RaceAsian, RacePacific].iter().any(|f| l.has(*f)));
    "V635-2" Race2 "must be a code or blank" |l, _| l.blank_or(&RACE_REST, RACES);
    "V635-3" Race2 "each code once" |l, _| l.once(&RACE);
    "V635-4" Race2 "must be blank after 6 or 7" |l, _| !l.is(Race1, "6 7") || l.blank_all(&RACE_REST);
    "V636-1" RaceObserved "must be 1, 2 or 3" |l, _| l.is(RaceObserved, "1 2 3");
    "V636-2" RaceObserved "what was observed is 1 to 5"
        |l, _| !l.is(RaceObserved, "1") || (l.is(Race1, "1 2 3 4 5") && l.blank_or(&RACE_REST, "1 2 3 4 5"));
    "V637" RaceObserved "must be 3 when not applicable" |l, _| !l.is(Race1, "7") || l.is(RaceObserved, "3");
    "V638-1" CoRace1 "must be a code, or a free text is given"
        |l, _| l.is(CoRace1, RACES) || l.is(CoRace1, "6 7 8")
            || (!l.has(CoRace1) && [CoRaceTribe, CoRaceAsian, CoRacePacific].iter().any(|f| l.has(*f)));
    "V638-2" CoRace2 "must be a code or blank" |l, _| l.blank_or(&CO_RACE_REST, RACES);
    "V638-3" CoRace2 "each code once" |l, _| l.once(&CO_RACE);
    "V638-4" CoRace2 "must be blank after 6, 7 or 8" |l, _| !l.is(CoRace1, "6 7 8") || l.blank_all(&CO_RACE_REST);
    "V639-1" CoRaceObserved "must be 1 to 4" |l, _| l.is(CoRaceObserved, "1 2 3 4");
    "V639-2" CoRaceObserved "what was observed is 1 to 5"
        |l, _| !l.is(CoRaceObserved, "1") || (l.is(CoRace1, "1 2 3 4 5") && l.blank_or(&CO_RACE_REST, "1 2 3 4 5"));
    "V640" CoRaceObserved "must be 3 when not applicable" |l, _| !l.is(CoRace1, "7") || l.is(CoRaceObserved, "3");
    "V641" CoRaceObserved "is 4 exactly without a co-applicant" |l, _| l.is(CoRace1, "8") == l.is(CoRaceObserved, "4");
    "V642-1" Sex "must be 1, 2, 3, 4 or 6" |l, _| l.is(Sex, "1 2 3 4 6");
    "V642-2" SexObserved "must be 1, 2 or 3" |l, _| l.is(SexObserved, "1 2 3");
    "V643" Sex "what was observed is 1 or 2" |l, _| !l.is(SexObserved, "1") || l.is(Sex, "1 2");
    "V644-1" Sex "what was not observed is 1, 2, 3 or 6" |l, _| !l.is(SexObserved, "2") || l.is(Sex, "1 2 3 6");
    "V644-2" SexObserved "must be 2 or 3 for 6" |l, _| !l.is(Sex, "6") || l.is(SexObserved, "2 3");
    "V645" SexObserved "must be 3 when not applicable" |l, _| !l.is(Sex, "4") || l.is(SexObserved, "3");
    "V646-1" CoSex "must be 1 to 6" |l, _| l.is(CoSex, "1 2 3 4 5 6");
    "V646-2" CoSexObserved "must be 1 to 4" |l, _| l.is(CoSexObserved, "1 2 3 4");
    "V647" CoSex "what was observed is 1 or 2" |l, _| !l.is(CoSexObserved, "1") || l.is(CoSex, "1 2");
    "V648-1" CoSex "what was not observed is 1, 2, 3 or 6" |l, _| !l.is(CoSexObserved, "2") || l.is(CoSex, "1 2 3 6");
    "V648-2" CoSexObserved "must be 2 or 3 for 6" |l, _| !l.is(CoSex, "6") || l.is(CoSexObserved, "2 3");
    "V649" CoSexObserved "must be 3 when not applicable" |l, _| !l.is(CoSex, "4") || l.is(CoSexObserved, "3");
    "V650" CoSexObserved "is 4 exactly without a co-applicant" |l, _| l.is(CoSex, "5") == l.is(CoSexObserved, "4");
    "V651-1" Age "must be a whole number above zero" |l, _| whole_positive(l.get(Age));
    "V651-2" Age "must be 8888 for a company" |l, _| !l.company() || l.is(ActionTaken, "6") || l.is(Age, "8888");
    "V652-1" CoAge "must be a whole number above zero" |l, _| whole_positive(l.get(CoAge));
    "V652-2" CoAge "must be 8888 for a company" |l, _| !l.co_company() || l.is(ActionTaken, "6") || l.is(CoAge, "8888");
    "V721-1" Age "must not be 9999 or 1111" |l, _| !l.is(Age, "9999 1111");
    "V721-2" CoAge "must not be 1111" |l, _| !l.is(CoAge, "1111");
}

loan! { CREDIT "Income, price, score and denial."
    "V654-1" Income "must be a whole number of thousands or NA"
        |l, _| l.is(Income, "NA") || whole(l.get(Income).trim_start_matches('-'));
    "V654-2" Income "must be NA with affordable units" |l, _| !number(l.get(AffordableUnits)) || l.is(Income, "NA");
    "V655-1" Income "must be NA for a company" |l, _| !l.company() || l.is(ActionTaken, "6") || l.is(Income, "NA");
    "V655-2" Income "must be NA for a company as co-applicant" |l, _| !l.co_company() || l.is(ActionTaken, "6") || l.is(Income, "NA");
    "V656-1" Purchaser "must be 0 to 6, 71, 72, 8 or 9" |l, _| l.is(Purchaser, "0 1 2 3 4 5 6 71 72 8 9");
    "V656-2" Purchaser "must be 0 unless originated or purchased" |l, _| l.is(ActionTaken, "1 6") || l.is(Purchaser, "0");
    "V657-1" RateSpread "must be a number, NA or Exempt" |l, _| number(l.get(RateSpread)) || no_value(l.get(RateSpread));
    "V657-2" RateSpread "must be NA or Exempt for actions 3 to 7" |l, _| !l.is(ActionTaken, "3 4 5 6 7") || no_value(l.get(RateSpread));
    "V657-3" RateSpread "must be NA or Exempt for a reverse mortgage" |l, _| !l.is(Reverse, "1") || no_value(l.get(RateSpread));
    "V658-1" Hoepa "must be 1, 2 or 3" |l, _| l.is(Hoepa, "1 2 3");
    "V658-2" Hoepa "must be 3 unless originated or purchased" |l, _| l.is(ActionTaken, "1 6") || l.is(Hoepa, "3");
    "V659" Lien "must be 1 or 2" |l, _| l.is(Lien, "1 2");
    "V660-1" Score "must be a number" |l, _| number(l.get(Score));
    "V660-2" Model "must be a code" |l, _| l.is(Model, MODELS);
    "V661" Model "is 9 exactly with a score of 8888" |l, _| l.is(Score, "8888") == l.is(Model, "9");
    "V662-1" ModelOther "is given exactly for model 8" |l, _| l.is(Model, "8") == l.has(ModelOther);
    "V663" Score "does not apply to actions 4 to 6"
        |l, _| !l.is(ActionTaken, "4 5 6") || (l.is(Score, "8888 1111") && l.is(Model, "9 1111") && !l.has(ModelOther));
    "V664" CoScore "does not apply to actions 4 to 6"
        |l, _| !l.is(ActionTaken, "4 5 6")
            || (l.is(CoScore, "8888 1111") && l.is(CoModel, "9 1111") && !l.has(CoModelOther));
    "V665-1" CoScore "must be a number" |l, _| number(l.get(CoScore));
    "V665-2" CoModel "must be a code" |l, _| l.is(CoModel, MODELS) || l.is(CoModel, "10");
    "V666-1" CoModel "is 9 exactly with a score of 8888" |l, _| l.is(CoScore, "8888") == l.is(CoModel, "9");
    "V666-2" CoModel "is 10 exactly with a score of 9999" |l, _| l.is(CoScore, "9999") == l.is(CoModel, "10");
    "V667-1" CoModelOther "is given exactly for model 8" |l, _| l.is(CoModel, "8") == l.has(CoModelOther);
    "V668-1" Score "does not apply to a company" |l, _| !l.company() || l.is(Score, "8888 1111");
    "V668-2" CoScore "does not apply to a company" |l, _| !l.co_company() || l.is(CoScore, "8888 1111");
    "V669-1" Denial1 "must be a code" |l, _| l.is(Denial1, "1111 1 2 3 4 5 6 7 8 9 10");
    "V669-2" Denial2 "must be 1 to 9 or blank" |l, _| l.blank_or(&DENIAL_REST, "1 2 3 4 5 6 7 8 9");
    "V669-3" Denial2 "each code once" |l, _| l.once(&DENIAL);
    "V669-4" Denial2 "must be blank after 1111 or 10" |l, _| !l.is(Denial1, "1111 10") || l.blank_all(&DENIAL_REST);
    "V670-1" Denial1 "a denial has a reason" |l, _| !l.is(ActionTaken, "3 7") || l.is(Denial1, "1111 1 2 3 4 5 6 7 8 9");
    "V670-3" Denial1 "only a denial has a reason" |l, _| !l.is(ActionTaken, "1 2 4 5 6 8") || l.is(Denial1, "1111 10");
    "V671-1" DenialOther "must be given for reason 9" |l, _| !l.any(&DENIAL, "9") || l.has(DenialOther);
    "V671-2" DenialOther "is for reason 9 alone" |l, _| l.any(&DENIAL, "9") || !l.has(DenialOther);
    "V710" Score "the exemption of scores is taken for all of them"
        |l, _| { let n = [Score, CoScore, Model, CoModel].iter().filter(|f| l.is(**f, "1111")).count();
            n == 0 || (n == 4 && l.blank_all(&[ModelOther, CoModelOther])) };
    "V711" Denial1 "the exemption of reasons leaves the others blank"
        |l, _| !l.is(Denial1, "1111") || (l.blank_all(&DENIAL_REST) && !l.has(DenialOther));
    "V720-1" Score "must be 280 or above for this model"
        |l, _| !l.is(Model, "1 2 3 4 5 6 11 12") || int(l.get(Score)).is_none_or(|n| n >= 280);
    "V720-2" CoScore "must be 280 or above for this model"
        |l, _| !l.is(CoModel, "1 2 3 4 5 6 11 12") || int(l.get(CoScore)).is_none_or(|n| n >= 280);
    "V720-3" Score "must be 300 or above for this model"
        |l, _| !l.is(Model, "13 14 15") || int(l.get(Score)).is_none_or(|n| n >= 300);
    "V720-4" CoScore "must be 300 or above for this model"
        |l, _| !l.is(CoModel, "13 14 15") || int(l.get(CoScore)).is_none_or(|n| n >= 300);
}

/// A number, NA or Exempt, and no value for some loans.
macro_rules! cost_edit {
    ($id:literal $field:ident $text:literal $unless:expr) => {
        LoanEdit {
            id: $id,
            field: $field,
            text: $text,
            holds: |l, _| !($unless)(l) || no_value(l.get($field)),
        }
    };
}

const NOT_MADE: &str = "2 3 4 5 7 8";
fn reverse(l: &Loan) -> bool {
    l.is(Reverse, "1")
}
fn open_end(l: &Loan) -> bool {
    l.is(OpenEnd, "1")
}
fn business(l: &Loan) -> bool {
    l.is(Business, "1")
}
fn not_made(l: &Loan) -> bool {
    l.is(ActionTaken, NOT_MADE)
}

const COSTS: [LoanEdit; 18] = [
    cost_edit!("V672-3" LoanCosts "must be NA or Exempt for a reverse mortgage" reverse),
    cost_edit!("V672-4" LoanCosts "must be NA or Exempt for a line of credit" open_end),
    cost_edit!("V672-5" LoanCosts "must be NA or Exempt for a business purpose" business),
    cost_edit!("V672-6" LoanCosts "must be NA or Exempt when no loan was made" not_made),
    cost_edit!("V673-2" PointsAndFees "must be NA or Exempt unless originated" |l: &Loan| l.is(ActionTaken, "2 3 4 5 6 7 8")),
    cost_edit!("V673-3" PointsAndFees "must be NA or Exempt for a reverse mortgage" reverse),
    cost_edit!("V673-4" PointsAndFees "must be NA or Exempt for a business purpose" business),
    cost_edit!("V674-2" Origination "must be NA or Exempt for a reverse mortgage" reverse),
    cost_edit!("V674-3" Origination "must be NA or Exempt for a line of credit" open_end),
    cost_edit!("V674-4" Origination "must be NA or Exempt for a business purpose" business),
    cost_edit!("V674-5" Origination "must be NA or Exempt when no loan was made" not_made),
    cost_edit!("V675-2" Discount "must be NA or Exempt for a reverse mortgage" reverse),
    cost_edit!("V675-3" Discount "must be NA or Exempt for a line of credit" open_end),
    cost_edit!("V675-4" Discount "must be NA or Exempt for a business purpose" business),
    cost_edit!("V675-5" Discount "must be NA or Exempt when no loan was made" not_made),
    cost_edit!("V676-2" Credits "must be NA or Exempt for a reverse mortgage" reverse),
    cost_edit!("V676-3" Credits "must be NA or Exempt for a line of credit" open_end),
    cost_edit!("V676-5" Credits "must be NA or Exempt when no loan was made" not_made),
];

loan! { TERMS "Costs, terms and property."
    "V672-1" LoanCosts "must be a number, NA or Exempt" |l, _| not_negative(l.get(LoanCosts)) || no_value(l.get(LoanCosts));
    "V672-2" LoanCosts "must be NA with points and fees" |l, _| !not_negative(l.get(PointsAndFees)) || l.is(LoanCosts, "NA");
    "V673-1" PointsAndFees "must be a number, NA or Exempt" |l, _| not_negative(l.get(PointsAndFees)) || no_value(l.get(PointsAndFees));
    "V674-1" Origination "must be a number, NA or Exempt" |l, _| not_negative(l.get(Origination)) || no_value(l.get(Origination));
    "V675-1" Discount "must be a number above zero, blank, NA or Exempt"
        |l, _| !l.has(Discount) || positive(l.get(Discount)) || no_value(l.get(Discount));
    "V676-1" Credits "must be a number above zero, blank, NA or Exempt"
        |l, _| !l.has(Credits) || positive(l.get(Credits)) || no_value(l.get(Credits));
    "V676-4" Credits "must be NA or Exempt for a business purpose" |l, _| !business(l) || no_value(l.get(Credits));
    "V677-1" InterestRate "must be a number, NA or Exempt" |l, _| not_negative(l.get(InterestRate)) || no_value(l.get(InterestRate));
    "V677-2" InterestRate "must be NA or Exempt for actions 3, 4, 5 and 7" |l, _| !l.is(ActionTaken, "3 4 5 7") || no_value(l.get(InterestRate));
    "V678-1" PrepaymentTerm "must be a whole number above zero, NA or Exempt"
        |l, _| whole_positive(l.get(PrepaymentTerm)) || no_value(l.get(PrepaymentTerm));
    "V678-2" PrepaymentTerm "must be NA or Exempt for a purchased loan" |l, _| !l.is(ActionTaken, "6") || no_value(l.get(PrepaymentTerm));
    "V678-3" PrepaymentTerm "must be NA or Exempt for a reverse mortgage" |l, _| !reverse(l) || no_value(l.get(PrepaymentTerm));
    "V678-4" PrepaymentTerm "must be NA or Exempt for a business purpose" |l, _| !business(l) || no_value(l.get(PrepaymentTerm));
    "V678-5" PrepaymentTerm "must not be longer than the loan"
        |l, _| match (int(l.get(PrepaymentTerm)), int(l.get(LoanTerm))) { (Some(a), Some(b)) => a <= b, _ => true };
    "V679-1" DebtToIncome "must be a number, NA or Exempt" |l, _| number(l.get(DebtToIncome)) || no_value(l.get(DebtToIncome));
    "V679-2" DebtToIncome "must be NA or Exempt for actions 4 to 6" |l, _| !l.is(ActionTaken, "4 5 6") || no_value(l.get(DebtToIncome));
    "V679-3" DebtToIncome "must be NA or Exempt with affordable units" |l, _| !number(l.get(AffordableUnits)) || no_value(l.get(DebtToIncome));
    "V680-1" DebtToIncome "must be NA or Exempt for a company alone"
        |l, _| !(l.company() && l.no_co_applicant()) || no_value(l.get(DebtToIncome));
    "V680-2" DebtToIncome "must be NA or Exempt for two companies"
        |l, _| !(l.company() && l.co_company()) || no_value(l.get(DebtToIncome));
    "V681-1" LoanToValue "must be a number above zero, NA or Exempt" |l, _| positive(l.get(LoanToValue)) || no_value(l.get(LoanToValue));
    "V681-2" LoanToValue "must be NA or Exempt for actions 4 to 6" |l, _| !l.is(ActionTaken, "4 5 6") || no_value(l.get(LoanToValue));
    "V682-1" LoanTerm "must be a whole number above zero, NA or Exempt" |l, _| whole_positive(l.get(LoanTerm)) || no_value(l.get(LoanTerm));
    "V682-2" LoanTerm "must be NA or Exempt for a reverse mortgage" |l, _| !reverse(l) || no_value(l.get(LoanTerm));
    "V683" IntroductoryPeriod "must be a whole number above zero, NA or Exempt"
        |l, _| whole_positive(l.get(IntroductoryPeriod)) || no_value(l.get(IntroductoryPeriod));
    "V684" Balloon "must be 1, 2 or 1111" |l, _| l.is(Balloon, "1111 1 2");
    "V685" InterestOnly "must be 1, 2 or 1111" |l, _| l.is(InterestOnly, "1111 1 2");
    "V686" NegativeAmortization "must be 1, 2 or 1111" |l, _| l.is(NegativeAmortization, "1111 1 2");
    "V687" OtherNonAmortizing "must be 1, 2 or 1111" |l, _| l.is(OtherNonAmortizing, "1111 1 2");
    "V688-1" PropertyValue "must be a number above zero, NA or Exempt" |l, _| positive(l.get(PropertyValue)) || no_value(l.get(PropertyValue));
    "V688-2" PropertyValue "must be NA or Exempt for actions 4 and 5" |l, _| !l.is(ActionTaken, "4 5") || no_value(l.get(PropertyValue));
    "V689-1" HomeSecured "must be 1, 2, 3 or 1111" |l, _| l.is(HomeSecured, "1111 1 2 3");
    "V689-2" HomeSecured "must be 3 or 1111 with affordable units" |l, _| !number(l.get(AffordableUnits)) || l.is(HomeSecured, "1111 3");
    "V689-3" HomeSecured "must be 3 or 1111 when built on the site" |l, _| !l.is(Construction, "1") || l.is(HomeSecured, "1111 3");
    "V690-1" HomeLand "must be 1 to 5 or 1111" |l, _| l.is(HomeLand, "1111 1 2 3 4 5");
    "V690-2" HomeLand "must be 5 or 1111 with affordable units" |l, _| !number(l.get(AffordableUnits)) || l.is(HomeLand, "1111 5");
    "V690-3" HomeLand "must be 5 or 1111 when built on the site" |l, _| !l.is(Construction, "1") || l.is(HomeLand, "1111 5");
    "V691" Units "must be a whole number above zero" |l, _| whole_positive(l.get(Units));
    "V692-1" AffordableUnits "must be a whole number, NA or Exempt" |l, _| whole(l.get(AffordableUnits)) || no_value(l.get(AffordableUnits));
    "V692-2" AffordableUnits "must be NA or Exempt under 5 units"
        |l, _| int(l.get(Units)).is_none_or(|n| n >= 5) || no_value(l.get(AffordableUnits));
    "V692-3" AffordableUnits "must not be more than the units"
        |l, _| match (int(l.get(AffordableUnits)), int(l.get(Units))) { (Some(a), Some(b)) if b >= 5 => a <= b, _ => true };
    "V693-1" Submission "must be 1, 2, 3 or 1111" |l, _| l.is(Submission, "1111 1 2 3");
    "V693-2" Submission "must be 3 or 1111 for a purchased loan" |l, _| !l.is(ActionTaken, "6") || l.is(Submission, "1111 3");
    "V693-3" ActionTaken "must be 6 for a submission of 3" |l, _| !l.is(Submission, "3") || l.is(ActionTaken, "6");
    "V694-1" Payable "must be 1, 2, 3 or 1111" |l, _| l.is(Payable, "1111 1 2 3");
    "V694-2" Payable "must be 3 or 1111 for a purchased loan" |l, _| !l.is(ActionTaken, "6") || l.is(Payable, "1111 3");
    "V694-3" Payable "must be 1, 2 or 1111 for an originated loan" |l, _| !l.is(ActionTaken, "1") || l.is(Payable, "1111 1 2");
    "V695-1" Nmlsr "must be a whole number, NA or Exempt" |l, _| whole(l.get(Nmlsr)) || no_value(l.get(Nmlsr));
    "V695-2" Nmlsr "must not be zero" |l, _| !whole(l.get(Nmlsr)) || !zero(l.get(Nmlsr));
    "V706" Reverse "must be 1, 2 or 1111" |l, _| l.is(Reverse, "1111 1 2");
    "V707" OpenEnd "must be 1, 2 or 1111" |l, _| l.is(OpenEnd, "1111 1 2");
    "V708" Business "must be 1, 2 or 1111" |l, _| l.is(Business, "1111 1 2");
    "V712" LoanCosts "costs and points are exempt together" |l, _| l.is(LoanCosts, "Exempt") == l.is(PointsAndFees, "Exempt");
    "V714" Submission "the channel is exempt as a whole" |l, _| l.is(Submission, "1111") == l.is(Payable, "1111");
    "V715" Balloon "non-amortizing features are exempt together"
        |l, _| { let n = [Balloon, InterestOnly, NegativeAmortization, OtherNonAmortizing].iter()
            .filter(|f| l.is(**f, "1111")).count(); n == 0 || n == 4 };
}

loan! { SYSTEMS "Automated underwriting."
    "V696-1" Aus1 "must be codes" |l, _| l.is(Aus1, "1111 1 2 3 4 5 6 7") && l.blank_or(&AUS_REST, "1 2 3 4 5 7");
    "V696-2" AusResult1 "must be codes"
        |l, _| (l.is(AusResult1, "1111") || int(l.get(AusResult1)).is_some_and(|n| (1..=24).contains(&n)))
            && RESULTS_REST.iter().all(|f| !l.has(*f) || int(l.get(*f)).is_some_and(|n| (1..=24).contains(&n) && n != 17));
    "V696-3" Aus1 "there are as many systems as results"
        |l, _| AUS.iter().filter(|f| l.has(**f)).count() == RESULTS.iter().filter(|f| l.has(**f)).count();
    "V700-1" AusResult1 "must be 17 alone for system 6"
        |l, _| !l.is(Aus1, "6") || (l.is(AusResult1, "17") && l.blank_all(&AUS_REST) && l.blank_all(&RESULTS_REST));
    "V700-2" Aus1 "must be 6 alone for result 17"
        |l, _| !l.is(AusResult1, "17") || (l.is(Aus1, "6") && l.blank_all(&AUS_REST) && l.blank_all(&RESULTS_REST));
    "V701" AusResult2 "systems and results stand in pairs" |l, _| l.pairs();
    "V702-1" AusOther "must be given for system 5" |l, _| !l.any(&AUS, "5") || l.has(AusOther);
    "V702-2" AusOther "is for system 5 alone" |l, _| l.any(&AUS, "5") || !l.has(AusOther);
    "V703-1" AusResultOther "must be given for result 16" |l, _| !l.any(&RESULTS, "16") || l.has(AusResultOther);
    "V703-2" AusResultOther "is for result 16 alone" |l, _| l.any(&RESULTS, "16") || !l.has(AusResultOther);
    "V704-1" Aus1 "must be 6 or 1111 for a purchased loan" |l, _| !l.is(ActionTaken, "6") || l.is(Aus1, "1111 6");
    "V704-2" AusResult1 "must be 17 or 1111 for a purchased loan" |l, _| !l.is(ActionTaken, "6") || l.is(AusResult1, "1111 17");
    "V713" Aus1 "systems and results are exempt together"
        |l, _| l.is(Aus1, "1111") == l.is(AusResult1, "1111");
}

/// Edits of a loan, group by group.
pub const GROUPS: [&[LoanEdit]; 6] = [&APPLICATION, &PERSONS, &CREDIT, &COSTS, &TERMS, &SYSTEMS];
