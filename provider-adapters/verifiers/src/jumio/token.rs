//! Access tokens: fetched once, kept until shortly before they end, one fetch at a time.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use domain::ports::VerifyError;
use sdk::Secret;
use sdk::net::{Request, Value};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::Jumio;
use crate::failure::{self, left, read};

/// A token is not used in its last minute: the call that carries it takes time.
const MARGIN: TimeDelta = TimeDelta::seconds(60);
/// Longest life that is believed.
const MAX_LIFE: i64 = 24 * 3_600;

/// Our access to the vendor.
pub struct Tokens {
    client_id: Secret<String>,
    client_secret: Secret<String>,
    held: Mutex<Option<Held>>,
}

struct Held {
    authorization: Secret<String>,
    until: DateTime<Utc>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: Secret<String>,
    expires_in: i64,
    token_type: String,
}

impl Tokens {
    /// With the credentials of the interface.
    pub fn new(client_id: Secret<String>, client_secret: Secret<String>) -> Self {
        Self {
            client_id,
            client_secret,
            held: Mutex::new(None),
        }
    }

    /// The value of `Authorization`. `renew` drops what is held.
    pub(super) async fn get(&self, of: &Jumio, renew: bool, deadline: Instant) -> Result<Secret<String>, VerifyError> {
        let mut held = self.held.lock().await;
        let now = of.clock.now();
        if let Some(held) = held.as_ref().filter(|held| !renew && now + MARGIN < held.until) {
            return Ok(held.authorization.clone());
        }
        *held = None;
        let fresh = self.fetch(of, deadline).await?;
        let authorization = fresh.authorization.clone();
        *held = Some(fresh);
        Ok(authorization)
    }

    async fn fetch(&self, of: &Jumio, deadline: Instant) -> Result<Held, VerifyError> {
        let timeout = left(deadline, of.timeout)?;
        of.limit.take()?;
        let pair = format!("{}:{}", self.client_id.expose(), self.client_secret.expose());
        let basic = Secret::new(format!("Basic {}", STANDARD.encode(pair)));
        let headers = [
            ("authorization", Value::Secret(&basic)),
            ("user-agent", Value::Plain(&of.user_agent)),
        ];
        let request = Request {
            headers: &headers,
            content_type: "application/x-www-form-urlencoded",
            ..Request::post(
                &of.hosts.auth,
                "/oauth2/token",
                b"grant_type=client_credentials",
                timeout,
            )
        };
        let answer = of.http.call(request).await.map_err(failure::of_call)?;
        if answer.status != 200 {
            return Err(failure::of_status(&answer, of.clock.now()));
        }
        let granted: Granted = read(&answer)?;
        if !granted.token_type.eq_ignore_ascii_case("bearer") {
            return Err(VerifyError::malformed("token_type", "is not Bearer"));
        }
        Ok(Held {
            authorization: Secret::new(format!("Bearer {}", granted.access_token.expose())),
            until: of.clock.now() + TimeDelta::seconds(granted.expires_in.clamp(0, MAX_LIFE)),
        })
    }
}
