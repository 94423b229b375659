//! The bank by files.

use std::path::Path;
use std::sync::Arc;

use domain::appraisal::appraise;
use domain::offer::Binding;
use domain::ports::{AcceptOrder, Answer, Lender, LenderError, LenderStatus};
use domain::request::CreditRequest;
use domain::{Currency, SettlementId};
use lenders::iso20022::reference;
use lenders::{BankFiles, BankFilesConfig};
use usance_sandbox::bankfiles::{Fault, Line, Payment, SandboxBank};

use crate::scene::{Still, ask, clock, id, offers, order, request, usd};

pub const ACCOUNT: &str = "100200300";

pub struct Scene {
    pub bank: SandboxBank,
    pub ours: BankFiles,
    clock: Arc<Still>,
    folder: tempfile::TempDir,
}

fn config(folder: &Path) -> BankFilesConfig {
    let text = format!(
        "id = \"file-bank\"\nfolder = \"{}\"\ncurrency = \"USD\"\nlate_fee = 700\ngrace_days = 10\n\
         account = {{ name = \"File Bank loans\", number = \"{ACCOUNT}\", routing = \"021000021\" }}\n\
         payout = {{ name = \"Usance client money\", number = \"400500600\", routing = \"021000021\" }}\n\
         rates = [{{ max_months = 12, rate_ppm = 90000 }}, {{ max_months = 36, rate_ppm = 110000, fee_bps = 150 }}]\n[capabilities]\n\
         products = [\"INSTALLMENT\"]\njurisdictions = [{{ country = \"US\" }}]\n\
         amounts = [{{ currency = \"USD\", min = 50000, max = 5000000 }}]\nmin_term_days = 80\nmax_term_days = 1900\ninquiry = \"SOFT\"\n",
        folder.display()
    );
    toml::from_str(&text).unwrap()
}

impl Scene {
    pub fn start() -> Self {
        let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
        let ours = BankFiles::open(config(folder.path()), clock.clone()).unwrap();
        let bank = SandboxBank::new(folder.path(), ACCOUNT, Currency::usd(), clock.clone());
        Self {
            bank,
            ours,
            clock,
            folder,
        }
    }

    /// An accepted order and the payment that the bank found.
    pub async fn accepted(&self, number: u128) -> (CreditRequest, AcceptOrder, Payment) {
        let asked = request(number, 24);
        let offer = offers(self.ours.quote(&ask(&asked)).await).remove(0);
        let order = order(number, &asked, &offer);
        let receipt = self.ours.accept(&order).await.unwrap();
        assert_eq!(receipt.status, LenderStatus::Accepted);
        assert_eq!(receipt.loan_ref, reference::of(asked.id));
        let payment = self.bank.collect().unwrap().remove(0);
        (asked, order, payment)
    }

    async fn status(&self, order: &AcceptOrder) -> LenderStatus {
        self.ours.status(order.settlement).await.unwrap()
    }

    pub fn files(&self, part: &str) -> usize {
        let entries = std::fs::read_dir(self.folder.path().join(part)).unwrap();
        entries
            .filter(|entry| {
                !entry
                    .as_ref()
                    .unwrap()
                    .file_name()
                    .to_string_lossy()
                    .ends_with(".why.txt")
            })
            .count()
    }

    /// The codes of what waits for a person since the last look.
    pub async fn odd(&self) -> Vec<&'static str> {
        let taken = self.ours.take_in().await.unwrap();
        assert!(taken.refused.is_empty(), "every file can be read: {:?}", taken.refused);
        taken.aside.into_iter().map(|aside| aside.why).collect()
    }
}

#[tokio::test]
async fn a_rate_card_makes_firm_offers_by_the_band_of_the_term() {
    let scene = Scene::start();
    for (months, nominal, net) in [
        (6, 90_000, 500_000),
        (12, 90_000, 500_000),
        (13, 110_000, 492_500),
        (36, 110_000, 492_500),
    ] {
        let asked = request(u128::from(months), months);
        let offer = offers(scene.ours.quote(&ask(&asked)).await).remove(0);
        assert_eq!(offer.binding, Binding::Firm);
        assert_eq!(
            (offer.rate.nominal.ppm(), offer.amounts.net_disbursed),
            (nominal, usd(net))
        );
        assert_eq!(offer.repayment.schedule.len(), months as usize);
        assert_eq!(
            offer.provider_ref,
            reference::of(asked.id),
            "what payments will carry is known before acceptance"
        );
        assert!(appraise(&asked, &offer).unwrap().flags.is_empty());
    }
    match scene.ours.quote(&ask(&request(1, 37))).await {
        Ok(Answer::Declined(reasons)) => assert_eq!(reasons[0].code, "TERM_NOT_OFFERED"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_acceptance_repeated_in_any_way_instructs_one_payment() {
    let scene = Scene::start();
    let (_, order, payment) = scene.accepted(1).await;
    assert_eq!(payment.end_to_end, order.settlement.0.simple().to_string());
    assert!(payment.end_to_end.len() <= 35, "Max35Text");
    assert_eq!(payment.amount, order.net_disbursed);
    assert_eq!(reference::parse(&payment.reference), Some(order.provider_ref.clone()));
    // The transport took the file away: a repeated acceptance writes none.
    let again = BankFiles::open(config(scene.folder.path()), scene.clock.clone()).unwrap();
    for ours in [&scene.ours, &again] {
        assert_eq!(ours.accept(&order).await.unwrap().status, LenderStatus::Accepted);
    }
    assert_eq!(scene.files("out"), 0);
    // A crash before the mark: the same bytes again, under the same name, which the bank knows as a copy.
    let sent = scene.folder.path().join("books/sent").join(&payment.end_to_end);
    std::fs::remove_file(&sent).unwrap();
    scene.clock.pass(1);
    again.accept(&order).await.unwrap();
    assert_eq!(scene.bank.collect().unwrap(), [payment]);
    assert!(sent.exists());
}

#[tokio::test]
async fn an_acceptance_that_is_not_the_offers_pays_nothing() {
    let scene = Scene::start();
    let (asked, order, _) = scene.accepted(1).await;
    let other = AcceptOrder {
        principal: usd(400_000),
        net_disbursed: usd(394_000),
        ..order.clone()
    };
    let error = scene.ours.accept(&other).await.unwrap_err();
    assert!(matches!(error, LenderError::Malformed { field, .. } if field == "settlement"));
    let foreign = AcceptOrder {
        settlement: SettlementId(id(9_000)),
        provider_ref: "RF18539007547034".into(),
        ..order.clone()
    };
    let error = scene.ours.accept(&foreign).await.unwrap_err();
    assert!(matches!(error, LenderError::Malformed { field, .. } if field == "provider_ref"));
    let twice = AcceptOrder {
        settlement: SettlementId(id(9_001)),
        ..order.clone()
    };
    assert!(scene.ours.accept(&twice).await.is_err(), "a request has one loan");
    let changed = AcceptOrder {
        settlement: SettlementId(id(9_002)),
        request: id(7_777).into(),
        provider_ref: reference::of(id(7_777).into()),
        net_disbursed: usd(499_999),
        ..order
    };
    match scene.ours.accept(&changed).await.unwrap().status {
        LenderStatus::Rejected { reasons } => assert_eq!(reasons[0].code, "TERMS_CHANGED"),
        other => panic!("{other:?}"),
    }
    assert_eq!((scene.files("out"), asked.amount), (0, usd(500_000)));
    let error = scene.ours.cancel(twice.settlement).await;
    assert_eq!(error, Ok(LenderStatus::Unknown));
}

#[tokio::test]
async fn a_report_is_news_only_when_the_bank_refuses_for_good() {
    let scene = Scene::start();
    let (_, order, payment) = scene.accepted(1).await;
    for status in ["ACTC", "ACSP", "ACSC"] {
        scene.bank.report(&payment, status, None).unwrap();
        assert!(scene.odd().await.is_empty());
        assert_eq!(
            scene.status(&order).await,
            LenderStatus::Accepted,
            "{status} is no evidence of a booking"
        );
    }
    scene.bank.report(&payment, "RJCT", Some("AM05")).unwrap();
    assert_eq!(scene.odd().await, ["REFUSED_AS_A_COPY"]);
    assert_eq!(
        scene.status(&order).await,
        LenderStatus::Accepted,
        "a refused copy says nothing of the first"
    );
    assert!(matches!(
        scene.ours.cancel(order.settlement).await,
        Err(LenderError::Unsupported(_))
    ));
    scene.bank.report(&payment, "RJCT", Some("AC04")).unwrap();
    assert!(scene.odd().await.is_empty());
    let refused = scene.status(&order).await;
    match &refused {
        LenderStatus::Rejected { reasons } => assert_eq!(reasons[0].code, "BANK_AC04"),
        other => panic!("{other:?}"),
    }
    assert!(
        !format!("{refused:?}").contains("Canary"),
        "the bank's free text is not repeated"
    );
    // Money that goes out after all is for a person.
    scene
        .bank
        .statement(&[Line::paid_out(&payment, "BK1")], Fault::None)
        .unwrap();
    assert_eq!(scene.odd().await, ["BOOKED_AFTER_REFUSAL"]);
    assert_eq!(scene.status(&order).await, refused);
    let unknown = Payment {
        end_to_end: "0".repeat(32),
        ..payment
    };
    scene.bank.report(&unknown, "RJCT", Some("AC01")).unwrap();
    assert_eq!(scene.odd().await, ["UNKNOWN_PAYMENT"]);
}

#[tokio::test]
async fn a_booked_debit_is_the_evidence_and_counts_once() {
    let scene = Scene::start();
    let (_, order, payment) = scene.accepted(1).await;
    scene.clock.pass(1);
    scene
        .bank
        .statement(&[Line::paid_out(&payment, "BK1")], Fault::NotBooked)
        .unwrap();
    assert!(scene.odd().await.is_empty());
    assert_eq!(
        scene.status(&order).await,
        LenderStatus::Accepted,
        "an announced entry is no evidence"
    );
    let text = scene
        .bank
        .statement(&[Line::paid_out(&payment, "BK1")], Fault::None)
        .unwrap();
    assert_eq!(scene.ours.take_in().await.unwrap().disbursed, 1);
    let paid = scene.status(&order).await;
    match &paid {
        LenderStatus::Disbursed { amount, at, evidence } => {
            assert_eq!(
                (*amount, evidence.as_str()),
                (usd(492_500), "camt.053:100200300:ref:BK1")
            );
            assert_eq!(at.to_rfc3339(), "2026-03-02T00:00:00+00:00", "the bank's booking date");
        }
        other => panic!("{other:?}"),
    }
    // The same statement, and the same entry in another one.
    scene.bank.deliver("again.xml", &text).unwrap();
    scene
        .bank
        .statement(&[Line::paid_out(&payment, "BK1")], Fault::None)
        .unwrap();
    let taken = scene.ours.take_in().await.unwrap();
    assert_eq!((taken.files, taken.disbursed, taken.aside.len()), (2, 0, 0));
    // Another debit for the same order is for a person, and so is a refusal after it.
    scene
        .bank
        .statement(&[Line::paid_out(&payment, "BK2")], Fault::None)
        .unwrap();
    scene.bank.report(&payment, "RJCT", Some("AC04")).unwrap();
    let mut odd = scene.odd().await;
    odd.sort_unstable();
    assert_eq!(odd, ["PAID_TWICE", "REFUSED_AFTER_BOOKING"]);
    assert_eq!(scene.status(&order).await, paid);
    let restarted = BankFiles::open(config(scene.folder.path()), scene.clock.clone()).unwrap();
    assert_eq!(restarted.status(order.settlement).await.unwrap(), paid);
    assert_eq!(restarted.accept(&order).await.unwrap().status, paid);
    assert_eq!(scene.files("out"), 0);
}

#[tokio::test]
async fn a_payout_of_another_amount_waits_for_a_person() {
    let scene = Scene::start();
    let (_, order, payment) = scene.accepted(1).await;
    let less = Payment {
        amount: usd(492_499),
        ..payment
    };
    scene
        .bank
        .statement(&[Line::paid_out(&less, "BK1")], Fault::None)
        .unwrap();
    assert_eq!(scene.odd().await, ["OTHER_AMOUNT"]);
    assert_eq!(scene.status(&order).await, LenderStatus::Accepted);
}

#[tokio::test]
async fn nothing_counts_of_a_statement_that_cannot_be_read_whole() {
    let scene = Scene::start();
    let (_, order, payment) = scene.accepted(1).await;
    let line = Line::paid_out(&payment, "BK1");
    let cases = [
        (Fault::CutOff, "file: "),
        (Fault::EntryMissing, "Stmt: the entries do not lead"),
        (Fault::OtherAccount, "Stmt/Acct: is another account"),
        (Fault::Entity, "file: has a document type"),
        (Fault::OtherNamespace, "Document: is not a message that is read here"),
    ];
    for (number, (fault, expected)) in cases.into_iter().enumerate() {
        scene.bank.statement(std::slice::from_ref(&line), fault).unwrap();
        let taken = scene.ours.take_in().await.unwrap();
        assert_eq!((taken.files, taken.disbursed), (0, 0), "{fault:?}");
        let error = taken.refused[0].1.to_string();
        assert!(error.contains(expected), "{fault:?}: {error}");
        assert_eq!((scene.files("in"), scene.files("failed")), (0, number + 1));
        assert_eq!(scene.status(&order).await, LenderStatus::Accepted);
    }
    let why = std::fs::read_to_string(scene.folder.path().join("failed/camt053-0003.xml.why.txt")).unwrap();
    assert!(why.contains("is another account"), "{why}");
    scene.bank.statement(&[line], Fault::OtherCurrency).unwrap();
    assert_eq!(scene.odd().await, ["OTHER_CURRENCY"]);
    assert_eq!(scene.status(&order).await, LenderStatus::Accepted);
}

#[tokio::test]
async fn a_payment_under_the_loans_reference_is_a_repayment_once() {
    let scene = Scene::start();
    let (_, order, payment) = scene.accepted(1).await;
    let spaced = format!("{} {}", &payment.reference[..4], payment.reference[4..].to_lowercase());
    let paid = |reference: &str, bank: &str| Line::paid_in(usd(23_000), reference, bank);
    let lines = [
        Line::paid_out(&payment, "BK1"),
        paid(&spaced, "IN1"),
        paid("RF18539007547034", "IN2"),
        paid("RF00", "IN3"),
        Line {
            reference: None,
            ..paid("", "IN4")
        },
    ];
    let text = scene.bank.statement(&lines, Fault::None).unwrap();
    let mut odd = scene.odd().await;
    odd.sort_unstable();
    assert_eq!(odd, ["UNKNOWN_REFERENCE", "UNMATCHED", "UNMATCHED"]);
    let pending = scene.ours.repayments().await.unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!(
        (pending[0].settlement, pending[0].amount),
        (order.settlement, usd(23_000))
    );
    assert_eq!(pending[0].evidence, "camt.053:100200300:ref:IN1");
    // The statement again, before and after it is counted, and the entry in another statement.
    scene.bank.deliver("again.xml", &text).unwrap();
    scene.ours.take_in().await.unwrap();
    assert_eq!(scene.ours.repayments().await.unwrap().len(), 1);
    scene.ours.counted(&pending[0]).await.unwrap();
    scene.bank.deliver("again.xml", &text).unwrap();
    scene
        .bank
        .statement(&[paid(&payment.reference, "IN1")], Fault::None)
        .unwrap();
    assert!(scene.odd().await.is_empty());
    assert!(scene.ours.repayments().await.unwrap().is_empty());
    assert_eq!(scene.ours.waiting().await.unwrap(), 3);
    // Under a reference of the bank that was used for another amount: a person looks.
    let other = Line {
        amount: usd(24_000),
        ..paid(&payment.reference, "IN1")
    };
    scene.bank.statement(&[other], Fault::None).unwrap();
    assert_eq!(scene.odd().await, ["SAME_REFERENCE_OTHER_ENTRY"]);
    // What our ledger refuses is kept for a person and not tried again, also when the statement comes again.
    scene
        .bank
        .statement(&[paid(&payment.reference, "IN9")], Fault::None)
        .unwrap();
    scene.ours.take_in().await.unwrap();
    let refused = scene.ours.repayments().await.unwrap();
    scene.ours.give_up(&refused[0], "OVERPAID").await.unwrap();
    scene
        .bank
        .statement(&[paid(&payment.reference, "IN9")], Fault::None)
        .unwrap();
    scene.ours.take_in().await.unwrap();
    assert!(scene.ours.repayments().await.unwrap().is_empty());
    assert_eq!(scene.ours.waiting().await.unwrap(), 5);
}

#[tokio::test]
async fn only_whole_files_with_plain_names_are_taken() {
    let scene = Scene::start();
    let folder = scene.folder.path().join("in");
    for name in ["statement.xml.part", ".hidden.xml", "notes.txt", "odd name.xml"] {
        std::fs::write(folder.join(name), "half").unwrap();
    }
    std::os::unix::fs::symlink("/etc/hostname", folder.join("link.xml")).unwrap();
    let taken = scene.ours.take_in().await.unwrap();
    assert_eq!((taken.files, taken.refused.len()), (0, 0));
    assert_eq!(scene.files("in"), 5);
}

#[test]
fn a_configuration_that_cannot_work_is_refused_by_its_field() {
    let folder = tempfile::tempdir().unwrap();
    let good = config(folder.path());
    let refused = |config: BankFilesConfig| BankFiles::open(config, clock()).map(drop).unwrap_err().to_string();
    let mut banded = good.clone();
    banded.rates[1].max_months = 12;
    let mut free = good.clone();
    free.rates[0].fee_bps = 10_000;
    let mut routed = good.clone();
    routed.payout.routing = Some("021000022".into());
    let mut euros = good.clone();
    euros.capabilities.amounts[0].currency = Currency::parse("EUR").unwrap();
    for (config, field) in [
        (
            BankFilesConfig {
                rates: vec![],
                ..good.clone()
            },
            "rates",
        ),
        (
            BankFilesConfig {
                poll_ms: 1,
                ..good.clone()
            },
            "poll_ms",
        ),
        (
            BankFilesConfig {
                valid_minutes: 0,
                ..good.clone()
            },
            "valid_minutes",
        ),
        (
            BankFilesConfig {
                late_fee: -1,
                ..good.clone()
            },
            "late_fee",
        ),
        (banded, "rates[1].max_months"),
        (free, "rates[0].fee_bps"),
        (routed, "payout.routing"),
        (euros, "capabilities.amounts"),
    ] {
        let error = refused(config);
        assert!(error.starts_with(field), "{field}: {error}");
    }
    std::fs::write(folder.path().join("file"), "").unwrap();
    let blocked = BankFilesConfig {
        folder: folder.path().join("file"),
        ..good
    };
    assert!(refused(blocked).starts_with("folder"));
}

#[tokio::test]
async fn another_currency_is_declined() {
    let scene = Scene::start();
    let mut asked = request(1, 24);
    asked.amount.currency = Currency::parse("EUR").unwrap();
    assert!(matches!(scene.ours.quote(&ask(&asked)).await, Ok(Answer::Declined(_))));
    let late = crate::scene::ask_within(&request(1, 24), std::time::Duration::ZERO);
    assert_eq!(scene.ours.quote(&late).await, Err(LenderError::TimedOut));
}

/// Configuration is where an operator meets both: by kind, without unknown keys, and with the name of the lender and the field.
#[test]
fn lenders_of_both_kinds_are_configured_by_their_kind() {
    // As the server reads its file: values first, so that no error quotes a line.
    let parse = |text: &str| text.parse::<toml::Table>().unwrap().try_into::<lenders::LenderConfig>();
    let bank = |extra: &str| {
        format!(
            "kind = \"bank-files\"\nid = \"b\"\nfolder = \"/nowhere\"\ncurrency = \"EUR\"\n{extra}\n\
             account = {{ name = \"A\", iban = \"DE89370400440532013000\" }}\npayout = {{ name = \"B\", iban = \"DE89370400440532013000\" }}\n\
             rates = [{{ max_months = 12, rate_ppm = 1 }}]\n[capabilities]\nproducts = [\"INSTALLMENT\"]\njurisdictions = [{{ country = \"DE\" }}]\n\
             amounts = [{{ currency = \"EUR\", min = 1, max = 2 }}]\nmin_term_days = 1\nmax_term_days = 2\ninquiry = \"NONE\"\n"
        )
    };
    assert!(matches!(parse(&bank("")), Ok(lenders::LenderConfig::BankFiles(_))));
    let unknown = parse(&bank("colour = 1")).unwrap_err().to_string();
    assert!(unknown.contains("colour"), "{unknown}");
    let market = "kind = \"rate-table\"\nid = \"m\"\nurl = \"https://m.example\"\ntoken = \"s3cret\"\n";
    let written = parse(market).unwrap_err().to_string();
    assert!(
        !written.contains("s3cret"),
        "a token in the file is refused, and not repeated: {written}"
    );
}
