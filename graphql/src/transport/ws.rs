//! The `graphql-transport-ws` sub-protocol, with the close codes that it mandates.

use std::collections::HashMap;
use std::time::Duration;

use aggregator::fraud::Origin;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Principal;
use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::engine::Operation;
use crate::{Api, MAX_BODY, auth, origin};

/// A client must open the protocol within this time.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);
/// Most operations at once on one connection.
const MAX_OPERATIONS: usize = 64;
/// Messages that may wait for a slow client before its streams pause.
const OUTBOX: usize = 64;
const PROTOCOL: &str = "graphql-transport-ws";

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ClientMessage {
    ConnectionInit {
        #[serde(default)]
        payload: Option<Value>,
    },
    Ping {
        #[serde(default)]
        payload: Option<Value>,
    },
    Pong {},
    Subscribe {
        id: String,
        payload: Operation,
    },
    Complete {
        id: String,
    },
}

/// Closing: the code and its reason, at most 123 bytes.
struct Close(u16, String);

/// Accepts the upgrade for clients that speak the sub-protocol.
pub fn upgrade(api: Api, headers: &HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    let offered = headers
        .get(header::SEC_WEBSOCKET_PROTOCOL)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    if !offered.split(',').any(|name| name.trim() == PROTOCOL) {
        let mut response = (StatusCode::BAD_REQUEST, "the sub-protocol is graphql-transport-ws").into_response();
        response
            .headers_mut()
            .insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
        return response;
    }
    let (by_header, origin) = (auth::caller(&api, headers), origin::current());
    upgrade
        .protocols([PROTOCOL])
        .max_message_size(MAX_BODY)
        .on_upgrade(move |socket| async move { Connection::new(api, by_header, origin).run(socket).await })
}

struct Connection {
    api: Api,
    caller: Option<Principal>,
    origin: Origin,
    ready: bool,
    running: HashMap<String, AbortHandle>,
    out: mpsc::Sender<Outgoing>,
    answers: Option<mpsc::Receiver<Outgoing>>,
}

enum Outgoing {
    Text(Value),
    Finished { id: String, last: Option<Value> },
}

impl Connection {
    fn new(api: Api, caller: Option<Principal>, origin: Origin) -> Self {
        let (out, answers) = mpsc::channel(OUTBOX);
        Self {
            api,
            caller,
            origin,
            ready: false,
            running: HashMap::new(),
            out,
            answers: Some(answers),
        }
    }

    async fn run(mut self, socket: WebSocket) {
        let (mut sink, mut source) = socket.split();
        let Some(mut answers) = self.answers.take() else { return };
        let opened_in_time = tokio::time::sleep(INIT_TIMEOUT);
        tokio::pin!(opened_in_time);
        let close = loop {
            tokio::select! {
                () = &mut opened_in_time, if !self.ready => break Close(4408, "Connection initialisation timeout".into()),
                Some(outgoing) = answers.recv() => {
                    let value = match outgoing {
                        Outgoing::Text(value) => Some(value),
                        Outgoing::Finished { id, last } => { self.running.remove(&id); last }
                    };
                    if let Some(value) = value && sink.send(Message::text(value.to_string())).await.is_err() {
                        break Close(1006, String::new());
                    }
                }
                message = source.next() => match message {
                    Some(Ok(Message::Text(text))) => match self.take(text.as_str()) {
                        Ok(Some(reply)) => if sink.send(Message::text(reply.to_string())).await.is_err() { break Close(1006, String::new()) },
                        Ok(None) => {}
                        Err(close) => break close,
                    },
                    Some(Ok(Message::Binary(_))) => break Close(4400, "Text messages only".into()),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break Close(1000, String::new()),
                },
            }
        };
        for handle in self.running.values() {
            handle.abort();
        }
        let Close(code, mut reason) = close;
        reason.truncate(reason.floor_char_boundary(123));
        // The peer may be gone; there is nothing left to tell it then.
        let _ = sink
            .send(Message::Close(Some(CloseFrame {
                code,
                reason: reason.into(),
            })))
            .await;
    }

    fn take(&mut self, text: &str) -> Result<Option<Value>, Close> {
        let message: ClientMessage =
            serde_json::from_str(text).map_err(|_| Close(4400, "Invalid message received".into()))?;
        match message {
            ClientMessage::ConnectionInit { payload } => self.open(payload.as_ref()).map(Some),
            ClientMessage::Ping { payload } => Ok(Some(match payload {
                Some(payload) => json!({ "type": "pong", "payload": payload }),
                None => json!({ "type": "pong" }),
            })),
            ClientMessage::Pong {} => Ok(None),
            ClientMessage::Subscribe { id, payload } => self.subscribe(id, payload).map(|()| None),
            ClientMessage::Complete { id } => {
                if let Some(handle) = self.running.remove(&id) {
                    handle.abort();
                }
                Ok(None)
            }
        }
    }

    fn open(&mut self, payload: Option<&Value>) -> Result<Value, Close> {
        if self.ready {
            return Err(Close(4429, "Too many initialisation requests".into()));
        }
        let token = payload.and_then(|p| p.get("authorization").or_else(|| p.get("Authorization")));
        if let Some(token) = token {
            let token = token.as_str().unwrap_or("");
            let token = token.strip_prefix("Bearer ").unwrap_or(token);
            self.caller = Some(auth::bearer(&self.api, token).ok_or_else(|| Close(4403, "Forbidden".into()))?);
        }
        self.ready = true;
        Ok(json!({ "type": "connection_ack" }))
    }

    fn subscribe(&mut self, id: String, operation: Operation) -> Result<(), Close> {
        if !self.ready {
            return Err(Close(4401, "Unauthorized".into()));
        }
        // A change of role ends the connection with the token.
        if self
            .caller
            .as_ref()
            .is_some_and(|caller| !self.api.aggregator.is_current(caller))
        {
            return Err(Close(4403, "Forbidden".into()));
        }
        if self.running.contains_key(&id) {
            return Err(Close(4409, format!("Subscriber for {id} already exists")));
        }
        if self.running.len() >= MAX_OPERATIONS {
            return Err(Close(4400, "Too many operations on one connection".into()));
        }
        let (api, caller, out) = (self.api.clone(), self.caller.clone(), self.out.clone());
        let work = operate(api, caller, out, id.clone(), operation);
        let task = tokio::spawn(origin::within(self.origin, work));
        self.running.insert(id, task.abort_handle());
        Ok(())
    }
}

/// Runs one operation. A response in which nothing was executed is an `error` message, which ends the operation.
async fn operate(api: Api, caller: Option<Principal>, out: mpsc::Sender<Outgoing>, id: String, operation: Operation) {
    let error = |errors: Value| json!({ "type": "error", "id": id, "payload": errors });
    let last = match api.engine.prepare(operation) {
        Err(response) => Some(error(json!(response.errors))),
        Ok(prepared) => {
            let mut stream = api.engine.stream(&api, caller, prepared);
            let mut last = Some(json!({ "type": "complete", "id": id }));
            while let Some(response) = stream.next().await {
                if !response.errors.is_empty() && response.errors.iter().all(|e| e.path.is_empty()) {
                    last = Some(error(json!(response.errors)));
                    break;
                }
                let next = json!({ "type": "next", "id": id, "payload": response });
                if out.send(Outgoing::Text(next)).await.is_err() {
                    return;
                }
            }
            last
        }
    };
    // A closed connection needs no ending.
    let _ = out.send(Outgoing::Finished { id, last }).await;
}
