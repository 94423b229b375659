//! Notices of adverse action: opened in the transaction that causes them, given by a worker in time, lapsed when the applicant takes
//! credit after all (12 CFR 1002.9(a)(1)(iv) and (g)).

use std::collections::HashMap;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use compliance::adverse_action::{CreditorDecision, NoticeEvent, joint_notice};
use compliance::{ComplianceDecision, Obligation};
use domain::ids::{PrincipalId, RequestId, TenantId};
use domain::money::Money;
use domain::quote::{Flag, Loser, LoserKind, Quote};
use domain::{Outcome, Reason};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::letters;
use crate::api::Error;
use crate::decisions::DecisionKind;
use crate::events::{Event, append};
use crate::store::rules::documents::{self, DocumentRow};
use crate::store::rules::obligations::{self as rows, ObligationRow};
use crate::store::{corrupt, decisions, from_json, providers, quoting, to_json};
use crate::{Aggregator, World};

/// The creditor of what we refuse ourselves.
const PLATFORM: &str = "Usance";
/// A notice that waits for quotes to end is given at least so long before its last day.
const RESERVE: Duration = Duration::days(5);
/// Notices in one look.
const AT_ONCE: i64 = 100;

const ADVERSE_ACTION: &str = "ADVERSE_ACTION_NOTICE";
const COUNTEROFFER: &str = "COUNTEROFFER_NOTICE";

/// What a notice says: no personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoticeFacts {
    /// Every creditor that did not give what was asked.
    pub creditors: Vec<CreditorDecision>,
    /// What was asked for.
    pub requested: Money,
    /// When.
    pub applied_on: NaiveDate,
}

/// What was applied for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Applied {
    pub id: RequestId,
    pub tenant: TenantId,
    pub borrower: PrincipalId,
    pub at: DateTime<Utc>,
    pub amount: Money,
}

/// A request that ended without what was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused<'a> {
    pub request: Applied,
    /// The decision about the request, exact bytes.
    pub decision: &'a str,
}

/// The obligations of a request that was declined at once, in the caller's transaction.
pub(crate) async fn after_decline(
    conn: &mut PgConnection,
    world: &World,
    refused: Refused<'_>,
    reasons: &[Reason],
) -> Result<(), Error> {
    let reasons = if reasons.is_empty() {
        vec![nobody()]
    } else {
        reasons.to_vec()
    };
    let on = refused.request.at.date_naive();
    let creditors = vec![declined(PLATFORM.to_owned(), reasons, on)];
    open(conn, world, refused, (creditors, refused.request.at)).await
}

/// The obligations of a book that closed, in the caller's transaction: nobody owes a notice where everybody gave what was asked.
pub(crate) async fn after_book(
    conn: &mut PgConnection,
    world: &World,
    (request, now): (RequestId, DateTime<Utc>),
    (losers, quotes): (&[Loser], &[Quote]),
) -> Result<(), Error> {
    let partial = |quote: &Quote| quote.flags.contains(&Flag::PartialAmount);
    let noteworthy = |loser: &Loser| loser.kind == LoserKind::Declined;
    if !quotes.is_empty() && !losers.iter().any(noteworthy) && !quotes.iter().any(partial) {
        return Ok(());
    }
    let row = quoting::request(conn, request).await?.ok_or(Error::NotFound)?;
    let decided = decisions::results_of(conn, request, DecisionKind::Request.as_str()).await?;
    let Some(decided) = decided.last() else {
        return Ok(());
    };
    let request = &row.asked.request;
    let applied = request.at.date_naive();
    let mut creditors: Vec<CreditorDecision> = Vec::new();
    for loser in losers.iter().filter(|loser| noteworthy(loser)) {
        add(
            &mut creditors,
            declined(loser.provider.to_string(), loser.reasons.clone(), applied),
        );
    }
    for quote in quotes.iter().filter(|quote| partial(quote)) {
        let whole = quotes
            .iter()
            .any(|other| other.provider == quote.provider && !partial(other));
        let counter = CreditorDecision {
            outcome: Outcome::Counter,
            event: NoticeEvent::CounterofferNotified,
            ..declined(quote.provider.to_string(), Vec::new(), now.date_naive())
        };
        if !whole {
            add(&mut creditors, counter);
        }
    }
    if quotes.is_empty() {
        let ours = losers.iter().filter(|loser| loser.kind == LoserKind::Refused);
        let reasons: Vec<Reason> = ours.flat_map(|loser| loser.reasons.clone()).collect();
        if !reasons.is_empty() {
            add(&mut creditors, declined(PLATFORM.to_owned(), reasons, applied));
        }
        if creditors.is_empty() {
            add(&mut creditors, declined(PLATFORM.to_owned(), vec![nobody()], applied));
        }
    }
    let ends = quotes.iter().map(|quote| quote.offer.valid_until).max().unwrap_or(now);
    let refused = Refused {
        request: Applied {
            id: request.id,
            tenant: request.tenant,
            borrower: request.borrower,
            at: request.at,
            amount: request.amount,
        },
        decision: &decided.result,
    };
    if creditors.is_empty() {
        return Ok(());
    }
    open(conn, world, refused, (creditors, ends)).await
}

fn nobody() -> Reason {
    Reason::new("NO_LENDER", "No lender that we work with could offer this credit.")
}

fn declined(creditor: String, reasons: Vec<Reason>, on: NaiveDate) -> CreditorDecision {
    CreditorDecision {
        creditor,
        outcome: Outcome::Decline,
        reasons,
        event: NoticeEvent::ApplicationCompleted,
        on,
    }
}

/// One creditor has one part, with the reasons of all its answers.
fn add(creditors: &mut Vec<CreditorDecision>, new: CreditorDecision) {
    match creditors.iter_mut().find(|known| known.creditor == new.creditor) {
        Some(known) => {
            let more = new.reasons.into_iter().filter(|reason| !known.reasons.contains(reason));
            let more: Vec<Reason> = more.collect();
            known.reasons.extend(more);
        }
        None => creditors.push(new),
    }
}

/// Opens the one obligation of a request, where the rules ask for a notice.
async fn open(
    conn: &mut PgConnection,
    world: &World,
    refused: Refused<'_>,
    (creditors, ready_at): (Vec<CreditorDecision>, DateTime<Utc>),
) -> Result<(), Error> {
    let decision: ComplianceDecision = from_json(refused.decision)?;
    let only_counters = creditors.iter().all(|creditor| creditor.outcome == Outcome::Counter);
    let code = if only_counters { COUNTEROFFER } else { ADVERSE_ACTION };
    let Some(duty) = decision.obligations.iter().find(|duty| duty.code == code) else {
        return Ok(());
    };
    let now = world.clock.now();
    let start = if only_counters { now } else { refused.request.at };
    let Some(due_on) = due_on(world, duty, start.date_naive()) else {
        return Ok(());
    };
    let facts = NoticeFacts {
        creditors,
        requested: refused.request.amount,
        applied_on: refused.request.at.date_naive(),
    };
    let latest = due_on.and_time(chrono::NaiveTime::MIN).and_utc() - RESERVE;
    let row = ObligationRow {
        id: world.ids.next(),
        tenant: refused.request.tenant.0,
        borrower: refused.request.borrower.0,
        request_id: refused.request.id.0,
        code: duty.code.clone(),
        rule_id: duty.rule.id.clone(),
        rule_version: i32::try_from(duty.rule.version).unwrap_or(i32::MAX),
        rule_set: decision.rule_set.clone(),
        retention: duty.retention.as_str().to_owned(),
        facts: to_json(&facts)?,
        opened_at: now,
        ready_at: ready_at.min(latest).max(refused.request.at),
        due_on,
        state: "OPEN".to_owned(),
        version: 1,
        closed_at: None,
        closed_why: None,
        document_id: None,
    };
    if rows::open(conn, &row).await? {
        tell(
            conn,
            world,
            (row.id, 1, "ObligationOpened"),
            (row.request_id, &row.code),
        )
        .await?;
    }
    Ok(())
}

/// The last day by the set that decides now; what was decided stays where the set has changed since.
fn due_on(world: &World, duty: &Obligation, start: NaiveDate) -> Option<NaiveDate> {
    duty.due_on.or_else(|| duty.due_after(start, &world.rules.running()))
}

async fn tell(
    conn: &mut PgConnection,
    world: &World,
    (id, version, kind): (Uuid, i32, &'static str),
    (request, code): (Uuid, &str),
) -> Result<(), Error> {
    let event = Event {
        aggregate: "obligation",
        aggregate_id: id,
        version,
        kind,
        payload: json!({ "obligation": id, "requestId": request, "code": code }),
    };
    append(conn, world, &[event]).await
}

/// Ends what a request owed because its borrower took credit, in the caller's transaction.
pub(crate) async fn lapse(conn: &mut PgConnection, world: &World, request: RequestId) -> Result<(), Error> {
    let why = "the applicant accepted credit";
    for (id, version, code) in rows::lapse(conn, request, why, world.clock.now()).await? {
        tell(conn, world, (id, version, "ObligationLapsed"), (request.0, &code)).await?;
    }
    Ok(())
}

impl Aggregator {
    /// Gives every notice that can be given now; answers how many. One that cannot be written stays open and is told.
    pub async fn give_notices(&self) -> Result<usize, Error> {
        let now = self.world.clock.now();
        let mut conn = self.world.db.acquire().await?;
        let ready = rows::ready(&mut conn, now, AT_ONCE).await?;
        let overdue = rows::overdue(&mut conn, now.date_naive()).await?;
        drop(conn);
        metrics::gauge!("usance_rules_obligations_overdue").set(f64::from(i32::try_from(overdue).unwrap_or(i32::MAX)));
        let mut given = 0;
        for id in ready {
            match self.give_notice(id).await {
                Ok(done) => given += usize::from(done),
                Err(error) => {
                    metrics::counter!("usance_rules_notices_failed_total").increment(1);
                    tracing::error!(obligation = %id, %error, "a notice cannot be given");
                }
            }
        }
        if given > 0 {
            self.wake.events.notify_one();
        }
        Ok(given)
    }

    async fn give_notice(&self, id: Uuid) -> Result<bool, Error> {
        let now = self.world.clock.now();
        let mut tx = self.world.db.begin().await?;
        let Some(row) = rows::hold(&mut tx, id).await? else {
            return Ok(false);
        };
        let facts: NoticeFacts = from_json(&row.facts)?;
        let Some((notice, silent)) = joint_notice(&facts.creditors).map_err(corrupt)? else {
            return Ok(false);
        };
        for creditor in silent {
            tracing::warn!(obligation = %id, creditor, "a creditor gave no specific reason: ask it");
        }
        let mut names = HashMap::new();
        for creditor in &notice.creditors {
            if let Ok(provider) = creditor.creditor.parse() {
                let known = providers::one(&mut tx, &provider).await?;
                names.extend(known.map(|known| (creditor.creditor.clone(), known.name)));
            }
        }
        let sender = &self.world.settings.rules.sender;
        let letter = letters::adverse_action(&row, (&facts, &notice), (now.date_naive(), sender), &names)?;
        let document = DocumentRow {
            id: self.world.ids.next(),
            tenant: row.tenant,
            borrower: row.borrower,
            subject_id: row.request_id,
            code: row.code.clone(),
            title: letter.title.clone(),
            sha256: letter.sha256.to_vec(),
            html_sha256: letter.html_sha256.to_vec(),
            retention: row.retention.clone(),
            created_at: now,
        };
        documents::add(&mut tx, &document, (&letter.html, &letter.pdf)).await?;
        rows::done(&mut tx, (row.id, document.id), now).await?;
        tell(
            &mut tx,
            &self.world,
            (row.id, row.version + 1, "ObligationDone"),
            (row.request_id, &row.code),
        )
        .await?;
        fail::fail_point!("rules::before_notice_commit");
        tx.commit().await?;
        Ok(true)
    }
}
