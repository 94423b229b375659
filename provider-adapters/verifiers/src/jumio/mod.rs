//! Jumio's platform interface (KYX): accounts, workflow executions, callbacks, results, erasure.
//!
//! A callback carries no signature, so it is a hint: it has to come to the secret address of its session, its names have to be those that we
//! stored, and the result is fetched from the region's retrieval host. The link that a callback names is never followed.

mod hook;
#[cfg(test)]
mod tests;
mod token;
mod verdict;
mod wire;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use domain::ports::{
    Again, Begun, BiometricConsent, Clock, DeviceToken, Entry, Hook, HookEvent, HookRefusal, NewVerification, Snapshot,
    Vendor, VendorRef, VendorStatus, Verifier, VerifyError, WebLink,
};
use sdk::net::{Incoming, Method, NetworkPolicy, Request, Value};
use sdk::{Endpoint, EndpointError, HttpClient, Secret};
use uuid::Uuid;

use crate::failure::{self, left, name, read};
use crate::limit::Limit;
use crate::multipart::Multipart;
use crate::sumsub::page;
pub use hook::callback_token;
pub use token::Tokens;
use wire::{Consent, Created, Credential, Details, Location, NewAccount, StatusAnswer, UserConsent, Values, Workflow};

/// Largest picture, bytes.
pub const MAX_PICTURE: usize = 5 * 1024 * 1024;
/// Longest life of a page, minutes: 60 days.
const MAX_MINUTES: u64 = 60 * 24 * 60;

/// Where data stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum Region {
    /// United States.
    #[serde(rename = "amer-1")]
    Amer,
    /// Europe.
    #[serde(rename = "emea-1")]
    Emea,
    /// Singapore.
    #[serde(rename = "apac-1")]
    Apac,
}

impl Region {
    /// The name in host names.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Amer => "amer-1",
            Self::Emea => "emea-1",
            Self::Apac => "apac-1",
        }
    }
}

/// The hosts of a region.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// Tokens.
    pub auth: Endpoint,
    /// Accounts and workflows.
    pub account: Endpoint,
    /// Pictures.
    pub api: Endpoint,
    /// Results and erasure.
    pub retrieval: Endpoint,
}

impl Hosts {
    /// Those of the vendor.
    pub fn of(region: Region, network: NetworkPolicy) -> Result<Self, EndpointError> {
        let host = |kind: &str| Endpoint::parse(&format!("https://{kind}.{}.jumio.ai", region.as_str()), network);
        Ok(Self {
            auth: host("auth")?,
            account: host("account")?,
            api: host("api")?,
            retrieval: host("retrieval")?,
        })
    }

    /// One server that plays all of them.
    pub fn one(endpoint: &Endpoint) -> Self {
        let host = || endpoint.clone();
        Self {
            auth: host(),
            account: host(),
            api: host(),
            retrieval: host(),
        }
    }
}

/// The adapter.
#[derive(Clone)]
pub struct Jumio {
    /// The client.
    pub http: HttpClient,
    /// The hosts.
    pub hosts: Hosts,
    /// Access tokens.
    pub tokens: Arc<Tokens>,
    /// Names our company, as the vendor demands.
    pub user_agent: String,
    /// Our address for callbacks, without the token of the session; none asks for no callbacks.
    pub callback_base: Option<String>,
    /// Makes the secret part of callback addresses; without one no callback is taken.
    pub callback_key: Option<Secret<String>>,
    /// Where pages of the vendor may be.
    pub network: NetworkPolicy,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Longest wait for one call.
    pub timeout: Duration,
    /// Calls a second.
    pub limit: Limit,
}

impl std::fmt::Debug for Jumio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Jumio({})", self.hosts.account.as_str())
    }
}

struct Call<'a> {
    method: Method,
    host: &'a Endpoint,
    path: String,
    media: &'a str,
    body: &'a [u8],
}

impl Jumio {
    async fn call(&self, call: Call<'_>, deadline: Instant) -> Result<Incoming, VerifyError> {
        let mut renewed = false;
        loop {
            let authorization = self.tokens.get(self, renewed, deadline).await?;
            let timeout = left(deadline, self.timeout)?;
            self.limit.take()?;
            let headers = [
                ("authorization", Value::Secret(&authorization)),
                ("user-agent", Value::Plain(&self.user_agent)),
            ];
            let request = Request {
                method: call.method.clone(),
                headers: &headers,
                content_type: call.media,
                body: call.body,
                ..Request::get(call.host, &call.path, timeout)
            };
            let answer = self.http.call(request).await.map_err(failure::of_call)?;
            // A token that the vendor withdrew before its time: once more with a new one.
            if answer.status == 401 && !renewed {
                renewed = true;
                continue;
            }
            return Ok(answer);
        }
    }

    fn get(&self, path: String) -> Call<'_> {
        Call {
            method: Method::GET,
            host: &self.hosts.retrieval,
            path,
            media: "application/json",
            body: &[],
        }
    }

    fn refusal(&self, answer: &Incoming) -> VerifyError {
        failure::of_status(answer, self.clock.now())
    }

    /// Makes an account, or with `account` a further run of it.
    async fn run(&self, run: Run<'_>, deadline: Instant) -> Result<Created, VerifyError> {
        let session = run.session.to_string();
        let callback_url = match (&self.callback_base, &self.callback_key) {
            (Some(base), Some(key)) => Some(format!("{base}/{}", callback_token(key, run.session))),
            _ => None,
        };
        let consent = run.consent;
        let body = sdk::wire::write(&NewAccount {
            customer_internal_reference: &session,
            user_reference: &session,
            workflow_definition: Workflow {
                key: run.level,
                credentials: run.country.map(|country| Credential {
                    category: "ID",
                    country: Values { values: [country] },
                }),
            },
            callback_url: callback_url.as_deref(),
            token_lifetime: format!("{}m", minutes(run.ttl)),
            user_consent: UserConsent {
                user_ip: consent.ip.as_deref(),
                user_location: Location {
                    country: consent.country.as_deref().and_then(crate::alpha3),
                    state: consent.region.as_deref(),
                },
                consent: Consent {
                    obtained: "yes",
                    obtained_at: consent.at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
                },
            },
        });
        let (method, path) = match run.account {
            None => (Method::POST, "/api/v1/accounts".to_owned()),
            Some(account) => (
                Method::PUT,
                format!("/api/v1/accounts/{}", name(account, "account.id")?),
            ),
        };
        let call = Call {
            method,
            host: &self.hosts.account,
            path,
            media: "application/json",
            body: &body,
        };
        let answer = self.call(call, deadline).await?;
        if !matches!(answer.status, 200 | 201) {
            return Err(self.refusal(&answer));
        }
        let created: Created = read(&answer)?;
        name(&created.account.id, "account.id")?;
        name(&created.workflow_execution.id, "workflowExecution.id")?;
        if run.account.is_some_and(|account| account != created.account.id) {
            return Err(VerifyError::malformed("account.id", "is not the one asked for"));
        }
        Ok(created)
    }

    async fn again(
        &self,
        again: &Again<'_>,
        ttl: Duration,
        deadline: Instant,
    ) -> Result<(VendorRef, Created), VerifyError> {
        let run = Run {
            session: again.of.session,
            level: &again.of.level,
            account: Some(&again.of.subject),
            country: None,
            consent: again.consent,
            ttl,
        };
        let created = self.run(run, deadline).await?;
        let reference = VendorRef {
            run: Some(created.workflow_execution.id.clone()),
            ..again.of.clone()
        };
        Ok((reference, created))
    }

    fn link_of(&self, created: &Created, ttl: Duration) -> Result<Option<WebLink>, VerifyError> {
        let until = self.clock.now() + TimeDelta::minutes(i64::try_from(minutes(ttl)).unwrap_or(1));
        let page = created
            .web
            .as_ref()
            .map(|web| page(&web.href, self.network))
            .transpose()?;
        Ok(page.map(|url| WebLink { url, until }))
    }

    fn paths(of: &VendorRef) -> Result<(String, String), VerifyError> {
        let run = of
            .run
            .as_deref()
            .ok_or_else(|| VerifyError::malformed("run", "is missing"))?;
        let account = format!("/api/v1/accounts/{}", name(&of.subject, "account.id")?);
        let run = format!("{account}/workflow-executions/{}", name(run, "workflowExecution.id")?);
        Ok((account, run))
    }

    /// Hands in a picture for the borrower. `part` is `FRONT`, `BACK`, `FACE` or `FACEMAP`.
    pub async fn upload(
        &self,
        of: &VendorRef,
        (credential, part): (&str, &str),
        form: &Multipart,
        deadline: Instant,
    ) -> Result<(), VerifyError> {
        if form.body.len() > MAX_PICTURE + 1_024 {
            return Err(VerifyError::Refused("the picture is larger than 5 MB".into()));
        }
        let (_, run) = Self::paths(of)?;
        let credential = name(credential, "credential.id")?;
        let call = Call {
            method: Method::POST,
            host: &self.hosts.api,
            path: format!("{run}/credentials/{credential}/parts/{}", name(part, "part")?),
            media: &form.media,
            body: &form.body,
        };
        let answer = self.call(call, deadline).await?;
        if answer.status == 200 {
            Ok(())
        } else {
            Err(self.refusal(&answer))
        }
    }

    /// Ends the handing-in: the vendor begins to check.
    pub async fn finalize(&self, of: &VendorRef, deadline: Instant) -> Result<(), VerifyError> {
        let (_, path) = Self::paths(of)?;
        let call = Call {
            method: Method::PUT,
            host: &self.hosts.api,
            ..self.get(path)
        };
        let answer = self.call(call, deadline).await?;
        if answer.status == 200 {
            Ok(())
        } else {
            Err(self.refusal(&answer))
        }
    }
}

struct Run<'a> {
    session: Uuid,
    level: &'a str,
    account: Option<&'a str>,
    country: Option<&'static str>,
    consent: &'a BiometricConsent,
    ttl: Duration,
}

fn minutes(ttl: Duration) -> u64 {
    (ttl.as_secs() / 60).clamp(5, MAX_MINUTES)
}

/// Life of a page that comes with a new account.
const FIRST: Duration = Duration::from_mins(30);

#[async_trait]
impl Verifier for Jumio {
    fn vendor(&self) -> Vendor {
        Vendor::Jumio
    }

    /// The vendor knows no key of ours: a repeated call makes another account. Only the one that was stored counts; the other holds no
    /// personal data and its page ends by itself.
    async fn begin(&self, new: &NewVerification<'_>, deadline: Instant) -> Result<Begun, VerifyError> {
        let run = Run {
            session: new.session,
            level: name(new.level, "level")?,
            account: None,
            country: new.claimed.country.as_deref().and_then(crate::alpha3),
            consent: new.consent,
            ttl: FIRST,
        };
        let created = self.run(run, deadline).await?;
        let link = self.link_of(&created, FIRST)?;
        let reference = VendorRef {
            session: new.session,
            subject: created.account.id,
            run: Some(created.workflow_execution.id),
            level: new.level.to_owned(),
        };
        Ok(Begun { reference, link })
    }

    async fn link(&self, again: &Again<'_>, ttl: Duration, deadline: Instant) -> Result<Entry<WebLink>, VerifyError> {
        let (reference, created) = self.again(again, ttl, deadline).await?;
        let way = self.link_of(&created, ttl)?;
        let way = way.ok_or_else(|| VerifyError::malformed("web.href", "is missing"))?;
        Ok(Entry { reference, way })
    }

    async fn token(
        &self,
        again: &Again<'_>,
        ttl: Duration,
        deadline: Instant,
    ) -> Result<Entry<DeviceToken>, VerifyError> {
        let (reference, created) = self.again(again, ttl, deadline).await?;
        let sdk = created
            .sdk
            .ok_or_else(|| VerifyError::malformed("sdk.token", "is missing"))?;
        let way = DeviceToken {
            token: sdk.token,
            until: self.clock.now() + TimeDelta::minutes(i64::try_from(minutes(ttl)).unwrap_or(1)),
        };
        Ok(Entry { reference, way })
    }

    async fn fetch(&self, of: &VendorRef, deadline: Instant) -> Result<Snapshot, VerifyError> {
        let (_, path) = Self::paths(of)?;
        let answer = self.call(self.get(format!("{path}/status")), deadline).await?;
        let snapshot = |status| Snapshot {
            status,
            attempts: None,
            level: Some(of.level.clone()),
        };
        match answer.status {
            200 => {}
            404 | 410 => return Ok(snapshot(VendorStatus::Deleted)),
            _ => return Err(self.refusal(&answer)),
        }
        let found: StatusAnswer = read(&answer)?;
        verdict::check_names(of, &found.account, &found.workflow_execution.id)?;
        match found.workflow_execution.status.as_str() {
            "INITIATED" | "ACQUISITION_STARTED" => return Ok(snapshot(VendorStatus::AwaitingUser)),
            "ACQUIRED" => return Ok(snapshot(VendorStatus::Pending)),
            "SESSION_EXPIRED" | "TOKEN_EXPIRED" => return Ok(snapshot(VendorStatus::Expired)),
            "PROCESSED" => {}
            _ => return Err(VerifyError::malformed("workflowExecution.status", "is not known")),
        }
        let answer = self.call(self.get(path), deadline).await?;
        if answer.status != 200 {
            return Err(self.refusal(&answer));
        }
        let details: Details = read(&answer)?;
        verdict::check_names(of, &details.account, &details.workflow.id)?;
        verdict::of(&details).map(snapshot)
    }

    async fn delete(&self, of: &VendorRef, deadline: Instant) -> Result<(), VerifyError> {
        let (account, _) = Self::paths(of)?;
        let call = Call {
            method: Method::DELETE,
            ..self.get(account)
        };
        let answer = self.call(call, deadline).await?;
        match answer.status {
            200 | 204 | 404 | 410 => Ok(()),
            _ => Err(self.refusal(&answer)),
        }
    }

    fn read_hook(&self, hook: Hook<'_>) -> Result<HookEvent, HookRefusal> {
        hook::read(self.callback_key.as_ref(), hook)
    }
}

/// The instant as the vendor writes it.
pub(crate) fn instant(text: &str) -> Option<chrono::DateTime<Utc>> {
    let parsed = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    Some(parsed.with_timezone(&Utc))
}
