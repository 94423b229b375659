//! The worker: takes what is due by a lease, sends it, and writes down what came of it.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use sha2::{Digest, Sha256};

use super::sign::sign;
use super::{Message, Reply, SendFailure, WebhookSender};
use crate::Aggregator;
use crate::api::Error;
use crate::store::corrupt;
use crate::store::webhooks::{self as rows, AttemptRow, DueRow, Outcome};

/// From the first byte sent to the last byte of the answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A delivery that was taken belongs to its process for so long; after a crash another one takes it then.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// Sent at once by one process.
const AT_ONCE: usize = 16;
/// Pauses after failed attempts: seconds. The first attempt comes at once, so there are ten in about three days.
const PAUSES: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// An endpoint that fails for so long is disabled.
const PATIENCE: TimeDelta = TimeDelta::days(5);
/// Deliveries that ended are kept for so long.
const KEPT: TimeDelta = TimeDelta::days(30);
/// Characters of an answer that are kept.
const CLIP: usize = 1_000;

/// The pause after that many tries, longer by up to a fifth: many deliveries that failed together do not come back together. None when
/// there are no more.
fn pause(tries: i32, delivery: uuid::Uuid) -> Option<TimeDelta> {
    let seconds = *PAUSES.get(usize::try_from(tries.checked_sub(1)?).ok()?)?;
    let hash = Sha256::new()
        .chain_update(delivery.as_bytes())
        .chain_update(tries.to_be_bytes())
        .finalize();
    let share = i64::from(u16::from_be_bytes([hash[0], hash[1]]));
    TimeDelta::try_milliseconds(seconds * 1_000 + seconds * 200 * share / i64::from(u16::MAX))
}

/// Text without control characters and without marks that turn or hide it, clipped.
fn cleaned(text: &str, most: usize) -> String {
    let plain = |c: &char| {
        !c.is_control()
            && !matches!(*c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let spaced = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    spaced.filter(plain).take(most).collect()
}

/// What an answer means.
fn outcome(result: &Result<Reply, SendFailure>, due: &DueRow, now: DateTime<Utc>) -> Outcome {
    let (status, asked) = match result {
        Ok(reply) => (Some(reply.status), reply.retry_after),
        Err(_) => (None, None),
    };
    match status {
        Some(200..=299) => Outcome::Delivered,
        Some(410) => Outcome::Gone,
        _ => match pause(due.tries, due.id) {
            None => Outcome::GivenUp,
            Some(pause) => {
                let asked = asked
                    .and_then(|wait| TimeDelta::from_std(wait).ok())
                    .unwrap_or_default();
                Outcome::Again(now + pause.max(asked.min(TimeDelta::days(1))))
            }
        },
    }
}

impl Aggregator {
    /// Sends what is due, one batch; answers how many attempts were made.
    pub async fn send_webhooks(&self) -> Result<usize, Error> {
        let Some(sender) = &self.world.settings.webhooks.sender else {
            return Ok(0);
        };
        let now = self.world.clock.now();
        let mut conn = self.world.db.acquire().await?;
        let due = rows::take_due(&mut conn, now, now + LEASE).await?;
        drop(conn);
        let attempts: Vec<_> = due.iter().map(|due| self.attempt(sender.as_ref(), due)).collect();
        let results: Vec<_> = futures::stream::iter(attempts)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        for result in results {
            result?;
        }
        Ok(due.len())
    }

    async fn attempt(&self, sender: &dyn WebhookSender, due: &DueRow) -> Result<(), Error> {
        let at = self.world.clock.now();
        let stamp = (format!("msg_{}", due.id.simple()), at.timestamp());
        let stamp = (stamp.0.as_str(), stamp.1);
        let version = u32::try_from(due.secret_version).map_err(corrupt)?;
        let mut signature = sign(&self.webhook_secret(due.endpoint_id, version).await?, stamp, &due.body);
        if version > 1 && due.previous_until.is_some_and(|until| until > at) {
            let before = self.webhook_secret(due.endpoint_id, version - 1).await?;
            signature = format!("{signature} {}", sign(&before, stamp, &due.body));
        }
        let message = Message {
            url: &due.url,
            id: stamp.0,
            timestamp: stamp.1,
            signature: &signature,
            body: &due.body,
            timeout: TIMEOUT,
        };
        let begun = Instant::now();
        let sent = tokio::time::timeout(TIMEOUT, sender.send(&message)).await;
        let result = sent.unwrap_or_else(|_| Err(SendFailure("no answer within 10 seconds".to_owned())));
        let took = begun.elapsed().as_millis();
        self.note_attempt(due, (at, took), &result).await
    }

    /// Writes down what came of an attempt. The endpoint is locked before its deliveries, everywhere.
    async fn note_attempt(
        &self,
        due: &DueRow,
        (at, took): (DateTime<Utc>, u128),
        result: &Result<Reply, SendFailure>,
    ) -> Result<(), Error> {
        let now = self.world.clock.now();
        let outcome = outcome(result, due, now);
        let (status, failure, answer) = match result {
            Ok(reply) => (
                Some(i32::from(reply.status)),
                None,
                cleaned(&String::from_utf8_lossy(&reply.body), CLIP),
            ),
            Err(failure) => (None, Some(cleaned(&failure.0, 200)), String::new()),
        };
        let row = AttemptRow {
            delivery_id: due.id,
            number: due.attempts,
            at,
            duration_ms: i32::try_from(took).unwrap_or(i32::MAX),
            status,
            failure,
            answer,
        };
        let mut tx = self.world.db.begin().await?;
        let endpoint = rows::hold_endpoint(&mut tx, due.endpoint_id).await?;
        rows::add_attempt(&mut tx, &row).await?;
        rows::end_attempt(&mut tx, due, (outcome, now)).await?;
        if let Some(endpoint) = endpoint {
            let since = endpoint.failing_since.unwrap_or(at);
            let why = match outcome {
                Outcome::Gone => Some("GONE"),
                Outcome::Delivered => None,
                _ => (now - since >= PATIENCE).then_some("FAILING"),
            };
            let failing = (outcome != Outcome::Delivered).then_some(since);
            if failing != endpoint.failing_since || why.is_some() {
                rows::judge(&mut tx, due.endpoint_id, (failing, why), now).await?;
            }
            if let Some(why) = why {
                tracing::warn!(endpoint = %due.endpoint_id, why, "webhook endpoint disabled");
            }
        }
        tx.commit().await?;
        metrics::counter!("usance_webhook_attempts_total", "outcome" => outcome.as_str()).increment(1);
        Ok(())
    }

    /// Removes deliveries that ended long ago, with their attempts; answers how many.
    pub async fn sweep_webhooks(&self) -> Result<usize, Error> {
        let mut conn = self.world.db.acquire().await?;
        let gone = rows::sweep(&mut conn, self.world.clock.now() - KEPT).await?;
        Ok(usize::try_from(gone).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_are_spread_by_a_fifth_at_most_and_end() {
        let (one, other) = (uuid::Uuid::from_u128(1), uuid::Uuid::from_u128(2));
        for (tries, seconds) in (1..).zip(PAUSES) {
            let found = pause(tries, one).unwrap();
            assert!(found >= TimeDelta::seconds(seconds) && found <= TimeDelta::milliseconds(seconds * 1_200));
            assert_eq!(found, pause(tries, one).unwrap());
            assert_ne!(found, pause(tries, other).unwrap());
        }
        assert_eq!(pause(10, one), None);
        assert_eq!(pause(0, one), None);
    }

    #[test]
    fn an_answer_is_kept_clipped_and_cannot_turn_or_control_what_shows_it() {
        assert_eq!(cleaned("a\u{1b}[31mb\r\n\tc\u{202e}d\u{0}", 100), "a[31mb   cd");
        assert_eq!(cleaned(&"é".repeat(5_000), CLIP).chars().count(), CLIP);
    }
}
