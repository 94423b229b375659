//! Generated from the committed schema and the OpenAPI document: every query, mutation, subscription, field and route, as every role, on
//! objects of its own, of another of its tenant, and of another tenant. What is expected comes of the matrix; the requests run
//! against the router on a real database. A new field or route without a rule, or a root field without a probe, fails.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

mod fakes;
mod probes;
mod rest;
mod schema;
mod stage;

use access::{Decision, Denial, RoleSet, decide, fields};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use domain::Role;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use probes::Probe;
use schema::{Schema, Step};
use stage::{Person, Stage};

/// What a caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Allowed,
    Hidden,
    Forbidden,
}

impl Told {
    pub fn of(decision: Decision) -> Self {
        match decision {
            Decision::Allow => Self::Allowed,
            Decision::Deny(Denial::Hidden) => Self::Hidden,
            Decision::Deny(_) => Self::Forbidden,
        }
    }

    /// Of the answer to a root field. Nothing of a list is as hidden as null.
    fn read(answer: &Value) -> Self {
        match answer["errors"][0]["extensions"]["code"].as_str() {
            Some("FORBIDDEN") => return Self::Forbidden,
            Some("NOT_FOUND") => return Self::Hidden,
            Some("UNAUTHORIZED") => panic!("a token was not taken: {answer}"),
            _ => {}
        }
        let found = answer["data"].as_object().and_then(|data| data.values().next());
        match found {
            Some(Value::Null) if answer.get("errors").is_none() => Self::Hidden,
            Some(Value::Array(items)) if items.is_empty() => Self::Hidden,
            _ => Self::Allowed,
        }
    }
}

impl Stage {
    /// The status and body of a request, and the `Allow` header is not looked at.
    pub async fn send(
        &self,
        token: Option<&str>,
        request: axum::http::request::Builder,
        body: String,
    ) -> (StatusCode, String) {
        let request = match token {
            Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        };
        let request = request.body(Body::from(body)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 64 * 1024 * 1024)
            .await
            .unwrap();
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    pub async fn graphql(&self, token: Option<&str>, text: &str) -> Value {
        let request = Request::post("/graphql").header(header::CONTENT_TYPE, "application/json");
        let (_, body) = self.send(token, request, json!({ "query": text }).to_string()).await;
        serde_json::from_str(&body).unwrap_or_else(|e| panic!("{text}: {e}: {body}"))
    }

    /// The first message of a subscription, as the answer of a query would be.
    async fn first(&self, token: &str, text: &str) -> Value {
        let request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "text/event-stream");
        let (_, body) = self
            .send(Some(token), request, json!({ "query": text }).to_string())
            .await;
        let line = body.lines().find_map(|line| line.strip_prefix("data:"));
        line.and_then(|data| serde_json::from_str(data.trim()).ok())
            .unwrap_or(Value::Null)
    }

    /// An id for an argument of a root field: an object of the first borrower.
    fn id(&self, root: &str, name: &str) -> String {
        let mine = &self.objects[0];
        match (root, name) {
            ("quoteRequest" | "node", _) | (_, "requestId") => mine.request.clone(),
            ("quote", _) | (_, "quoteId") => mine.quote.clone(),
            ("settlement", _) | (_, "settlementId") => mine.settlement.clone(),
            ("loan", _) | (_, "loanId") => mine.loan.clone(),
            (
                "conformanceReports"
                | "submitConformanceReport"
                | "provider"
                | "suspendProvider"
                | "resumeProvider"
                | "changeProviderState"
                | "setProviderLimits",
                _,
            ) => stage::BANK.to_owned(),
            ("riskReview", _) => mine.review.clone(),
            ("riskModel", _) => self.model.clone(),
            ("riskDecision" | "riskReplay", _) => mine.decision.clone(),
            ("principal", _) => probes::principal_id(self.person("officer")),
            _ => "x".to_owned(),
        }
    }
}

/// The roles that may take every step of a way and then select the field.
fn roles_of(way: &[Step], parent: &str, field: &str) -> RoleSet {
    let steps = way
        .iter()
        .filter_map(|s| Some(fields::roles(&s.parent, &s.field.as_ref()?.name)));
    steps.fold(fields::roles(parent, field), RoleSet::and)
}

/// Each field of each object type, by the way that the role may go as far as it may.
async fn every_field(stage: &Stage, schema: &Schema) -> usize {
    let mut asked = 0;
    for person in one_of_each_role(stage) {
        let role = person.principal.role;
        for (name, all) in &schema.objects {
            let Some((kind, way)) = way_to(schema, name, role) else {
                panic!("no way from a root to {name}");
            };
            for field in all {
                assert!(
                    fields::of(name, &field.name).is_some(),
                    "{name}.{} has no rule",
                    field.name
                );
                let text = schema.select(kind, &way, field, &|root, arg| stage.id(root, arg));
                let answer = if kind == "subscription" {
                    stage.first(&person.token, &text).await
                } else {
                    stage.graphql(Some(&person.token), &text).await
                };
                let may = roles_of(&way, name, &field.name).has(role);
                let denied = &answer["errors"][0]["extensions"]["deniedField"];
                assert_eq!(denied.is_null(), may, "{} {text}: {answer}", person.name);
                // What was allowed was understood: an error of validation would prove nothing.
                let ran = answer.get("data").is_some();
                assert!(ran, "{} {text}: {answer}", person.name);
                asked += 1;
            }
        }
    }
    asked
}

fn one_of_each_role(stage: &Stage) -> Vec<&Person> {
    let roles = Role::ALL.into_iter().filter(|role| access::has_tokens(*role));
    let found = roles.map(|role| stage.people.iter().find(|p| p.principal.role == role));
    found.map(|person| person.expect("somebody of every role")).collect()
}

/// A way that the role may go, or else any.
fn way_to(schema: &Schema, name: &str, role: Role) -> Option<(&'static str, Vec<Step>)> {
    let roots = [
        ("Query", "query"),
        ("Mutation", "mutation"),
        ("Subscription", "subscription"),
    ];
    let may = |parent: &str, field: &str| fields::roles(parent, field).has(role);
    let allowed = roots
        .iter()
        .find_map(|(root, kind)| Some((*kind, schema.path(root, name, &may)?)));
    allowed.or_else(|| {
        roots
            .iter()
            .find_map(|(root, kind)| Some((*kind, schema.path(root, name, &|_, _| true)?)))
    })
}

/// Each root field on each object as each person: the answer is the one of the matrix, and what is hidden looks like what is not there.
async fn every_object(stage: &Stage, schema: &Schema) -> usize {
    let probes = probes::all(stage);
    for (root, kind) in [
        ("Query", "query"),
        ("Mutation", "mutation"),
        ("Subscription", "subscription"),
    ] {
        for field in &schema.objects[root] {
            let asked = probes.iter().any(|p| p.kind == kind && p.field == field.name);
            let known = asked || probes::BY_ROLE.contains(&field.name.as_str());
            assert!(
                known,
                "{root}.{} has no probe in graphql/tests/access/probes.rs",
                field.name
            );
        }
    }
    let mut asked = 0;
    for probe in &probes {
        for person in &stage.people {
            asked += 1;
            run(stage, probe, person, asked).await;
        }
        let text = probe.text(&probe.id, 0);
        let anonymous = stage.graphql(None, &text).await;
        if probe.kind != "subscription" {
            assert_eq!(
                anonymous["errors"][0]["extensions"]["code"], "UNAUTHORIZED",
                "{text}: {anonymous}"
            );
        }
    }
    asked
}

async fn run(stage: &Stage, probe: &Probe, person: &Person, number: usize) {
    let ask = async |id: &str, number: usize| {
        let text = probe.text(id, number);
        match probe.kind {
            "subscription" => stage.first(&person.token, &text).await,
            _ => stage.graphql(Some(&person.token), &text).await,
        }
    };
    let answer = ask(&probe.id, number).await;
    let expected = probe.expected(&person.principal);
    let context = format!("{} as {} on {}: {answer}", probe.field, person.name, probe.id);
    assert_eq!(Told::read(&answer), expected, "{context}");
    if expected == Told::Allowed {
        return;
    }
    assert!(
        !answer.to_string().contains(&probe.secret) || probe.secret.is_empty(),
        "something of the object is in the answer: {context}"
    );
    if let Some(unknown) = &probe.unknown
        && expected == Told::Hidden
    {
        let nothing = ask(unknown, number + 1_000_000).await;
        assert_eq!(
            answer.to_string(),
            nothing.to_string().replace(unknown, &probe.id),
            "{context}"
        );
    }
}

/// Properties that some readers of an object get empty.
async fn blanks(stage: &Stage) {
    let mine = &stage.objects[0];
    let resource = access::Resource::about(access::Class::Settlement, mine.tenant, mine.borrower);
    let bank: domain::ProviderId = stage::BANK.parse().unwrap();
    let settlement = format!(
        "{{ settlement(id: \"{}\") {{ approvals {{ to }} typedData calls {{ to }} handoff {{ url }} }} }}",
        mine.settlement
    );
    let decision = format!(
        "{{ riskDecision(id: \"{}\") {{ outcome inside {{ score }} }} }}",
        mine.decision
    );
    for person in &stage.people {
        let may = |class| {
            decide(
                &person.principal,
                access::Action::Read,
                &resource.with(Some(&bank)).as_class(class),
            )
            .allows()
        };
        let seen = stage.graphql(Some(&person.token), &settlement).await;
        if may(access::Class::Settlement) && !may(access::Class::WalletCalls) {
            let empty = json!({ "approvals": [], "typedData": null, "calls": [], "handoff": null });
            assert_eq!(seen["data"]["settlement"], empty, "{}", person.name);
        }
        let seen = stage.graphql(Some(&person.token), &decision).await;
        let about = access::Resource::about(access::Class::RiskInside, mine.tenant, mine.borrower);
        let inside = decide(&person.principal, access::Action::Read, &about).allows();
        assert_eq!(
            !seen["data"]["riskDecision"]["inside"].is_null(),
            inside,
            "{}: {seen}",
            person.name
        );
    }
}

/// Lists hold what the caller may see and nothing else.
async fn lists(stage: &Stage) {
    use access::{Action, Class, Resource};
    type Of = fn(&stage::Objects) -> &String;
    let bank: domain::ProviderId = stage::BANK.parse().unwrap();
    let lists: [(&str, Class, Of); 5] = [
        ("{ quoteRequests { edges { node { id } } } }", Class::Request, |o| {
            &o.request
        }),
        ("{ offers { edges { node { quote { id } } } } }", Class::Quote, |o| {
            &o.quote
        }),
        ("{ loans { edges { node { id } } } }", Class::Loan, |o| &o.loan),
        ("{ riskReviews { id } }", Class::Review, |o| &o.review),
        ("{ riskDecisions { id } }", Class::RiskInside, |o| &o.decision),
    ];
    for (text, class, id) in lists {
        for person in &stage.people {
            let answer = stage.graphql(Some(&person.token), text).await.to_string();
            for objects in &stage.objects {
                let resource = Resource::about(class, objects.tenant, objects.borrower);
                let lender = matches!(class, Class::Loan | Class::Quote).then_some(&bank);
                let may = decide(&person.principal, Action::Read, &resource.with(lender)).allows();
                assert_eq!(answer.contains(id(objects)), may, "{text} as {}: {answer}", person.name);
            }
        }
    }
}

/// A token of before a change of role is good for nothing, on both transports.
async fn a_change_of_role_ends_tokens(stage: &Stage) {
    let (admin, manager) = (stage.person("admin"), stage.person("manager of another tenant"));
    let text = "{ riskReviews { id } }";
    assert!(stage.graphql(Some(&manager.token), text).await["data"]["riskReviews"].is_array());
    let change = format!(
        "mutation {{ changeRole(idempotencyKey: \"end\", id: \"{}\", role: OFFICER, groups: [], reason: \"moved\") {{ principal {{ role revision }} }} }}",
        probes::principal_id(manager)
    );
    let changed = stage.graphql(Some(&admin.token), &change).await;
    assert_eq!(
        changed["data"]["changeRole"]["principal"],
        json!({ "role": "OFFICER", "revision": 1 }),
        "{changed}"
    );
    let after = stage.graphql(Some(&manager.token), text).await;
    assert_eq!(after["errors"][0]["extensions"]["code"], "UNAUTHORIZED", "{after}");
    let (status, _) = stage
        .send(Some(&manager.token), Request::get("/v1/risk/reviews"), String::new())
        .await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_field_and_route_answers_every_role_as_the_matrix_says() {
    let (stage, schema) = (Stage::new().await, Schema::committed());
    let fields = every_field(&stage, &schema).await;
    let routes = rest::every_route(&stage).await;
    blanks(&stage).await;
    lists(&stage).await;
    let objects = every_object(&stage, &schema).await;
    a_change_of_role_ends_tokens(&stage).await;
    println!("{fields} requests about fields, {objects} about objects, {routes} about routes");
    assert!(
        fields > 3_000 && objects > 1_000 && routes > 1_500,
        "{fields} {objects} {routes}"
    );
}
