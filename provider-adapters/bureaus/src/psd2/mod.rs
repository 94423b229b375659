//! Bank accounts by the Berlin Group's NextGenPSD2 account information service, version 1.3: accounts with balances, and transactions,
//! booked and pending, page by page. The consent is given at the bank before; here its id travels with every call.

mod classes;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::NaiveDate;
use domain::ports::{
    BankAccount, BankAccountKind, BankData, BankReport, BankTransaction, Clock, CreditDataError, DataConsent, Ids,
};
use domain::{Currency, Money};
use futures::future::try_join_all;
use sdk::net::{Incoming, Request, Value};
use sdk::wire::parse;
use sdk::{Endpoint, HttpClient, Secret};
use serde::de::DeserializeOwned;

use crate::failure;
use wire::{Account, Accounts, Amount, Balance, Balances, Refusal, Transaction, TransactionsAnswer};

const MAX_ACCOUNTS: usize = 10;
const MAX_PAGES: usize = 40;
const MAX_TRANSACTIONS: usize = 20_000;

/// The adapter.
#[derive(Clone)]
pub struct Psd2 {
    /// The operator-given name.
    pub name: String,
    /// The client.
    pub http: HttpClient,
    /// The bank's base address; paths begin with `/v1` behind it.
    pub endpoint: Endpoint,
    /// `Bearer` and our access token at the bank or aggregator; none where the certificate is enough.
    pub authorization: Option<Secret<String>>,
    /// Time of the reading.
    pub clock: Arc<dyn Clock>,
    /// Ids of our calls.
    pub ids: Arc<dyn Ids>,
    /// Longest wait for one call.
    pub timeout: Duration,
}

impl std::fmt::Debug for Psd2 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Psd2({})", self.name)
    }
}

#[async_trait]
impl BankData for Psd2 {
    fn name(&self) -> &str {
        &self.name
    }

    async fn accounts(
        &self,
        consent: &DataConsent,
        from: NaiveDate,
        deadline: Instant,
    ) -> Result<BankReport, CreditDataError> {
        let reading = Reading {
            bank: self,
            consent: Secret::new(consent.reference.expose().to_owned()),
            from,
            deadline,
        };
        let report_id = self.ids.next().to_string();
        let with_balances = vec![("withBalance".to_owned(), "true".to_owned())];
        let listed: Accounts = reading.get(&report_id, "/v1/accounts", &with_balances).await?;
        if listed.accounts.len() > MAX_ACCOUNTS {
            return Err(bad("accounts", "more than 10"));
        }
        let own: BTreeSet<String> = listed
            .accounts
            .iter()
            .filter_map(|account| account.iban.as_deref().map(classes::plain))
            .collect();
        let open = listed
            .accounts
            .iter()
            .filter(|account| account.status.as_deref() != Some("deleted"));
        let accounts = try_join_all(open.map(|account| reading.account(account, &own))).await?;
        Ok(BankReport {
            report_id,
            as_of: self.clock.now(),
            accounts,
        })
    }
}

/// One reading of everything that a consent covers.
struct Reading<'a> {
    bank: &'a Psd2,
    consent: Secret<String>,
    from: NaiveDate,
    deadline: Instant,
}

type Query = [(String, String)];

impl Reading<'_> {
    async fn get<T: DeserializeOwned>(&self, id: &str, path: &str, query: &Query) -> Result<T, CreditDataError> {
        let mut headers = vec![
            ("x-request-id", Value::Plain(id)),
            ("consent-id", Value::Secret(&self.consent)),
        ];
        if let Some(authorization) = &self.bank.authorization {
            headers.push(("authorization", Value::Secret(authorization)));
        }
        let query: Vec<(&str, &str)> = query.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let timeout = failure::left(self.deadline, self.bank.timeout)?;
        let request = Request {
            query: &query,
            headers: &headers,
            ..Request::get(&self.bank.endpoint, path, timeout)
        };
        let answer = self.bank.http.call(request).await.map_err(failure::of_call)?;
        if answer.status != 200 {
            return Err(self.refusal(&answer));
        }
        parse(answer.json().map_err(failure::of_call)?).map_err(failure::of_body)
    }

    fn refusal(&self, answer: &Incoming) -> CreditDataError {
        let said = parse::<Refusal>(&answer.body).ok();
        let codes = said.map(|said| {
            said.tpp_messages
                .into_iter()
                .map(|m| m.code)
                .chain(said.code)
                .collect::<Vec<_>>()
        });
        let says = |wanted: &[&str]| {
            let mut codes = codes.iter().flatten();
            codes.any(|code| wanted.contains(&code.as_str()))
        };
        if answer.status == 429 || says(&["ACCESS_EXCEEDED"]) {
            let retry_after = answer.retry_after(self.bank.clock.now());
            CreditDataError::RateLimited { retry_after }
        } else if says(&["CONSENT_EXPIRED", "CONSENT_INVALID", "CONSENT_UNKNOWN"]) {
            CreditDataError::Consent
        } else {
            failure::of_status(answer.status)
        }
    }

    async fn account(&self, account: &Account, own: &BTreeSet<String>) -> Result<BankAccount, CreditDataError> {
        let id = &account.resource_id;
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
        if !(1..=70).contains(&id.len()) || !id.bytes().all(plain) || id.bytes().all(|b| b == b'.') {
            return Err(bad("accounts.resourceId", "is not the name of a resource"));
        }
        let currency = Currency::parse(&account.currency).map_err(|_| bad("accounts.currency", "is not known"))?;
        let balance = match &account.balances {
            Some(balances) => booked(balances, currency)?,
            None => {
                let call = self.bank.ids.next().to_string();
                let balances: Balances = self.get(&call, &format!("/v1/accounts/{id}/balances"), &[]).await?;
                booked(&balances.balances, currency)?
            }
        };
        Ok(BankAccount {
            kind: match account.cash_account_type.as_deref() {
                None | Some("CACC" | "TRAN") => BankAccountKind::Current,
                Some("SVGS" | "MOMA") => BankAccountKind::Savings,
                Some(_) => BankAccountKind::Other,
            },
            currency,
            holder: account.owner_name.clone().filter(|name| name.len() <= 140),
            balance,
            from: self.from,
            transactions: self.transactions(id, currency, own).await?,
        })
    }

    /// Every page. A transaction that stands on two pages, because one came in between, counts once.
    async fn transactions(
        &self,
        id: &str,
        currency: Currency,
        own: &BTreeSet<String>,
    ) -> Result<Vec<BankTransaction>, CreditDataError> {
        let mut path = format!("/v1/accounts/{id}/transactions");
        let mut query = vec![
            ("dateFrom".to_owned(), self.from.to_string()),
            ("bookingStatus".to_owned(), "both".to_owned()),
        ];
        let mut seen = BTreeMap::new();
        let mut found = Vec::new();
        for _ in 0..MAX_PAGES {
            let call = self.bank.ids.next().to_string();
            let answer: TransactionsAnswer = self.get(&call, &path, &query).await?;
            let page = answer.transactions.ok_or_else(|| bad("transactions", "is missing"))?;
            let booked = page.booked.iter().map(|transaction| (transaction, true));
            let all = booked.chain(page.pending.iter().map(|transaction| (transaction, false)));
            for (transaction, booked) in all {
                let read = read(transaction, booked, currency, own)?;
                let name = transaction
                    .transaction_id
                    .as_ref()
                    .or(transaction.entry_reference.as_ref());
                match name.map(|name| seen.insert(name.clone(), read.clone())) {
                    // The same name for something else: one of the two is not what it says.
                    Some(Some(before)) if before != read => {
                        return Err(bad("transactions.transactionId", "names two transactions"));
                    }
                    Some(Some(_)) => {}
                    Some(None) | None => found.push(read),
                }
                if found.len() > MAX_TRANSACTIONS {
                    return Err(bad("transactions", "more than 20000"));
                }
            }
            let Some(next) = page.links.and_then(|links| links.next) else {
                return Ok(found);
            };
            (path, query) = self.next(&path, &next.href)?;
        }
        Err(bad("transactions._links.next", "more than 40 pages"))
    }

    /// The next page, at the same bank. Some banks leave the path of their interface out of their links.
    fn next(&self, from: &str, link: &str) -> Result<(String, Vec<(String, String)>), CreditDataError> {
        let endpoint = &self.bank.endpoint;
        let rooted = || format!("{}{link}", endpoint.as_str());
        let short = || link.starts_with("/v1/").then(rooted);
        endpoint
            .follow(from, link)
            .or_else(|| short().and_then(|link| endpoint.follow(from, &link)))
            .ok_or_else(|| bad("transactions._links.next", "leads elsewhere"))
    }
}

/// The balance that the booked transactions add up to: of now, or else of the last closing.
fn booked(balances: &[Balance], currency: Currency) -> Result<Option<i64>, CreditDataError> {
    let of = |kind: &str| {
        balances
            .iter()
            .find(|b| b.balance_type == kind && !b.credit_limit_included)
    };
    let best = of("interimBooked")
        .or_else(|| of("closingBooked"))
        .or_else(|| of("openingBooked"));
    best.map(|balance| minor(&balance.balance_amount, currency, "balances.balanceAmount"))
        .transpose()
}

fn read(
    transaction: &Transaction,
    booked: bool,
    currency: Currency,
    own: &BTreeSet<String>,
) -> Result<BankTransaction, CreditDataError> {
    let amount = minor(
        &transaction.transaction_amount,
        currency,
        "transactions.transactionAmount",
    )?;
    let date = transaction.booking_date.or(transaction.value_date);
    Ok(BankTransaction {
        date: date.ok_or_else(|| bad("transactions.bookingDate", "is missing"))?,
        amount,
        class: classes::of(transaction, amount, own),
        counterparty: classes::counterparty(transaction, amount),
        booked,
    })
}

/// Minor units in the account's currency, at most 10^14 either way, so that sums of a report fit.
fn minor(amount: &Amount, currency: Currency, field: &str) -> Result<i64, CreditDataError> {
    if amount.currency != currency.code() {
        return Err(bad(field, "is not in the currency of the account"));
    }
    let money = Money::parse_major(&amount.amount, currency).map_err(|_| bad(field, "is not an amount"))?;
    if money.minor.unsigned_abs() > 100_000_000_000_000 {
        return Err(bad(field, "is too large"));
    }
    Ok(money.minor)
}

fn bad(field: &str, detail: &str) -> CreditDataError {
    CreditDataError::malformed(field, detail)
}
