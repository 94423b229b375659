//! Reports of the conformance kit about a lender, kept as they were handed in. They are the word of who handed them in: an officer
//! certifies a lender, a report does not.

use ::audit::{Code, Object, Record};
use chrono::{DateTime, Utc};
use domain::Principal;
use domain::ids::{PrincipalId, ProviderId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::officer::{check_sees, lender};
use crate::Aggregator;
use crate::access::{self, Action, Class, may_ever};
use crate::api::{Error, IdempotencyKey};
use crate::idempotency::{Begun, Call, begin, finish};
use crate::store::providers as rows;

/// Longest report, bytes.
const LONGEST: usize = 200_000;
/// Most findings of a report.
const MOST: usize = 1_000;
/// Most reports that are shown.
const SHOWN: u32 = 100;

/// A report about a lender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportView {
    /// Id.
    pub id: Uuid,
    /// About whom.
    pub provider: ProviderId,
    /// Who handed it in.
    pub by: PrincipalId,
    /// When.
    pub at: DateTime<Utc>,
    /// What was checked, in the kit's words.
    pub target: String,
    /// Rules that hold.
    pub passed: u32,
    /// Rules seen broken.
    pub failed: u32,
    /// Rules that could not be tried.
    pub skipped: u32,
    /// Milliseconds from the first call to the last answer.
    pub took_ms: u64,
    /// SHA-256 of the text as handed in, hex.
    pub sha256: String,
    /// The whole report.
    pub report: serde_json::Value,
}

impl ReportView {
    /// No rule was seen broken, and at least one holds.
    pub fn is_green(&self) -> bool {
        self.failed == 0 && self.passed > 0
    }
}

/// What is read of a report; the rest is kept and shown as it is.
#[derive(Deserialize)]
struct Read {
    target: String,
    took_ms: u64,
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct Finding {
    id: String,
    outcome: Outcome,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

/// Reads a report as the kit writes it.
fn read(text: &str) -> Result<Read, Error> {
    let wrong = |why: &str| Error::invalid("report", why);
    if text.len() > LONGEST {
        return Err(wrong("at most 200,000 bytes"));
    }
    let read: Read = serde_json::from_str(text).map_err(|_| wrong("not a report of `usance provider check --json`"))?;
    let target = (1..=500).contains(&read.target.chars().count()) && !read.target.chars().any(char::is_control);
    if !target {
        return Err(wrong("its target has 1 to 500 characters"));
    }
    let named = read
        .findings
        .iter()
        .all(|finding| (1..=100).contains(&finding.id.len()));
    if !(1..=MOST).contains(&read.findings.len()) || !named {
        return Err(wrong("it has 1 to 1,000 findings, each with an id"));
    }
    Ok(read)
}

impl Aggregator {
    /// Keeps a report about a lender, for good: from the lender itself or from an officer. `text` is what
    /// `usance provider check --json` writes.
    pub async fn submit_conformance_report(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (id, text): (&ProviderId, &str),
    ) -> Result<ReportView, Error> {
        may_ever(caller, Action::Record, Class::Lender)?;
        access::check(caller, Action::Record, &lender(id))?;
        let found = read(text)?;
        let call = Call::new(caller, key, "submitConformanceReport", &(id, text))?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        let row = rows::one(&mut tx, id).await?.ok_or(Error::NotFound)?;
        let count = |wanted| {
            let all = found.findings.iter().filter(|finding| finding.outcome == wanted);
            u32::try_from(all.count()).unwrap_or(u32::MAX)
        };
        let sha256 = Sha256::digest(text);
        let view = ReportView {
            id: self.world.ids.next(),
            provider: id.clone(),
            by: caller.id,
            at: self.world.clock.now(),
            passed: count(Outcome::Passed),
            failed: count(Outcome::Failed),
            skipped: count(Outcome::Skipped),
            took_ms: found.took_ms.min(i64::MAX.unsigned_abs()),
            sha256: hex::encode(sha256),
            report: serde_json::from_str(text).map_err(|_| Error::invalid("report", "not JSON"))?,
            target: found.target,
        };
        rows::add_report(&mut tx, &view, (text, &sha256)).await?;
        let object = Object::of(Code::of("provider"), row.uid);
        let actor = crate::audit::actor(caller);
        let record = Record::new(crate::audit::PLATFORM, actor, Code::of("ConformanceReported"), object);
        let record = record.decided(Code::of(if view.is_green() { "GREEN" } else { "RED" }));
        crate::audit::record(&mut tx, &self.world, record).await?;
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        Ok(view)
    }

    /// Reports about a lender, newest first, 1 to 100: for officers and for itself.
    pub async fn conformance_reports(
        &self,
        caller: &Principal,
        id: &ProviderId,
        first: u32,
    ) -> Result<Vec<ReportView>, Error> {
        check_sees(caller, id)?;
        if !(1..=SHOWN).contains(&first) {
            return Err(Error::invalid("first", "1 to 100"));
        }
        let mut conn = self.world.db.acquire().await?;
        rows::reports(&mut conn, id, i64::from(first)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_kit_writes_is_a_report() {
        let good = r#"{"target":"http://x","took_ms":5,"green":true,"findings":[{"id":"reach.answers","outcome":"passed","says":"it answers"}]}"#;
        assert_eq!(read(good).map(|read| read.findings.len()).ok(), Some(1));
        let long = format!("{good}{}", " ".repeat(LONGEST));
        for wrong in [
            "",
            "{}",
            &good.replace("passed", "great"),
            &good.replace("http://x", ""),
            &good.replace("reach.answers", ""),
            r#"{"target":"x","took_ms":5,"findings":[]}"#,
            &long,
        ] {
            assert!(read(wrong).is_err(), "{wrong:.80}");
        }
    }
}
