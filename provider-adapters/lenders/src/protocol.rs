//! A lender behind provider protocol v1.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{ProviderId, SettlementId};
use sdk::{
    AcceptOrder, AcceptReceipt, Answer, Ask, Capabilities, Lender, LenderError, LenderStatus, OffersReply,
    ProtocolClient,
};
use serde::{Deserialize, Serialize};

use crate::inbox::CallbackInbox;

/// Configuration of a protocol lender.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtocolConfig {
    /// Operator-given name.
    pub id: ProviderId,
    /// Base address.
    pub url: String,
    /// The lender's public keys; several during a rotation.
    pub keys: Vec<KeyConfig>,
    /// What the lender does.
    pub capabilities: Capabilities,
    /// Longest wait for accept, status and cancel.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    /// Layers around it.
    #[serde(default)]
    pub policy: crate::layers::Policy,
}

/// A public key of a lender.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyConfig {
    /// Its name in signatures.
    pub id: String,
    /// Base64 of the 32 bytes.
    pub public: String,
}

const fn default_timeout_ms() -> u64 {
    10_000
}

/// The adapter.
#[derive(Debug)]
pub struct ProtocolLender {
    id: ProviderId,
    capabilities: Capabilities,
    client: ProtocolClient,
    inbox: Option<Arc<CallbackInbox>>,
}

impl ProtocolLender {
    /// Without an inbox the lender must answer directly.
    pub fn new(
        id: ProviderId,
        capabilities: Capabilities,
        client: ProtocolClient,
        inbox: Option<Arc<CallbackInbox>>,
    ) -> Self {
        Self {
            id,
            capabilities,
            client,
            inbox,
        }
    }
}

#[async_trait]
impl Lender for ProtocolLender {
    fn id(&self) -> &ProviderId {
        &self.id
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        // A fast lender calls back before its acknowledgement is read.
        let mut expected = self.inbox.as_ref().map(|inbox| inbox.expect(&self.id, ask.request.id));
        let callback_url = self.inbox.as_ref().map(|inbox| inbox.url());
        let reply = self.client.offers(ask, callback_url).await?;
        match (reply, &mut expected) {
            (OffersReply::Complete(answer), _) => Ok(answer),
            (OffersReply::Acknowledged, Some(expected)) => expected.answer().await,
            (OffersReply::Acknowledged, None) => Err(LenderError::Malformed {
                field: "status".into(),
                detail: "an acknowledgement, but no callback address was given".into(),
            }),
        }
    }

    async fn accept(&self, order: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        self.client.accept(order).await
    }

    async fn status(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        self.client.status(settlement).await
    }

    async fn cancel(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        self.client.cancel(settlement).await
    }
}

impl ProtocolConfig {
    /// The wait of calls without a deadline.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}
