//! Identity verification for development: Sumsub on this machine. How somebody fares is told by the last name, see `sandbox::identity`.

use std::collections::BTreeMap;
use std::sync::Arc;

use aggregator::kyc::IdentityLevel;
use anyhow::Result;
use domain::ports::Vendor;
use sandbox::identity::Auto;
use sandbox::sumsub::{SumsubHandle, SumsubSetup};
use tokio::net::TcpListener;
use verifiers::SumsubConfig;

use crate::kyc::{KycConfig, RequiredAt};
use crate::runtime::Sources;

/// What the vendor calls the one level that it plays.
const LEVEL: &str = "id-and-liveness";

/// The vendor; it stops when this is dropped.
#[derive(Debug)]
pub(super) struct Identity {
    vendor: SumsubHandle,
    setup: SumsubSetup,
}

/// Opens it. Its webhooks come to the interface behind `listener`.
pub(super) async fn open(sources: &Sources, listener: &TcpListener) -> Result<Identity> {
    let setup = SumsubSetup {
        webhook_url: Some(format!("http://{}/hooks/kyc/sumsub", listener.local_addr()?)),
        auto: Auto::OnOpen,
        ..SumsubSetup::development()
    };
    let world = sandbox::World {
        clock: Arc::clone(&sources.clock),
        ids: Arc::clone(&sources.ids),
    };
    Ok(Identity {
        vendor: sandbox::sumsub::spawn(setup.clone(), world).await?,
        setup,
    })
}

impl Identity {
    /// Its section of the configuration. The secrets are public.
    pub(super) fn config(&self, needed: bool) -> Result<KycConfig> {
        let sumsub: SumsubConfig = serde_json::from_value(serde_json::json!({
            "url": self.vendor.base_url, "app_token": self.setup.app_token, "secret": self.setup.secret,
            "webhook_secret": self.setup.webhook_secret,
        }))?;
        let levels = BTreeMap::from([(IdentityLevel::Standard, LEVEL.to_owned())]);
        Ok(KycConfig {
            required: if needed {
                RequiredAt::Acceptance
            } else {
                RequiredAt::Off
            },
            look_seconds: 5,
            levels: BTreeMap::from([(Vendor::Sumsub, levels)]),
            sumsub: Some(sumsub),
            ..KycConfig::default()
        })
    }
}
