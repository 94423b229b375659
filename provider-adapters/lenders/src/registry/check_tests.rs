//! What a registry refuses about the layers of a lender.

use super::*;
use crate::desk::tests::desk;

#[test]
fn a_cache_is_refused_to_a_lender_with_an_inquiry_and_limits_out_of_range_to_all() {
    let desk = desk();
    let with = |policy: Policy| check(&desk, &policy);
    assert!(with(Policy::default()).is_ok());
    let remembering = Policy {
        cache_seconds: 10,
        ..Policy::default()
    };
    assert!(with(remembering.clone()).is_ok());
    let none = Policy {
        max_concurrent: 0,
        ..Policy::default()
    };
    assert!(matches!(with(none), Err(RegistryError::Limits(_, "maxConcurrent", _))));
    let asking = Inquiring(desk.capabilities().clone());
    let asking = Inquiring(domain::eligibility::Capabilities {
        inquiry: Inquiry::Soft,
        ..asking.0
    });
    assert!(check(&asking, &Policy::default()).is_ok());
    assert!(matches!(
        check(&asking, &remembering),
        Err(RegistryError::PersonalCache(_))
    ));
}

/// Only its capabilities matter.
struct Inquiring(domain::eligibility::Capabilities);

#[async_trait::async_trait]
impl Lender for Inquiring {
    fn id(&self) -> &ProviderId {
        static ID: std::sync::LazyLock<ProviderId> = std::sync::LazyLock::new(|| "inquiring".parse().unwrap());
        &ID
    }

    fn capabilities(&self) -> &domain::eligibility::Capabilities {
        &self.0
    }

    async fn quote(&self, _: &sdk::Ask) -> Result<sdk::Answer, sdk::LenderError> {
        Err(sdk::LenderError::Unsupported("quote".into()))
    }

    async fn accept(&self, _: &sdk::AcceptOrder) -> Result<sdk::AcceptReceipt, sdk::LenderError> {
        Err(sdk::LenderError::Unsupported("accept".into()))
    }

    async fn status(&self, _: domain::SettlementId) -> Result<sdk::LenderStatus, sdk::LenderError> {
        Err(sdk::LenderError::Unsupported("status".into()))
    }

    async fn cancel(&self, _: domain::SettlementId) -> Result<sdk::LenderStatus, sdk::LenderError> {
        Err(sdk::LenderError::Unsupported("cancel".into()))
    }
}
