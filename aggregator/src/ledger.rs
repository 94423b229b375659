//! Double entry: what is posted for each thing that happens to a loan.
//!
//! Entries are append-only and balance per unit; the database checks both. Each has an external id made from what
//! caused it, so that posting it again changes nothing. Balances are derived, never stored.

use chrono::{DateTime, Utc};
use domain::ids::LoanId;
use domain::offer::Payee;
use sqlx::PgConnection;

use crate::api::Error;
use crate::{World, store};

/// Accounts. Receivables are per loan, the others per lender or for the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// Principal owed by the borrower (asset).
    LoanPrincipal,
    /// Interest owed (asset).
    InterestReceivable,
    /// Fees owed (asset).
    FeeReceivable,
    /// Late fees and penal interest owed (asset).
    PenaltyReceivable,
    /// Money on its way between lender and borrower.
    Clearing,
    /// Interest earned by the lender.
    InterestIncome,
    /// Fees earned by the lender.
    FeeIncome,
    /// Late fees earned by the lender.
    PenaltyIncome,
    /// Fees earned by the platform.
    PlatformFeeIncome,
    /// Fees due to somebody else, such as an insurer or a network.
    ThirdPartyPayable,
    /// Principal given up at default (expense of the lender).
    WrittenOff,
}

impl Account {
    /// The name as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LoanPrincipal => "loan_principal",
            Self::InterestReceivable => "interest_receivable",
            Self::FeeReceivable => "fee_receivable",
            Self::PenaltyReceivable => "penalty_receivable",
            Self::Clearing => "clearing",
            Self::InterestIncome => "interest_income",
            Self::FeeIncome => "fee_income",
            Self::PenaltyIncome => "penalty_income",
            Self::PlatformFeeIncome => "platform_fee_income",
            Self::ThirdPartyPayable => "third_party_payable",
            Self::WrittenOff => "written_off",
        }
    }

    /// The account that a fee withheld from a disbursement goes to.
    pub(crate) fn of_fee(payee: Payee) -> Self {
        match payee {
            Payee::Provider => Self::FeeIncome,
            Payee::Platform => Self::PlatformFeeIncome,
            Payee::ThirdParty | Payee::Network => Self::ThirdPartyPayable,
        }
    }
}

/// Side of a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Left.
    Debit,
    /// Right.
    Credit,
}

impl Side {
    /// The letter as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debit => "D",
            Self::Credit => "C",
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Account.
    pub account: Account,
    /// Whose account: a loan's or lender's id, or `platform`.
    pub owner: String,
    /// Side.
    pub side: Side,
    /// Whole units, positive.
    pub amount: u128,
}

/// One ledger transaction in one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What caused it: the key that makes it happen once.
    pub external_id: String,
    /// Kind, for people.
    pub kind: &'static str,
    /// Currency code or token.
    pub unit: String,
    /// When it took effect.
    pub at: DateTime<Utc>,
    /// Lines; debits equal credits.
    pub postings: Vec<Posting>,
}

/// The loan whose accounts an entry touches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Book<'a> {
    pub loan: LoanId,
    pub provider: &'a str,
    pub unit: &'a str,
}

impl Book<'_> {
    fn owner(&self, account: Account) -> String {
        match account {
            Account::LoanPrincipal
            | Account::InterestReceivable
            | Account::FeeReceivable
            | Account::PenaltyReceivable => self.loan.to_string(),
            Account::PlatformFeeIncome | Account::ThirdPartyPayable => "platform".to_owned(),
            _ => self.provider.to_owned(),
        }
    }

    /// An entry of moves from a credited to a debited account; moves of nothing are left out.
    fn entry(
        &self,
        external_id: String,
        kind: &'static str,
        at: DateTime<Utc>,
        moves: &[(Account, Account, u128)],
    ) -> Entry {
        let postings = moves
            .iter()
            .filter(|(_, _, amount)| *amount > 0)
            .flat_map(|(debit, credit, amount)| {
                [(*debit, Side::Debit), (*credit, Side::Credit)].map(|(account, side)| Posting {
                    account,
                    owner: self.owner(account),
                    side,
                    amount: *amount,
                })
            })
            .collect();
        Entry {
            external_id,
            kind,
            unit: self.unit.to_owned(),
            at,
            postings,
        }
    }

    /// Money out: the borrower owes the principal; what was withheld went to those who earned it.
    pub(crate) fn disbursement(
        &self,
        external_id: String,
        at: DateTime<Utc>,
        net: u128,
        withheld: &[(Payee, u128)],
    ) -> Entry {
        let mut moves = vec![(Account::LoanPrincipal, Account::Clearing, net)];
        moves.extend(
            withheld
                .iter()
                .map(|(payee, fee)| (Account::LoanPrincipal, Account::of_fee(*payee), *fee)),
        );
        self.entry(external_id, "disbursement", at, &moves)
    }

    /// A payment. Interest, fees and what of the late fee was not charged before are earned with it.
    pub(crate) fn repayment(&self, external_id: String, at: DateTime<Utc>, parts: &Parts) -> Entry {
        let moves = [
            (Account::InterestReceivable, Account::InterestIncome, parts.interest),
            (Account::FeeReceivable, Account::FeeIncome, parts.fees),
            (
                Account::PenaltyReceivable,
                Account::PenaltyIncome,
                parts.late_fee_earned_now,
            ),
            (Account::Clearing, Account::PenaltyReceivable, parts.late_fee),
            (Account::Clearing, Account::FeeReceivable, parts.fees),
            (Account::Clearing, Account::InterestReceivable, parts.interest),
            (Account::Clearing, Account::LoanPrincipal, parts.principal),
        ];
        self.entry(external_id, "repayment", at, &moves)
    }

    /// A late fee charged before it is paid.
    pub(crate) fn late_fee(&self, external_id: String, at: DateTime<Utc>, amount: u128) -> Entry {
        self.entry(
            external_id,
            "late_fee",
            at,
            &[(Account::PenaltyReceivable, Account::PenaltyIncome, amount)],
        )
    }

    /// What a pool does not ask for, by the rounding of its own books.
    pub(crate) fn rounding(&self, external_id: String, at: DateTime<Utc>, principal: u128) -> Entry {
        self.entry(
            external_id,
            "rounding",
            at,
            &[(Account::WrittenOff, Account::LoanPrincipal, principal)],
        )
    }

    /// The debt is given up: principal is the lender's expense, unpaid late fees are no income.
    pub(crate) fn default(&self, external_id: String, at: DateTime<Utc>, principal: u128, late_fee: u128) -> Entry {
        let moves = [
            (Account::WrittenOff, Account::LoanPrincipal, principal),
            (Account::PenaltyIncome, Account::PenaltyReceivable, late_fee),
        ];
        self.entry(external_id, "default", at, &moves)
    }
}

/// Parts of a payment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    pub late_fee: u128,
    /// The part of `late_fee` that no earlier entry charged.
    pub late_fee_earned_now: u128,
    pub fees: u128,
    pub interest: u128,
    pub principal: u128,
}

/// Posts an entry in the caller's transaction; one that is there already, or is empty, changes nothing.
pub(crate) async fn post(conn: &mut PgConnection, world: &World, entry: &Entry) -> Result<(), Error> {
    if !entry.postings.is_empty() {
        store::ledger::insert_entry(conn, world.ids.next(), entry).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(entry: &Entry) -> (u128, u128) {
        let sum = |side| entry.postings.iter().filter(|p| p.side == side).map(|p| p.amount).sum();
        (sum(Side::Debit), sum(Side::Credit))
    }

    #[test]
    fn every_kind_of_entry_balances_and_holds_no_empty_line() {
        let book = Book {
            loan: LoanId(uuid::Uuid::from_u128(1)),
            provider: "bank",
            unit: "USD",
        };
        let at = DateTime::UNIX_EPOCH;
        let parts = Parts {
            late_fee: 5,
            late_fee_earned_now: 2,
            fees: 0,
            interest: 70,
            principal: 300,
        };
        let entries = [
            book.disbursement("a".into(), at, 950, &[(Payee::Provider, 30), (Payee::Platform, 20)]),
            book.repayment("b".into(), at, &parts),
            book.late_fee("c".into(), at, 3),
            book.default("d".into(), at, 600, 3),
        ];
        for entry in entries {
            let (debits, credits) = sums(&entry);
            assert_eq!(debits, credits, "{}", entry.kind);
            assert!(debits > 0 && entry.postings.iter().all(|p| p.amount > 0));
        }
    }
}
