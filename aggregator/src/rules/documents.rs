//! Documents, for their borrower and for officers; and what is owed, for officers.

use chrono::{DateTime, NaiveDate, Utc};
use domain::Principal;
use domain::ids::{PrincipalId, RequestId, TenantId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Aggregator;
use crate::access::{Action, Class, Resource, check, platform};
use crate::api::Error;
use crate::store::rules::documents::{self as rows, DocumentRow};
use crate::store::rules::obligations::{self, ObligationRow, Wanted};

/// A document of a quote or of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisclosureView {
    /// Id.
    pub id: Uuid,
    /// What it is, for example `REGZ`.
    pub code: String,
    /// Title.
    pub title: String,
    /// SHA-256 of the PDF, hexadecimal.
    pub sha256: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl From<DocumentRow> for DisclosureView {
    fn from(row: DocumentRow) -> Self {
        Self {
            id: row.id,
            code: row.code,
            title: row.title,
            sha256: hex::encode(row.sha256),
            created_at: row.created_at,
        }
    }
}

/// A document with its contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentView {
    /// What it is.
    pub about: DisclosureView,
    /// One self-contained page.
    pub html: String,
    /// The file.
    pub pdf: Vec<u8>,
    /// SHA-256 of the page, hexadecimal.
    pub html_sha256: String,
}

/// Something that has to be done by a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObligationView {
    /// Id.
    pub id: Uuid,
    /// What, for example `ADVERSE_ACTION_NOTICE`.
    pub code: String,
    /// The request that it belongs to.
    pub request: RequestId,
    /// The rule that asks for it, with its version.
    pub rule: String,
    /// How long its evidence is kept.
    pub retention: String,
    /// When it arose.
    pub opened_at: DateTime<Utc>,
    /// Last day.
    pub due_on: NaiveDate,
    /// `OPEN`, `DONE` or `LAPSED`.
    pub state: String,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Why.
    pub closed_why: Option<String>,
    /// The document that closed it.
    pub document: Option<Uuid>,
}

impl From<ObligationRow> for ObligationView {
    fn from(row: ObligationRow) -> Self {
        Self {
            id: row.id,
            code: row.code,
            request: row.request_id.into(),
            rule: format!("{} version {}", row.rule_id, row.rule_version),
            retention: row.retention,
            opened_at: row.opened_at,
            due_on: row.due_on,
            state: row.state,
            closed_at: row.closed_at,
            closed_why: row.closed_why,
            document: row.document_id,
        }
    }
}

impl Aggregator {
    /// A document. Somebody else's does not exist.
    pub async fn document(&self, caller: &Principal, id: Uuid) -> Result<DocumentView, Error> {
        let mut conn = self.world.db.acquire().await?;
        let row = rows::one(&mut conn, id).await?.ok_or(Error::NotFound)?;
        let about = Resource::about(Class::Document, TenantId(row.tenant), PrincipalId(row.borrower));
        check(caller, Action::Read, &about)?;
        Ok(DocumentView {
            about: DisclosureView {
                id: row.id,
                code: row.code,
                title: row.title,
                sha256: hex::encode(row.sha256),
                created_at: row.created_at,
            },
            html: row.html,
            pdf: row.pdf,
            html_sha256: hex::encode(row.html_sha256),
        })
    }

    /// Notices about a request, for who asked.
    pub async fn notices(&self, caller: &Principal, request: RequestId) -> Result<Vec<DisclosureView>, Error> {
        let mut conn = self.world.db.acquire().await?;
        let row = crate::store::quoting::request(&mut conn, request)
            .await?
            .ok_or(Error::NotFound)?;
        let asked = &row.asked.request;
        let about = Resource::about(Class::Document, asked.tenant, asked.borrower);
        check(caller, Action::Read, &about)?;
        let stored = rows::of_subject(&mut conn, request.0).await?;
        Ok(stored.into_iter().map(DisclosureView::from).collect())
    }

    /// What is owed, the most urgent first, 1 to 100, for officers.
    pub async fn obligations(
        &self,
        caller: &Principal,
        (state, request): (Option<&str>, Option<RequestId>),
        first: u32,
    ) -> Result<Vec<ObligationView>, Error> {
        platform(caller, Action::Read, Class::Document)?;
        if !(1..=100).contains(&first) {
            return Err(Error::invalid("first", "1 to 100"));
        }
        if state.is_some_and(|state| !["OPEN", "DONE", "LAPSED"].contains(&state)) {
            return Err(Error::invalid("state", "OPEN, DONE or LAPSED"));
        }
        let mut conn = self.world.db.acquire().await?;
        let wanted = Wanted {
            state,
            request: request.map(|request| request.0),
        };
        let found = obligations::list(&mut conn, wanted, i64::from(first)).await?;
        Ok(found.into_iter().map(ObligationView::from).collect())
    }
}
