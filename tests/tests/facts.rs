//! Bureau and bank end to end: the real process, the sandbox's sources, and what stands in the record of the decision.

use std::sync::Arc;

use anyhow::Result;
use sandbox::bank_data::AccountBankHandle;
use sandbox::bureau::{BureauFault, BureauHandle};
use serde_json::{Value, json};
use server::clock::{SystemClock, UuidV7Ids};
use usance_tests::environment::key;
use usance_tests::http::Call;
use usance_tests::journey::{self, text};
use usance_tests::{Client, Environment, Options};

const PROGRAM: &str = env!("CARGO_BIN_EXE_usance-under-test");
const TOKEN: &str = "token-of-a-test";
const PLATFORM: &str = "usance-dev";

struct Scene {
    world: Environment,
    bureau: BureauHandle,
    bank: AccountBankHandle,
}

impl Scene {
    async fn start() -> Result<Self> {
        let parts = || sandbox::World {
            clock: Arc::new(SystemClock),
            ids: Arc::new(UuidV7Ids),
        };
        let platform = sandbox::PlatformKey {
            id: PLATFORM.to_owned(),
            public: sdk::PrivateKey::development(PLATFORM)?.public().to_base64(),
        };
        let bureau = sandbox::bureau::spawn(&platform, parts()).await?;
        let bank = sandbox::bank_data::spawn(TOKEN, parts()).await?;
        let options = Options {
            // The machine is busy: nobody is late for that.
            quote_deadline_ms: 30_000,
            credit_data: json!({
                "facts_deadline_ms": 20_000,
                "bureau": {
                    "id": "told-bureau", "url": bureau.base_url, "timeout_ms": 20_000,
                    "keys": [{ "id": sandbox::bureau::KEY, "public": bureau.public_key() }],
                },
                "bank": { "id": "told-bank", "url": bank.base_url, "token": TOKEN, "timeout_ms": 20_000 },
            }),
            ..Options::quick()
        };
        let world = Environment::start(PROGRAM, options).await?;
        Ok(Self { world, bureau, bank })
    }

    /// Asks for quotes on these consents; the closed request and the facts that it was decided about.
    async fn ask(&mut self, consents: &Value) -> Result<(Value, Value)> {
        let mut input = journey::sample(&self.world, "5000.00");
        input["dataConsents"] = consents.clone();
        let book = journey::ask(&mut self.world, &input).await?;
        let facts = self.world.books.risk_facts(&book.request).await?;
        Ok((book.view, facts))
    }

    async fn books(&self) -> Result<(Vec<Value>, Vec<Value>)> {
        let calls = |answer: Value| answer["calls"].as_array().cloned().unwrap_or_default();
        let bureau = Call::get(&self.bureau.base_url, "/sandbox/book").send().await?.json();
        let host = self.bank.base_url.trim_end_matches("/psd2");
        let bank = Call::get(host, "/sandbox/book").send().await?.json();
        Ok((calls(bureau), calls(bank)))
    }
}

fn both() -> Value {
    json!([{ "source": "BUREAU", "reference": "c-secret-1" }, { "source": "BANK", "reference": "rich-1" }])
}

/// Sources and codes that gave nothing.
fn missing(facts: &Value) -> Vec<(String, String)> {
    let all = facts["missing_sources"].as_array().cloned().unwrap_or_default();
    all.iter().map(|m| (text(m, "/source"), text(m, "/why"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_of_consented_sources_stand_in_the_decision_with_source_and_age() -> Result<()> {
    let mut scene = Scene::start().await?;
    let (_, facts) = scene.ask(&both()).await?;
    let source = |fact: &str| text(&facts, &format!("/facts/{fact}/source"));
    assert_eq!(source("REVOLVING_LIMIT_MINOR"), "BUREAU", "{facts}");
    assert_eq!(source("UTILIZATION_PPM"), "BUREAU");
    assert_eq!(source("VERIFIED_INCOME_MINOR"), "BANK");
    assert_eq!(source("RESIDENCE_MONTHS"), "APPLICATION");
    // The bureau's file is of yesterday.
    let (at, as_of) = (text(&facts, "/at"), text(&facts, "/facts/UTILIZATION_PPM/as_of"));
    assert!(!as_of.is_empty() && as_of[..10] < at[..10], "{as_of} {at}");
    let overruled = facts["overruled"].to_string();
    assert!(
        overruled.contains("UTILIZATION_PPM"),
        "what was declared is kept: {overruled}"
    );
    assert_eq!(
        missing(&facts).iter().filter(|(source, _)| source != "CHAIN").count(),
        0
    );

    let (bureau, bank) = scene.books().await?;
    assert_eq!(bureau.len(), 1);
    assert_eq!(
        (
            text(&bureau[0], "/consent"),
            text(&bureau[0], "/purpose"),
            text(&bureau[0], "/inquiry")
        ),
        ("c-secret-1".into(), "CREDIT_ASSESSMENT".into(), "SOFT".into())
    );
    let calls = bank.len();
    scene.ask(&both()).await?;
    let (bureau, bank) = scene.books().await?;
    assert_eq!(
        (bureau.len(), bank.len()),
        (1, calls),
        "the report that we have is used again"
    );

    let log = scene.world.whole_log();
    for private in ["Alex Sample", "c-secret-1", "rich-1", "DE89", TOKEN] {
        assert!(!log.contains(private), "{private} stands in the log");
    }
    scene.world.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_consent_no_source_is_called() -> Result<()> {
    let mut scene = Scene::start().await?;
    let (view, facts) = scene.ask(&json!([])).await?;
    assert_ne!(view["state"], "DECLINED", "{view}");
    let no_consent = |source: &str| (source.to_owned(), "NO_CONSENT".to_owned());
    let missing = missing(&facts);
    assert!(
        missing.contains(&no_consent("BUREAU")) && missing.contains(&no_consent("BANK")),
        "{missing:?}"
    );
    assert_eq!(scene.books().await?, (vec![], vec![]));
    scene.world.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_decided_on_what_was_declared_when_the_bureau_is_down() -> Result<()> {
    let mut scene = Scene::start().await?;
    scene.bureau.bureau.set(BureauFault::Unavailable);
    let (view, facts) = scene
        .ask(&json!([{ "source": "BUREAU", "reference": "c-secret-1" }]))
        .await?;
    assert_ne!(view["state"], "DECLINED", "{view}");
    assert!(
        missing(&facts).contains(&("BUREAU".into(), "UNAVAILABLE".into())),
        "{facts}"
    );
    assert_eq!(text(&facts, "/facts/UTILIZATION_PPM/source"), "APPLICATION");
    assert_eq!(scene.books().await?.0.len(), 1);
    scene.world.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_is_checked_on_both_transports() -> Result<()> {
    let mut scene = Scene::start().await?;
    let world = &mut scene.world;
    let mut input = journey::sample(world, "5000.00");
    for (bad, field) in [
        (
            json!([{ "source": "BUREAU", "reference": "" }]),
            "dataConsents.0.reference",
        ),
        (
            json!([{ "source": "BANK", "reference": "a b" }]),
            "dataConsents.0.reference",
        ),
        (
            json!([{ "source": "BANK", "reference": "a" }, { "source": "BANK", "reference": "b" }]),
            "dataConsents",
        ),
    ] {
        input["dataConsents"] = bad;
        let answer = world
            .post(Client::Borrower, "/v1/quote-requests", &key(), &input)
            .await?;
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert!(answer.text().contains(field), "{}", answer.text());
    }
    input["dataConsents"] = json!([{ "source": "BANK", "reference": "rich-1" }]);
    let query = "mutation($key: String!, $input: RequestQuotesInput!) {
        requestQuotes(idempotencyKey: $key, input: $input) { request { id } refusals { code } } }";
    let variables = json!({ "key": key(), "input": input });
    let made = world.graphql(Client::Borrower, query, &variables).await?;
    let id = text(&made, "/data/requestQuotes/request/id");
    assert!(id.starts_with("req_"), "{made}");
    let facts = world.books.risk_facts(&id).await?;
    assert_eq!(text(&facts, "/facts/INCOME_MONTHS/source"), "BANK", "{facts}");
    scene.world.finish().await
}
