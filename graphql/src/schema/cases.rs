//! Cases, for officers; reports, for the AML group.

use aggregator::cases::reports::{Drafted, ReportView};
use aggregator::cases::{CaseLine, CaseView};
use async_graphql::{ComplexObject, Context, ID, Json, Result, SimpleObject};
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::value::{JsonOut, mirror};
use super::{api, caller, fail};
use crate::public_id::{Kind, decode, encode};

mirror! {
    /// What a case is about.
    CaseKind = "aggregator::cases::CaseKind" {
        /// A list entry matched.
        ScreeningHit,
        /// A verifier could not decide.
        KycReview,
        /// Fraud checks fired.
        FraudAlert,
    }
}
mirror! {
    /// What stands still while a case is open.
    CaseSeverity = "aggregator::cases::Severity" {
        /// A person has to look.
        Review,
        /// Nothing moves.
        Block,
    }
}
mirror! {
    /// Where a case stands.
    CaseState = "aggregator::cases::CaseState" {
        /// Waits for an officer.
        Open,
        /// One officer wants to clear it, another has to agree.
        Proposed,
        /// Decided.
        Closed,
    }
}
mirror! {
    /// What was decided.
    CaseVerdict = "aggregator::cases::Verdict" {
        /// The subject is the entity.
        TrueHit,
        /// The subject is somebody else.
        FalsePositive,
    }
}
mirror! {
    /// Why. Each ground supports one verdict.
    CaseGround = "aggregator::cases::Ground" {
        /// Another date of birth: false positive.
        DifferentDateOfBirth,
        /// Another nationality or residence: false positive.
        DifferentCountry,
        /// Another identity document: false positive.
        DifferentDocument,
        /// A person and a company, a ship or an aircraft: false positive.
        DifferentKind,
        /// The name is common and nothing else matches: false positive.
        CommonName,
        /// The documents were looked at and are in order: false positive.
        DocumentsInOrder,
        /// Identifiers agree: true hit.
        IdentifiersAgree,
        /// Name and date of birth agree: true hit.
        NameAndBirthAgree,
        /// The wallet is listed: true hit.
        WalletListed,
        /// The documents are not what they say: true hit.
        DocumentsForged,
        /// The behavior is fraud: true hit.
        FraudConfirmed,
    }
}
mirror! {
    /// A report to an authority.
    CaseReportKind = "aggregator::cases::ReportKind" {
        /// Suspicious activity, FinCEN.
        Sar,
        /// Blocked property, OFAC.
        OfacBlocked,
        /// Rejected transaction, OFAC.
        OfacRejected,
    }
}
mirror! {
    /// Where a report stands.
    CaseReportState = "aggregator::cases::ReportState" {
        /// Drafted by one of the AML group.
        Draft,
        /// Another of the group released it; it may be filed.
        Released,
        /// Not filed.
        Withdrawn,
    }
}

/// A hit or an alert that a person has to look at.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "Case", complex)]
pub struct CaseOut {
    /// Id.
    id: ID,
    /// The customer's tenant.
    tenant: ID,
    /// The customer.
    subject: ID,
    /// What it is about.
    kind: CaseKind,
    /// What stands still.
    severity: CaseSeverity,
    /// The list entry, session or typology.
    entity: String,
    /// Hash of the fields that matched.
    matched_hash: String,
    /// Scores, versions and codes.
    evidence: JsonOut,
    /// Who raised it; null for a program.
    raised_by: Option<ID>,
    /// Who works on it.
    assignee: Option<ID>,
    /// Where it stands.
    state: CaseState,
    /// What was decided or is proposed.
    verdict: Option<CaseVerdict>,
    /// Why.
    ground: Option<CaseGround>,
    /// Who decided or proposed it.
    maker: Option<ID>,
    /// When.
    made_at: Option<DateTime<Utc>>,
    /// Who agreed.
    checker: Option<ID>,
    /// When.
    checked_at: Option<DateTime<Utc>>,
    /// Until when a false positive holds.
    expires_at: Option<DateTime<Utc>>,
    /// Day by which it should be decided.
    due_on: NaiveDate,
    /// When it was opened.
    opened_at: DateTime<Utc>,
    /// Number of changes, from 1.
    version: i32,
}

#[ComplexObject]
impl CaseOut {
    /// What was done, the oldest first. Lines about reports are there for the AML group alone.
    #[graphql(complexity = "10 + 20 * child_complexity")]
    async fn log(&self, ctx: &Context<'_>) -> Result<Vec<CaseLineOut>> {
        let id: Uuid = decode(Kind::Case, "id", &self.id).map_err(fail)?;
        let lines = Box::pin(api(ctx)?.aggregator.case_log(caller(ctx)?, id)).await;
        Ok(lines.map_err(fail)?.into_iter().map(Into::into).collect())
    }
}

fn principal(id: domain::PrincipalId) -> ID {
    ID(encode(Kind::Principal, id.0))
}

impl From<CaseView> for CaseOut {
    fn from(view: CaseView) -> Self {
        Self {
            id: ID(encode(Kind::Case, view.id)),
            tenant: ID(encode(Kind::Tenant, view.tenant.0)),
            subject: principal(view.subject),
            kind: view.kind.into(),
            severity: view.severity.into(),
            entity: view.entity,
            matched_hash: view.matched_hash,
            evidence: Json(view.evidence),
            raised_by: view.raised_by.map(principal),
            assignee: view.assignee.map(principal),
            state: view.state.into(),
            verdict: view.verdict.map(Into::into),
            ground: view.ground.map(Into::into),
            maker: view.maker.map(principal),
            made_at: view.made_at,
            checker: view.checker.map(principal),
            checked_at: view.checked_at,
            expires_at: view.expires_at,
            due_on: view.due_on,
            opened_at: view.opened_at,
            version: view.version,
        }
    }
}

/// Something that was done to a case.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "CaseLine")]
pub struct CaseLineOut {
    /// What.
    what: String,
    /// By whom: `system`, or a principal's id.
    by: String,
    /// Codes and ids.
    detail: JsonOut,
    /// When.
    at: DateTime<Utc>,
}

impl From<CaseLine> for CaseLineOut {
    fn from(line: CaseLine) -> Self {
        let by = Uuid::parse_str(&line.by).map_or(line.by, |id| encode(Kind::Principal, id));
        Self {
            what: line.what,
            by,
            detail: Json(line.detail),
            at: line.at,
        }
    }
}

/// A report to an authority. The file is not kept; its hash is.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "CaseReport")]
pub struct ReportOut {
    /// Id.
    id: ID,
    /// The case.
    case: ID,
    /// What it is.
    kind: CaseReportKind,
    /// SHA-256 of the file, hexadecimal.
    sha256: String,
    /// Size of the file.
    bytes: i32,
    /// Where it stands.
    state: CaseReportState,
    /// Last day to file it.
    due_on: NaiveDate,
    /// Who drafted it.
    drafted_by: ID,
    /// Who released or withdrew it.
    decided_by: Option<ID>,
}

impl From<ReportView> for ReportOut {
    fn from(view: ReportView) -> Self {
        Self {
            id: ID(encode(Kind::Report, view.id)),
            case: ID(encode(Kind::Case, view.case)),
            kind: view.kind.into(),
            sha256: view.sha256,
            bytes: view.bytes,
            state: view.state.into(),
            due_on: view.due_on,
            drafted_by: principal(view.drafted_by),
            decided_by: view.decided_by.map(principal),
        }
    }
}

/// A drafted report with its file.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "CaseReportDraft")]
pub struct DraftOut {
    /// What is kept.
    report: ReportOut,
    /// The file. It is shown to who drafts it and kept nowhere.
    file: String,
}

impl From<Drafted> for DraftOut {
    fn from(drafted: Drafted) -> Self {
        Self {
            report: drafted.report.into(),
            file: drafted.file,
        }
    }
}
