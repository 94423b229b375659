//! Key services on this machine: HashiCorp Vault's transit engine and AWS KMS, by their own interfaces. What they wrap they keep
//! in memory; a wrapped key is a random token of their format.

mod aws;
mod vault;

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::serve::{SandboxError, World};

/// Token of the sandbox Vault, and the secret of the sandbox AWS account; public.
pub const TOKEN: &str = "sandbox-kms-token";
/// Access key id of the sandbox AWS account.
pub const ACCESS_KEY: &str = "AKIASANDBOX";
/// Name of the key of keys in both.
pub const KEY: &str = "usance";
/// Region of the sandbox AWS.
pub const REGION: &str = "eu-central-1";

/// How it goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KmsFault {
    /// Not at all.
    #[default]
    None,
    /// Vault is sealed (503); KMS has an internal error (500).
    Down,
    /// Too many calls: 429, `ThrottlingException`.
    Throttled,
    /// Our rights do not suffice.
    Denied,
    /// The key of keys is gone, or about to be.
    KeyGone,
    /// Never answers.
    Silent,
    /// A page of HTML with status 200.
    NotJson,
    /// An answer without its field.
    Malformed,
    /// The key is not derived (Vault).
    NotDerived,
    /// A key of 16 bytes instead of 32.
    Short,
}

/// Something wrapped.
#[derive(Clone, Debug)]
struct Kept {
    token: String,
    plain: String,
    context: Value,
    key: String,
    version: u32,
}

#[derive(Default)]
struct Book {
    fault: KmsFault,
    version: u32,
    oldest: u32,
    kept: Vec<Kept>,
    calls: Vec<String>,
}

/// Which interface it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KmsKind {
    /// Vault's transit engine, HTTP API v1.
    Vault,
    /// AWS KMS, JSON 1.1.
    Aws,
}

/// A key service.
pub struct SandboxKms {
    kind: KmsKind,
    world: World,
    state: Mutex<Book>,
}

impl std::fmt::Debug for SandboxKms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SandboxKms({:?})", self.kind)
    }
}

/// A running key service; it stops when this is dropped.
#[derive(Debug)]
pub struct KmsHandle {
    /// `http://127.0.0.1:port`.
    pub base_url: String,
    /// The service.
    pub kms: Arc<SandboxKms>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Drop for KmsHandle {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Status and JSON.
type Answer = (u16, Value);

/// A call as it came.
struct Call<'a> {
    method: &'a Method,
    path: &'a str,
    headers: &'a HeaderMap,
    raw: &'a [u8],
}

impl Call<'_> {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

impl SandboxKms {
    /// From now on it goes wrong like this.
    pub fn set(&self, fault: KmsFault) {
        self.lock().fault = fault;
    }

    /// A new version of the key of keys.
    pub fn rotate(&self) {
        self.lock().version += 1;
    }

    /// Versions below that one open nothing any more.
    pub fn forget_before(&self, version: u32) {
        self.lock().oldest = version;
    }

    /// Path or action of every call, oldest first.
    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Book> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// Keeps a plaintext under a new token.
    fn keep(&mut self, kept: Kept) -> Kept {
        self.kept.push(kept.clone());
        kept
    }

    fn find(&self, token: &str) -> Option<&Kept> {
        self.kept.iter().find(|kept| kept.token == token)
    }
}

/// A token of 44 bytes as base64 that nobody has seen before.
fn fresh(world: &World) -> Vec<u8> {
    let seed: [u8; 32] = Sha256::digest(world.ids.next().as_bytes()).into();
    [&seed[..], &seed[..12]].concat()
}

async fn serve(
    State(kms): State<Arc<SandboxKms>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    raw: Bytes,
) -> Response {
    let fault = kms.lock().fault;
    if fault == KmsFault::Silent {
        std::future::pending::<()>().await;
    }
    if fault == KmsFault::NotJson {
        return ([(header::CONTENT_TYPE, "text/html")], "<html>proxy</html>").into_response();
    }
    let call = Call {
        method: &method,
        path: uri.path(),
        headers: &headers,
        raw: &raw,
    };
    let (status, body) = match kms.kind {
        KmsKind::Vault => vault::answer(&kms, &call),
        KmsKind::Aws => aws::answer(&kms, &call),
    };
    let media = match kms.kind {
        KmsKind::Vault => "application/json",
        KmsKind::Aws => "application/x-amz-json-1.1",
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, media)], body.to_string()).into_response()
}

/// Starts a key service on a free port of this machine.
pub async fn spawn(kind: KmsKind, world: World) -> Result<KmsHandle, SandboxError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .map_err(SandboxError::Listen)?;
    let address = listener.local_addr().map_err(SandboxError::Listen)?;
    let state = Mutex::new(Book {
        version: 1,
        ..Book::default()
    });
    let kms = Arc::new(SandboxKms { kind, world, state });
    let router = Router::new().fallback(serve).with_state(Arc::clone(&kms));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(KmsHandle {
        base_url: format!("http://{address}"),
        kms,
        server,
    })
}
