//! Logs and figures of the process.

use std::io::IsTerminal;

use anyhow::{Context, Result};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Lines for people on a terminal, JSON elsewhere; `RUST_LOG` chooses what is logged.
pub fn logs(quiet: bool) -> Result<()> {
    let default = if quiet { "error" } else { "info,sqlx=warn,hyper=warn" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let registry = tracing_subscriber::registry().with(filter);
    if std::io::stderr().is_terminal() {
        registry
            .with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr))
            .try_init()?;
    } else {
        registry
            .with(tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr))
            .try_init()?;
    }
    Ok(())
}

/// The recorder behind `/metrics`.
pub fn figures() -> Result<PrometheusHandle> {
    let buckets = [
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    ];
    PrometheusBuilder::new()
        .set_buckets(&buckets)?
        .install_recorder()
        .context("metrics recorder")
}
