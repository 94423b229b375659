//! The register is the same bytes as before, and each edit finds its error.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

use std::path::PathBuf;
use std::{env, fs};

use usance_filings::hmda::Field::*;
use usance_filings::hmda::{self, Field, Loan, Register, Sheet};
use usance_filings::{File, Problem};

fn golden(name: &str, file: &File) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &file.text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), file.text, "{name}");
}

fn codes<T: std::fmt::Debug>(result: Result<T, Vec<Problem>>) -> Vec<(String, &'static str)> {
    let problems = result.unwrap_err();
    problems
        .into_iter()
        .map(|problem| (problem.field, problem.code))
        .collect()
}

/// A good line.
const GOOD: &[(Field, &str)] = &[
    (Lei, "USANCE00TESTONLY0001"),
    (Uli, "USANCE00TESTONLY000100000000124"),
    (ApplicationDate, "20260105"),
    (LoanType, "1"),
    (LoanPurpose, "2"),
    (Preapproval, "2"),
    (Construction, "1"),
    (Occupancy, "1"),
    (Amount, "85000"),
    (ActionTaken, "1"),
    (ActionDate, "20260220"),
    (Street, "18 Juniper Road"),
    (City, "Sacramento"),
    (State, "CA"),
    (Zip, "95814"),
    (County, "06067"),
    (Tract, "06067001101"),
    (Ethnicity1, "2"),
    (CoEthnicity1, "5"),
    (EthnicityObserved, "2"),
    (CoEthnicityObserved, "4"),
    (Race1, "5"),
    (CoRace1, "8"),
    (RaceObserved, "2"),
    (CoRaceObserved, "4"),
    (Sex, "1"),
    (CoSex, "5"),
    (SexObserved, "2"),
    (CoSexObserved, "4"),
    (Age, "38"),
    (CoAge, "9999"),
    (Income, "72"),
    (Purchaser, "0"),
    (RateSpread, "1.25"),
    (Hoepa, "3"),
    (Lien, "2"),
    (Score, "712"),
    (CoScore, "9999"),
    (Model, "3"),
    (CoModel, "10"),
    (Denial1, "10"),
    (LoanCosts, "1200.50"),
    (PointsAndFees, "NA"),
    (Origination, "500"),
    (Discount, ""),
    (Credits, ""),
    (InterestRate, "8.125"),
    (PrepaymentTerm, "NA"),
    (DebtToIncome, "33"),
    (LoanToValue, "78.5"),
    (LoanTerm, "120"),
    (IntroductoryPeriod, "NA"),
    (Balloon, "2"),
    (InterestOnly, "2"),
    (NegativeAmortization, "2"),
    (OtherNonAmortizing, "2"),
    (PropertyValue, "415000"),
    (HomeSecured, "3"),
    (HomeLand, "5"),
    (Units, "1"),
    (AffordableUnits, "NA"),
    (Submission, "1"),
    (Payable, "1"),
    (Nmlsr, "123456"),
    (Aus1, "6"),
    (AusResult1, "17"),
    (Reverse, "2"),
    (OpenEnd, "2"),
    (Business, "2"),
];

fn loan() -> Loan {
    let loan = GOOD
        .iter()
        .fold(Loan::blank(), |loan, (field, text)| loan.with(*field, text));
    with_check_digits(loan)
}

/// The last two digits of the ULI, so that its remainder by 97 is 1.
fn with_check_digits(loan: Loan) -> Loan {
    let body = loan.get(Field::Uli)[..29].to_owned();
    let rest = format!("{body}00").chars().fold(0u32, |rest, c| {
        let digit = c.to_digit(36).unwrap();
        (rest * if digit < 10 { 10 } else { 100 } + digit) % 97
    });
    loan.with(Field::Uli, &format!("{body}{:02}", 98 - rest))
}

fn register() -> Register {
    Register {
        sheet: Sheet {
            institution: "Usance Test Lender".into(),
            year: "2026".into(),
            quarter: "4".into(),
            contact: "Compliance Desk".into(),
            phone: "415-555-0101".into(),
            email: "hmda@usance.example".into(),
            street: "500 Market Street".into(),
            city: "San Francisco".into(),
            state: "CA".into(),
            zip: "94105".into(),
            agency: "9".into(),
            entries: "1".into(),
            tax_id: "12-3456789".into(),
            lei: "USANCE00TESTONLY0001".into(),
        },
        loans: vec![loan()],
    }
}

#[test]
fn loan_application_register() {
    let file = hmda::file(&register()).unwrap();
    golden("hmda.txt", &file);
    assert_eq!(Register::parse(&file.text), Some(register()));
    assert_eq!(file.text.lines().nth(1).unwrap().matches('|').count(), hmda::FIELDS - 1);
    let facts: Register = serde_json::from_str(&serde_json::to_string(&register()).unwrap()).unwrap();
    assert_eq!(facts, register());
}

/// An edit, and what makes a good line fail it.
type Wrong = (&'static str, &'static [(Field, &'static str)]);

const WRONG: &[Wrong] = &[
    ("V608-1", &[(Uli, "A-1")]),
    ("V608-2", &[(Uli, "NA")]),
    ("V609", &[(Uli, "USANCE00TESTONLY0001000000001XX")]),
    ("V610-1", &[(ApplicationDate, "20260230")]),
    ("V610-2", &[(ApplicationDate, "NA")]),
    ("V611", &[(LoanType, "5")]),
    ("V612-1", &[(LoanPurpose, "3")]),
    ("V612-2", &[(Preapproval, "1")]),
    ("V613-1", &[(Preapproval, "3")]),
    ("V613-2", &[(ActionTaken, "7")]),
    ("V613-3", &[(ActionTaken, "3"), (Preapproval, "1")]),
    ("V614-1", &[(Preapproval, "1")]),
    ("V614-3", &[(Reverse, "1"), (Preapproval, "1")]),
    ("V615-1", &[(Construction, "")]),
    ("V615-2", &[(HomeLand, "1")]),
    ("V615-3", &[(HomeSecured, "1")]),
    ("V616", &[(Occupancy, "4")]),
    ("V617", &[(Amount, "-1")]),
    ("V618", &[(ActionTaken, "9")]),
    ("V619-1", &[(ActionDate, "NA")]),
    ("V619-2", &[(ActionDate, "20250220")]),
    ("V619-3", &[(ActionDate, "20260101")]),
    ("V620", &[(Street, "")]),
    ("V621", &[(City, "")]),
    ("V622", &[(City, "NA")]),
    ("V623", &[(State, "XX")]),
    ("V624", &[(Zip, "9581")]),
    ("V625-1", &[(Tract, "06067")]),
    ("V626", &[(County, "6067")]),
    ("V627", &[(County, "06069")]),
    ("V709", &[(Street, "Exempt")]),
    ("V628-1", &[(Ethnicity1, "")]),
    ("V628-2", &[(Ethnicity2, "4")]),
    ("V628-3", &[(Ethnicity2, "2")]),
    ("V628-4", &[(Ethnicity1, "3"), (Ethnicity2, "1")]),
    ("V629-1", &[(EthnicityObserved, "4")]),
    ("V629-2", &[(EthnicityObserved, "1"), (Ethnicity1, "11")]),
    ("V630", &[(Ethnicity1, "4")]),
    ("V631-1", &[(CoEthnicity1, "9")]),
    ("V634", &[(CoEthnicityObserved, "3")]),
    ("V635-1", &[(Race1, "9")]),
    ("V635-3", &[(Race2, "5")]),
    ("V635-4", &[(Race1, "6"), (Race2, "1")]),
    ("V636-1", &[(RaceObserved, "4")]),
    ("V637", &[(Race1, "7")]),
    ("V638-1", &[(CoRace1, "")]),
    ("V641", &[(CoRaceObserved, "3")]),
    ("V642-1", &[(Sex, "5")]),
    ("V643", &[(SexObserved, "1"), (Sex, "3")]),
    ("V645", &[(Sex, "4")]),
    ("V650", &[(CoSexObserved, "3")]),
    ("V651-1", &[(Age, "0")]),
    ("V721-1", &[(Age, "1111")]),
    ("V654-1", &[(Income, "7.5")]),
    ("V656-1", &[(Purchaser, "7")]),
    ("V657-1", &[(RateSpread, "")]),
    ("V658-1", &[(Hoepa, "4")]),
    ("V659", &[(Lien, "3")]),
    ("V660-1", &[(Score, "NA")]),
    ("V661", &[(Score, "8888")]),
    ("V662-1", &[(ModelOther, "x")]),
    ("V666-2", &[(CoModel, "3")]),
    ("V669-1", &[(Denial1, "11")]),
    ("V670-1", &[(ActionTaken, "3")]),
    ("V670-3", &[(Denial1, "4")]),
    ("V671-1", &[(Denial1, "9")]),
    ("V671-2", &[(DenialOther, "x")]),
    ("V672-1", &[(LoanCosts, "-3")]),
    ("V672-2", &[(PointsAndFees, "100")]),
    ("V672-4", &[(OpenEnd, "1")]),
    ("V674-4", &[(Business, "1")]),
    ("V675-1", &[(Discount, "0")]),
    ("V677-1", &[(InterestRate, "")]),
    ("V678-5", &[(PrepaymentTerm, "240")]),
    ("V679-1", &[(DebtToIncome, "")]),
    ("V681-1", &[(LoanToValue, "0")]),
    ("V682-1", &[(LoanTerm, "0")]),
    ("V684", &[(Balloon, "3")]),
    ("V688-1", &[(PropertyValue, "0")]),
    ("V689-1", &[(HomeSecured, "4")]),
    ("V691", &[(Units, "0")]),
    ("V692-2", &[(AffordableUnits, "0")]),
    ("V693-1", &[(Submission, "4")]),
    ("V693-3", &[(Submission, "3")]),
    ("V694-3", &[(Payable, "3")]),
    ("V695-2", &[(Nmlsr, "0")]),
    ("V696-1", &[(Aus1, "8")]),
    ("V696-3", &[(Aus1, "1"), (AusResult1, "1"), (Aus2, "2")]),
    ("V700-1", &[(AusResult1, "1")]),
    ("V702-1", &[(Aus1, "5"), (AusResult1, "1")]),
    ("V703-2", &[(AusResultOther, "x")]),
    ("V706", &[(Reverse, "3")]),
    ("V712", &[(LoanCosts, "Exempt")]),
    ("V713", &[(Aus1, "1111")]),
    ("V714", &[(Payable, "1111")]),
    ("V715", &[(Balloon, "1111")]),
    ("V720-1", &[(Score, "200")]),
    ("S300", &[(Record, "3")]),
    ("S301", &[(Lei, "USANCE00TESTONLY0002")]),
    ("DIVIDER", &[(City, "a|b")]),
];

/// One field of a good line is changed; the edit that is named has to fail.
#[test]
fn each_edit_finds_its_error() {
    for (edit, changes) in WRONG {
        let changed = changes
            .iter()
            .fold(loan(), |loan, (field, text)| loan.with(*field, text));
        let register = Register {
            loans: vec![changed],
            ..register()
        };
        let found = codes(hmda::file(&register));
        assert!(found.iter().any(|one| one.1 == *edit), "{edit}: {found:?}");
    }
    let mut twice = register();
    twice.loans.push(loan());
    let found = codes(hmda::file(&twice));
    for edit in ["S304", "S305", "S306"] {
        assert!(found.iter().any(|one| one.1 == edit), "{edit}");
    }
}

/// Files of another system, to compare: `USANCE_HMDA_CLEAN` names a folder of registers that have to pass, `USANCE_HMDA_ERRORS` one
/// of registers that have to fail the edit that stands in their file's name, such as `Bank 1_2024 V662-1.txt`.
#[test]
fn files_of_the_platform_are_judged_as_it_judges_them() {
    let files = |variable: &str| -> Vec<(String, Register)> {
        let folder = env::var_os(variable);
        let entries = folder.into_iter().flat_map(|folder| fs::read_dir(folder).unwrap());
        let read = entries.map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().to_uppercase();
            (name, Register::parse(&fs::read_to_string(&path).unwrap()).unwrap())
        });
        read.collect()
    };
    for (name, register) in files("USANCE_HMDA_CLEAN") {
        assert_eq!(hmda::problems(&register), [], "{name}");
    }
    for (name, register) in files("USANCE_HMDA_ERRORS") {
        let found = hmda::problems(&register);
        let named = found.iter().any(|problem| {
            let edit = problem.code.split('-').next().unwrap();
            name.contains(edit)
        });
        assert!(named, "{name}: {found:?}");
    }
}
