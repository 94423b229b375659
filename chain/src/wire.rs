//! One JSON-RPC question over HTTP, and what came of it. Nothing that the other side wrote is repeated but the message of its own error.

use alloy_primitives::Bytes;
use alloy_transport_http::reqwest::header::CONTENT_TYPE;
use alloy_transport_http::reqwest::{Client, Error, Response, Url};
use domain::ports::NodeFault;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// Longest answer, bytes: what the largest node gives of logs at once is below it.
const MAX_ANSWER: usize = 32 << 20;
/// Rate limits and overload come as JSON-RPC errors too; another endpoint, or later, may answer.
const BUSY: [i64; 2] = [-32_005, 429];

/// Why there is no result.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No answer, or one that is of no use.
    Lost(Option<NodeFault>, String),
    /// The node's own error.
    Refused {
        code: i64,
        message: String,
        data: Option<Bytes>,
    },
}

/// Asks once.
pub(crate) async fn ask<T: DeserializeOwned>(
    http: &Client,
    url: &Url,
    method: &str,
    params: &Value,
) -> Result<T, Failure> {
    let question = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let sent = http.post(url.clone()).header(CONTENT_TYPE, "application/json");
    let answer = sent.body(question.to_string()).send().await.map_err(|e| lost(&e))?;
    let status = answer.status();
    let says = |fault| Failure::Lost(fault, format!("HTTP {}", status.as_u16()));
    match status.as_u16() {
        429 => return Err(says(Some(NodeFault::RateLimited))),
        401 | 403 => return Err(says(Some(NodeFault::Refused))),
        _ => {}
    }
    let json = is_json(&answer);
    let body = read(answer).await;
    if !status.is_success() {
        // Some nodes put their own error under a status of failure.
        return Err(match body.and_then(|body| parse::<IgnoredAny>(&body)) {
            Err(refused @ Failure::Refused { .. }) => refused,
            _ => says(None),
        });
    }
    if !json {
        return Err(malformed("is not declared as JSON"));
    }
    parse(&body?)
}

/// Not every node names the type; one that names another is something else.
fn is_json(answer: &Response) -> bool {
    let named = answer.headers().get(CONTENT_TYPE);
    named.is_none_or(|named| named.to_str().is_ok_and(|named| named.contains("json")))
}

async fn read(mut answer: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| lost(&e))? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(malformed("is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The error's own text has the URL in it, and that may hold a credential.
fn lost(error: &Error) -> Failure {
    if error.is_timeout() {
        Failure::Lost(Some(NodeFault::TimedOut), "no answer in time".into())
    } else {
        Failure::Lost(None, "connection failed".into())
    }
}

fn malformed(what: &str) -> Failure {
    Failure::Lost(Some(NodeFault::Malformed), format!("the answer {what}"))
}

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Message<T> {
    #[serde(default, deserialize_with = "present")]
    result: Option<T>,
    error: Option<Complaint>,
}

#[derive(Deserialize)]
struct Complaint {
    code: i64,
    message: String,
    data: Option<Value>,
}

/// A result of null is one.
fn present<'de, T: DeserializeOwned, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(malformed("is no JSON object"));
    }
    let message = match serde_json::from_slice::<Message<T>>(body) {
        Ok(message) => message,
        // Beside an error the result may be anything.
        Err(error) => {
            let bare = serde_json::from_slice::<Message<IgnoredAny>>(body).ok();
            if let Some(complaint) = bare.and_then(|message| message.error) {
                return Err(refused(complaint));
            }
            let (line, column) = (error.line(), error.column());
            return Err(malformed(&format!("is malformed at line {line}, column {column}")));
        }
    };
    match (message.error, message.result) {
        (Some(complaint), _) => Err(refused(complaint)),
        (None, Some(result)) => Ok(result),
        (None, None) => Err(malformed("has neither result nor error")),
    }
}

fn refused(complaint: Complaint) -> Failure {
    if BUSY.contains(&complaint.code) {
        return Failure::Lost(Some(NodeFault::RateLimited), "rate limited".into());
    }
    Failure::Refused {
        code: complaint.code,
        message: complaint.message,
        data: complaint.data.as_ref().and_then(revert_data),
    }
}

/// Nodes give revert data as a string, or nested under `data`.
fn revert_data(data: &Value) -> Option<Bytes> {
    match data {
        Value::String(text) => text.parse().ok(),
        Value::Object(map) => map.get("data").and_then(Value::as_str)?.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::U64;

    use super::*;

    fn fault<T: DeserializeOwned>(body: &str) -> Option<NodeFault> {
        match parse::<T>(body.as_bytes()) {
            Err(Failure::Lost(fault, detail)) => {
                assert!(!detail.contains("canary"), "{detail}");
                fault
            }
            _ => None,
        }
    }

    #[test]
    fn revert_data_is_found_where_each_client_puts_it() {
        assert_eq!(revert_data(&json!("0x0102")), Some(Bytes::from_static(&[1, 2])));
        assert_eq!(
            revert_data(&json!({ "data": "0x0102" })),
            Some(Bytes::from_static(&[1, 2]))
        );
        assert_eq!(revert_data(&Value::Null), None);
    }

    #[test]
    fn a_result_is_taken_as_it_is_and_null_only_where_it_may_be() {
        assert_eq!(parse::<U64>(br#"{"id":1,"result":"0x7"}"#), Ok(U64::from(7)));
        assert_eq!(parse::<Option<U64>>(br#"{"result":null}"#), Ok(None));
        assert_eq!(fault::<U64>(r#"{"result":null}"#), Some(NodeFault::Malformed));
    }

    #[test]
    fn what_is_no_answer_is_malformed_and_not_repeated() {
        for body in [
            "",
            "null",
            "[]",
            r#"["0x7"]"#,
            "{}",
            "<html>canary</html>",
            r#"{"result":"canary"}"#,
            r#"{"error":{"code":"E1","message":"canary"}}"#,
        ] {
            assert_eq!(fault::<U64>(body), Some(NodeFault::Malformed), "{body}");
        }
    }

    #[test]
    fn an_error_beside_a_result_is_an_error() {
        let both = br#"{"result":"0x7","error":{"code":3,"message":"no","data":"0x01"}}"#;
        let expected = Failure::Refused {
            code: 3,
            message: "no".into(),
            data: Some(Bytes::from_static(&[1])),
        };
        assert_eq!(parse::<U64>(both).unwrap_err(), expected);
        let beside_null = br#"{"result":null,"error":{"code":3,"message":"no","data":"0x01"}}"#;
        assert_eq!(parse::<U64>(beside_null).unwrap_err(), expected);
        let busy = r#"{"error":{"code":-32005,"message":"slow down"}}"#;
        assert_eq!(fault::<U64>(busy), Some(NodeFault::RateLimited));
    }
}
