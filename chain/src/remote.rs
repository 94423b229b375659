//! Keys that a key service holds, behind the same seam as keys in memory.
//!
//! The protocol is as small as it can be, so that a few lines in front of any key service (AWS KMS, Google Cloud KMS, Azure Key
//! Vault, HashiCorp Vault, an HSM) speak it. We send
//!
//! ```text
//! POST <url>
//! authorization: Bearer <token>          (when a token is configured)
//! content-type: application/json
//!
//! {"address":"0x…20 bytes","digest":"0x…32 bytes"}
//! ```
//! and want within the time-out status 200 and at most 4 KiB of JSON,
//!
//! ```text
//! {"signature":"0x…65 bytes: r, s, and 27 or 28 (or 0 or 1)"}
//! ```
//! A signature with a high `s`, as many services give it, is brought into the low form; one that is not by the account is
//! refused. Anything else is an error. Asking again is harmless: signing moves nothing.

use std::fmt;
use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, ChainId, Signature};
use alloy_transport_http::reqwest;
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::keys::{KeyError, refuse_development_account};
use crate::registry::Profile;

/// Longest wait for a signature.
const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_ANSWER: usize = 4_096;

/// Why a signature is not there, by what we do next.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// Configuration: an operator must correct it.
    #[error("{0}")]
    Configuration(&'static str),
    /// Everybody knows that key.
    #[error("key")]
    Key(#[from] KeyError),
    /// No answer: try again. The cause is not kept, since it may name the URL.
    #[error("the key service does not answer")]
    Unavailable,
    /// It refuses us: an operator must look.
    #[error("the key service refuses with status {0}")]
    Refused(u16),
    /// The answer makes no sense: an operator must look.
    #[error("the key service's answer is not a signature by {0}")]
    Malformed(Address),
}

/// One key of a key service.
#[derive(Clone)]
pub struct RemoteSigner {
    address: Address,
    url: reqwest::Url,
    token: Option<SecretString>,
    http: reqwest::Client,
}

impl fmt::Debug for RemoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteSigner")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Answer {
    signature: Bytes,
}

impl RemoteSigner {
    /// The key of `address` behind `url`. Production refuses development accounts, and plain http to anything but this machine.
    pub fn new(
        url: &str,
        address: Address,
        token: Option<SecretString>,
        profile: Profile,
    ) -> Result<Self, RemoteError> {
        refuse_development_account(address, profile)?;
        let url: reqwest::Url = url.parse().map_err(|_| RemoteError::Configuration("not a URL"))?;
        let local = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        match url.scheme() {
            "https" => {}
            "http" if local || profile == Profile::Development => {}
            _ => return Err(RemoteError::Configuration("a key service is reached by https")),
        }
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|_| RemoteError::Configuration("no HTTP client"))?;
        Ok(Self {
            address,
            url,
            token,
            http,
        })
    }

    async fn ask(&self, digest: &B256) -> Result<Signature, RemoteError> {
        let body = json!({ "address": self.address, "digest": digest }).to_string();
        let mut request = self
            .http
            .post(self.url.clone())
            .header("content-type", "application/json")
            .body(body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        let mut response = request.send().await.map_err(|_| RemoteError::Unavailable)?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(RemoteError::Refused(response.status().as_u16()));
        }
        let malformed = || RemoteError::Malformed(self.address);
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| RemoteError::Unavailable)? {
            answer.extend_from_slice(&chunk);
            if answer.len() > MAX_ANSWER {
                return Err(malformed());
            }
        }
        let answer: Answer = serde_json::from_slice(&answer).map_err(|_| malformed())?;
        let signature = Signature::from_raw(&answer.signature).map_err(|_| malformed())?;
        let signature = signature.normalized_s();
        match signature.recover_address_from_prehash(digest) {
            Ok(account) if account == self.address => Ok(signature),
            _ => Err(malformed()),
        }
    }
}

#[async_trait]
impl alloy_signer::Signer for RemoteSigner {
    async fn sign_hash(&self, hash: &B256) -> alloy_signer::Result<Signature> {
        self.ask(hash).await.map_err(alloy_signer::Error::other)
    }

    fn address(&self) -> Address {
        self.address
    }

    fn chain_id(&self) -> Option<ChainId> {
        None
    }

    fn set_chain_id(&mut self, _chain_id: Option<ChainId>) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::DevAccount;

    #[test]
    fn production_refuses_public_keys_and_plain_http() {
        let make = |url, address, profile| RemoteSigner::new(url, address, None, profile).map(|_| ());
        let own = Address::repeat_byte(7);
        assert!(matches!(
            make(
                "https://kms.example",
                DevAccount::AttesterOne.address(),
                Profile::Production
            ),
            Err(RemoteError::Key(KeyError::Development(_)))
        ));
        assert!(matches!(
            make("http://kms.example", own, Profile::Production),
            Err(RemoteError::Configuration(_))
        ));
        assert!(make("http://kms.example", own, Profile::Development).is_ok());
        assert!(make("http://127.0.0.1:9000/sign", own, Profile::Production).is_ok());
        assert!(make("https://kms.example/sign", own, Profile::Production).is_ok());
        assert!(make("ftp://kms.example", own, Profile::Development).is_err());
    }

    #[test]
    fn the_token_and_the_url_are_never_printed() {
        let token = SecretString::from("hunter2".to_owned());
        let signer = RemoteSigner::new(
            "https://kms.example/secret-path",
            Address::repeat_byte(7),
            Some(token),
            Profile::Production,
        );
        let text = format!("{signer:?}");
        assert!(!text.contains("hunter2") && !text.contains("secret-path"), "{text}");
    }
}
