//! One question and its answer: signed, sent, acknowledged, called back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sdk::net::{Request, Value};
use sdk::normalise::{Document, Reader};
use sdk::{Endpoint, HttpClient, LenderError, Signer, beckn};
use serde_json::json;

use super::fault::{Fault, acknowledged};
use super::inbox::Inbox;
use super::table::{Action, Stage};

/// Our side of the wire.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) http: HttpClient,
    pub(super) endpoint: Endpoint,
    pub(super) signer: Arc<Signer>,
    pub(super) inbox: Arc<Inbox>,
}

impl Exchange {
    pub(super) fn id(&self) -> String {
        self.signer.ids.next().to_string()
    }

    /// Asks and waits for the callback until `deadline`. The answer is no error object.
    pub(super) async fn ask(
        &self,
        transaction: &str,
        stage: Stage,
        action: Action,
        message: &serde_json::Value,
        deadline: Instant,
    ) -> Result<Vec<u8>, Fault> {
        let id = self.id();
        let parties = self.inbox.parties();
        let context = parties.context(action, (transaction, &id), self.signer.clock.now());
        let body = json!({ "context": context, "message": message })
            .to_string()
            .into_bytes();
        // A fast lender calls back before its acknowledgement is read.
        let expected = self.inbox.expect((transaction, &id), stage, action);
        let mut expected =
            expected.ok_or_else(|| LenderError::Unsupported(format!("{} at {stage:?}", action.as_str())))?;
        let signature = beckn::sign(&self.signer, &parties.bap.id, &body);
        let headers = [(beckn::AUTHORIZATION, Value::Plain(&signature))];
        let path = format!("/{}", action.as_str());
        let request = Request {
            headers: &headers,
            ..Request::post(&self.endpoint, &path, &body, left(deadline)?)
        };
        let answer = self.http.call(request).await?;
        acknowledged(answer.status, &answer.body)?;
        let body = tokio::time::timeout(left(deadline)?, expected.answer()).await;
        let body = body.map_err(|_| LenderError::TimedOut)?;
        let body = body.ok_or_else(|| LenderError::Unavailable("another question took its place".into()))?;
        let error = {
            let document = Document::parse(&body)?;
            let error = Reader::new(&document).get("error");
            error.exists().then(|| Fault::of(&error))
        };
        error.map_or(Ok(body), Err)
    }
}

fn left(deadline: Instant) -> Result<Duration, LenderError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        Err(LenderError::TimedOut)
    } else {
        Ok(left)
    }
}
