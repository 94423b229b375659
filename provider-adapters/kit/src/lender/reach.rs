//! The lender answers, in HTTP as the protocol does.

use super::call::Answered;
use super::ctx::Ctx;

pub(crate) async fn run(ctx: &mut Ctx<'_>) {
    let body = ctx.question(&ctx.request(), None);
    match ctx.caller.call("POST", "/v1/offers", &body).await {
        Err(error) => {
            let size = matches!(&error, sdk::LenderError::Malformed { .. });
            if size {
                ctx.verdicts.pass("reach.answers");
            } else {
                ctx.verdicts.fail("reach.answers", error.to_string());
            }
            ctx.verdicts
                .skip("reach.takes-question", "there is no answer to look at");
        }
        Ok(answer) => {
            ctx.verdicts.pass("reach.answers");
            let told = matches!(answer.status, 300..=399 | 500..=599);
            match answer.status {
                200 | 202 => ctx.verdicts.pass("reach.takes-question"),
                _ if told => ctx.verdicts.skip("reach.takes-question", answer.says()),
                _ => ctx.verdicts.fail("reach.takes-question", answer.says()),
            }
        }
    }
    let nothing = ctx.caller.call("POST", "/v1/nothing-is-here", b"{}").await;
    let allowed = |statuses: &[u16], answer: Result<Answered, sdk::LenderError>| match answer {
        Ok(answer) if statuses.contains(&answer.status) => Ok(()),
        Ok(answer) => Err(answer.says()),
        Err(error) => Err(error.to_string()),
    };
    ctx.verdicts.verdict("reach.unknown-path", allowed(&[404], nothing));
    let delete = ctx.caller.call("DELETE", "/v1/offers", b"").await;
    ctx.verdicts.verdict("reach.method", allowed(&[404, 405, 501], delete));
}
