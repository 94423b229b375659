//! What a registry refuses.

use std::sync::Arc;
use std::time::Duration;

use sdk::{Capabilities, Clock, Endpoint, HttpClient, Ids, NetworkPolicy, PrivateKey, ProtocolClient, Signer};

use super::{RegistryError, check};
use crate::layers::Policy;
use crate::protocol::ProtocolLender;

struct Still;

impl Clock for Still {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        chrono::DateTime::UNIX_EPOCH
    }
}

impl Ids for Still {
    fn next(&self) -> uuid::Uuid {
        uuid::Uuid::nil()
    }
}

fn lender(change: fn(&mut Capabilities)) -> ProtocolLender {
    let mut capabilities: Capabilities = toml::from_str(
        "products = [\"INSTALLMENT\"]\njurisdictions = [{ country = \"US\" }]\n\
         amounts = [{ currency = \"USD\", min = 1, max = 2 }]\n\
         min_term_days = 1\nmax_term_days = 2\ninquiry = \"SOFT\"\n",
    )
    .unwrap();
    change(&mut capabilities);
    let client = ProtocolClient {
        http: HttpClient::new(NetworkPolicy::AllowLoopback).unwrap(),
        endpoint: Endpoint::parse("http://127.0.0.1:1", NetworkPolicy::AllowLoopback).unwrap(),
        signer: Arc::new(Signer {
            key: PrivateKey::development("registry").unwrap(),
            clock: Arc::new(Still),
            ids: Arc::new(Still),
        }),
        lender_keys: Vec::new(),
        timeout: Duration::from_secs(1),
    };
    ProtocolLender::new("harbor".parse().unwrap(), capabilities, client, None)
}

#[test]
fn a_lender_that_says_nothing_of_what_it_does_is_refused_by_the_field() {
    assert!(check(&lender(|_| {}), &Policy::default()).is_ok());
    let field = |change| match check(&lender(change), &Policy::default()) {
        Err(RegistryError::Capabilities(id, error)) => format!("{id} {}", error.field),
        other => format!("{other:?}"),
    };
    assert_eq!(field(|c| c.amounts[0].max = 0), "harbor amounts");
    assert_eq!(field(|c| c.jurisdictions.clear()), "harbor jurisdictions");
}

#[test]
fn what_depends_on_the_person_is_not_remembered() {
    let policy = Policy {
        cache_seconds: 10,
        ..Policy::default()
    };
    let refused = check(&lender(|_| {}), &policy);
    assert!(matches!(refused, Err(RegistryError::PersonalCache(_))), "{refused:?}");
}
