//! The messages of the Berlin Group's NextGenPSD2 account information service, version 1.3: the part that facts are made from. Banks send
//! more; fields that are not named here are passed over.

use std::fmt;

use chrono::NaiveDate;
use serde::Deserialize;

macro_rules! hidden {
    ($($name:ident)*) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(personal data)"))
            }
        })*
    };
}
hidden! { Accounts Account AccountReference Balances Balance Amount TransactionsAnswer AccountReport Transaction Links Href }

/// `GET /v1/accounts`.
#[derive(Deserialize)]
pub(super) struct Accounts {
    pub accounts: Vec<Account>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Account {
    pub resource_id: String,
    pub iban: Option<String>,
    pub currency: String,
    pub cash_account_type: Option<String>,
    pub status: Option<String>,
    pub owner_name: Option<String>,
    pub balances: Option<Vec<Balance>>,
}

/// An account of somebody in a transaction.
#[derive(Deserialize)]
pub(super) struct AccountReference {
    pub iban: Option<String>,
    pub bban: Option<String>,
}

/// `GET /v1/accounts/{id}/balances`.
#[derive(Deserialize)]
pub(super) struct Balances {
    pub balances: Vec<Balance>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Balance {
    pub balance_type: String,
    pub balance_amount: Amount,
    #[serde(default)]
    pub credit_limit_included: bool,
}

#[derive(Deserialize)]
pub(super) struct Amount {
    pub currency: String,
    pub amount: String,
}

/// `GET /v1/accounts/{id}/transactions`.
#[derive(Deserialize)]
pub(super) struct TransactionsAnswer {
    pub transactions: Option<AccountReport>,
}

#[derive(Deserialize)]
pub(super) struct AccountReport {
    #[serde(default)]
    pub booked: Vec<Transaction>,
    #[serde(default)]
    pub pending: Vec<Transaction>,
    #[serde(rename = "_links")]
    pub links: Option<Links>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Transaction {
    pub transaction_id: Option<String>,
    pub entry_reference: Option<String>,
    pub transaction_amount: Amount,
    pub booking_date: Option<NaiveDate>,
    pub value_date: Option<NaiveDate>,
    pub creditor_name: Option<String>,
    pub creditor_id: Option<String>,
    pub creditor_account: Option<AccountReference>,
    pub debtor_name: Option<String>,
    pub debtor_account: Option<AccountReference>,
    pub bank_transaction_code: Option<String>,
    pub purpose_code: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Links {
    pub next: Option<Href>,
}

#[derive(Deserialize)]
pub(super) struct Href {
    pub href: String,
}

/// A refusal: the interface's own form, or a problem of RFC 7807 with the same codes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Refusal {
    #[serde(default)]
    pub tpp_messages: Vec<Message>,
    pub code: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Message {
    pub code: String,
}
