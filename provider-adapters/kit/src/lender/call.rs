//! Calls to the lender, and what every answer shows whatever was asked.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ports::LenderError;
use ed25519_dalek::{Signer as _, SigningKey};
use sdk::net::{Method, Request, Value};
use sdk::signature::{SignatureError, SignatureHeaders, content_digest, verify_answer};
use sdk::{HttpClient, PublicKey};

use super::{Options, Target};
use crate::check::Verdicts;

/// Facts of the applicant that no lender has a reason to write down; each is looked for in every answer.
pub(crate) const CANARIES: [&str; 3] = ["723941", "148373", "31719"];
/// A value of a field that the protocol does not have.
pub(crate) const CANARY: &str = "canary-6f1d4c";
pub(crate) const COMPONENTS: &str = r#"("@method" "@authority" "@path" "content-digest")"#;
const TRIES: u32 = 3;

/// How a message is signed; the honest way with one thing changed.
#[derive(Clone, Debug)]
pub(crate) struct Signing<'a> {
    pub method: &'a str,
    pub authority: String,
    pub path: String,
    pub body: &'a [u8],
    pub created: i64,
    pub expires: i64,
    pub nonce: Option<String>,
    pub key_id: String,
    pub key: SigningKey,
    pub components: &'a str,
}

impl Signing<'_> {
    /// The three headers. Only the protocol's components are known here.
    pub(crate) fn headers(&self) -> SignatureHeaders {
        let digest = content_digest(self.body);
        let nonce = self
            .nonce
            .as_ref()
            .map(|nonce| format!(";nonce=\"{nonce}\""))
            .unwrap_or_default();
        let (components, created, expires, id) = (self.components, self.created, self.expires, &self.key_id);
        let params = format!(r#"{components};created={created};expires={expires}{nonce};keyid="{id}";alg="ed25519""#);
        let lines = [
            ("\"@method\"", self.method),
            ("\"@authority\"", self.authority.as_str()),
            ("\"@path\"", self.path.as_str()),
            ("\"content-digest\"", digest.as_str()),
        ];
        let covered = lines.iter().filter(|(name, _)| components.contains(name));
        let mut base = String::new();
        for (name, value) in covered {
            let _infallible = writeln!(base, "{name}: {value}");
        }
        base.push_str("\"@signature-params\": ");
        base.push_str(&params);
        let signature = STANDARD.encode(self.key.sign(base.as_bytes()).to_bytes());
        SignatureHeaders {
            content_digest: digest,
            signature_input: format!("sig1={params}"),
            signature: format!("sig1=:{signature}:"),
        }
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answered {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answered {
    /// For the report: the status, and the problem's type when there is one.
    pub(crate) fn says(&self) -> String {
        let kind = sdk::wire::parse::<sdk::wire::Problem>(&self.body).ok().map(|p| p.kind);
        match kind {
            Some(kind) => format!("answered {} {kind}", self.status),
            None => format!("answered {}", self.status),
        }
    }
}

/// What was seen of a rule that holds for every answer.
#[derive(Debug, Default)]
struct Seen {
    tried: bool,
    broken: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Caller<'t> {
    http: HttpClient,
    target: &'t Target,
    options: &'t Options,
    key: SigningKey,
    seen: Mutex<BTreeMap<&'static str, Seen>>,
}

/// Rules that every answer can break.
const ALWAYS: [&str; 16] = [
    "reach.no-redirect",
    "reach.no-server-error",
    "reach.content-type",
    "reach.problem",
    "reach.retry-after",
    "signature.answer-signed",
    "signature.answer-form",
    "signature.answer-key",
    "signature.answer-digest",
    "signature.answer-time",
    "signature.answer-valid",
    "signature.answer-after-question",
    "schema.size",
    "privacy.answers",
    "privacy.refusals",
    "privacy.no-cookies",
];

impl<'t> Caller<'t> {
    pub(crate) fn new(http: HttpClient, target: &'t Target, options: &'t Options) -> Self {
        let key = SigningKey::from_bytes(&options.key.seed);
        Self {
            http,
            target,
            options,
            key,
            seen: Mutex::default(),
        }
    }

    /// The honest way to sign.
    pub(crate) fn signing<'a>(&self, method: &'a str, path: &str, body: &'a [u8]) -> Signing<'a> {
        let created = self.options.clock.now().timestamp();
        Signing {
            method,
            authority: self.target.endpoint.authority().to_ascii_lowercase(),
            path: self.target.endpoint.path(path),
            body,
            created,
            expires: created + 60,
            nonce: Some(self.options.ids.next().simple().to_string()),
            key_id: self.options.key.id.clone(),
            key: self.key.clone(),
            components: COMPONENTS,
        }
    }

    /// An ordinary signed call. A 429 that says how long to wait, within our patience, is waited for.
    pub(crate) async fn call(&self, method: &str, path: &str, body: &[u8]) -> Result<Answered, LenderError> {
        let mut tries = 0;
        loop {
            let headers = self.signing(method, path, body).headers();
            let (answer, wait) = self.send(method, path, body, &headers.pairs()).await?;
            tries += 1;
            match wait {
                Some(wait) if tries < TRIES && wait <= self.options.patience => tokio::time::sleep(wait).await,
                _ => return Ok(answer),
            }
        }
    }

    /// A call with exactly these headers.
    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        body: &[u8],
        headers: &[(&str, &str)],
    ) -> Result<Answered, LenderError> {
        Ok(self.send(method, path, body, headers).await?.0)
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        body: &[u8],
        headers: &[(&str, &str)],
    ) -> Result<(Answered, Option<Duration>), LenderError> {
        let values: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, Value::Plain(value)))
            .collect();
        let request = Request {
            method: Method::from_bytes(method.as_bytes()).unwrap_or(Method::POST),
            headers: &values,
            body,
            content_type: "application/json",
            ..Request::get(&self.target.endpoint, path, self.options.patience)
        };
        let asked = self.options.clock.now().timestamp();
        let answer = self.http.call(request).await.inspect_err(|error| {
            if let LenderError::Malformed { field, detail } = error
                && field == "body"
            {
                self.note("schema.size", Err(format!("the body is {detail}")));
            }
        })?;
        let wait = answer.retry_after(self.options.clock.now());
        let limited = answer.status == 429;
        let bound = headers
            .iter()
            .find(|(name, _)| *name == "signature")
            .map(|(_, value)| *value);
        self.observe(&answer, bound.unwrap_or_default(), asked);
        let (status, body) = (answer.status, answer.body);
        Ok((Answered { status, body }, wait.filter(|_| limited)))
    }

    fn observe(&self, answer: &sdk::net::Incoming, request_signature: &str, asked: i64) {
        let status = answer.status;
        let good = (200..300).contains(&status);
        let must = |holds: bool, seen: &dyn Fn() -> String| if holds { Ok(()) } else { Err(seen()) };
        let answered = || format!("answered {status}");
        self.note("reach.no-redirect", must(!(300..400).contains(&status), &answered));
        self.note("reach.no-server-error", must(status < 500, &answered));
        self.note("schema.size", Ok(()));
        let cookie = answer.headers.contains_key("set-cookie");
        self.note(
            "privacy.no-cookies",
            must(!cookie, &|| "Set-Cookie is in an answer".into()),
        );
        let content = answer.header("content-type").unwrap_or_default();
        let media = content.split(';').next().unwrap_or_default().trim().to_owned();
        if good {
            let json = media == "application/json";
            self.note(
                "reach.content-type",
                must(json, &|| format!("Content-Type is {media:?}")),
            );
            self.verify(answer, request_signature, asked);
        }
        // Servers in front answer these by themselves, before the lender sees the call.
        if status >= 400 && !matches!(status, 413 | 414 | 431 | 502 | 503 | 504) {
            self.note("reach.problem", problem(answer, &media));
        }
        if status == 429 {
            let named = answer.header("retry-after").is_some();
            self.note(
                "reach.retry-after",
                must(named, &|| "429 without a Retry-After that can be read".into()),
            );
        }
        let rule = if good { "privacy.answers" } else { "privacy.refusals" };
        self.note(rule, no_echo(&answer.body));
    }

    fn verify(&self, answer: &sdk::net::Incoming, request_signature: &str, asked: i64) {
        let read = SignatureHeaders::read(|name| answer.header(name));
        let now = self.options.clock.now();
        let bound = (answer.status, request_signature);
        let verified = read.clone().and_then(|headers| {
            verify_answer(&headers, bound, &answer.body, &self.target.keys, now).map(PublicKey::id)
        });
        let broken = verified.as_ref().err().map(|error| {
            let rule = match error {
                SignatureError::Missing(_) => "signature.answer-signed",
                SignatureError::UnknownKey => "signature.answer-key",
                SignatureError::Digest => "signature.answer-digest",
                SignatureError::Time => "signature.answer-time",
                SignatureError::Invalid => "signature.answer-valid",
                SignatureError::Format(_) | SignatureError::Replay | SignatureError::Overloaded => {
                    "signature.answer-form"
                }
            };
            (rule, error.to_string())
        });
        for rule in ALWAYS.iter().filter(|rule| rule.starts_with("signature.answer-")) {
            match &broken {
                Some((broken, seen)) if broken == rule => self.note(rule, Err(seen.clone())),
                // A broken signature says nothing about the rules that come after it.
                Some(_) => {}
                None => self.note(rule, Ok(())),
            }
        }
        let created = read.ok().and_then(|headers| created(&headers.signature_input));
        if let Some(created) = created
            && created < asked - 30
        {
            let seen = format!("created {} s before the question", asked - created);
            self.note("signature.answer-after-question", Err(seen));
        }
    }

    pub(crate) fn note(&self, rule: &'static str, verdict: Result<(), String>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = seen.entry(rule).or_default();
        entry.tried = true;
        if let Err(what) = verdict {
            entry.broken.get_or_insert(what);
        }
    }

    /// The verdicts of the rules that hold for every answer.
    pub(crate) fn conclude(&self, verdicts: &mut Verdicts) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for rule in ALWAYS {
            match seen.remove(rule) {
                Some(Seen { broken: Some(what), .. }) => verdicts.fail(rule, what),
                Some(Seen { tried: true, .. }) => verdicts.pass(rule),
                _ => verdicts.skip(rule, "no answer of that kind was seen"),
            }
        }
    }
}

/// The parameter `created` of a `Signature-Input`, seconds.
pub(crate) fn created(input: &str) -> Option<i64> {
    let rest = input.split(";created=").nth(1)?;
    rest.split(';').next()?.parse().ok()
}

fn problem(answer: &sdk::net::Incoming, media: &str) -> Result<(), String> {
    if media != "application/problem+json" {
        return Err(format!("{} with Content-Type {media:?}", answer.status));
    }
    let read = sdk::wire::parse::<sdk::wire::Problem>(&answer.body);
    let problem = read.map_err(|error| format!("{}: the problem's {error}", answer.status))?;
    if problem.status == answer.status {
        Ok(())
    } else {
        Err(format!("{} with a problem of {}", answer.status, problem.status))
    }
}

/// Whole numbers and the canary only: an id that contains the digits is chance.
pub(crate) fn no_echo(body: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(body);
    let canary = text.contains(CANARY);
    let fact = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| CANARIES.contains(&word));
    if canary || fact {
        Err("a value of the question is in the answer".into())
    } else {
        Ok(())
    }
}
