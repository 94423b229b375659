//! What a document has to hold, whatever the facts say.

#![expect(clippy::unwrap_used, reason = "a test")]

mod samples;

use chrono::NaiveDate;
use domain::cashflow::{DatedFlows, eu, india, us};
use domain::{Money, Rate};
use usance_documents::{ScheduledPayment, SecciForm, render};

const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&#0;\u{202e}evil\u{0}javascript:";

fn flows(advance: (NaiveDate, Money), payments: &[ScheduledPayment]) -> DatedFlows {
    DatedFlows {
        advances: vec![(advance.0, i128::from(advance.1.minor))],
        payments: payments
            .iter()
            .map(|row| (row.due, i128::from(row.total.minor)))
            .collect(),
    }
}

/// The samples state true rates: a golden file must not teach a wrong figure.
#[test]
fn the_rates_of_the_samples_are_computed() {
    let near = |stated: Rate, computed: rust_decimal::Decimal| {
        assert_eq!(stated.to_percent().round_dp(2), computed.round_dp(2));
    };
    let z = samples::reg_z();
    let apr = us::apr(&flows((z.date, z.amount_financed), &z.schedule)).unwrap();
    near(z.apr, apr.percent());
    let kfs = samples::kfs();
    let apr = india::apr(&flows((kfs.disbursed_on, kfs.net_disbursed), &kfs.schedule)).unwrap();
    near(kfs.apr, apr.percent());
    let form = samples::secci(SecciForm::Ccd2023);
    let fee = form.costs[0].amount;
    let arrives = form.total_amount.minus(fee).unwrap();
    let start = samples::day("2026-11-30");
    let apr = eu::apr(&flows((start, arrives), &form.schedule)).unwrap();
    near(form.aprc, apr.percent());
}

#[test]
fn the_same_facts_are_the_same_bytes() {
    let one = render::kfs(&samples::kfs()).unwrap();
    let two = render::kfs(&samples::kfs()).unwrap();
    assert_eq!(one, two);
    let mut other = samples::kfs();
    other.borrower.name.push('.');
    assert_ne!(render::kfs(&other).unwrap().sha256, one.sha256);
}

#[test]
fn text_of_a_lender_cannot_become_markup() {
    let mut facts = samples::reg_z();
    facts.creditor.name = HOSTILE.into();
    facts.creditor.address = vec![HOSTILE.into()];
    facts.creditor.web = Some(HOSTILE.into());
    facts.reference = HOSTILE.into();
    facts.itemization[0].label = HOSTILE.into();
    facts.security.as_mut().unwrap().property = HOSTILE.into();
    let html = render::reg_z(&facts).unwrap().html;
    for bad in ["<script", "<img", "\u{202e}", "\u{0}", "&#0;"] {
        assert!(!html.contains(bad), "{bad:?}");
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img"));
    // Tags of the page, and no other.
    let plain = render::reg_z(&samples::reg_z()).unwrap().html;
    assert_eq!(html.matches('<').count(), plain.matches('<').count());
}

#[test]
fn a_page_loads_and_runs_nothing() {
    let html = render::secci(&samples::secci(SecciForm::Ccd2008)).unwrap().html;
    for bad in [
        "<script", "http://", "https://", "url(", "@import", " src=", " href=", "<form", "<iframe", "onclick", "onload",
    ] {
        assert!(!html.contains(bad), "{bad}");
    }
    assert!(html.contains("default-src 'none'"));
    assert!(html.starts_with("<!doctype html>\n<html lang=\"en-IE\">"));
}

#[test]
fn apr_and_finance_charge_are_the_most_conspicuous() {
    let html = render::reg_z(&samples::reg_z()).unwrap().html;
    let marks: Vec<&str> = html
        .split("class=\"prominent\"><h3>")
        .skip(1)
        .map(|part| &part[..part.find('<').unwrap()])
        .collect();
    assert_eq!(marks, ["ANNUAL PERCENTAGE RATE", "FINANCE CHARGE"]);
}

#[test]
fn key_information_comes_first_under_the_new_directive() {
    let html = render::secci(&samples::secci(SecciForm::Ccd2023)).unwrap().html;
    let order = [
        ">Creditor<",
        ">Credit intermediary<",
        ">Total amount of credit<",
        ">Duration of the credit agreement<",
        ">Borrowing rate<",
        ">Annual percentage rate of charge (APR)<",
        ">Total amount you will have to pay<",
        ">Costs in the case of late payments<",
        "Missing payments could",
        "class=\"break\"",
    ];
    let places: Vec<usize> = order.iter().map(|text| html.find(text).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn facts_that_contradict_each_other_are_refused() {
    let field = |result: Result<usance_documents::Document, usance_documents::Problem>| result.unwrap_err().field;
    let mut z = samples::reg_z();
    z.finance_charge.minor += 1;
    assert_eq!(field(render::reg_z(&z)), "total_of_payments");
    let mut z = samples::reg_z();
    z.schedule[3].total.minor += 1;
    assert_eq!(field(render::reg_z(&z)), "schedule");
    let mut z = samples::reg_z();
    z.itemization.pop();
    assert_eq!(field(render::reg_z(&z)), "itemization");
    let mut kfs = samples::kfs();
    kfs.charges.pop();
    assert_eq!(field(render::kfs(&kfs)), "net_disbursed");
    let mut form = samples::secci(SecciForm::Ccd2023);
    form.withdrawal_days = 13;
    assert_eq!(field(render::secci(&form)), "withdrawal_days");
    let mut notice = samples::adverse_action();
    notice.creditors[1].reasons.clear();
    assert_eq!(field(render::adverse_action(&notice)), "creditors.reasons");
    let mut notice = samples::adverse_action();
    notice.creditors[0].agency.address.clear();
    assert_eq!(field(render::adverse_action(&notice)), "creditors.agency");
    let mut z = samples::reg_z();
    z.reference = "\u{200b}".into();
    assert_eq!(field(render::reg_z(&z)), "reference");
}

#[test]
fn a_joint_notice_holds_the_reasons_of_every_creditor() {
    let facts = samples::adverse_action();
    let html = render::adverse_action(&facts).unwrap().html;
    for creditor in &facts.creditors {
        assert!(html.contains(&format!("<h2>{}</h2>", creditor.creditor.name)));
        for reason in &creditor.reasons {
            assert!(html.contains(&format!("<li>{}</li>", reason.text)));
        }
    }
    assert!(html.contains("Equal Credit Opportunity Act prohibits creditors"));
    assert!(html.contains("Number of recent inquiries on consumer report, as a key factor"));
}

#[test]
fn letters_without_a_glyph_are_reported_and_stand_in_the_page() {
    let mut facts = samples::kfs();
    facts.borrower.name = "आशा नमूना".into();
    let document = render::kfs(&facts).unwrap();
    assert!(document.missing_glyphs.contains(&'आ'));
    assert!(document.html.contains("आशा नमूना"));
    facts.borrower.name = "Ångström Žižka Ђорђе Ελένη ₹€£".into();
    assert_eq!(render::kfs(&facts).unwrap().missing_glyphs, []);
}

#[test]
fn the_file_is_tagged_titled_and_says_its_language() {
    let pdf = render::reg_z(&samples::reg_z()).unwrap().pdf;
    let has = |text: &str| pdf.windows(text.len()).any(|window| window == text.as_bytes());
    for text in [
        "%PDF-1.7",
        "/Marked true",
        "/Lang(en-US)",
        "/DisplayDocTitle true",
        "(Truth in Lending Disclosure)",
        "/S/H1",
        "/S/H2",
        "/S/TH",
        "/Scope/Column",
        "/StructTreeRoot",
    ] {
        assert!(has(text), "{text}");
    }
    assert!(!has("/JavaScript") && !has("/URI") && !has("/CreationDate"));
}

#[test]
fn very_long_text_and_calendars_stay_within_bounds() {
    let mut facts = samples::reg_z();
    facts.creditor.name = "W".repeat(2_000);
    assert!(render::reg_z(&facts).is_ok());
    facts.creditor.name = "W".repeat(2_001);
    assert_eq!(render::reg_z(&facts).unwrap_err().field, "text");
    let mut facts = samples::agreement();
    facts.schedule = samples::schedule(facts.principal, Rate::ZERO, 300, 1_499, "2026-11-21");
    assert!(render::agreement(&facts).is_ok());
    facts.schedule = samples::schedule(facts.principal, Rate::ZERO, 300, 1_500, "2026-11-21");
    assert_eq!(render::agreement(&facts).unwrap_err().field, "schedule");
}
