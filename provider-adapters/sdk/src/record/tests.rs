use std::sync::Arc;

use proptest::prelude::*;
use reqwest::header::HeaderMap;

use super::*;
use crate::net::{Endpoint, HttpClient, NetworkPolicy};

const BODY: &str = r#"{"full_name":"Jane Sample","email":"jane@sample.example","amount":{"currency":"USD","minor":"500000"},
    "income":123456,"military_covered":true,"tags":[{"code":"TERM","value":"PT5M"},{"code":"EMAIL","value":"jane@sample.example"}]}"#;

fn endpoint() -> Endpoint {
    Endpoint::parse("https://lender.example/api", NetworkPolicy::Public).unwrap()
}

fn keep() -> Keep {
    Keep::fields(["currency", "minor", "code", "tags[].value", "full_name", "email"])
}

fn incoming(body: &str) -> Incoming {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    headers.insert("set-cookie", "session=s3cret".parse().unwrap());
    Incoming {
        status: 200,
        headers,
        body: body.as_bytes().to_vec(),
    }
}

fn request<'a>(endpoint: &'a Endpoint, body: &'a str) -> Request<'a> {
    Request {
        query: &[("email", "jane@sample.example"), ("currency", "USD")],
        headers: &[("authorization", Value::Plain("Bearer s3cret"))],
        ..Request::post(endpoint, "/v1/loans/0192-77", body.as_bytes(), Duration::from_secs(1))
    }
}

fn record(answer: Result<&Incoming, &LenderError>) -> String {
    let recorder = Recorder::new(keep(), vec![Secret::new("tok-1".to_owned())]);
    let endpoint = endpoint();
    let request = request(&endpoint, BODY);
    let ticket = recorder.begin();
    recorder.end(ticket, &Sent::of(&request), answer, Duration::from_millis(120));
    recorder.to_json_lines()
}

#[test]
fn a_recording_holds_what_is_kept_and_nothing_else() {
    let answer = incoming(r#"{"minor":"1","minor_note":"x","currency":"tok-1","code":"eyJhbGci"}"#);
    let lines = record(Ok(&answer));
    let expected = concat!(
        r#"{"keep":["code","currency","email","full_name","minor","tags[].value"],"recording":"1"}"#,
        "\n",
        r#"{"request":{"body":{"amount":{"currency":"USD","minor":"500000"},"email":"[scrubbed]","full_name":"[scrubbed]","#,
        r#""income":0,"military_covered":false,"tags":[{"code":"TERM","value":"PT5M"},{"code":"EMAIL","value":"[scrubbed]"}]},"#,
        r#""headers":["authorization"],"method":"POST","path":"/api/v1/loans/{id}","#,
        r#""query":{"currency":"USD","email":"[scrubbed]"}},"#,
        r#""response":{"body":{"code":"[scrubbed]","currency":"[scrubbed]","minor":"1","minor_note":"[scrubbed]"},"#,
        r#""headers":{"content-type":"application/json","set-cookie":"[scrubbed]"},"status":"200"},"timing":"UNDER_1_S"}"#,
        "\n",
    );
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn a_replay_answers_the_recorded_requests_and_no_others() {
    let lines = record(Ok(&incoming(r#"{"minor":"1"}"#)));
    let replay = Arc::new(Replay::parse(&lines).unwrap());
    let client = HttpClient::replaying(replay.clone());
    let endpoint = endpoint();
    // Another loan, another person: hidden fields do not count. Another amount is another request.
    let other = BODY.replace("Jane", "John").replace("123456", "7");
    let changed = BODY.replace("500000", "500001");
    let refused = client.call(request(&endpoint, &changed)).await.unwrap_err();
    assert_eq!(
        refused,
        LenderError::Refused("unexpected: POST /api/v1/loans/0192-77".into())
    );
    let answer = client.call(request(&endpoint, &other)).await.unwrap();
    assert_eq!((answer.status, answer.body), (200, br#"{"minor":"1"}"#.to_vec()));
    assert_eq!(answer.headers.len(), 1, "hidden headers are not sent back");
    assert!(
        client.call(request(&endpoint, &other)).await.is_err(),
        "each answer is given once"
    );
    let wrong = replay.finish();
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(
        wrong
            .iter()
            .all(|line| line.starts_with("unexpected: {") && !line.contains("Jane")),
        "{wrong:?}"
    );
    let unused = Replay::parse(&lines).unwrap().finish();
    assert_eq!(unused, ["not asked: POST /api/v1/loans/{id}"]);
}

#[tokio::test]
async fn a_recorded_failure_fails_again_and_recording_a_replay_gives_the_same_lines() {
    let timed_out = LenderError::TimedOut;
    let lines = record(Err(&timed_out));
    assert!(lines.ends_with("\"timing\":\"TIMED_OUT\"}\n"), "{lines}");
    let again = Arc::new(Recorder::new(keep(), Vec::new()));
    let client = HttpClient::replaying(Arc::new(Replay::parse(&lines).unwrap())).recording(again.clone());
    let endpoint = endpoint();
    let answer = client.call(request(&endpoint, BODY)).await;
    assert_eq!(answer.map(|a| a.status), Err(LenderError::TimedOut));
    assert_eq!(again.to_json_lines(), lines);
}

#[test]
fn exchanges_stand_in_the_order_in_which_they_began() {
    let recorder = Recorder::new(Keep::nothing(), Vec::new());
    let endpoint = endpoint();
    let (first, second) = (recorder.begin(), recorder.begin());
    for (ticket, path) in [(second, "/b"), (first, "/a")] {
        let request = Request::get(&endpoint, path, Duration::ZERO);
        recorder.end(ticket, &Sent::of(&request), Ok(&incoming("")), Duration::from_secs(9));
    }
    let lines = recorder.to_json_lines();
    assert!(lines.find("/api/a").unwrap() < lines.find("/api/b").unwrap());
    assert_eq!(lines.lines().count(), 3);
    assert!(lines.contains("OVER_5_S") && lines.contains("\"body\":null"));
}

#[test]
fn text_that_is_no_recording_is_refused_by_line() {
    let line = |text: &str| Replay::parse(text).err().map(|error| error.line);
    assert_eq!(line(""), Some(1));
    assert_eq!(line("{\"keep\":[],\"recording\":\"2\"}"), Some(1));
    let head = "{\"keep\":[],\"recording\":\"1\"}\n";
    assert_eq!(line(head), None);
    for bad in [
        "x",
        "{}",
        "{\"request\":{}}",
        "{\"request\":{\"method\":\"GET\",\"path\":\"/\"},\"response\":{}}",
    ] {
        assert_eq!(line(&format!("{head}{bad}")), Some(2), "{bad}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn no_text_of_an_unknown_field_is_ever_written(secret in "[A-Z][a-z]{9}[0-9]{4}", key in "[a-z_]{1,12}", depth in 0..20_usize) {
        prop_assume!(!keep().names().any(|name| name == key));
        let nested = (0..depth).fold(format!("\"{secret}\""), |inner, _| format!("{{\"{key}\":[{inner}]}}"));
        for body in [nested.clone(), format!("{{\"{key}\":{nested}}}"), format!("{{\"{secret}@\":1}}"), secret.clone()] {
            let lines = record(Ok(&incoming(&body)));
            prop_assert!(!lines.contains(&secret), "{lines}");
            prop_assert!(Replay::parse(&lines).is_ok());
        }
    }
}
