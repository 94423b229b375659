//! A bank at the other end of a folder: it takes `pain.001` from `out/`, answers by `pain.002`, and shows what it booked by `camt.053`
//! in `in/`; faults included.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use domain::{Currency, Money};
use sdk::Clock;

/// A payment that we instructed, as the bank reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Message id.
    pub message: String,
    /// End-to-end id.
    pub end_to_end: String,
    /// Amount.
    pub amount: Money,
    /// The creditor reference that the payee sees.
    pub reference: String,
}

/// One line of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The bank's own reference.
    pub bank_reference: String,
    /// Amount.
    pub amount: Money,
    /// Money in.
    pub credit: bool,
    /// The payer's end-to-end id.
    pub end_to_end: Option<String>,
    /// Structured creditor reference.
    pub reference: Option<String>,
}

impl Line {
    /// We paid this out.
    pub fn paid_out(payment: &Payment, bank_reference: &str) -> Self {
        Self {
            bank_reference: bank_reference.into(),
            amount: payment.amount,
            credit: false,
            end_to_end: Some(payment.end_to_end.clone()),
            reference: None,
        }
    }

    /// Somebody paid in under a reference.
    pub fn paid_in(amount: Money, reference: &str, bank_reference: &str) -> Self {
        Self {
            bank_reference: bank_reference.into(),
            amount,
            credit: true,
            end_to_end: None,
            reference: Some(reference.into()),
        }
    }
}

/// How a statement goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Not at all.
    #[default]
    None,
    /// The file ends in the middle.
    CutOff,
    /// The last entry is missing; the closing balance has it.
    EntryMissing,
    /// It is of another account.
    OtherAccount,
    /// The entries are in another currency.
    OtherCurrency,
    /// The same entries are only announced.
    NotBooked,
    /// A document type with an entity.
    Entity,
    /// The namespace of another message.
    OtherNamespace,
}

/// The bank.
pub struct SandboxBank {
    folder: PathBuf,
    /// Number of the account.
    account: String,
    currency: Currency,
    clock: Arc<dyn Clock>,
    ledger: Mutex<Ledger>,
}

#[derive(Default)]
struct Ledger {
    /// Minor units.
    balance: i64,
    statements: u32,
    /// End-to-end ids that were paid: a copy is refused.
    paid: Vec<String>,
}

impl std::fmt::Debug for SandboxBank {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SandboxBank({})", self.folder.display())
    }
}

impl SandboxBank {
    /// A bank with ten million major units on the account.
    pub fn new(folder: &Path, account: &str, currency: Currency, clock: Arc<dyn Clock>) -> Self {
        Self {
            folder: folder.to_owned(),
            account: account.to_owned(),
            currency,
            clock,
            ledger: Mutex::new(Ledger {
                balance: 1_000_000_000,
                ..Ledger::default()
            }),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes every payment that waits, and removes its file as a transport does.
    pub fn collect(&self) -> io::Result<Vec<Payment>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.folder.join("out"))? {
            names.push(entry?.path());
        }
        names.sort();
        let mut payments = Vec::new();
        for path in names {
            let text = std::fs::read_to_string(&path)?;
            let payment = self
                .read(&text)
                .ok_or_else(|| io::Error::other("a payment that is none"))?;
            std::fs::remove_file(&path)?;
            payments.push(payment);
        }
        Ok(payments)
    }

    fn read(&self, text: &str) -> Option<Payment> {
        let own = text.contains("urn:iso:std:iso:20022:tech:xsd:pain.001.001.09")
            && between(text, "<DbtrAcct>", "</DbtrAcct>")?.contains(&self.account)
            && between(text, "<NbOfTxs>", "</NbOfTxs>")? == "1";
        let amount = between(text, "<InstdAmt Ccy=\"", "</InstdAmt>")?;
        let (code, amount) = amount.split_once("\">")?;
        let currency = Currency::parse(code).ok()?;
        let amount = Money::parse_major(amount, currency).ok()?;
        let summed = between(text, "<CtrlSum>", "</CtrlSum>")? == amount.to_major().to_string();
        (own && summed && amount.minor > 0).then_some(Payment {
            message: between(text, "<MsgId>", "</MsgId>")?.to_owned(),
            end_to_end: between(text, "<EndToEndId>", "</EndToEndId>")?.to_owned(),
            amount,
            reference: between(text, "<Ref>", "</Ref>")?.to_owned(),
        })
    }

    /// Reports on a payment: a status such as `ACSC` or `RJCT`, with a reason code.
    pub fn report(&self, payment: &Payment, status: &str, code: Option<&str>) -> io::Result<()> {
        let now = self.clock.now().to_rfc3339();
        let reason = code.map_or_else(String::new, |code| {
            format!("<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn><AddtlInf>see Mr. Canary</AddtlInf></StsRsnInf>")
        });
        let (message, id) = (&payment.message, &payment.end_to_end);
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10\"><CstmrPmtStsRpt>\
             <GrpHdr><MsgId>STS-{message}-{status}</MsgId><CreDtTm>{now}</CreDtTm></GrpHdr>\
             <OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInfAndSts>\
             <OrgnlPmtInfAndSts><OrgnlPmtInfId>{message}</OrgnlPmtInfId><TxInfAndSts><OrgnlEndToEndId>{id}</OrgnlEndToEndId>\
             <TxSts>{status}</TxSts>{reason}</TxInfAndSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
        );
        self.deliver(&format!("pain002-{message}-{status}.xml"), &text)
    }

    /// The next statement of the account with these lines; its text, so that it can be delivered again.
    pub fn statement(&self, lines: &[Line], fault: Fault) -> io::Result<String> {
        let text = self.write(lines, fault);
        let number = self.lock().statements;
        self.deliver(&format!("camt053-{number:04}.xml"), &text)?;
        Ok(text)
    }

    /// Puts a file into `in/` as a transport does: under another name first.
    pub fn deliver(&self, name: &str, text: &str) -> io::Result<()> {
        let to = self.folder.join("in").join(name);
        let from = self.folder.join("in").join(format!(".{name}.part"));
        std::fs::write(&from, text)?;
        std::fs::rename(from, to)
    }

    /// Takes what waits, pays it, reports and shows it: a bank on an ordinary day. How many it paid.
    pub fn work(&self) -> io::Result<usize> {
        let mut lines = Vec::new();
        for payment in self.collect()? {
            let copy = self.lock().paid.contains(&payment.end_to_end);
            if copy {
                self.report(&payment, "RJCT", Some("AM05"))?;
                continue;
            }
            self.lock().paid.push(payment.end_to_end.clone());
            self.report(&payment, "ACSC", None)?;
            lines.push(Line::paid_out(&payment, &format!("BK{}", payment.end_to_end)));
        }
        if !lines.is_empty() {
            self.statement(&lines, Fault::None)?;
        }
        Ok(lines.len())
    }

    fn write(&self, lines: &[Line], fault: Fault) -> String {
        let now = self.clock.now();
        let day = now.date_naive();
        let (opening, closing, number) = {
            let mut ledger = self.lock();
            let opening = ledger.balance;
            let moves = !matches!(fault, Fault::NotBooked | Fault::OtherCurrency);
            for line in lines.iter().filter(|_| moves) {
                ledger.balance += if line.credit {
                    line.amount.minor
                } else {
                    -line.amount.minor
                };
            }
            ledger.statements += 1;
            (opening, ledger.balance, ledger.statements)
        };
        let shown = if fault == Fault::EntryMissing {
            &lines[..lines.len().saturating_sub(1)]
        } else {
            lines
        };
        let entries: String = shown
            .iter()
            .enumerate()
            .map(|(n, line)| entry(n + 1, line, day, fault))
            .collect();
        let account = if fault == Fault::OtherAccount {
            "999999999"
        } else {
            &self.account
        };
        let code = self.currency.code();
        let space = if fault == Fault::OtherNamespace {
            "camt.099.001.01"
        } else {
            "camt.053.001.08"
        };
        let entity = if fault == Fault::Entity {
            "<!DOCTYPE Document [<!ENTITY a \"aaaa\">]>"
        } else {
            ""
        };
        let balances = balance("OPBD", opening, self.currency, day) + &balance("CLBD", closing, self.currency, day);
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>{entity}<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:{space}\"><BkToCstmrStmt>\n\
             <GrpHdr><MsgId>M{number}</MsgId><CreDtTm>{made}</CreDtTm></GrpHdr>\n\
             <Stmt><Id>{account}-{number}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb><CreDtTm>{made}</CreDtTm>\n\
             <Acct><Id><Othr><Id>{account}</Id></Othr></Id><Ccy>{code}</Ccy></Acct>\n{balances}{entries}</Stmt></BkToCstmrStmt></Document>\n",
            made = now.to_rfc3339(),
        );
        if fault == Fault::CutOff {
            text.truncate(text.len() * 2 / 3);
        }
        text
    }
}

fn balance(code: &str, minor: i64, currency: Currency, day: NaiveDate) -> String {
    let amount = Money::new(minor.abs(), currency).to_major();
    let side = if minor < 0 { "DBIT" } else { "CRDT" };
    format!(
        "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"{}\">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>\n",
        currency.code()
    )
}

fn entry(number: usize, line: &Line, day: NaiveDate, fault: Fault) -> String {
    let side = if line.credit { "CRDT" } else { "DBIT" };
    let code = if fault == Fault::OtherCurrency {
        "EUR"
    } else {
        line.amount.currency.code()
    };
    let status = if fault == Fault::NotBooked { "PDNG" } else { "BOOK" };
    let amount = line.amount.to_major();
    let end_to_end = line.end_to_end.as_deref().unwrap_or("NOTPROVIDED");
    let remittance = line.reference.as_deref().map_or_else(String::new, |reference| {
        format!(
            "<RmtInf><Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>{reference}</Ref></CdtrRefInf></Strd></RmtInf>"
        )
    });
    format!(
        "<Ntry><NtryRef>{number}</NtryRef><Amt Ccy=\"{code}\">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>\
         <BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt><AcctSvcrRef>{reference}</AcctSvcrRef>\
         <BkTxCd><Prtry><Cd>TRF</Cd></Prtry></BkTxCd><NtryDtls><TxDtls><Refs><EndToEndId>{end_to_end}</EndToEndId></Refs>\
         <Amt Ccy=\"{code}\">{amount}</Amt>{remittance}</TxDtls></NtryDtls></Ntry>\n",
        reference = line.bank_reference,
    )
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(inner, _)| inner)
}
