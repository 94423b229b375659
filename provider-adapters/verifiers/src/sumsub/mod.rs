//! Sumsub: applicants, levels, a page for the borrower, reviews and webhooks.
//!
//! Every call is signed: HMAC-SHA256 over seconds, method, path with query, and the body as it is sent. A webhook is a reason to ask:
//! what counts is what the interface answers then.

mod hook;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::ports::{
    Again, Begun, Clock, DeviceToken, Entry, Hook, HookEvent, HookRefusal, NewVerification, PrivateComment,
    PublicComment, RejectKind, Rejection, Snapshot, Vendor, VendorRef, VendorStatus, VerifiedPerson, Verifier,
    VerifyError, WebLink,
};
use sdk::net::{Incoming, Method, NetworkPolicy, Request, Value};
use sdk::{Endpoint, HttpClient, Secret};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::countries;
use crate::failure::{self, left, name, read};
use crate::limit::Limit;
use crate::mac;
use crate::multipart::Multipart;
pub use hook::DigestAlgorithm;
use wire::{
    Applicant, ApplicantStatus, FixedInfo, Image, Link, NewApplicant, NewToken, Review, ReviewResult, Token, Ttl,
};

/// Longest life of a page or token, seconds.
const MAX_TTL: u64 = 24 * 3600;

/// The adapter.
#[derive(Clone)]
pub struct Sumsub {
    /// The client.
    pub http: HttpClient,
    /// `https://api.sumsub.com`.
    pub endpoint: Endpoint,
    /// Our name there.
    pub app_token: Secret<String>,
    /// Signs our calls.
    pub secret: Secret<String>,
    /// Checks webhooks; without one none is taken.
    pub webhook_secret: Option<Secret<String>>,
    /// The one algorithm of webhooks that is taken.
    pub digest: DigestAlgorithm,
    /// Refuses webhooks and pages of sandboxes.
    pub production: bool,
    /// Where pages of the vendor may be.
    pub network: NetworkPolicy,
    /// Time of signatures.
    pub clock: Arc<dyn Clock>,
    /// Longest wait for one call.
    pub timeout: Duration,
    /// Calls a second.
    pub limit: Limit,
}

impl std::fmt::Debug for Sumsub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sumsub({})", self.endpoint.as_str())
    }
}

/// One call.
struct Call<'a> {
    method: Method,
    path: &'a str,
    query: &'a [(&'a str, &'a str)],
    media: &'a str,
    body: &'a [u8],
}

impl<'a> Call<'a> {
    fn get(path: &'a str) -> Self {
        Self {
            method: Method::GET,
            path,
            query: &[],
            media: "application/json",
            body: &[],
        }
    }

    fn post(path: &'a str, query: &'a [(&'a str, &'a str)], body: &'a [u8]) -> Self {
        Self {
            method: Method::POST,
            query,
            body,
            ..Self::get(path)
        }
    }
}

/// The text whose HMAC-SHA256 signs a call, without the body that follows it. `path` has its query.
pub fn signed_head(seconds: i64, method: &str, path: &str) -> String {
    format!("{seconds}{method}{path}")
}

/// The signature of a call: lower-case hex.
pub fn sign(secret: &str, head: &str, body: &[u8]) -> String {
    hex::encode(mac::sha256(secret.as_bytes(), &[head.as_bytes(), body]))
}

impl Sumsub {
    async fn call(&self, call: Call<'_>, deadline: Instant) -> Result<Incoming, VerifyError> {
        let timeout = left(deadline, self.timeout)?;
        self.limit.take()?;
        // Names in paths and queries are plain, so what is signed is what is sent, byte for byte.
        let query: Vec<String> = call.query.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let query = if query.is_empty() {
            String::new()
        } else {
            format!("?{}", query.join("&"))
        };
        let path = format!("{}{query}", self.endpoint.path(call.path));
        let seconds = self.clock.now().timestamp();
        let head = signed_head(seconds, call.method.as_str(), &path);
        let signature = Secret::new(sign(self.secret.expose(), &head, call.body));
        let seconds = seconds.to_string();
        let headers = [
            ("x-app-token", Value::Secret(&self.app_token)),
            ("x-app-access-ts", Value::Plain(&seconds)),
            ("x-app-access-sig", Value::Secret(&signature)),
        ];
        let request = Request {
            method: call.method,
            query: call.query,
            headers: &headers,
            content_type: call.media,
            body: call.body,
            ..Request::get(&self.endpoint, call.path, timeout)
        };
        self.http.call(request).await.map_err(failure::of_call)
    }

    async fn ask<T: DeserializeOwned>(&self, call: Call<'_>, deadline: Instant) -> Result<T, VerifyError> {
        let answer = self.call(call, deadline).await?;
        if matches!(answer.status, 200 | 201) {
            read(&answer)
        } else {
            Err(failure::of_status(&answer, self.clock.now()))
        }
    }

    async fn by_session(&self, session: Uuid, deadline: Instant) -> Result<Applicant, VerifyError> {
        let path = format!("/resources/applicants/-;externalUserId={session}/one");
        let applicant: Applicant = self.ask(Call::get(&path), deadline).await?;
        Self::ours(applicant, session)
    }

    /// An applicant of another session is none of ours, whatever was asked.
    fn ours(applicant: Applicant, session: Uuid) -> Result<Applicant, VerifyError> {
        name(&applicant.id, "id")?;
        if applicant.external_user_id.as_deref() == Some(session.to_string().as_str()) {
            Ok(applicant)
        } else {
            Err(VerifyError::malformed("externalUserId", "is not the session asked for"))
        }
    }

    fn until(&self, ttl: Duration) -> DateTime<Utc> {
        self.clock.now() + TimeDelta::from_std(ttl).unwrap_or_default()
    }

    /// Hands in a page of a document for the borrower; answers the vendor's id of the image. `form` is [`id_document`].
    pub async fn add_document(
        &self,
        applicant: &str,
        form: &Multipart,
        deadline: Instant,
    ) -> Result<String, VerifyError> {
        let path = format!("/resources/applicants/{}/info/idDoc", name(applicant, "id")?);
        let call = Call {
            media: &form.media,
            ..Call::post(&path, &[], &form.body)
        };
        let answer = self.call(call, deadline).await?;
        if !matches!(answer.status, 200 | 201) {
            return Err(failure::of_status(&answer, self.clock.now()));
        }
        read::<Image>(&answer)?;
        let id = answer.header("x-image-id").unwrap_or_default();
        name(id, "x-image-id").map(str::to_owned)
    }

    /// In a sandbox only: what the vendor's people would have decided.
    pub async fn complete_in_sandbox(
        &self,
        applicant: &str,
        result: &serde_json::Value,
        deadline: Instant,
    ) -> Result<(), VerifyError> {
        let path = format!("/resources/applicants/{}/status/testCompleted", name(applicant, "id")?);
        let body = bytes(result);
        let answer = self.call(Call::post(&path, &[], &body), deadline).await?;
        match answer.status {
            200 | 201 => Ok(()),
            _ => Err(failure::of_status(&answer, self.clock.now())),
        }
    }
}

/// The form of one page of a document: its kind, its country, and the picture.
pub fn id_document(boundary: &str, kind: &str, alpha3: &str, media: &str, picture: &[u8]) -> Option<Multipart> {
    let metadata = serde_json::json!({ "idDocType": kind, "country": alpha3 }).to_string();
    let field = crate::Part {
        name: "metadata",
        file: None,
        media: None,
        content: metadata.as_bytes(),
    };
    let file = crate::Part {
        name: "content",
        file: Some("page"),
        media: Some(media),
        content: picture,
    };
    Multipart::new(boundary, &[field, file])
}

fn bytes<T: Serialize>(message: &T) -> Vec<u8> {
    sdk::wire::write(message)
}

fn seconds(ttl: Duration) -> u64 {
    ttl.as_secs().clamp(1, MAX_TTL)
}

/// Given names and family name: the last word is taken for the latter.
fn split(full_name: &str) -> (String, String) {
    let words: Vec<&str> = full_name.split_whitespace().collect();
    match words.split_last() {
        Some((last, given)) if !given.is_empty() => (given.join(" "), (*last).to_owned()),
        _ => (String::new(), full_name.trim().to_owned()),
    }
}

#[async_trait]
impl Verifier for Sumsub {
    fn vendor(&self) -> Vendor {
        Vendor::Sumsub
    }

    async fn begin(&self, new: &NewVerification<'_>, deadline: Instant) -> Result<Begun, VerifyError> {
        let level = name(new.level, "level")?;
        let (first_name, last_name) = new.claimed.full_name.as_deref().map(split).unzip();
        let country = new.claimed.country.as_deref().and_then(countries::alpha3);
        let body = bytes(&NewApplicant {
            external_user_id: new.session.to_string(),
            kind: "individual",
            fixed_info: FixedInfo {
                first_name: first_name.filter(|name| !name.is_empty()),
                last_name: last_name.filter(|name| !name.is_empty()),
                dob: new.claimed.born,
                country,
            },
        });
        let query = [("levelName", level)];
        let answer = self
            .call(Call::post("/resources/applicants", &query, &body), deadline)
            .await?;
        let applicant = match answer.status {
            200 | 201 => Self::ours(read(&answer)?, new.session)?,
            // Made by an earlier call whose answer was lost.
            409 => self.by_session(new.session, deadline).await?,
            _ => return Err(failure::of_status(&answer, self.clock.now())),
        };
        let reference = VendorRef {
            session: new.session,
            subject: applicant.id,
            run: None,
            level: level.to_owned(),
        };
        Ok(Begun { reference, link: None })
    }

    async fn link(&self, again: &Again<'_>, ttl: Duration, deadline: Instant) -> Result<Entry<WebLink>, VerifyError> {
        let session = again.of.session.to_string();
        let path = format!(
            "/resources/sdkIntegrations/levels/{}/websdkLink",
            name(&again.of.level, "level")?
        );
        let ttl = Duration::from_secs(seconds(ttl));
        let body = bytes(&Ttl {
            ttl_in_secs: ttl.as_secs(),
        });
        let query = [("externalUserId", session.as_str())];
        let link: Link = self.ask(Call::post(&path, &query, &body), deadline).await?;
        let way = WebLink {
            url: page(&link.url, self.network)?,
            until: self.until(ttl),
        };
        Ok(Entry {
            reference: again.of.clone(),
            way,
        })
    }

    async fn token(
        &self,
        again: &Again<'_>,
        ttl: Duration,
        deadline: Instant,
    ) -> Result<Entry<DeviceToken>, VerifyError> {
        let user_id = again.of.session.to_string();
        let ttl = Duration::from_secs(seconds(ttl));
        let body = bytes(&NewToken {
            user_id: &user_id,
            level_name: name(&again.of.level, "level")?,
            ttl_in_secs: ttl.as_secs(),
        });
        let token: Token = self
            .ask(Call::post("/resources/accessTokens/sdk", &[], &body), deadline)
            .await?;
        if token.user_id != user_id {
            return Err(VerifyError::malformed("userId", "is not the session asked for"));
        }
        let way = DeviceToken {
            token: token.token,
            until: self.until(ttl),
        };
        Ok(Entry {
            reference: again.of.clone(),
            way,
        })
    }

    async fn fetch(&self, of: &VendorRef, deadline: Instant) -> Result<Snapshot, VerifyError> {
        let path = format!("/resources/applicants/{}/status", name(&of.subject, "applicantId")?);
        let found = self.ask::<ApplicantStatus>(Call::get(&path), deadline).await;
        let review = match found {
            Ok(ApplicantStatus(review)) => review,
            Err(VerifyError::Unknown) => {
                return Ok(Snapshot {
                    status: VendorStatus::Deleted,
                    attempts: None,
                    level: None,
                });
            }
            Err(error) => return Err(error),
        };
        let mut snapshot = Snapshot {
            status: status(&review)?,
            attempts: review.attempt_cnt,
            level: review.level_name,
        };
        if matches!(snapshot.status, VendorStatus::Approved(_)) {
            let path = format!("/resources/applicants/{}/one", name(&of.subject, "applicantId")?);
            let applicant: Applicant = self.ask(Call::get(&path), deadline).await?;
            let applicant = Self::ours(applicant, of.session)?;
            if applicant.id != of.subject {
                return Err(VerifyError::malformed("id", "is not the applicant asked for"));
            }
            snapshot.status = VendorStatus::Approved(applicant.person());
        }
        Ok(snapshot)
    }

    /// Sumsub's interface deactivates; what is kept after that is a matter of the contract with it.
    async fn delete(&self, of: &VendorRef, deadline: Instant) -> Result<(), VerifyError> {
        let path = format!(
            "/resources/applicants/{}/presence/deactivated",
            name(&of.subject, "applicantId")?
        );
        let call = Call {
            method: Method::PATCH,
            ..Call::get(&path)
        };
        let answer = self.call(call, deadline).await?;
        match answer.status {
            200 | 204 | 404 | 410 => Ok(()),
            _ => Err(failure::of_status(&answer, self.clock.now())),
        }
    }

    fn read_hook(&self, hook: Hook<'_>) -> Result<HookEvent, HookRefusal> {
        let rules = hook::Rules {
            secret: self.webhook_secret.as_ref(),
            digest: self.digest,
            production: self.production,
        };
        hook::read(&rules, hook)
    }
}

/// A page that a browser may be sent to: https, or this machine in development.
pub(crate) fn page(url: &str, network: NetworkPolicy) -> Result<String, VerifyError> {
    let bad = || VerifyError::malformed("url", "is not a page that a borrower may be sent to");
    let base = url.split(['?', '#']).next().unwrap_or_default();
    Endpoint::parse(base, network).map_err(|_| bad())?;
    if url.len() > 2_048 || !url.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(bad());
    }
    Ok(url.to_owned())
}

fn status(review: &Review) -> Result<VendorStatus, VerifyError> {
    Ok(match review.status.as_str() {
        "init" | "awaitingUser" => VendorStatus::AwaitingUser,
        "pending" | "prechecked" | "queued" | "awaitingService" => VendorStatus::Pending,
        "onHold" => VendorStatus::OnHold,
        "completed" => {
            let result = review.result.as_ref();
            verdict(result.ok_or_else(|| VerifyError::malformed("reviewResult", "is missing"))?)?
        }
        _ => return Err(VerifyError::malformed("reviewStatus", "is not known")),
    })
}

fn verdict(result: &ReviewResult) -> Result<VendorStatus, VerifyError> {
    match (result.review_answer.as_str(), result.review_reject_type.as_deref()) {
        ("GREEN", None) => Ok(VendorStatus::Approved(None)),
        ("GREEN", Some(_)) => Err(VerifyError::malformed("reviewRejectType", "stands beside an approval")),
        ("RED", kind) => {
            let kind = match kind {
                Some("RETRY") => RejectKind::Retry,
                Some("FINAL") => RejectKind::Final,
                _ => return Err(VerifyError::malformed("reviewRejectType", "is not known")),
            };
            Ok(VendorStatus::Rejected(Rejection {
                kind,
                labels: labels(&result.reject_labels),
                public_comment: result.moderation_comment.clone().map(PublicComment),
                private_comment: result.client_comment.clone().map(PrivateComment),
            }))
        }
        _ => Err(VerifyError::malformed("reviewAnswer", "is not known")),
    }
}

/// Codes only: free text of a vendor is dropped.
pub(crate) fn labels(given: &[String]) -> Vec<String> {
    let code =
        |text: &&String| (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    given.iter().filter(code).take(32).cloned().collect()
}

impl Applicant {
    /// What the documents say. What we said ourselves (`fixedInfo`) is no evidence.
    fn person(self) -> Option<VerifiedPerson> {
        let info = self.info?;
        let family_names = info.last_name?;
        let given = [info.first_name, info.middle_name];
        let given: Vec<String> = given.into_iter().flatten().collect();
        Some(VerifiedPerson {
            given_names: given.join(" "),
            family_names,
            born: info.dob,
            country: info.country,
        })
    }
}
