//! Cases: hits of sanctions screening, identity checks that need a person, alerts of fraud; what officers decide about them,
//! and the reports that follow.
//!
//! A decision is a disposition of one subject and one entity for the fields that matched then: it lapses when either side
//! changes and when its time is over. Nothing here holds personal data: grounds are codes, evidence is scores and versions. Nothing
//! is told to the world either: an event about a hit would tip the customer off.

pub mod decide;
pub mod reports;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::Principal;
use domain::ids::{PrincipalId, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::access::{Action, Class, Resource, platform, shows};
use crate::api::Error;
use crate::risk::models::stored;
use crate::store::cases::{self as rows, CaseRow, Key, LogRow};
use crate::store::{corrupt, from_json, to_json};
use crate::{Aggregator, World};

/// Most cases that are shown.
const SHOWN: u32 = 100;
/// Longest evidence, bytes of JSON.
const MOST_EVIDENCE: usize = 20_000;
/// Days until a case should be decided, by severity: our own rule.
const REVIEW_DAYS: u64 = 5;
const BLOCK_DAYS: u64 = 1;

stored! {
    /// What a case is about.
    CaseKind {
        /// A list entry matched.
        ScreeningHit = "SCREENING_HIT",
        /// A verifier could not decide.
        KycReview = "KYC_REVIEW",
        /// Fraud checks fired.
        FraudAlert = "FRAUD_ALERT",
    }
}
stored! {
    /// What stands still while a case is open.
    Severity {
        /// A person has to look.
        Review = "REVIEW",
        /// Nothing moves.
        Block = "BLOCK",
    }
}
stored! {
    /// Where a case stands.
    CaseState {
        /// Waits for an officer.
        Open = "OPEN",
        /// One officer wants to clear it, another has to agree.
        Proposed = "PROPOSED",
        /// Decided.
        Closed = "CLOSED",
    }
}
stored! {
    /// What was decided.
    Verdict {
        /// The subject is the entity.
        TrueHit = "TRUE_HIT",
        /// The subject is somebody else.
        FalsePositive = "FALSE_POSITIVE",
    }
}
stored! {
    /// Why. Codes and no text, so that no personal data is written down.
    Ground {
        /// Another date of birth.
        DifferentDateOfBirth = "DIFFERENT_DATE_OF_BIRTH",
        /// Another nationality or residence.
        DifferentCountry = "DIFFERENT_COUNTRY",
        /// Another identity document.
        DifferentDocument = "DIFFERENT_DOCUMENT",
        /// A person and a company, a ship or an aircraft.
        DifferentKind = "DIFFERENT_KIND",
        /// The name is common and nothing else matches.
        CommonName = "COMMON_NAME",
        /// The documents were looked at and are in order.
        DocumentsInOrder = "DOCUMENTS_IN_ORDER",
        /// Identifiers agree.
        IdentifiersAgree = "IDENTIFIERS_AGREE",
        /// Name and date of birth agree.
        NameAndBirthAgree = "NAME_AND_BIRTH_AGREE",
        /// The wallet is listed.
        WalletListed = "WALLET_LISTED",
        /// The documents are not what they say.
        DocumentsForged = "DOCUMENTS_FORGED",
        /// The behavior is fraud.
        FraudConfirmed = "FRAUD_CONFIRMED",
    }
}
stored! {
    /// A report to an authority.
    ReportKind {
        /// Suspicious activity, FinCEN.
        Sar = "SAR",
        /// Blocked property, OFAC.
        OfacBlocked = "OFAC_BLOCKED",
        /// Rejected transaction, OFAC.
        OfacRejected = "OFAC_REJECTED",
    }
}
stored! {
    /// Where a report stands.
    ReportState {
        /// Drafted by one of the AML group.
        Draft = "DRAFT",
        /// Another of the group released it; it may be filed.
        Released = "RELEASED",
        /// Not filed.
        Withdrawn = "WITHDRAWN",
    }
}

impl Ground {
    /// The verdict that this ground supports.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::DifferentDateOfBirth
            | Self::DifferentCountry
            | Self::DifferentDocument
            | Self::DifferentKind
            | Self::CommonName
            | Self::DocumentsInOrder => Verdict::FalsePositive,
            Self::IdentifiersAgree
            | Self::NameAndBirthAgree
            | Self::WalletListed
            | Self::DocumentsForged
            | Self::FraudConfirmed => Verdict::TrueHit,
        }
    }
}

/// A hit to be looked at.
#[derive(Clone, Debug)]
pub struct Hit<'a> {
    /// The customer's tenant.
    pub tenant: TenantId,
    /// The customer.
    pub subject: PrincipalId,
    /// What it is.
    pub kind: CaseKind,
    /// What stands still.
    pub severity: Severity,
    /// The list entry with its list (`ofac:7857`), the verifier's session, the fraud typology. 1 to 200 characters.
    pub entity: &'a str,
    /// Hash of the fields of both sides that matched; another hash is another hit.
    pub matched_hash: [u8; 32],
    /// Scores, versions and codes; no personal data, at most 20,000 bytes.
    pub evidence: Value,
    /// The officer who raised it; none for a program.
    pub raised_by: Option<PrincipalId>,
}

/// What came of a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// A new case.
    New(Uuid),
    /// The case about the same that is not closed yet.
    Waiting(Uuid),
    /// Officers decided that it is somebody else, for these very fields, and that still holds.
    Cleared,
    /// Officers decided that it is the entity.
    Confirmed(Uuid),
}

/// Whether officers cleared this subject of this entity, for these very fields, and that still holds.
pub async fn cleared(
    conn: &mut PgConnection,
    (tenant, subject): (TenantId, PrincipalId),
    (entity, matched_hash): (&str, &[u8; 32]),
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let last = rows::last_disposition(conn, (tenant.0, subject.0, entity)).await?;
    Ok(last.is_some_and(|last| holds(&last, matched_hash, now)))
}

pub(crate) fn holds(last: &rows::Disposition, matched_hash: &[u8; 32], now: DateTime<Utc>) -> bool {
    last.verdict == Verdict::FalsePositive
        && last.matched_hash == matched_hash
        && last.expires_at.is_some_and(|until| now < until)
}

/// The last disposition about each entity of a subject.
pub(crate) async fn decided(
    conn: &mut PgConnection,
    (tenant, subject): (TenantId, PrincipalId),
) -> Result<HashMap<String, rows::Disposition>, Error> {
    let found = rows::dispositions_of(conn, (tenant.0, subject.0)).await?;
    Ok(found.into_iter().collect())
}

/// Opens a case for a hit, in the caller's transaction. The same hit again is the same case.
pub async fn open_hit(conn: &mut PgConnection, world: &World, hit: &Hit<'_>) -> Result<Opened, Error> {
    let now = world.clock.now();
    let key = Key {
        tenant: hit.tenant.0,
        subject: hit.subject.0,
        entity: hit.entity,
        matched_hash: &hit.matched_hash,
    };
    let last = rows::last_disposition(conn, (key.tenant, key.subject, key.entity)).await?;
    if let Some(last) = last {
        if holds(&last, &hit.matched_hash, now) {
            return Ok(Opened::Cleared);
        }
        if last.verdict == Verdict::TrueHit && last.matched_hash == hit.matched_hash {
            return Ok(Opened::Confirmed(last.case_id));
        }
    }
    let row = new_case(world, hit, now)?;
    if !rows::add_case(conn, &row).await? {
        let waiting = rows::open_case(conn, key).await?.ok_or(Error::KeyBusy)?;
        return Ok(Opened::Waiting(waiting));
    }
    metrics::counter!("usance_cases_opened_total", "kind" => row.kind.as_str(), "severity" => row.severity.as_str())
        .increment(1);
    let by = hit.raised_by.map_or_else(|| "system".to_owned(), |by| by.to_string());
    let line = LogRow {
        case: Some(row.id),
        what: "OPENED",
        by: &by,
        detail: "{}",
        secret: false,
        at: now,
    };
    rows::log(conn, line).await?;
    Ok(Opened::New(row.id))
}

fn new_case(world: &World, hit: &Hit<'_>, now: DateTime<Utc>) -> Result<CaseRow, Error> {
    let evidence = to_json(&hit.evidence)?;
    if evidence.len() > MOST_EVIDENCE {
        return Err(Error::invalid("evidence", "at most 20,000 bytes"));
    }
    if !(1..=200).contains(&hit.entity.chars().count()) {
        return Err(Error::invalid("entity", "1 to 200 characters"));
    }
    let days = match hit.severity {
        Severity::Review => REVIEW_DAYS,
        Severity::Block => BLOCK_DAYS,
    };
    let due_on = now.date_naive().checked_add_days(chrono::Days::new(days));
    Ok(CaseRow {
        id: world.ids.next(),
        tenant: hit.tenant.0,
        subject: hit.subject.0,
        kind: hit.kind,
        severity: hit.severity,
        entity: hit.entity.to_owned(),
        matched_hash: hit.matched_hash.to_vec(),
        evidence,
        raised_by: hit.raised_by.map(|by| by.0),
        assignee: None,
        state: CaseState::Open,
        verdict: None,
        ground: None,
        maker: None,
        made_at: None,
        checker: None,
        checked_at: None,
        expires_at: None,
        due_on: due_on.unwrap_or(NaiveDate::MAX),
        version: 1,
        opened_at: now,
    })
}

/// A case as officers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseView {
    /// Id.
    pub id: Uuid,
    /// The customer's tenant.
    pub tenant: TenantId,
    /// The customer.
    pub subject: PrincipalId,
    /// What it is about.
    pub kind: CaseKind,
    /// What stands still.
    pub severity: Severity,
    /// The list entry, session or typology.
    pub entity: String,
    /// Hash of the fields that matched, hexadecimal.
    pub matched_hash: String,
    /// Scores, versions and codes.
    pub evidence: Value,
    /// Who raised it; none for a program.
    pub raised_by: Option<PrincipalId>,
    /// Who works on it.
    pub assignee: Option<PrincipalId>,
    /// Where it stands.
    pub state: CaseState,
    /// What was decided or is proposed.
    pub verdict: Option<Verdict>,
    /// Why.
    pub ground: Option<Ground>,
    /// Who decided or proposed it.
    pub maker: Option<PrincipalId>,
    /// When.
    pub made_at: Option<DateTime<Utc>>,
    /// Who agreed.
    pub checker: Option<PrincipalId>,
    /// When.
    pub checked_at: Option<DateTime<Utc>>,
    /// Until when a false positive holds.
    pub expires_at: Option<DateTime<Utc>>,
    /// Day by which it should be decided.
    pub due_on: NaiveDate,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// Number of changes, from 1.
    pub version: i32,
}

/// A line of a case's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseLine {
    /// What was done.
    pub what: String,
    /// By whom: a principal, or a program.
    pub by: String,
    /// Codes and ids.
    pub detail: Value,
    /// When.
    pub at: DateTime<Utc>,
}

pub(crate) fn view(row: CaseRow) -> Result<CaseView, Error> {
    Ok(CaseView {
        id: row.id,
        tenant: TenantId(row.tenant),
        subject: PrincipalId(row.subject),
        kind: row.kind,
        severity: row.severity,
        entity: row.entity,
        matched_hash: hex::encode(row.matched_hash),
        evidence: serde_json::from_str(&row.evidence).map_err(corrupt)?,
        raised_by: row.raised_by.map(PrincipalId),
        assignee: row.assignee.map(PrincipalId),
        state: row.state,
        verdict: row.verdict,
        ground: row.ground,
        maker: row.maker.map(PrincipalId),
        made_at: row.made_at,
        checker: row.checker.map(PrincipalId),
        checked_at: row.checked_at,
        expires_at: row.expires_at,
        due_on: row.due_on,
        opened_at: row.opened_at,
        version: row.version,
    })
}

impl Aggregator {
    /// Cases in a state, 1 to 100, for officers: blocks first, the most urgent first. `mine`: those assigned to the caller.
    pub async fn cases(
        &self,
        caller: &Principal,
        (state, mine): (Option<CaseState>, bool),
        first: u32,
    ) -> Result<Vec<CaseView>, Error> {
        platform(caller, Action::Read, Class::Case)?;
        if !(1..=SHOWN).contains(&first) {
            return Err(Error::invalid("first", "1 to 100"));
        }
        let mut conn = self.world.db.acquire().await?;
        let found = rows::queue(&mut conn, (state, mine.then_some(caller.id.0)), i64::from(first)).await?;
        found.into_iter().map(view).collect()
    }

    /// A case, for officers.
    pub async fn case(&self, caller: &Principal, id: Uuid) -> Result<CaseView, Error> {
        platform(caller, Action::Read, Class::Case)?;
        let mut conn = self.world.db.acquire().await?;
        view(rows::case(&mut conn, id).await?.ok_or(Error::NotFound)?)
    }

    /// The log of a case, for officers. Lines about reports of suspicious activity are there for the AML group alone.
    pub async fn case_log(&self, caller: &Principal, id: Uuid) -> Result<Vec<CaseLine>, Error> {
        platform(caller, Action::Read, Class::Case)?;
        let mut conn = self.world.db.acquire().await?;
        rows::case(&mut conn, id).await?.ok_or(Error::NotFound)?;
        let secret = shows(caller, &Resource::platform(Class::Sar));
        let lines = rows::log_of(&mut conn, id, secret).await?;
        let lines = lines.into_iter().map(|line| {
            Ok(CaseLine {
                what: line.what,
                by: line.by,
                detail: from_json(&line.detail)?,
                at: line.at,
            })
        });
        lines.collect()
    }
}
