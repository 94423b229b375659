use super::super::http::tests::{chunked, serve, sized};
use super::*;

fn request(state: &str) -> Value {
    json!({
        "id": "req_1", "state": state, "amount": { "amount": "5000.00", "minor": "500000", "currency": "USD" },
        "term": { "count": 24, "unit": "MONTH" }, "rankBy": "APR",
        "lenders": [{ "provider": "bank" }, { "provider": "strict" }], "losers": [], "refusal": [],
    })
}

fn page(quotes: &[Value], cursor: Option<&str>) -> Vec<u8> {
    let info = json!({ "hasNextPage": cursor.is_some(), "endCursor": cursor });
    sized("200 OK", &json!({ "nodes": quotes, "pageInfo": info }).to_string())
}

fn token() -> Vec<u8> {
    sized(
        "200 OK",
        r#"{"access_token": "t0k3n", "token_type": "Bearer", "expires_in": 900}"#,
    )
}

fn made() -> Vec<u8> {
    sized("202 Accepted", &request("QUOTING").to_string())
}

fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

async fn ask(answers: Vec<Vec<u8>>) -> (Result<Book>, Vec<String>) {
    let (url, task) = serve(answers).await;
    let client = Client::connect(&url, "dev-borrower", &"secret".to_owned().into())
        .await
        .unwrap();
    let book = client.ask(&json!({ "rankBy": "APR" })).await;
    (book, task.await.unwrap())
}

#[tokio::test]
async fn the_whole_flow_is_token_request_events_quotes() {
    let stream = event("quote", &json!({ "provider": "bank" })) + &event("closed", &request("QUOTED"));
    let quotes = [json!({ "position": 1 }), json!({ "position": 2 })];
    let pages = [page(&quotes[..1], Some("a=")), page(&quotes[1..], None)];
    let (book, asked) = ask([token(), made(), chunked(&stream)].into_iter().chain(pages).collect()).await;
    let book = book.unwrap();
    assert_eq!(book.quotes, quotes);
    assert_eq!(book.request["state"], "QUOTED");
    let lines: Vec<&str> = asked.iter().filter_map(|text| text.lines().next()).collect();
    assert_eq!(
        lines,
        [
            "POST /oauth/token HTTP/1.1",
            "POST /v1/quote-requests HTTP/1.1",
            "GET /v1/quote-requests/req_1/events HTTP/1.1",
            "GET /v1/quote-requests/req_1/quotes?first=100 HTTP/1.1",
            "GET /v1/quote-requests/req_1/quotes?first=100&after=a%3D HTTP/1.1",
        ]
    );
    assert!(asked[1].contains("idempotency-key: ") && asked[1].contains("authorization: Bearer t0k3n"));
}

/// A try whose answer was lost may have made the request: the second carries the same key.
#[tokio::test]
async fn a_repeated_request_repeats_its_key() {
    let busy = sized("503 Service Unavailable", "{}");
    let closed = sized("202 Accepted", &request("DECLINED").to_string());
    let (book, asked) = ask(vec![token(), busy, closed, page(&[], None)]).await;
    assert!(book.unwrap().quotes.is_empty());
    let key = |text: &str| {
        text.lines()
            .find(|line| line.starts_with("idempotency-key"))
            .unwrap()
            .to_owned()
    };
    assert_eq!(key(&asked[1]), key(&asked[2]));
}

/// A stream that breaks is opened again and tells everything again.
#[tokio::test]
async fn a_broken_stream_is_opened_again() {
    let (first, second) = (
        event("loser", &json!({ "provider": "strict" })),
        event("closed", &request("QUOTED")),
    );
    let (book, _) = ask(vec![
        token(),
        made(),
        chunked(&first),
        chunked(&second),
        page(&[], None),
    ])
    .await;
    assert_eq!(book.unwrap().request["state"], "QUOTED");
}

#[tokio::test]
async fn a_refused_request_names_the_field() {
    let problem = r#"{"code": "INVALID", "detail": "amount.currency: unknown"}"#;
    let (book, _) = ask(vec![token(), sized("422 Unprocessable Entity", problem)]).await;
    let text = format!("{:#}", book.unwrap_err());
    assert_eq!(
        text,
        "the request was not taken: 422: INVALID: amount.currency: unknown"
    );
}

#[test]
fn a_lender_counts_once_and_strangers_do_not() {
    let mut progress = Progress::of(&request("QUOTING"));
    progress.live = false;
    for provider in ["bank", "bank", "stranger"] {
        progress.answered(provider);
    }
    assert_eq!(progress.line(), "1 of 2 lenders answered; waiting for strict");
    progress.answered("strict");
    assert_eq!(progress.line(), "2 of 2 lenders answered");
}

#[test]
fn terms_are_a_number_and_a_unit() {
    assert_eq!(
        term("24m"),
        Ok(Term {
            count: 24,
            unit: "MONTH"
        })
    );
    assert_eq!(term("6w"), Ok(Term { count: 6, unit: "WEEK" }));
    for wrong in ["", "m", "24", "24x", "-1d", "2é"] {
        assert!(term(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_facts_of_a_development_run_are_enough_for_a_secured_request() {
    use clap::Parser;
    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }
    let facts: Facts = serde_json::from_value(json!({
        "url": "http://127.0.0.1:8480", "clients": [{ "client_id": "a", "client_secret": "b", "role": "borrower" }],
        "chains": [{ "chain_id": 31337, "name": "Anvil One", "rpc_url": "" }], "borrower": "0x01", "ether": "0x02",
    }))
    .unwrap();
    let options = Cli::parse_from(["quote", "--secured", "--rank-by", "total-cost", "--purpose", "purchase"]).options;
    let input = input(&options, Some(&facts)).unwrap();
    assert_eq!(
        input["collateral"],
        json!({ "chainId": "31337", "token": "0x02", "units": DEV_COLLATERAL_UNITS })
    );
    assert_eq!(
        (&input["wallet"], &input["rankBy"], &input["purpose"]),
        (&json!("0x01"), &json!("TOTAL_COST"), &json!("PURCHASE"))
    );
    assert_eq!(
        (&input["region"], &input["term"]),
        (&json!("CA"), &json!({ "count": 24, "unit": "MONTH" }))
    );
}
