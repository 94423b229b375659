//! `usance-sandbox CONFIG.toml`: plays the sandbox lenders until it is stopped. Prints one JSON line when it is ready.

use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sdk::{Clock, Ids};
use usance_sandbox::{SandboxConfig, World, spawn};
use uuid::Uuid;

struct Real;

impl Clock for Real {
    #[expect(
        clippy::disallowed_methods,
        reason = "the sandbox process has no other source of time"
    )]
    fn now(&self) -> DateTime<Utc> {
        std::time::SystemTime::now().into()
    }
}

impl Ids for Real {
    #[expect(
        clippy::disallowed_methods,
        reason = "the sandbox process has no other source of ids"
    )]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("usance-sandbox: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    let path = std::env::args().nth(1).ok_or("usage: usance-sandbox CONFIG.toml")?;
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let config: SandboxConfig = toml::from_str(&text).map_err(|error| format!("{path}: {error}"))?;
    let world = World {
        clock: Arc::new(Real),
        ids: Arc::new(Real),
    };
    let sandbox = spawn(config, world).await.map_err(|error| chain(&error))?;
    let lenders: Vec<_> = sandbox.lenders.iter().map(|lender| lender.url.as_str()).collect();
    println!(
        "{}",
        serde_json::json!({ "base_url": sandbox.base_url, "lenders": lenders })
    );
    sandbox.run().await.map_err(|error| error.to_string())
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
