//! One question and its answer: signed, sent, acknowledged, called back.

use std::sync::Arc;
use std::time::Instant;

use sdk::net::{Request, Value};
use sdk::normalise::{Document, Reader};
use sdk::{Endpoint, HttpClient, LenderError, Signer, beckn};
use serde_json::json;

use super::fault::{Fault, acknowledged};
use super::inbox::Inbox;
use super::table::{Action, Stage, next};
use crate::questions::{Asking, json_only, left};

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
        if next(stage, action).is_none() {
            return Err(LenderError::Unsupported(format!("{} at {stage:?}", action.as_str())).into());
        }
        left(deadline)?;
        let open = self.inbox.questions.open(Asking {
            id: &id,
            thread: transaction,
            kind: action.as_str(),
            deadline,
        });
        let open = open.await?;
        let signature = beckn::sign(&self.signer, &parties.bap.id, &body);
        let headers = [(beckn::AUTHORIZATION, Value::Plain(&signature))];
        let path = format!("/{}", action.as_str());
        let request = Request {
            headers: &headers,
            ..Request::post(&self.endpoint, &path, &body, left(deadline)?)
        };
        let answer = self.http.call(request).await?;
        json_only(&answer)?;
        acknowledged(answer.status, &answer.body)?;
        let body = open.answer().await?;
        let error = {
            let document = Document::parse(&body)?;
            let error = Reader::new(&document).get("error");
            error.exists().then(|| Fault::of(&error))
        };
        error.map_or(Ok(body), Err)
    }
}
