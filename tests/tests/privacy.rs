//! Personal data in the whole process: unique values are planted in every personal field through the public API, then looked for in
//! everything that the process writes, says and stores.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Value, json};
use server::clock::{SystemClock, UuidV7Ids};
use usance_tests::environment::key;
use usance_tests::http::Call;
use usance_tests::journey::{self, text};
use usance_tests::redis_server::RedisServer;
use usance_tests::{Client, Environment, Options};

const PROGRAM: &str = env!("CARGO_BIN_EXE_usance-under-test");
const REQUESTS: &str = "/v1/quote-requests";

/// Says who somebody is: nowhere in clear, not in the database either.
const IDENTITY: [&str; 10] = [
    "Zyxquonveldt",
    "Canarywell",
    "1931-03-07",
    "canary.mail.7f3a",
    "DE89370400440532013000",
    "canary-device-55d1",
    "Canaryholder",
    "203.0.113.77",
    "c-canary-consent-91",
    "rich-canary-consent-92",
];

/// What somebody earns and owes. Decisions are made from it and are stored with it, by the id of the borrower; elsewhere it has no
/// business.
const FIGURES: [&str; 6] = ["7391.37", "739137", "1839.53", "183953", "463.29", "46329"];

/// How the bytes of a value may be written down.
fn spellings(value: &str) -> Vec<String> {
    let mut all = vec![
        value.to_owned(),
        value.to_lowercase(),
        value.to_uppercase(),
        hex::encode(value),
    ];
    // Base64 of a text that has the value somewhere: of three beginnings, the middle that all have in common.
    for shift in 0..3 {
        let text = STANDARD_NO_PAD.encode([&vec![0; shift], value.as_bytes()].concat());
        let whole = (value.len() + shift) / 3 * 4;
        all.push(text[if shift == 0 { 0 } else { 4 }..whole].to_owned());
    }
    all.retain(|text| text.len() >= 5);
    all.dedup();
    all
}

/// Whether a figure stands in a text as a number of its own: not in the middle of a digest or of another number, not as the fraction of
/// one, not as the port of an address.
fn stands_alone(figure: &str, text: &str) -> bool {
    text.match_indices(figure).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + figure.len()..]);
        let inside = before.ends_with(|c: char| c.is_ascii_alphanumeric())
            || after.starts_with(|c: char| c.is_ascii_alphanumeric());
        let part = before
            .strip_suffix(['.', ':'])
            .is_some_and(|rest| rest.ends_with(|c: char| c.is_ascii_digit()));
        !inside && !part
    })
}

/// Values that stand in a text.
fn found<'a>(values: &[&'a str], text: &str) -> Vec<&'a str> {
    let is_figure =
        |value: &str| value.bytes().all(|b| b.is_ascii_digit() || b == b'.') && value.matches('.').count() < 2;
    let stands = |value: &&&str| {
        spellings(value).iter().any(|spelling| match spelling {
            plain if plain == **value && is_figure(plain) => stands_alone(plain, text),
            other => text.contains(other),
        })
    };
    values.iter().filter(stands).copied().collect()
}

#[test]
fn a_figure_is_found_where_it_is_told_and_not_in_digests_durations_and_ports() {
    for told in [
        "{\"income\":183953}",
        "minor: 183953,",
        "(183953)",
        "\"183953\"",
        "183953",
        "pays 1839.53 USD",
        "MTgzOTUz",
    ] {
        assert_ne!(found(&FIGURES, told), [""; 0], "{told}");
    }
    for other in [
        "1.839534ms",
        "0.001839534",
        "0.183953",
        "a46329b",
        "127.0.0.1:46329/x",
        "1463.29",
    ] {
        assert_eq!(found(&FIGURES, other), [""; 0], "{other}");
    }
}

struct Scene {
    world: Environment,
    redis: Option<RedisServer>,
    _sources: (sandbox::bureau::BureauHandle, sandbox::bank_data::AccountBankHandle),
}

impl Scene {
    /// Every source and counter there is, at the most talkative.
    async fn start() -> Result<Self> {
        let parts = || sandbox::World {
            clock: Arc::new(SystemClock),
            ids: Arc::new(UuidV7Ids),
        };
        let platform = sandbox::PlatformKey {
            id: "usance-dev".to_owned(),
            public: sdk::PrivateKey::development("usance-dev")?.public().to_base64(),
        };
        let bureau = sandbox::bureau::spawn(&platform, parts()).await?;
        let bank = sandbox::bank_data::spawn("token", parts()).await?;
        let redis = RedisServer::start();
        let options = Options {
            log: Some("trace".to_owned()),
            quote_deadline_ms: 30_000,
            redis_url: redis.as_ref().map(RedisServer::url),
            credit_data: json!({
                "facts_deadline_ms": 20_000,
                "bureau": {
                    "id": "told-bureau", "url": bureau.base_url, "timeout_ms": 20_000,
                    "keys": [{ "id": sandbox::bureau::KEY, "public": bureau.public_key() }],
                },
                "bank": { "id": "told-bank", "url": bank.base_url, "token": "token", "timeout_ms": 20_000 },
            }),
            more_config: json!({ "trusted_proxies": ["127.0.0.0/8"] }),
            ..Options::quick()
        };
        Ok(Self {
            world: Environment::start(PROGRAM, options).await?,
            redis,
            _sources: (bureau, bank),
        })
    }

    /// A request with a planted value in every personal field.
    fn planted(&self) -> Value {
        let mut input = journey::sample(&self.world, "5000.00");
        let money = |amount: &str| json!({ "amount": amount, "currency": "USD" });
        input["applicant"]["fullName"] = json!("Zyxquonveldt Canarywell");
        input["applicant"]["dateOfBirth"] = json!("1931-03-07");
        input["applicant"]["monthlyIncome"] = money("7391.37");
        input["applicant"]["monthlyHousingCost"] = money("1839.53");
        input["applicant"]["monthlyDebtPayments"] = money("463.29");
        input["dataConsents"] = json!([
            { "source": "BUREAU", "reference": "c-canary-consent-91" },
            { "source": "BANK", "reference": "rich-canary-consent-92" },
        ]);
        input["signals"] = json!({
            "deviceId": "canary-device-55d1", "formSeconds": 71, "email": "canary.mail.7f3a@example.org",
            "payoutAccount": "DE89370400440532013000", "payoutHolder": "Zyxquonveldt Canarywell",
        });
        input
    }

    /// Plants it: once with the consents, whatever the sources make of it, and once without, up to a settlement.
    async fn plant(&mut self) -> Result<String> {
        let mut input = self.planted();
        self.ask(&input).await?;
        input["dataConsents"] = json!([]);
        let request = self.ask(&input).await?;
        let book = journey::closed(&mut self.world, &request).await?;
        journey::accept(&mut self.world, book.quote("harbor-bank")?).await?;
        Ok(request)
    }

    async fn ask(&mut self, input: &Value) -> Result<String> {
        let call = Call::post("", REQUESTS, input)
            .header("idempotency-key", key())
            .header("x-forwarded-for", "203.0.113.77");
        let made = self.world.send(Some(Client::Borrower), &call).await?;
        ensure!(made.status == 202, "{} {}", made.status, made.text());
        Ok(text(&made.json(), "/id"))
    }

    /// Answers to calls that are wrong in a personal field, each with a planted value where it is wrong.
    async fn wrong_calls(&mut self) -> Result<Vec<String>> {
        let wrong = [
            ("/applicant/fullName", json!(["Zyxquonveldt"])),
            ("/applicant/dateOfBirth", json!("Canarywell")),
            ("/applicant/dateOfBirth", json!("2931-03-07")),
            ("/applicant/monthlyIncome/amount", json!("canary-device-55d1")),
            ("/applicant/monthlyIncome/currency", json!("Zyxquonveldt")),
            ("/applicant/employment", json!("Canaryholder")),
            ("/applicant/employmentMonths", json!("Canarywell")),
            ("/country", json!("Zyxquonveldt")),
            ("/dataConsents/0/source", json!("c-canary-consent-91")),
            ("/signals/email", json!({ "canary.mail.7f3a": 1 })),
            ("/signals/deviceId", json!(["canary-device-55d1"])),
        ];
        let mut answers = Vec::new();
        for (pointer, value) in wrong {
            let mut input = self.planted();
            *input.pointer_mut(pointer).context(pointer)? = value;
            let answer = self.world.post(Client::Borrower, REQUESTS, &key(), &input).await?;
            ensure!((400..500).contains(&answer.status), "{pointer}: {}", answer.status);
            answers.push(answer.text());
            let query = "mutation($i: RequestQuotesInput!, $k: String!) { requestQuotes(idempotencyKey: $k, input: $i) { request { id } } }";
            let variables = json!({ "i": input, "k": key() });
            answers.push(
                self.world
                    .graphql(Client::Borrower, query, &variables)
                    .await?
                    .to_string(),
            );
        }
        let cut = Call {
            body: br#"{"applicant": {"fullName": "Zyxquonveldt Canarywell", "dateOfBirth": 1931-03-07"#.to_vec(),
            ..Call::post("", REQUESTS, &json!({})).header("idempotency-key", key())
        };
        answers.push(self.world.send(Some(Client::Borrower), &cut).await?.text());
        let literal = r#"mutation { requestQuotes(idempotencyKey: "k", input: { applicant: { fullName: "Zyxquonveldt Canarywell" }) { id } }"#;
        answers.push(
            self.world
                .graphql(Client::Borrower, literal, &json!({}))
                .await?
                .to_string(),
        );
        Ok(answers)
    }

    /// What everybody else is told about that request and its borrower.
    async fn other_roles(&mut self, request: &str) -> Result<Vec<String>> {
        let mut told = Vec::new();
        let paths = [
            format!("{REQUESTS}/{request}"),
            format!("{REQUESTS}/{request}/quotes?first=100"),
            format!("/v1/risk/decisions?request={request}"),
            "/v1/risk/reviews".to_owned(),
            "/v1/loans".to_owned(),
            "/v1/providers".to_owned(),
            "/v1/privacy/erasures".to_owned(),
            "/v1/privacy/export".to_owned(),
        ];
        for client in [Client::Stranger, Client::HarborBank, Client::Officer] {
            for path in &paths {
                told.push(self.world.send(Some(client), &Call::get("", path)).await?.text());
            }
        }
        Ok(told)
    }
}

#[test]
fn a_planted_value_is_found_however_it_is_written() {
    let hex = hex::encode("xx Zyxquonveldt yy");
    for before in ["", "a", "ab", "abc"] {
        let base64 = STANDARD_NO_PAD.encode(format!("{before}Zyxquonveldt Canarywell and more"));
        assert_eq!(
            found(&["Zyxquonveldt", "Nobody"], &base64),
            ["Zyxquonveldt"],
            "{before}"
        );
    }
    for text in ["name=Zyxquonveldt", "ZYXQUONVELDT CANARYWELL", "zyxquonveldt", &hex] {
        assert_eq!(found(&["Zyxquonveldt"], text), ["Zyxquonveldt"], "{text}");
    }
    assert!(found(&["Zyxquonveldt"], "nothing of it").is_empty());
}

/// The person reads all of what was planted, and an officer for them, by a named reading.
async fn the_person_reads_it(scene: &mut Scene) -> Result<()> {
    let own = scene.world.get(Client::Borrower, "/v1/privacy/export").await?;
    let personal = own["document"]["personal"].to_string();
    for value in [
        "Zyxquonveldt Canarywell",
        "1931-03-07",
        "739137",
        "rich-canary-consent-92",
    ] {
        ensure!(personal.contains(value), "{value} is missing: {personal}");
    }
    let subject = text(&own, "/subject");
    let path = format!("/v1/privacy/export?subject={subject}");
    let for_them = scene.world.get(Client::Officer, &path).await?;
    ensure!(for_them.to_string().contains("Zyxquonveldt Canarywell"));
    let noted = "select count(*) from privacy.exposure where purpose = 'SUBJECT_ACCESS'";
    assert_eq!(
        scene.world.books.count(noted).await?,
        4,
        "two readings of two applications"
    );
    // Somebody else's person does not exist; a lender never exports anybody.
    for (client, status) in [(Client::Stranger, 404), (Client::HarborBank, 403)] {
        let refused = scene.world.send(Some(client), &Call::get("", &path)).await?;
        ensure!(refused.status == status, "{}", refused.status);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_personal_data_appears_nowhere_but_in_the_persons_own_export() -> Result<()> {
    let mut scene = Scene::start().await?;
    let request = scene.plant().await?;
    let mut wrong = Vec::new();
    let mut look = |place: &str, values: &[&str], text: &str| {
        let seen = found(values, text);
        if !seen.is_empty() {
            wrong.push(format!("{place}: {seen:?}"));
        }
    };
    let both = [&IDENTITY[..], &FIGURES[..]].concat();
    for answer in scene.wrong_calls().await? {
        look(&format!("an error ({answer})"), &both, &answer);
    }
    for answer in scene.other_roles(&request).await? {
        look("an answer to somebody else", &IDENTITY, &answer);
    }
    let metrics = Call::get(&scene.world.url, "/metrics").send().await?.text();
    ensure!(metrics.contains("usance_"), "the figures are there");
    look("metrics", &both, &metrics);

    let id = request.trim_start_matches("req_");
    let dump = scene.world.books.dump().await?;
    let uuid = uuid::Uuid::parse_str(id)?.to_string();
    ensure!(
        dump.iter()
            .any(|(table, rows)| table == "quoting.request" && rows.contains(&uuid))
    );
    ensure!(
        dump.iter()
            .any(|(table, rows)| table == "privacy.field" && rows.contains(&uuid))
    );
    for (table, rows) in &dump {
        look(table, &IDENTITY, rows);
        if table.starts_with("events.") || table.starts_with("identity.") || table == "quoting.request" {
            look(table, &FIGURES, rows);
        }
    }
    if let Some(redis) = &scene.redis {
        let bytes = usance_tests::redis_dump::dump(redis)?;
        ensure!(bytes.len() > 500, "the counters are there");
        look("redis", &both, &String::from_utf8_lossy(&bytes));
    }

    the_person_reads_it(&mut scene).await?;
    let log = scene.world.whole_log();
    ensure!(log.contains("\"level\":\"TRACE\""), "the process said everything");
    let logged = found(&both, &log);
    for line in log.lines().filter(|_| !logged.is_empty()) {
        look(&format!("the log: {line}"), &logged, line);
    }
    ensure!(wrong.is_empty(), "{} places:\n{}", wrong.len(), wrong.join("\n"));
    scene.world.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_borrower_is_forgotten_once_nothing_keeps_them_and_two_officers_end_a_hold() -> Result<()> {
    let options = Options {
        manual_clock: true,
        ..Options::quick()
    };
    let mut world = Environment::start(PROGRAM, options).await?;
    let mut input = journey::sample(&world, "5000.00");
    (input["country"], input["applicant"]["fullName"]) = (json!("GB"), json!("Zyxquonveldt Canarywell"));
    input.as_object_mut().context("input")?.remove("region");
    journey::ask(&mut world, &input).await?;
    let own = world.get(Client::Borrower, "/v1/privacy/export").await?;
    let subject = text(&own, "/subject");

    let hold = json!({ "subject": subject, "reason": "litigation" });
    let hold = world.done(Client::Manager, "/v1/privacy/holds", &key(), &hold).await?;
    let asked = world
        .done(Client::Borrower, "/v1/privacy/erasures", &key(), &json!({}))
        .await?;
    assert_eq!(
        (text(&asked, "/state"), text(&asked, "/kept/0/code")),
        ("REFUSED".into(), "HOLD".into()),
        "{asked}"
    );
    let release = format!("/v1/privacy/holds/{}/release", text(&hold, "/id"));
    let why = json!({ "reason": "settled" });
    let alone = world.post(Client::Manager, &release, &key(), &why).await?;
    ensure!(text(&alone.json(), "/code") == "FOUR_EYES", "{}", alone.text());
    world.done(Client::CreditHead, &release, &key(), &why).await?;

    let asked = world
        .done(Client::Borrower, "/v1/privacy/erasures", &key(), &json!({}))
        .await?;
    assert_eq!(text(&asked, "/state"), "ACCEPTED", "{asked}");
    let erasures = (Client::Borrower, "/v1/privacy/erasures");
    world
        .until("the erasure", erasures, false, |all| all[0]["state"] == "DONE")
        .await?;
    let own = world.get(Client::Borrower, "/v1/privacy/export").await?;
    assert_eq!(own["document"]["personal"], json!([]), "{own}");
    assert_eq!(world.books.count("select count(sealed) from privacy.field").await?, 0);
    world.finish().await
}
