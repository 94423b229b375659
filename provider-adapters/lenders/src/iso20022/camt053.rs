//! What the bank booked: statements as `camt.053`.

use chrono::NaiveDate;
use domain::{Currency, Money};

use super::amount;
use super::entry::{Detail, Entry};
use super::xml::{Element, Read};

/// Details of one batch that are read.
const MAX_DETAILS: usize = 10_000;

/// One statement of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub id: String,
    /// The account's number.
    pub account: String,
    pub entries: Vec<Entry>,
}

/// The account and currency whose statements are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub account: &'a str,
    pub currency: Currency,
}

/// Reads every statement of a file. A statement of another account, and one whose entries do not lead from its opening to its
/// closing balance, refuse the whole file.
pub(super) fn read(body: &Element, expected: Expected<'_>) -> Read<Vec<Statement>> {
    let paged = body.text_at("GrpHdr/MsgPgntn/LastPgInd")?;
    let page = body.text_at("GrpHdr/MsgPgntn/PgNb")?;
    let whole = paged.is_none_or(|last| last == "true" || last == "1") && page.is_none_or(|page| page == "1");
    let statements: Vec<Statement> = body
        .all("Stmt")
        .map(|element| statement(element, expected, whole))
        .collect::<Read<_>>()?;
    if statements.is_empty() {
        return Err(body.refuse("has no statement"));
    }
    Ok(statements)
}

fn statement(element: &Element, expected: Expected<'_>, whole: bool) -> Read<Statement> {
    let id = element.need("Id")?.text().to_owned();
    let account = element.need("Acct")?;
    let number = match account.text_at("Id/IBAN")? {
        Some(iban) => iban,
        None => account
            .text_at("Id/Othr/Id")?
            .ok_or_else(|| account.refuse("has no number"))?,
    };
    if number != expected.account {
        return Err(account.refuse("is another account"));
    }
    if account
        .text_at("Ccy")?
        .is_some_and(|code| code != expected.currency.code())
    {
        return Err(account.refuse("is in another currency"));
    }
    let entries: Vec<Entry> = element
        .all("Ntry")
        .map(|entry| read_entry(entry, &id))
        .collect::<Read<_>>()?;
    let paged = element
        .text_at("StmtPgntn/LastPgInd")?
        .is_some_and(|last| last != "true" && last != "1")
        || element.text_at("StmtPgntn/PgNb")?.is_some_and(|page| page != "1");
    if whole && !paged {
        balances(element, &entries, expected.currency)?;
    }
    Ok(Statement {
        id,
        account: number.to_owned(),
        entries,
    })
}

/// Opening plus what was booked is closing, when both are given: a statement with an entry less is not taken for a whole one.
fn balances(element: &Element, entries: &[Entry], currency: Currency) -> Read<()> {
    let of = |codes: &[&str]| -> Read<Option<i128>> {
        for balance in element.all("Bal") {
            if balance
                .text_at("Tp/CdOrPrtry/Cd")?
                .is_some_and(|code| codes.contains(&code))
            {
                return signed(balance, currency).map(Some);
            }
        }
        Ok(None)
    };
    let (Some(opening), Some(closing)) = (of(&["OPBD", "PRCD"])?, of(&["CLBD"])?) else {
        return Ok(());
    };
    let booked = entries
        .iter()
        .filter(|entry| entry.booked && entry.amount.currency == currency);
    let moved: i128 = booked
        .map(|entry| {
            if entry.credit {
                i128::from(entry.amount.minor)
            } else {
                -i128::from(entry.amount.minor)
            }
        })
        .sum();
    if opening + moved == closing {
        return Ok(());
    }
    Err(element.refuse("the entries do not lead from the opening to the closing balance"))
}

fn signed(element: &Element, currency: Currency) -> Read<i128> {
    let amount = amount::money(element.need("Amt")?)?;
    if amount.currency != currency {
        return Err(element.refuse("is in another currency"));
    }
    let minor = i128::from(amount.minor);
    Ok(if credit(element)? { minor } else { -minor })
}

fn credit(element: &Element) -> Read<bool> {
    let side = element.need("CdtDbtInd")?;
    match side.text() {
        "CRDT" => Ok(true),
        "DBIT" => Ok(false),
        _ => Err(side.refuse("is neither CRDT nor DBIT")),
    }
}

fn read_entry(element: &Element, statement: &str) -> Read<Entry> {
    let status = element.need("Sts")?;
    let booked = match status.text_at("Cd")?.unwrap_or(status.text()) {
        "BOOK" => true,
        "PDNG" | "INFO" | "FUTR" => false,
        _ => return Err(status.refuse("is not a status of an entry")),
    };
    let reference = element.text_at("AcctSvcrRef")?;
    let number = element.text_at("NtryRef")?;
    // The bank's own reference is the same in every statement that shows the entry; a number is so only within one.
    let identity = match (reference, number) {
        (Some(reference), _) => Some(format!("ref:{reference}")),
        (None, Some(number)) => Some(format!("stmt:{statement}:{number}")),
        (None, None) => None,
    };
    let amount = amount::money(element.need("Amt")?)?;
    let mut details = Vec::new();
    for detail in element.all("NtryDtls").flat_map(|details| details.all("TxDtls")) {
        if details.len() == MAX_DETAILS {
            return Err(element.refuse("has too many details"));
        }
        details.push(read_detail(detail)?);
    }
    let day: Option<NaiveDate> = element.one("BookgDt")?.map(amount::day).transpose()?;
    Ok(Entry {
        identity,
        amount,
        credit: credit(element)?,
        reversal: element
            .text_at("RvslInd")?
            .is_some_and(|text| text == "true" || text == "1"),
        booked,
        day,
        details,
    })
}

fn read_detail(element: &Element) -> Read<Detail> {
    let amount: Option<Money> = match element.one("Amt")? {
        Some(amount) => Some(amount::money(amount)?),
        None => element.at("AmtDtls/TxAmt/Amt")?.map(amount::money).transpose()?,
    };
    let mut references = Vec::new();
    for remittance in element.all("RmtInf").flat_map(|remittance| remittance.all("Strd")) {
        references.extend(remittance.text_at("CdtrRefInf/Ref")?.map(str::to_owned));
    }
    Ok(Detail {
        amount,
        end_to_end: element.text_at("Refs/EndToEndId")?.map(str::to_owned),
        references,
    })
}
