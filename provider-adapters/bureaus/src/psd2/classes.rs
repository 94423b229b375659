//! What a transaction is about, by its ISO 20022 codes alone. Texts are never read: what has no code is `Other`.

use std::collections::BTreeSet;

use domain::ports::TransactionClass;
use sha2::{Digest as _, Sha256};

use super::wire::{AccountReference, Transaction};

/// The class of a transaction of that signed amount; `own` are the IBANs of the holder's accounts.
pub(super) fn of(transaction: &Transaction, amount: i64, own: &BTreeSet<String>) -> TransactionClass {
    let incoming = amount >= 0;
    let other = if incoming {
        &transaction.debtor_account
    } else {
        &transaction.creditor_account
    };
    let iban = other.as_ref().and_then(|account| account.iban.as_deref()).map(plain);
    if iban.is_some_and(|iban| own.contains(&iban)) {
        return TransactionClass::OwnTransfer;
    }
    let purpose = transaction.purpose_code.as_deref().unwrap_or_default();
    let by_purpose = match purpose {
        "SALA" | "PAYR" | "BONU" if incoming => Some(TransactionClass::Salary),
        "PENS" | "BENE" | "SSBE" if incoming => Some(TransactionClass::Benefit),
        "LOAN" if incoming => Some(TransactionClass::LoanReceived),
        "LOAN" | "LOAR" | "HLRP" if !incoming => Some(TransactionClass::LoanRepayment),
        "CCRD" if !incoming => Some(TransactionClass::CardRepayment),
        "RENT" if !incoming => Some(TransactionClass::Rent),
        _ => None,
    };
    by_purpose.unwrap_or_else(|| {
        by_code(
            transaction.bank_transaction_code.as_deref().unwrap_or_default(),
            incoming,
        )
    })
}

/// Bank transaction code: domain, family and sub-family, such as `PMNT-RCDT-ESCT`.
fn by_code(code: &str, incoming: bool) -> TransactionClass {
    let mut parts = code.split('-');
    let (domain, family, kind) = (parts.next(), parts.next(), parts.next().unwrap_or_default());
    match (domain, family, kind) {
        // A debit that was not paid comes back as a credit.
        (Some("PMNT"), Some("RDDT" | "IDDT"), "UPDD") => TransactionClass::Returned,
        (Some("PMNT"), _, "SALA") if incoming => TransactionClass::Salary,
        (Some("LDAS"), _, _) if incoming => TransactionClass::LoanReceived,
        (Some("LDAS"), _, _) => TransactionClass::LoanRepayment,
        (_, _, "CHRG" | "COMM" | "FEES" | "INTR") | (Some("ACMT"), _, _) => TransactionClass::Bank,
        _ => TransactionClass::Other,
    }
}

/// One number for the counterparty of a transaction.
pub(super) fn counterparty(transaction: &Transaction, amount: i64) -> Option<u64> {
    let (account, name) = if amount >= 0 {
        (&transaction.debtor_account, &transaction.debtor_name)
    } else {
        (&transaction.creditor_account, &transaction.creditor_name)
    };
    let number = |account: &AccountReference| account.iban.clone().or_else(|| account.bban.clone());
    let creditor = transaction.creditor_id.clone().filter(|_| amount < 0);
    let text = account
        .as_ref()
        .and_then(number)
        .or(creditor)
        .or_else(|| name.clone())?;
    let digest = Sha256::digest(plain(&text));
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    Some(u64::from_be_bytes(bytes))
}

/// Without spaces, in capitals: the same account is written in several ways.
pub(super) fn plain(text: &str) -> String {
    let letters = text.chars().filter(|c| !c.is_whitespace());
    letters.flat_map(char::to_uppercase).collect()
}
