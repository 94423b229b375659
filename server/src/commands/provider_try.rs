//! `usance provider try`: what a recorded answer of a lender comes to by its manifest, without a network.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use domain::appraisal::appraise;
use domain::calendar::{Period, Unit};
use domain::offer::Offer;
use domain::ports::Answer;
use domain::request::{Applicant, CreditRequest, Employment, Purpose};
use domain::{Money, PrincipalId, RequestId, TenantId};
use lenders::Manifest;
use serde::Deserialize;
use uuid::Uuid;

use super::Exit;
use super::table::{Align, Cell, Table, Tone, colour_wanted};
use crate::clock::SystemClock;

/// What to try.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// The manifest.
    pub manifest: PathBuf,
    /// A recorded answer (JSON), or a test: TOML with `now`, `amount`, `term`, `answers` and `[[expect]]`.
    #[arg(long, value_name = "FILE")]
    pub fixture: PathBuf,
    /// Amount asked for, major units; of a JSON fixture only. The largest that the lender lends when left out.
    #[arg(long)]
    pub amount: Option<String>,
    /// Months asked for; of a JSON fixture only.
    #[arg(long, default_value_t = 12)]
    pub months: u32,
    /// The instant by which offers are judged; of a JSON fixture only. Now when left out.
    #[arg(long)]
    pub now: Option<DateTime<Utc>>,
    /// Print the canonical offers as JSON.
    #[arg(long)]
    pub json: bool,
}

/// A test of a manifest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// Work that is left: the test is red until it is done.
    pub(super) todo: Option<String>,
    now: Option<DateTime<Utc>>,
    amount: Option<String>,
    term: Option<Period>,
    /// What a polled lender answers before the first poll; `usance provider check` needs it.
    pub(super) first: Option<PathBuf>,
    /// The pages of the answer, relative to the test.
    pub(super) answers: Vec<PathBuf>,
    /// The answers about loans, which `usance provider check` needs.
    pub(super) loan: Option<LoanAnswers>,
    /// The offers that it must come to, in their order.
    #[serde(default)]
    expect: Vec<Expected>,
    /// It must come to a decline.
    #[serde(default)]
    expect_decline: bool,
}

/// Recorded answers about an accepted offer. `$LOAN` and `$SETTLEMENT` in them become the ids of a run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoanAnswers {
    /// To the acceptance.
    pub(super) accept: PathBuf,
    /// To the question for its state.
    pub(super) status: PathBuf,
    /// To the withdrawal.
    pub(super) cancel: Option<PathBuf>,
    /// To a question for a loan that nobody accepted.
    pub(super) unknown: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    provider_ref: Option<String>,
    /// Major units, as are the other amounts.
    net_disbursed: Option<String>,
    total_of_payments: Option<String>,
    payments: Option<usize>,
    /// Per cent.
    verified_apr: Option<String>,
}

/// Tries it: 1 when the answer or the expectations are not met, an error when manifest or fixture cannot be used.
pub fn run(options: &Options) -> Result<ExitCode> {
    let source = read(&options.manifest)?;
    let manifest = Manifest::parse(&source).with_context(|| options.manifest.display().to_string())?;
    let case = case(options)?;
    let request = request(&manifest, &case)?;
    let folder = options.fixture.parent().unwrap_or_else(|| Path::new(""));
    let pages = case.answers.iter().map(|file| read(&folder.join(file)));
    let pages: Vec<String> = pages.collect::<Result<_>>()?;
    let pages: Vec<&[u8]> = pages.iter().map(String::as_bytes).collect();
    let answer = manifest
        .read(&request, request.at, &pages)
        .and_then(|answer| sdk::validate_answer(&answer, &request, request.at).map(|()| answer));
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            super::print(&format!("red: {error}\n"));
            return Ok(Exit::Failure.into());
        }
    };
    super::print(&shown(&answer, &request, options.json)?);
    let wrong = differences(&case, &answer, &request);
    if !options.json || !wrong.is_empty() {
        for line in &wrong {
            eprintln!("red: {line}");
        }
        eprintln!("{}", if wrong.is_empty() { "green" } else { "not green" });
    }
    let exit = if wrong.is_empty() { Exit::Success } else { Exit::Failure };
    Ok(exit.into())
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

impl Case {
    /// Reads a test.
    pub(super) fn read(file: &Path) -> Result<Self> {
        let case: Self = toml::from_str(&read(file)?).with_context(|| file.display().to_string())?;
        if case.answers.is_empty() {
            bail!("{}: answers must name a file", file.display());
        }
        Ok(case)
    }
}

fn case(options: &Options) -> Result<Case> {
    if options.fixture.extension().is_some_and(|kind| kind == "toml") {
        return Case::read(&options.fixture);
    }
    let file = options.fixture.file_name().context("the fixture is no file")?;
    Ok(Case {
        todo: None,
        now: options.now,
        amount: options.amount.clone(),
        term: Some(Period::new(options.months, Unit::Month)),
        first: None,
        answers: vec![file.into()],
        loan: None,
        expect: Vec::new(),
        expect_decline: false,
    })
}

/// A question of nobody.
pub(super) fn request(manifest: &Manifest, case: &Case) -> Result<CreditRequest> {
    let capabilities = manifest.capabilities();
    let lent = capabilities.amounts.first().context("the manifest names no currency")?;
    let amount = match &case.amount {
        Some(text) => Money::parse_major(text, lent.currency).context("amount")?,
        None => Money::new(lent.max, lent.currency),
    };
    let jurisdiction = capabilities.jurisdictions.first();
    Ok(CreditRequest {
        id: RequestId(Uuid::from_u128(1)),
        tenant: TenantId(Uuid::from_u128(2)),
        borrower: PrincipalId(Uuid::from_u128(3)),
        at: case.now.unwrap_or_else(|| domain::ports::Clock::now(&SystemClock)),
        amount,
        term: case.term.unwrap_or(Period::new(12, Unit::Month)),
        purpose: Purpose::Other,
        products: Vec::new(),
        jurisdiction: jurisdiction.context("the manifest names no jurisdiction")?.clone(),
        applicant: Applicant {
            full_name: "Nobody".into(),
            date_of_birth: None,
            monthly_income: amount,
            monthly_housing_cost: Money::zero(lent.currency),
            monthly_debt_payments: Money::zero(lent.currency),
            employment: Employment::Employed,
            employment_months: 24,
            residence_months: 24,
            delinquencies_24m: 0,
            inquiries_6m: 0,
            credit_history_months: None,
            revolving_utilization_percent: None,
            military_covered: false,
        },
        wallet: None,
        collateral: None,
        refinances: None,
        data_consents: Vec::new(),
    })
}

fn total(offer: &Offer) -> Option<Money> {
    let mut rows = offer.repayment.schedule.iter();
    rows.try_fold(Money::zero(offer.amounts.offered.currency), |sum, row| {
        sum.plus(row.total).ok()
    })
}

fn verified(offer: &Offer, request: &CreditRequest) -> String {
    match appraise(request, offer) {
        Ok(appraisal) => format!("{} %", appraisal.verified.apr.to_percent().round_dp(2)),
        Err(error) => error.to_string(),
    }
}

fn shown(answer: &Answer, request: &CreditRequest, json: bool) -> Result<String> {
    match answer {
        Answer::Offers(offers) if json => Ok(serde_json::to_string_pretty(offers)? + "\n"),
        Answer::Declined(reasons) if json => {
            Ok(serde_json::to_string_pretty(&serde_json::json!({ "declined": reasons }))? + "\n")
        }
        Answer::Offers(offers) => Ok(offers.iter().map(|offer| table(offer, request)).collect()),
        Answer::Declined(reasons) => {
            let lines: Vec<_> = reasons
                .iter()
                .map(|reason| format!("{} {}", reason.code, reason.text))
                .collect();
            Ok(format!("declined: {}\n", lines.join("; ")))
        }
    }
}

/// One offer with its calendar.
fn table(offer: &Offer, request: &CreditRequest) -> String {
    let colour = colour_wanted();
    let mut terms = Table::new(&[("offer", Align::Left), (&offer.provider_ref, Align::Left)]);
    let fees = offer.fees.iter().map(|fee| format!("{} {}", fee.code, fee.amount));
    let rows = [
        ("principal", offer.amounts.offered.to_string()),
        ("you receive", offer.amounts.net_disbursed.to_string()),
        ("fees", fees.collect::<Vec<_>>().join(", ")),
        ("nominal rate", format!("{} %", offer.rate.nominal.to_percent())),
        ("declared APR", format!("{} %", offer.declared.apr.to_percent())),
        ("verified APR", verified(offer, request)),
        (
            "all payments",
            total(offer).map(|sum| sum.to_string()).unwrap_or_default(),
        ),
        ("valid until", offer.valid_until.to_rfc3339()),
    ];
    for (name, value) in rows {
        terms.row(vec![Cell::new(name, Tone::Dim), value.into()]);
    }
    let number = Align::Right;
    let mut calendar = Table::new(&[
        ("due", Align::Left),
        ("principal", number),
        ("interest", number),
        ("fees", number),
        ("total", number),
    ]);
    for row in &offer.repayment.schedule {
        let amounts = [row.principal, row.interest, row.fees, row.total];
        let cells = amounts.map(|money| Cell::from(money.to_major().to_string()));
        calendar.row(std::iter::once(row.due.to_string().into()).chain(cells).collect());
    }
    format!("{}\n{}\n", terms.render(colour), calendar.render(colour))
}

/// What the test expects and the answer does not bring.
fn differences(case: &Case, answer: &Answer, request: &CreditRequest) -> Vec<String> {
    let mut wrong: Vec<String> = case.todo.iter().map(|todo| format!("TODO: {todo}")).collect();
    let offers = match answer {
        Answer::Offers(offers) => offers.as_slice(),
        Answer::Declined(_) => &[],
    };
    if case.expect_decline != offers.is_empty() && (case.expect_decline || !case.expect.is_empty()) {
        let (wanted, found) = if case.expect_decline {
            ("a decline", "offers")
        } else {
            ("offers", "a decline")
        };
        wrong.push(format!("expected {wanted}, found {found}"));
    }
    if !case.expect.is_empty() && !offers.is_empty() && case.expect.len() != offers.len() {
        wrong.push(format!("expected {} offers, found {}", case.expect.len(), offers.len()));
    }
    for (i, (expected, offer)) in case.expect.iter().zip(offers).enumerate() {
        let currency = offer.amounts.offered.currency;
        let major = |text: &str| Money::parse_major(text, currency).map_or_else(|e| e.to_string(), |m| m.to_string());
        let count = expected.payments.map(|count| count.to_string());
        let rows = [
            (
                "provider_ref",
                expected.provider_ref.clone(),
                offer.provider_ref.clone(),
            ),
            (
                "net_disbursed",
                expected.net_disbursed.as_deref().map(major),
                offer.amounts.net_disbursed.to_string(),
            ),
            (
                "total_of_payments",
                expected.total_of_payments.as_deref().map(major),
                total(offer).map(|sum| sum.to_string()).unwrap_or_default(),
            ),
            ("payments", count, offer.repayment.schedule.len().to_string()),
            (
                "verified_apr",
                expected.verified_apr.as_ref().map(|percent| format!("{percent} %")),
                verified(offer, request),
            ),
        ];
        for (key, wanted, found) in rows {
            if let Some(wanted) = wanted.filter(|wanted| *wanted != found) {
                wrong.push(format!("offer {}: {key}: expected {wanted}, found {found}", i + 1));
            }
        }
    }
    wrong
}
