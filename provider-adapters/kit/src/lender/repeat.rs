//! A repeated question is the same question.

use domain::request::CreditRequest;
use futures::future::join_all;
use serde_json::{Value, json};

use super::ctx::Ctx;

const ALL: [&str; 4] = [
    "repeat.same-answer",
    "repeat.other-deadline",
    "repeat.other-question",
    "repeat.at-once",
];

pub(crate) async fn run(ctx: &mut Ctx<'_>) {
    let request = ctx.request();
    let first = match ctx.ask(request.clone()).await {
        Ok(asked) => asked.json,
        Err(reason) => {
            for id in ALL {
                ctx.verdicts.skip(id, reason.clone());
            }
            return;
        }
    };
    let body = ctx.question(&request, None);
    let again = again(ctx, &body, &first).await;
    ctx.verdicts.verdict("repeat.same-answer", again);
    let mut later: Value = serde_json::from_slice(&body).unwrap_or_default();
    let reply_by = ctx.options.clock.now() + chrono::TimeDelta::seconds(3_601);
    later["reply_by"] = json!(reply_by);
    let verdict = self::again(ctx, later.to_string().as_bytes(), &first).await;
    ctx.verdicts.verdict("repeat.other-deadline", verdict);
    let verdict = other_question(ctx, request).await;
    ctx.verdicts.verdict("repeat.other-question", verdict);
    let verdict = at_once(ctx).await;
    ctx.verdicts.verdict("repeat.at-once", verdict);
}

async fn again(ctx: &Ctx<'_>, body: &[u8], first: &Value) -> Result<(), String> {
    let answer = ctx.post(body).await?;
    if answer.status != 200 {
        return Err(answer.says());
    }
    let json: Value = serde_json::from_slice(&answer.body).map_err(|_| "answered no JSON".to_owned())?;
    if json == *first {
        Ok(())
    } else {
        Err("the second answer differs from the first".into())
    }
}

async fn other_question(ctx: &Ctx<'_>, mut request: CreditRequest) -> Result<(), String> {
    let minor = request.amount.minor;
    request.amount.minor = if minor > ctx.range().min.max(1) {
        minor - 1
    } else {
        minor + 1
    };
    let answer = ctx.post(&ctx.question(&request, None)).await?;
    if answer.status == 409 {
        Ok(())
    } else {
        Err(answer.says())
    }
}

async fn at_once(ctx: &Ctx<'_>) -> Result<(), String> {
    let body = ctx.question(&ctx.request(), None);
    let answers = join_all((0..8).map(|_| ctx.post(&body))).await;
    let mut first: Option<Vec<u8>> = None;
    for answer in answers {
        let answer = answer?;
        if answer.status != 200 {
            return Err(answer.says());
        }
        if *first.get_or_insert_with(|| answer.body.clone()) != answer.body {
            return Err("two of eight answers differ".into());
        }
    }
    Ok(())
}
