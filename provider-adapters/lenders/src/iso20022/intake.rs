//! Reading what the bank sent. Every effect is kept before the file is put away, and every effect happens once, so a crash anywhere
//! leads to the same books.

use chrono::{DateTime, NaiveTime, Utc};
use domain::{Currency, Money, SettlementId};

use super::books::{Booked, Books, Outcome, Repayment, SetAside};
use super::camt053::{self, Expected};
use super::entry::{Entry, Movement};
use super::pain002::{self, Report, Verdict};
use super::xml::{self, FileError, MAX_BYTES};

/// What one look into the folder did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Files read.
    pub files: usize,
    /// Files that could not be read, with the reason.
    pub refused: Vec<(String, FileError)>,
    /// Payouts that the bank booked.
    pub disbursed: usize,
    /// Payouts that the bank refused.
    pub rejected: usize,
    /// Borrowers' payments that were new.
    pub repayments: usize,
    /// Things that wait for a person now.
    pub aside: Vec<Aside>,
}

/// Something that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// The file that showed it.
    pub file: String,
    /// A stable code: `UNMATCHED`, `OTHER_AMOUNT`, `REVERSAL` and so on.
    pub why: &'static str,
}

/// The bank's account and the books of it.
pub(super) struct Intake<'a> {
    pub books: &'a Books,
    pub account: &'a str,
    pub currency: Currency,
    pub now: DateTime<Utc>,
}

impl Intake<'_> {
    /// Reads every file that is there; nothing while another process does.
    pub(super) fn run(&self) -> Booked<Taken> {
        let mut taken = Taken::default();
        let Some(_held) = self.books.folder.lock()? else {
            return Ok(taken);
        };
        for name in self.books.folder.arrived()? {
            let Some(bytes) = self.books.folder.incoming(&name)? else {
                continue;
            };
            match self.file(&name, &bytes, &mut taken)? {
                Ok(()) => {
                    taken.files += 1;
                    self.books.folder.finish(&name, "done", None)?;
                }
                Err(error) => {
                    self.books.folder.finish(&name, "failed", Some(&error.to_string()))?;
                    taken.refused.push((name, error));
                }
            }
        }
        Ok(taken)
    }

    /// Nothing of a file counts unless all of it can be read.
    fn file(&self, name: &str, bytes: &[u8], taken: &mut Taken) -> Booked<Result<(), FileError>> {
        if bytes.len() as u64 > MAX_BYTES {
            return Ok(Err(FileError::new("file", format!("is larger than {MAX_BYTES} bytes"))));
        }
        let (kind, body) = match xml::message(bytes) {
            Ok(message) => message,
            Err(error) => return Ok(Err(error)),
        };
        match kind.as_str() {
            "pain.002.001.03" | "pain.002.001.10" => match named(&body, "CstmrPmtStsRpt").and_then(pain002::read) {
                Ok(reports) => self.reports(name, &reports, taken).map(Ok),
                Err(error) => Ok(Err(error)),
            },
            "camt.053.001.02" | "camt.053.001.08" => {
                let expected = Expected {
                    account: self.account,
                    currency: self.currency,
                };
                match named(&body, "BkToCstmrStmt").and_then(|body| camt053::read(body, expected)) {
                    Ok(statements) => {
                        for entry in statements.iter().flat_map(|statement| &statement.entries) {
                            self.entry(name, entry, taken)?;
                        }
                        Ok(Ok(()))
                    }
                    Err(error) => Ok(Err(error)),
                }
            }
            _ => Ok(Err(FileError::new("Document", "is not a message that is read here"))),
        }
    }

    fn reports(&self, file: &str, reports: &[Report], taken: &mut Taken) -> Booked<()> {
        for report in reports {
            if self.books.order(&report.id)?.is_none() {
                self.aside(file, &format!("pain.002:{}", report.id), "UNKNOWN_PAYMENT", None, taken)?;
                continue;
            }
            match &report.verdict {
                Verdict::UnderWay => {}
                Verdict::Copy(code) => {
                    self.aside(
                        file,
                        &format!("copy:{}:{code}", report.id),
                        "REFUSED_AS_A_COPY",
                        None,
                        taken,
                    )?;
                }
                Verdict::Refused(reason) => {
                    let known = self.books.outcome(&report.id)?;
                    let wanted = Outcome::Refused {
                        reasons: vec![reason.clone()],
                    };
                    let kept = self.books.conclude(&report.id, wanted)?;
                    match (known, kept) {
                        (None, Outcome::Refused { .. }) => taken.rejected += 1,
                        (Some(Outcome::Refused { .. }), _) => {}
                        // It was paid: a refusal after that makes no sense.
                        _ => self.aside(
                            file,
                            &format!("late:{}", report.id),
                            "REFUSED_AFTER_BOOKING",
                            None,
                            taken,
                        )?,
                    }
                }
            }
        }
        Ok(())
    }

    fn entry(&self, file: &str, entry: &Entry, taken: &mut Taken) -> Booked<()> {
        // An announced entry is no evidence; it comes again when it is booked.
        if !entry.booked {
            return Ok(());
        }
        match entry.movements() {
            Ok(movements) => {
                for movement in &movements {
                    self.movement(file, movement, taken)?;
                }
                Ok(())
            }
            Err(odd) => {
                let identity = match &entry.identity {
                    Some(identity) => format!("entry:{identity}"),
                    None => format!("{file}:{:?}:{}:{}", entry.day, entry.amount, entry.credit),
                };
                self.aside(file, &identity, odd.0, Some(entry.amount), taken)
            }
        }
    }

    fn movement(&self, file: &str, movement: &Movement, taken: &mut Taken) -> Booked<()> {
        match self.books.noted(&movement.identity)? {
            Some(known) if known == *movement => return Ok(()),
            Some(_) => {
                let identity = format!("changed:{}:{}:{}", movement.identity, movement.amount, movement.credit);
                return self.aside(
                    file,
                    &identity,
                    "SAME_REFERENCE_OTHER_ENTRY",
                    Some(movement.amount),
                    taken,
                );
            }
            None => {}
        }
        let odd = if movement.amount.currency != self.currency {
            Some("OTHER_CURRENCY")
        } else if movement.credit {
            self.repaid(movement, taken)?
        } else {
            self.paid_out(movement, taken)?
        };
        if let Some(why) = odd {
            self.put_aside(
                file,
                &movement.identity,
                why,
                (Some(movement), Some(movement.amount)),
                taken,
            )?;
        }
        self.books.note(movement).map(drop)
    }

    /// A borrower's payment; the code when a person must look.
    fn repaid(&self, movement: &Movement, taken: &mut Taken) -> Booked<Option<&'static str>> {
        let Some(reference) = &movement.reference else {
            return Ok(Some("UNMATCHED"));
        };
        let Some(id) = self.books.owner_of(reference)? else {
            return Ok(Some("UNKNOWN_REFERENCE"));
        };
        if movement.amount.minor <= 0 {
            return Ok(Some("NO_AMOUNT"));
        }
        let Some(settlement) = parse(&id) else {
            return Ok(Some("UNKNOWN_REFERENCE"));
        };
        self.books.await_counting(&Repayment {
            settlement,
            amount: movement.amount,
            day: movement.day,
            evidence: evidence(self.account, movement),
        })?;
        taken.repayments += 1;
        Ok(None)
    }

    /// Money that left the account; the code when a person must look.
    fn paid_out(&self, movement: &Movement, taken: &mut Taken) -> Booked<Option<&'static str>> {
        let id = movement.end_to_end.as_deref().unwrap_or_default();
        let order = match parse(id) {
            Some(settlement) => self.books.order(&super::books::end_to_end(settlement))?,
            None => None,
        };
        let Some(order) = order else {
            return Ok(Some("UNMATCHED"));
        };
        if movement.amount != order.net {
            return Ok(Some("OTHER_AMOUNT"));
        }
        let id = super::books::end_to_end(order.settlement);
        let outcome = Outcome::Disbursed {
            amount: movement.amount,
            at: self.instant(movement).max(order.at),
            evidence: evidence(self.account, movement),
        };
        let known = self.books.outcome(&id)?;
        let kept = self.books.conclude(&id, outcome.clone())?;
        Ok(match (known, kept) {
            (None, Outcome::Disbursed { .. }) => {
                taken.disbursed += 1;
                None
            }
            // The same entry after a crash.
            (Some(known), _) if same_evidence(&known, &outcome) => None,
            (Some(Outcome::Disbursed { .. }), _) => Some("PAID_TWICE"),
            _ => Some("BOOKED_AFTER_REFUSAL"),
        })
    }

    /// The beginning of the booking date, which is a day of the bank, but not ahead of us.
    fn instant(&self, movement: &Movement) -> DateTime<Utc> {
        movement.day.and_time(NaiveTime::MIN).and_utc().min(self.now)
    }

    fn aside(
        &self,
        file: &str,
        identity: &str,
        why: &'static str,
        amount: Option<Money>,
        taken: &mut Taken,
    ) -> Booked<()> {
        self.put_aside(file, identity, why, (None, amount), taken)
    }

    fn put_aside(
        &self,
        file: &str,
        identity: &str,
        why: &'static str,
        (movement, amount): (Option<&Movement>, Option<Money>),
        taken: &mut Taken,
    ) -> Booked<()> {
        let aside = SetAside {
            why,
            file,
            movement,
            amount,
        };
        if self.books.set_aside(identity, &aside)? {
            taken.aside.push(Aside {
                file: file.to_owned(),
                why,
            });
        }
        Ok(())
    }
}

fn named<'b>(body: &'b xml::Element, name: &str) -> Result<&'b xml::Element, FileError> {
    if body.is(name) {
        return Ok(body);
    }
    Err(FileError::new("Document", format!("has no {name}")))
}

fn parse(id: &str) -> Option<SettlementId> {
    let id = id.trim().to_ascii_lowercase();
    let plain = id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit());
    plain.then(|| id.parse().ok()).flatten()
}

/// The same for an entry in every statement, and of no other account.
fn evidence(account: &str, movement: &Movement) -> String {
    let text = format!("camt.053:{account}:{}", movement.identity);
    if text.len() <= 200 && text.is_ascii() {
        text
    } else {
        format!("camt.053:{}", super::books::name_of(&text))
    }
}

fn same_evidence(a: &Outcome, b: &Outcome) -> bool {
    match (a, b) {
        (Outcome::Disbursed { evidence: a, .. }, Outcome::Disbursed { evidence: b, .. }) => a == b,
        _ => false,
    }
}
