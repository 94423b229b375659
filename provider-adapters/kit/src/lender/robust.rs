//! Bad input, rightly signed.

use domain::request::CreditRequest;
use sdk::LenderError;
use serde_json::{Value, json};

use super::call::{Answered, CANARY};
use super::ctx::Ctx;

const DEEP: usize = 10_000;

/// Bends a good question.
type Bend = fn(&mut Value);

const BENT: [(&str, Bend); 6] = [
    ("robust.unknown-field", |q| q["surprise"] = json!(CANARY)),
    ("robust.missing-field", |q| {
        q.as_object_mut().map(|fields| fields.remove("term"));
    }),
    ("robust.wrong-type", |q| q["amount"]["minor"] = json!(500_000)),
    ("robust.zero-amount", |q| q["amount"]["minor"] = json!("0")),
    ("robust.negative-amount", |q| q["amount"]["minor"] = json!("-500000")),
    ("robust.amount-overflow", |q| {
        q["amount"]["minor"] = json!("99999999999999999999");
    }),
];

pub(crate) async fn run(ctx: &mut Ctx<'_>) {
    for (id, bend) in BENT {
        let answer = bent(ctx, bend).await;
        ctx.verdicts.verdict(id, refused(answer));
    }
    let posts: [(&str, &str, &[u8]); 3] = [
        ("robust.empty-body", "/v1/offers", b""),
        ("robust.not-json", "/v1/offers", b"<html>"),
        ("robust.accept-not-json", "/v1/loans", b"<html>"),
    ];
    for (id, path, body) in posts {
        let answer = ctx.caller.call("POST", path, body).await;
        ctx.verdicts.verdict(id, refused(answer));
    }
    let bad = ctx.caller.call("GET", "/v1/loans/not-a-uuid", &[]).await;
    ctx.verdicts.verdict("robust.bad-id", refused(bad));
    accept_unknown_field(ctx).await;
    let mut deep = b"[".repeat(DEEP);
    deep.extend(b"]".repeat(DEEP));
    let answer = ctx.caller.call("POST", "/v1/offers", &deep).await;
    ctx.verdicts.verdict("robust.deep-body", refused(answer));
    let answer = ctx
        .caller
        .call("POST", "/v1/offers", &vec![b' '; ctx.options.large_body])
        .await;
    let verdict = match answer {
        // Closing the door on it is as good.
        Err(LenderError::Unavailable(_)) => Ok(()),
        answer => refused(answer),
    };
    ctx.verdicts.verdict("robust.large-body", verdict);
    alive(ctx).await;
}

async fn bent(ctx: &Ctx<'_>, bend: Bend) -> Result<Answered, LenderError> {
    let body = bend_question(ctx, &ctx.request(), bend);
    ctx.caller.call("POST", "/v1/offers", &body).await
}

fn bend_question(ctx: &Ctx<'_>, request: &CreditRequest, bend: Bend) -> Vec<u8> {
    let mut question: Value = serde_json::from_slice(&ctx.question(request, None)).unwrap_or_default();
    bend(&mut question);
    question.to_string().into_bytes()
}

fn refused(answer: Result<Answered, LenderError>) -> Result<(), String> {
    match answer {
        Ok(answer) if (400..500).contains(&answer.status) && answer.status != 429 => Ok(()),
        Ok(answer) => Err(answer.says()),
        Err(error) => Err(error.to_string()),
    }
}

async fn accept_unknown_field(ctx: &mut Ctx<'_>) {
    let id = "robust.accept-unknown-field";
    let (request, offer) = match ctx.offer().await {
        Ok(offer) => offer,
        Err(reason) => return ctx.verdicts.skip(id, reason),
    };
    let mut order = json!(ctx.order(&request, &offer));
    order["surprise"] = json!(CANARY);
    let answer = ctx.caller.call("POST", "/v1/loans", order.to_string().as_bytes()).await;
    ctx.verdicts.verdict(id, refused(answer));
}

async fn alive(ctx: &mut Ctx<'_>) {
    let body = ctx.question(&ctx.request(), None);
    let verdict = match ctx.post(&body).await {
        Ok(answer) if matches!(answer.status, 200 | 202) => Ok(()),
        Ok(answer) => Err(answer.says()),
        Err(error) => Err(error),
    };
    ctx.verdicts.verdict("robust.alive", verdict);
}

/// A refusal that could repeat what it refuses; what it says is looked at with every answer.
pub(crate) async fn canary(ctx: &mut Ctx<'_>) {
    let _looked_at_by_the_caller = bent(ctx, |q| q["surprise"] = json!(CANARY)).await;
    let _looked_at_by_the_caller = bent(ctx, |q| q["purpose"] = json!(CANARY)).await;
    let unknown = format!("/v1/loans/{CANARY}");
    let _looked_at_by_the_caller = ctx.caller.call("GET", &unknown, &[]).await;
}
