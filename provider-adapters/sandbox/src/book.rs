//! What the lenders accepted and paid out: a log of JSON lines, written through to the disk before anything is answered.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use domain::{ProviderId, SettlementId};
use sdk::wire::{AcceptRequest, LoanState};
use serde::{Deserialize, Serialize};

/// The book cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The file system refuses.
    #[error("the book's file")]
    Io(#[from] std::io::Error),
    /// A whole line is no entry of a book.
    #[error("line {0} of the book is not an entry")]
    Line(usize),
}

/// One line: the state of one settlement from now on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    lender: ProviderId,
    order: AcceptRequest,
    loan_ref: String,
    state: LoanState,
}

/// One settlement in the book.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub order: AcceptRequest,
    pub loan_ref: String,
    pub state: LoanState,
    /// How often money went out. More than once would be the fault that the book exists to show.
    pub disbursements: u32,
}

/// An entry as `GET /sandbox/book` shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EntryView {
    lender: ProviderId,
    settlement_id: SettlementId,
    loan_ref: String,
    disbursements: u32,
    #[serde(flatten)]
    state: LoanState,
}

#[derive(Debug, Default)]
pub(crate) struct Book {
    file: Option<File>,
    entries: BTreeMap<(ProviderId, SettlementId), Entry>,
}

impl Book {
    /// Opens a book. A last line that a crash cut off was never answered for, and is removed.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, BookError> {
        let Some(path) = path else { return Ok(Self::default()) };
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        text.truncate(whole);
        file.set_len(u64::try_from(whole).unwrap_or(u64::MAX))?;
        file.seek(std::io::SeekFrom::End(0))?;
        let mut book = Self {
            file: Some(file),
            entries: BTreeMap::new(),
        };
        for (number, line) in text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .enumerate()
        {
            let line = serde_json::from_slice(line).map_err(|_| BookError::Line(number + 1))?;
            book.apply(line);
        }
        Ok(book)
    }

    pub(crate) fn find(&self, lender: &ProviderId, settlement: SettlementId) -> Option<&Entry> {
        self.entries.get(&(lender.clone(), settlement))
    }

    /// Writes the state of a settlement, on disk first.
    pub(crate) fn write(
        &mut self,
        lender: &ProviderId,
        order: AcceptRequest,
        loan_ref: String,
        state: LoanState,
    ) -> Result<(), BookError> {
        let line = Line {
            lender: lender.clone(),
            order,
            loan_ref,
            state,
        };
        if let Some(file) = &mut self.file {
            let mut text = serde_json::to_vec(&line).map_err(std::io::Error::from)?;
            text.push(b'\n');
            file.write_all(&text)?;
            file.sync_data()?;
        }
        self.apply(line);
        Ok(())
    }

    fn apply(&mut self, line: Line) {
        let paid = u32::from(matches!(line.state, LoanState::Disbursed { .. }));
        let key = (line.lender, line.order.settlement_id);
        let before = self.entries.get(&key).map_or(0, |entry| entry.disbursements);
        let (order, loan_ref, state) = (line.order, line.loan_ref, line.state);
        self.entries.insert(
            key,
            Entry {
                order,
                loan_ref,
                state,
                disbursements: before + paid,
            },
        );
    }

    /// Every entry, of one lender or of all.
    pub(crate) fn view(&self, of: Option<&ProviderId>) -> Vec<EntryView> {
        let wanted = self
            .entries
            .iter()
            .filter(|((lender, _), _)| of.is_none_or(|of| of == lender));
        let show = |((lender, settlement), entry): (&(ProviderId, SettlementId), &Entry)| EntryView {
            lender: lender.clone(),
            settlement_id: *settlement,
            loan_ref: entry.loan_ref.clone(),
            disbursements: entry.disbursements,
            state: entry.state.clone(),
        };
        wanted.map(show).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sdk::wire::WireMoney;
    use uuid::Uuid;

    fn order() -> AcceptRequest {
        let money = WireMoney {
            minor: "100".into(),
            currency: "USD".into(),
        };
        AcceptRequest {
            settlement_id: Uuid::from_u128(1).into(),
            request_id: Uuid::from_u128(2).into(),
            quote_id: Uuid::from_u128(3).into(),
            provider_ref: "r".into(),
            principal: money.clone(),
            net_disbursed: money,
        }
    }

    #[test]
    fn a_book_survives_a_crash_in_the_middle_of_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book.jsonl");
        let lender: ProviderId = "harbor-bank".parse().unwrap();
        let mut book = Book::open(Some(&path)).unwrap();
        book.write(&lender, order(), "L1".into(), LoanState::Accepted {})
            .unwrap();
        drop(book);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"lender\":\"harb").unwrap();
        let mut book = Book::open(Some(&path)).unwrap();
        assert!(matches!(
            book.find(&lender, order().settlement_id).unwrap().state,
            LoanState::Accepted {}
        ));
        book.write(&lender, order(), "L1".into(), LoanState::Cancelled {})
            .unwrap();
        let book = Book::open(Some(&path)).unwrap();
        let entry = book.find(&lender, order().settlement_id).unwrap();
        assert!(matches!(entry.state, LoanState::Cancelled {}) && entry.disbursements == 0);
    }
}
