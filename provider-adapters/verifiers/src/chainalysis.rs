//! Chainalysis' free interface: whether an address is designated.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::ports::{
    Clock, VerifyError, WalletEvidence, WalletScreener, WalletScreening, WalletSubject, WalletVerdict,
};
use sdk::net::{Request, Value};
use sdk::{Endpoint, HttpClient, Secret};
use serde::Deserialize;

use crate::elliptic::term;
use crate::failure::{self, left, name, read};
use crate::limit::Limit;

const NAME: &str = "chainalysis-api";

/// The adapter.
#[derive(Clone)]
pub struct Chainalysis {
    /// The client.
    pub http: HttpClient,
    /// `https://public.chainalysis.com`.
    pub endpoint: Endpoint,
    /// Our key.
    pub key: Secret<String>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Longest wait for one call.
    pub timeout: Duration,
    /// Calls a second.
    pub limit: Limit,
}

impl std::fmt::Debug for Chainalysis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Chainalysis({})", self.endpoint.as_str())
    }
}

#[derive(Deserialize)]
struct Answer {
    identifications: Vec<Identification>,
}

#[derive(Deserialize)]
struct Identification {
    category: String,
}

#[async_trait]
impl WalletScreener for Chainalysis {
    fn name(&self) -> &str {
        NAME
    }

    async fn screen(&self, wallet: &WalletSubject, deadline: Instant) -> Result<WalletScreening, VerifyError> {
        let timeout = left(deadline, self.timeout)?;
        self.limit.take()?;
        let address = name(&wallet.address, "address");
        let address = address.map_err(|_| VerifyError::Refused("the address is none of a wallet".into()))?;
        let path = format!("/api/v1/address/{address}");
        let headers = [("x-api-key", Value::Secret(&self.key))];
        let request = Request {
            headers: &headers,
            ..Request::get(&self.endpoint, &path, timeout)
        };
        let answer = self.http.call(request).await.map_err(failure::of_call)?;
        if answer.status != 200 {
            return Err(failure::of_status(&answer, self.clock.now()));
        }
        let found: Answer = read(&answer)?;
        let sanctions = found.identifications.iter().any(|it| it.category == "sanctions");
        let verdict = match (found.identifications.is_empty(), sanctions) {
            (true, _) => WalletVerdict::Clear,
            (false, true) => WalletVerdict::Block,
            (false, false) => WalletVerdict::Review,
        };
        let evidence = found.identifications.iter().take(32).map(|it| WalletEvidence {
            source: NAME.into(),
            category: term(&it.category),
            score: None,
            reference: None,
        });
        Ok(WalletScreening {
            verdict,
            evidence: evidence.collect(),
            at: self.clock.now(),
        })
    }
}
