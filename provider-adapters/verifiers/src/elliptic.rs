//! Elliptic: a wallet's exposure, asked synchronously.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ports::{
    Clock, VerifyError, WalletEvidence, WalletScreener, WalletScreening, WalletSubject, WalletVerdict,
};
use rust_decimal::Decimal;
use sdk::net::{Request, Value};
use sdk::{Endpoint, HttpClient, Secret};
use serde::{Deserialize, Serialize};

use crate::failure::{self, left, read};
use crate::limit::Limit;
use crate::mac;

const PATH: &str = "/v2/wallet/synchronous";
const NAME: &str = "elliptic";
/// Calls a minute that the interface allows.
pub const CALLS_A_MINUTE: u32 = 500;

/// The adapter.
#[derive(Clone)]
pub struct Elliptic {
    /// The client.
    pub http: HttpClient,
    /// `https://aml-api.elliptic.co`.
    pub endpoint: Endpoint,
    /// Our key's name.
    pub key: Secret<String>,
    /// Base64 of the secret.
    pub secret: Secret<String>,
    /// From this risk score on a person looks.
    pub review_at: Decimal,
    /// From this risk score on nothing is paid.
    pub block_at: Decimal,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Longest wait for one call.
    pub timeout: Duration,
    /// At most [`CALLS_A_MINUTE`].
    pub limit: Limit,
}

impl std::fmt::Debug for Elliptic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Elliptic({})", self.endpoint.as_str())
    }
}

/// The signature of a call: base64 of HMAC-SHA256 over milliseconds, method, path in lower case with its query, and body or `{}`. None
/// when the secret is no base64.
pub fn sign(secret: &str, at_ms: i64, (method, path): (&str, &str), body: &[u8]) -> Option<String> {
    let key = STANDARD.decode(secret).ok().filter(|key| !key.is_empty())?;
    let head = format!("{at_ms}{method}{}", path.to_lowercase());
    let body = if body.is_empty() { b"{}" } else { body };
    Some(STANDARD.encode(mac::sha256(&key, &[head.as_bytes(), body])))
}

#[derive(Serialize)]
struct Question<'a> {
    subject: Subject<'a>,
    #[serde(rename = "type")]
    kind: &'static str,
    customer_reference: &'static str,
}

#[derive(Serialize)]
struct Subject<'a> {
    asset: &'static str,
    blockchain: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    hash: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    id: String,
    process_status: Option<String>,
    /// From 0 to 10; null when no rule fired. A number, kept as it is written.
    risk_score: Option<serde_json::Number>,
    evaluation_detail: Option<Evaluation>,
}

#[derive(Default, Deserialize)]
struct Evaluation {
    #[serde(default)]
    source: Vec<Rule>,
    #[serde(default)]
    destination: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    #[serde(rename = "rule_name")]
    name: Option<String>,
    risk_score: Option<serde_json::Number>,
    #[serde(default)]
    matched_elements: Vec<Element>,
}

#[derive(Deserialize)]
struct Element {
    category: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    name: Option<String>,
}

/// At most 64 visible characters of what a service calls something.
pub(crate) fn term(text: &str) -> String {
    let plain = text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ');
    plain.take(64).collect()
}

fn score(number: &serde_json::Number) -> Result<Decimal, VerifyError> {
    let text = number.to_string();
    let read = text.parse().or_else(|_| Decimal::from_scientific(&text));
    let read = read.map_err(|_| VerifyError::malformed("risk_score", "is not a score"))?;
    if read.is_sign_negative() && !read.is_zero() {
        return Err(VerifyError::malformed("risk_score", "is below zero"));
    }
    Ok(read)
}

impl Elliptic {
    fn read(&self, answer: &Answer) -> Result<WalletScreening, VerifyError> {
        let at = self.clock.now();
        let reference = Some(term(&answer.id));
        let done = matches!(answer.process_status.as_deref(), None | Some("complete" | "completed"));
        let overall = answer.risk_score.as_ref().map(score).transpose()?;
        let mut evidence = Vec::new();
        let mut sanctioned = false;
        let detail = answer.evaluation_detail.as_ref();
        let rules = detail
            .into_iter()
            .flat_map(|detail| detail.source.iter().chain(&detail.destination));
        for rule in rules.take(64) {
            let categories = rule
                .matched_elements
                .iter()
                .filter_map(|element| element.category.as_deref());
            sanctioned |= categories
                .clone()
                .any(|category| category.to_lowercase().contains("sanction"));
            let named = rule.name.as_deref().or_else(|| categories.clone().next());
            evidence.push(WalletEvidence {
                source: NAME.into(),
                category: term(named.unwrap_or("a rule without a name")),
                score: rule.risk_score.as_ref().map(ToString::to_string),
                reference: reference.clone(),
            });
        }
        let verdict = match overall {
            _ if sanctioned => WalletVerdict::Block,
            _ if !done => WalletVerdict::Unknown,
            Some(score) if score >= self.block_at => WalletVerdict::Block,
            Some(score) if score >= self.review_at => WalletVerdict::Review,
            Some(_) | None => WalletVerdict::Clear,
        };
        if evidence.is_empty() && verdict != WalletVerdict::Clear {
            evidence.push(WalletEvidence {
                source: NAME.into(),
                category: if done {
                    "risk score".into()
                } else {
                    "not finished".into()
                },
                score: answer.risk_score.as_ref().map(ToString::to_string),
                reference,
            });
        }
        Ok(WalletScreening { verdict, evidence, at })
    }
}

#[async_trait]
impl WalletScreener for Elliptic {
    fn name(&self) -> &str {
        NAME
    }

    async fn screen(&self, wallet: &WalletSubject, deadline: Instant) -> Result<WalletScreening, VerifyError> {
        let timeout = left(deadline, self.timeout)?;
        self.limit.take()?;
        let body = sdk::wire::write(&Question {
            subject: Subject {
                asset: "holistic",
                blockchain: "holistic",
                kind: "address",
                hash: &wallet.address,
            },
            kind: "wallet_exposure",
            customer_reference: "usance",
        });
        let at_ms = self.clock.now().timestamp_millis();
        let path = self.endpoint.path(PATH);
        let signature = sign(self.secret.expose(), at_ms, ("POST", &path), &body);
        let signature = Secret::new(signature.ok_or_else(|| VerifyError::Refused("the secret is no base64".into()))?);
        let at_ms = at_ms.to_string();
        let headers = [
            ("x-access-key", Value::Secret(&self.key)),
            ("x-access-sign", Value::Secret(&signature)),
            ("x-access-timestamp", Value::Plain(&at_ms)),
        ];
        let request = Request {
            headers: &headers,
            ..Request::post(&self.endpoint, PATH, &body, timeout)
        };
        let answer = self.http.call(request).await.map_err(failure::of_call)?;
        match answer.status {
            200 | 201 => self.read(&read(&answer)?),
            // A wallet that no chain has seen: nothing is known, which is not the same as nothing against it.
            404 if read::<Refusal>(&answer).is_ok_and(|r| r.name.as_deref() == Some("NotInBlockchain")) => {
                let evidence = vec![WalletEvidence {
                    source: NAME.into(),
                    category: "not in any blockchain".into(),
                    score: None,
                    reference: None,
                }];
                let at = self.clock.now();
                Ok(WalletScreening {
                    verdict: WalletVerdict::Unknown,
                    evidence,
                    at,
                })
            }
            _ => Err(failure::of_status(&answer, self.clock.now())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector that Elliptic publishes with its documentation's example secret.
    #[test]
    fn the_published_vector_comes_out() {
        let signature = sign(
            "894f142d667e8cdaca6822ac173937af",
            1_478_692_862_000,
            ("GET", "/v2/customers"),
            b"{}",
        );
        let published = "cN9fRUqeT7UnwwpkBZaNmnwxKAPHkhytdXelfUVvxMI=";
        assert_eq!(signature.as_deref(), Some(published));
        let same = sign(
            "894f142d667e8cdaca6822ac173937af",
            1_478_692_862_000,
            ("GET", "/V2/Customers"),
            b"",
        );
        assert_eq!(same.as_deref(), Some(published), "path in lower case, no body is {{}}");
        assert_eq!(sign("not base64!", 0, ("GET", "/"), b""), None);
    }
}
