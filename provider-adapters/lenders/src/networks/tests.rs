use std::sync::Mutex;

use chrono::{DateTime, Utc};
use sandbox::network::MemoryJourneys;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

#[derive(Debug)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }
}

#[derive(Debug, Default)]
struct Counter(Mutex<u128>);

impl sdk::Ids for Counter {
    fn next(&self) -> Uuid {
        let mut last = self.0.lock().unwrap();
        *last += 1;
        Uuid::from_u128(*last)
    }
}

fn capabilities() -> Value {
    json!({
        "products": ["INSTALLMENT"], "jurisdictions": [{ "country": "IN" }],
        "amounts": [{ "currency": "INR", "min": 100, "max": 1_000_000 }],
        "min_term_days": 30, "max_term_days": 360, "inquiry": "SOFT",
    })
}

fn own_key(dir: &tempfile::TempDir) -> Value {
    let file = dir.path().join("seed");
    std::fs::write(&file, "E".repeat(42) + "A=\n").unwrap();
    json!({ "file": file })
}

/// A key that nobody else knows the secret of: the one of the first test of RFC 8032.
fn lenders_key() -> Value {
    json!({ "id": "key-1", "public": "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=" })
}

fn fis12(change: impl FnOnce(&mut Value)) -> Fis12Config {
    let mut entry = json!({
        "id": "bank", "subscriber": "lender.example.com", "url": "https://lender.example.com/fis12", "keys": [lenders_key()],
        "ours": { "subscriber": "us.example.com", "key_id": "us-1", "key": { "development": "us-1" } },
        "capabilities": capabilities(),
    });
    change(&mut entry);
    serde_json::from_value(entry).unwrap()
}

fn ocen(change: impl FnOnce(&mut Value)) -> OcenConfig {
    let mut key = lenders_key();
    key["algorithm"] = json!("EdDSA");
    let mut entry = json!({
        "id": "lender", "participant": "lender-p", "url": "https://lender.example.com/ocen", "keys": [key],
        "ours": { "organization": "us", "participant": "us-p", "key_id": "us-1", "key": { "development": "us-1" },
            "algorithm": "EdDSA" },
        "token": { "development": "token" }, "product": "p", "product_network": "n", "capabilities": capabilities(),
    });
    change(&mut entry);
    serde_json::from_value(entry).unwrap()
}

struct Ground {
    signer: Signer,
    http: HttpClient,
    journeys: Arc<dyn JourneyStore>,
    inboxes: NetworkInboxes,
}

impl Ground {
    fn new() -> Self {
        Self {
            signer: Signer {
                key: PrivateKey::development("platform").unwrap(),
                clock: Arc::new(Noon),
                ids: Arc::new(Counter::default()),
            },
            http: HttpClient::new(NetworkPolicy::Public).unwrap(),
            journeys: Arc::new(MemoryJourneys::default()),
            inboxes: NetworkInboxes::new(Arc::new(Noon)),
        }
    }

    fn build(&mut self, config: Fis12Config, network: NetworkPolicy) -> Result<Fis12Lender, NetworkError> {
        let making = Making {
            network,
            callback_url: Some("https://us.example.com/"),
            signer: &self.signer,
            http: &self.http,
            journeys: &self.journeys,
        };
        config.build(&making, &mut self.inboxes)
    }

    fn build_ocen(&mut self, config: OcenConfig, network: NetworkPolicy) -> Result<OcenLender, NetworkError> {
        let making = Making {
            network,
            callback_url: Some("https://us.example.com/"),
            signer: &self.signer,
            http: &self.http,
            journeys: &self.journeys,
        };
        config.build(&making, &mut self.inboxes)
    }
}

#[test]
fn production_takes_no_key_that_everybody_knows() {
    let dir = tempfile::tempdir().unwrap();
    let development = PrivateKey::development("key-1").unwrap().public().to_base64();
    let (production, bench) = (NetworkPolicy::Public, NetworkPolicy::AllowLoopback);
    let refused = |config| {
        Ground::new()
            .build(config, production)
            .err()
            .map(|error| error.to_string())
    };
    assert_eq!(refused(fis12(|_| ())).as_deref(), Some("ours.key"));
    let own = own_key(&dir);
    assert_eq!(refused(fis12(|e| e["ours"]["key"] = own.clone())), None);
    let known = fis12(|e| {
        e["ours"]["key"] = own.clone();
        e["keys"][0]["public"] = json!(development);
    });
    assert_eq!(refused(known).as_deref(), Some("keys is a public development key"));
    // The same by another way: a file that holds it.
    let file = dir.path().join("public");
    let seed = SecretSource::Development("us-1".into()).resolve(bench).unwrap();
    std::fs::write(&file, seed.expose()).unwrap();
    let known = fis12(|e| e["ours"]["key"] = json!({ "file": file }));
    assert_eq!(refused(known).as_deref(), Some("ours.key is a public development key"));
    assert!(Ground::new().build(fis12(|_| ()), bench).is_ok());

    let refused = |config| {
        Ground::new()
            .build_ocen(config, production)
            .err()
            .map(|error| error.to_string())
    };
    assert_eq!(refused(ocen(|_| ())).as_deref(), Some("ours.key"));
    assert_eq!(
        refused(ocen(|e| e["ours"]["key"] = own.clone())).as_deref(),
        Some("token")
    );
    let good = ocen(|e| (e["ours"]["key"], e["token"]) = (own.clone(), own.clone()));
    assert_eq!(refused(good), None);
}

#[test]
fn an_entry_that_cannot_work_is_refused_by_its_field() {
    let bench = NetworkPolicy::AllowLoopback;
    let refused = |config| Ground::new().build(config, bench).err().map(|error| error.to_string());
    for (entry, said) in [
        (fis12(|e| e["keys"] = json!([])), "keys: there is none"),
        (
            fis12(|e| e["keys"][0]["public"] = json!("short")),
            "keys is not a key of that kind",
        ),
        (fis12(|e| e["url"] = json!("lender")), "url"),
        (
            fis12(|e| e["ours"]["key"] = json!({ "env": "USANCE_NOT_SET" })),
            "ours.key",
        ),
    ] {
        assert_eq!(refused(entry).as_deref(), Some(said));
    }
    let mut ground = Ground::new();
    ground.build(fis12(|_| ()), bench).unwrap();
    let again = ground.build(fis12(|e| e["id"] = json!("other")), bench).err();
    assert!(matches!(again, Some(NetworkError::Twice)), "{again:?}");
    for bad in [
        json!({ "kind": "fis12" }),
        json!({ "env": "A", "file": "/b" }),
        json!("the secret itself"),
    ] {
        assert!(serde_json::from_value::<SecretSource>(bad).is_err());
    }
}

#[tokio::test]
async fn a_call_is_handed_to_the_inbox_of_the_lender_that_it_names_and_refused_otherwise() {
    let mut ground = Ground::new();
    let body = br#"{"metadata":{"originatorParticipantId":"lender-p"}}"#;
    assert_eq!(
        ground.inboxes.fis12("on_search", None, body).await,
        None,
        "we are not on it"
    );
    assert_eq!(ground.inboxes.ocen("v4.0.0alpha/x", None, body).await, None);
    ground.build(fis12(|_| ()), NetworkPolicy::AllowLoopback).unwrap();
    ground.build_ocen(ocen(|_| ()), NetworkPolicy::AllowLoopback).unwrap();
    let said = |reply: Option<(u16, Vec<u8>)>| {
        let (status, body) = reply.unwrap();
        (status, serde_json::from_slice::<Value>(&body).unwrap())
    };
    for header in [
        None,
        Some("Signature keyId=\"stranger|k|ed25519\""),
        Some("Signature keyId=\"lender.example.com|k\""),
    ] {
        let (status, body) = said(ground.inboxes.fis12("on_search", header, body).await);
        assert_eq!((status, &body["message"]["ack"]["status"]), (401, &json!("NACK")));
    }
    let header = Some("Signature keyId=\"lender.example.com|k\"");
    let (status, _) = said(ground.inboxes.fis12("nothing", header, body).await);
    assert_eq!(status, 404, "only the lender's own inbox knows its callbacks");
    for path in ["v4.0.0alpha/offers/setOffersResponse", "v3/x", ""] {
        let (status, body) = said(ground.inboxes.ocen(path, None, body).await);
        assert_eq!((status, &body["error"]), (401, &json!("signature")), "{path}");
    }
}
