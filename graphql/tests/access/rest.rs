//! Every route of the OpenAPI document as every person, on every object.

use access::routes::{self, Gate};
use access::{Class, Resource, decide};
use axum::http::{Request, StatusCode, header};
use domain::ProviderId;
use serde_json::Value;
use usance_graphql::public_id::{Kind, encode};
use uuid::Uuid;

use crate::Told;
use crate::probes::principal_id;
use crate::stage::{BANK, Objects, Person, Stage};

/// What `{id}` of a path is: an object of that borrower, the same of nothing, and whether its lender knows it.
fn object(path: &str, of: &Objects) -> Option<(String, String, bool)> {
    let nothing = |kind| encode(kind, Uuid::from_u128(0xFFFF_FFFF));
    let found = match path.split('/').nth(2)? {
        "quote-requests" => (of.request.clone(), nothing(Kind::Request), false),
        "quotes" => (of.quote.clone(), nothing(Kind::Quote), true),
        "settlements" => (of.settlement.clone(), nothing(Kind::Settlement), true),
        "loans" => (of.loan.clone(), nothing(Kind::Loan), true),
        "risk" if path.contains("/reviews/") => (of.review.clone(), nothing(Kind::Review), false),
        "risk" if path.contains("/decisions/") => (of.decision.clone(), nothing(Kind::Decision), false),
        _ => return None,
    };
    path.contains("{id}").then_some(found)
}

fn told(status: StatusCode) -> Told {
    match status {
        StatusCode::FORBIDDEN => Told::Forbidden,
        StatusCode::NOT_FOUND => Told::Hidden,
        StatusCode::UNAUTHORIZED | StatusCode::INTERNAL_SERVER_ERROR | StatusCode::METHOD_NOT_ALLOWED => {
            panic!("{status}")
        }
        _ => Told::Allowed,
    }
}

async fn send(stage: &Stage, token: Option<&str>, method: &str, path: &str) -> (StatusCode, String) {
    let request = Request::builder().method(method).uri(path);
    if method == "GET" {
        return stage.send(token, request, String::new()).await;
    }
    let request = request.header(header::CONTENT_TYPE, "application/json");
    stage.send(token, request, "{}".to_owned()).await
}

/// Routes whose objects are tried beside their use cases in the aggregator; here their roles alone are asked.
const BY_ROLE: [&str; 12] = [
    "/v1/api-clients",
    "/v1/audit",
    "/v1/case",
    "/v1/documents",
    "/v1/obligations",
    "/v1/privacy",
    "/v1/quote-requests/{id}/notices",
    "/v1/quotes/{id}/disclosures",
    "/v1/rules",
    "/v1/verification",
    "/v1/screening",
    "/v1/webhook",
];

/// Routes without a token: they give one to who proves who they are, or end it.
const OPEN: [&str; 7] = [
    "/oauth/token",
    "/session",
    "/session/end",
    "/session/register",
    "/session/renew",
    "/session/wallet",
    "/session/wallet/challenge",
];

/// Routes that say the same to everybody, without a token.
const PUBLIC: [&str; 1] = ["/v1/lockable-tokens"];

/// The number of requests.
pub async fn every_route(stage: &Stage) -> usize {
    let document: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys().filter(|name| *name != "parameters") {
            let method = method.to_uppercase();
            let gate = routes::of(&method, path);
            let Some(gate @ Gate::May(..)) = gate else {
                assert!(
                    gate.is_some() && (OPEN.contains(&path.as_str()) || PUBLIC.contains(&path.as_str())),
                    "{method} {path} has no rule"
                );
                let (status, _) = send(stage, None, &method, path).await;
                if PUBLIC.contains(&path.as_str()) {
                    assert_eq!(status, StatusCode::OK, "{method} {path}");
                    continue;
                }
                assert!(!status.is_success(), "{method} {path} without anything: {status}");
                continue;
            };
            let (status, _) = send(stage, None, &method, &path.replace("{id}", "x")).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path} without a token");
            for person in &stage.people {
                asked += one(stage, (method.as_str(), path.as_str(), gate), person).await;
            }
        }
    }
    asked
}

/// Without an object the answer is a list of what the caller may see, or about the caller's own tenant.
const OWN: [&str; 8] = [
    "/v1/loans",
    "/v1/offers",
    "/v1/quote-requests",
    "/v1/providers",
    "/v1/risk/decisions",
    "/v1/risk/reviews",
    "/v1/risk/limits",
    "/v1/risk/limit-policy",
];

/// One route as one person on every object. A write has neither key nor fields, so that it does nothing: it is refused by the
/// role, or as a bad request.
async fn one(stage: &Stage, (method, path, gate): (&str, &str, Gate), person: &Person) -> usize {
    let Gate::May(action, class) = gate else { return 0 };
    let may = access::ever(action, class).has(person.principal.role);
    let bank: ProviderId = BANK.parse().unwrap();
    let mut asked = 0;
    for of in &stage.objects {
        let about = object(path, of);
        let (id, unknown) = match &about {
            Some((id, unknown, _)) => (id.clone(), unknown.clone()),
            None if path.starts_with("/v1/providers") => (BANK.to_owned(), "no-such-lender".to_owned()),
            None if path.starts_with("/v1/principals") => (
                principal_id(stage.person("officer of the tenant")),
                encode(Kind::Principal, Uuid::from_u128(0xFFFF_FFFF)),
            ),
            None => (stage.model.clone(), encode(Kind::Model, Uuid::from_u128(0xFFFF_FFFF))),
        };
        let filled = |id: &str| {
            format!("{}?units=1&amount=1", path.replace("{id}", id))
                .replace("repayment-calls?units=1&amount=1", "repayment-calls?units=1")
        };
        let (status, body) = send(stage, Some(&person.token), method, &filled(&id)).await;
        asked += 1;
        let context = format!("{method} {path} as {} on {id}: {status} {body}", person.name);
        if BY_ROLE.iter().any(|prefix| path.starts_with(prefix)) {
            assert!(may || told(status) == Told::Forbidden, "{context}");
            continue;
        }
        if !may || method != "GET" {
            assert_eq!(told(status) == Told::Forbidden, !may, "{context}");
            continue;
        }
        let resource = match &about {
            Some((_, _, lender)) => Resource::about(class, of.tenant, of.borrower).with(lender.then_some(&bank)),
            None if class == Class::Lender => Resource::platform(class).with(Some(&bank)),
            None if class == Class::Principal => {
                let known = &stage.person("officer of the tenant").principal;
                Resource::about(class, known.tenant, known.id)
            }
            None => Resource::platform(class),
        };
        let expected = if OWN.contains(&path) {
            Told::Allowed
        } else {
            Told::of(decide(&person.principal, action, &resource))
        };
        // There is nothing to read about this loan's collateral; staff and lenders have no limits of their own.
        let absent = path.ends_with("/collateral") || path == "/v1/risk/limits";
        // Nor is it running, so that nobody is told where to pay.
        let absent = absent || path.ends_with("/repayment-instructions");
        let told = told(status);
        assert!(
            told == expected || (absent && told == Told::Hidden),
            "{expected:?}: {context}"
        );
        if expected == Told::Hidden {
            let (nothing, empty) = send(stage, Some(&person.token), method, &filled(&unknown)).await;
            assert_eq!((status, body), (nothing, empty), "{context}");
            asked += 1;
        }
    }
    asked
}
