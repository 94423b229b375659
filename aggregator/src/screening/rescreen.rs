//! After a change of lists every customer is asked again, both ways: who is hit now, and whose hit has lapsed. The pass goes forward by
//! the ids of requests, a batch in one transaction, and goes on where a crash left it. Names are in memory only while they are compared.

use std::collections::HashMap;

use ::privacy::Purpose;
use domain::request::CreditRequest;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{hits, verdict};
use crate::Aggregator;
use crate::api::Error;
use crate::store::quoting::{self, Asked};
use crate::store::screening::{self as rows, NewResult};
use crate::store::to_json;

/// Customers of one transaction.
const BATCH: i64 = 500;

/// Graver verdicts are larger.
fn gravity(verdict: &str) -> u8 {
    match verdict {
        "CLEAR" => 0,
        "REVIEW" => 1,
        _ => 2,
    }
}

/// A customer as screened again: whom, and what is compared.
fn subject(request: &CreditRequest) -> (String, Option<String>) {
    let wallet = request.wallet.map(|wallet| wallet.to_checksum(None));
    (request.applicant.full_name.clone(), wallet)
}

impl Aggregator {
    /// Screens the next customers by the lists of now. Answers how many were looked at; 0 when the pass is over, or another process
    /// is at it.
    pub async fn rescreen_customers(&self) -> Result<usize, Error> {
        let lists = self.world.screening.current();
        let thresholds = self.world.screening.thresholds();
        let mut tx = self.world.db.begin().await?;
        let held = rows::hold_pass(&mut tx, lists.version()).await?;
        let Some(mut pass) = held.filter(|pass| pass.finished_at.is_none()) else {
            return Ok(0);
        };
        let customers = quoting::customers(&mut tx, pass.cursor, BATCH).await?;
        let ids: Vec<Uuid> = customers.iter().map(|asked| asked.request.id.0).collect();
        let looked = customers.len();
        let customers = self.opened(&mut tx, customers).await?;
        let before: HashMap<Uuid, String> = rows::newest_results(&mut tx, &ids).await?.into_iter().collect();
        let now = self.world.clock.now();
        let subjects: Vec<_> = customers.iter().map(subject).collect();
        let screened = tokio::task::spawn_blocking({
            let lists = lists.clone();
            move || -> Vec<_> {
                let screen = |(name, wallet): &(String, Option<String>)| {
                    let found = lists.screen(name, wallet.as_deref(), thresholds);
                    (verdict(&found, wallet.is_some()), found)
                };
                subjects.iter().map(screen).collect()
            }
        });
        let screened = screened.await.map_err(crate::store::corrupt)?;
        for (request, (mut verdict, mut found)) in customers.iter().zip(screened) {
            if !found.hits.is_empty() {
                let ruled = hits::ruled(&mut tx, &self.world, (&lists, request), found).await?;
                let about = (request.tenant, request.borrower, request.id);
                hits::open_cases(&mut tx, &self.world, about, ("RESCREENING", &ruled.found)).await?;
                found = ruled.screening;
                verdict = super::verdict(&found, request.wallet.is_some());
            }
            let former = before.get(&request.id.0).map_or("CLEAR", String::as_str);
            if former == verdict {
                continue;
            }
            let result = NewResult {
                request: request.id.0,
                tenant: request.tenant.0,
                borrower: request.borrower.0,
                version: lists.version(),
                verdict,
                evidence: &to_json(&found)?,
            };
            if rows::insert_result(&mut tx, &result, now).await? {
                let graver = gravity(verdict) > gravity(former);
                pass.raised += i64::from(graver);
                pass.lapsed += i64::from(!graver);
                let way = if graver { "raised" } else { "lapsed" };
                metrics::counter!("usance_screening_results_total", "way" => way, "verdict" => verdict).increment(1);
            }
        }
        pass.looked += i64::try_from(looked).map_err(crate::store::corrupt)?;
        pass.cursor = ids.last().copied().or(pass.cursor);
        if i64::try_from(looked).is_ok_and(|looked| looked < BATCH) {
            pass.finished_at = Some(now);
        }
        rows::note_pass(&mut tx, &pass).await?;
        fail::fail_point!("screening::before_pass_commit");
        tx.commit().await?;
        Ok(looked)
    }

    /// The requests with what was sealed of them. Who was forgotten is not looked at any more.
    async fn opened(&self, conn: &mut PgConnection, customers: Vec<Asked>) -> Result<Vec<CreditRequest>, Error> {
        let mut whole = Vec::with_capacity(customers.len());
        for asked in customers {
            match self.whole_request(conn, &asked.request, Purpose::Screening).await {
                Ok(request) => whole.push(request),
                Err(Error::Refused(refusal)) if refusal.code == "ERASED" => {}
                Err(error) => return Err(error),
            }
        }
        Ok(whole)
    }
}
