//! Messages that are not rightly signed are refused.

use ed25519_dalek::SigningKey;

use super::call::{Answered, Signing};
use super::ctx::Ctx;
use sdk::LenderError;

/// Turns an honest signature into another one.
type Twist = fn(&mut Signing<'_>);

const REFUSED: [(&str, Twist); 11] = [
    ("signature.wrong-key-refused", |s| {
        s.key = SigningKey::from_bytes(&[13; 32]);
    }),
    ("signature.unknown-key-refused", |s| {
        s.key = SigningKey::from_bytes(&[13; 32]);
        s.key_id = "nobody-knows-this-key".into();
    }),
    ("signature.digest-refused", |s| s.body = b"{}"),
    ("signature.path-refused", |s| s.path.push_str("/other")),
    ("signature.method-refused", |s| s.method = "PUT"),
    ("signature.authority-refused", |s| s.authority = "other.example".into()),
    ("signature.expired-refused", |s| {
        (s.created, s.expires) = (s.created - 600, s.created - 300);
    }),
    ("signature.future-refused", |s| {
        (s.created, s.expires) = (s.created + 120, s.created + 150);
    }),
    ("signature.long-life-refused", |s| s.expires = s.created + 3_600),
    ("signature.nonce-needed", |s| s.nonce = None),
    ("signature.components-needed", |s| {
        s.components = r#"("@method" "content-digest")"#;
    }),
];

const TAKEN: [(&str, Twist); 2] = [
    ("signature.fast-clock-taken", |s| {
        (s.created, s.expires) = (s.created + 15, s.expires + 15);
    }),
    ("signature.slow-clock-taken", |s| {
        (s.created, s.expires) = (s.created - 75, s.created - 15);
    }),
];

const ALL: [&str; 7] = [
    "signature.unsigned-refused",
    "signature.replay-refused",
    "signature.double-refused",
    "signature.accept-guarded",
    "signature.status-guarded",
    "signature.cancel-guarded",
    "signature.fast-clock-taken",
];

pub(crate) async fn run(ctx: &mut Ctx<'_>) {
    // Only when the honest way is taken does a refusal say anything.
    let body = ctx.question(&ctx.request(), None);
    let honest = ctx.post(&body).await;
    let reason = match honest {
        Ok(answer) if matches!(answer.status, 200 | 202) => None,
        Ok(answer) => Some(format!("an honest question was {}", answer.says())),
        Err(error) => Some(error),
    };
    if let Some(reason) = reason {
        let twists = REFUSED.iter().chain(&TAKEN).map(|(id, _)| *id);
        for id in twists.chain(ALL) {
            ctx.verdicts.skip(id, reason.clone());
        }
        return;
    }
    for (id, twist) in REFUSED {
        let answer = twisted(ctx, twist).await;
        ctx.verdicts.verdict(id, refused(&answer));
    }
    for (id, twist) in TAKEN {
        let verdict = match twisted(ctx, twist).await {
            Ok(answer) if matches!(answer.status, 200 | 202) => Ok(()),
            Ok(answer) => Err(answer.says()),
            Err(error) => Err(error.to_string()),
        };
        ctx.verdicts.verdict(id, verdict);
    }
    unsigned(ctx).await;
    replayed(ctx).await;
    doubled(ctx).await;
    guarded(ctx).await;
}

async fn twisted(ctx: &Ctx<'_>, twist: Twist) -> Result<Answered, LenderError> {
    let body = ctx.question(&ctx.request(), None);
    let mut signing = ctx.caller.signing("POST", "/v1/offers", &body);
    twist(&mut signing);
    let headers = signing.headers();
    ctx.caller.raw("POST", "/v1/offers", &body, &headers.pairs()).await
}

/// Refused for its signature: not for a fault, and not by doing something.
fn refused(answer: &Result<Answered, LenderError>) -> Result<(), String> {
    match answer {
        Ok(answer) if matches!(answer.status, 400 | 401 | 403) => Ok(()),
        Ok(answer) => Err(answer.says()),
        Err(error) => Err(error.to_string()),
    }
}

async fn unsigned(ctx: &mut Ctx<'_>) {
    let body = ctx.question(&ctx.request(), None);
    let answer = ctx.caller.raw("POST", "/v1/offers", &body, &[]).await;
    ctx.verdicts.verdict("signature.unsigned-refused", refused(&answer));
}

async fn replayed(ctx: &mut Ctx<'_>) {
    let body = ctx.question(&ctx.request(), None);
    let headers = ctx.caller.signing("POST", "/v1/offers", &body).headers();
    let first = ctx.caller.raw("POST", "/v1/offers", &body, &headers.pairs()).await;
    let second = ctx.caller.raw("POST", "/v1/offers", &body, &headers.pairs()).await;
    match first {
        Ok(first) if matches!(first.status, 200 | 202) => {
            ctx.verdicts.verdict("signature.replay-refused", refused(&second));
        }
        Ok(first) => ctx.verdicts.skip("signature.replay-refused", first.says()),
        Err(error) => ctx.verdicts.skip("signature.replay-refused", error.to_string()),
    }
}

/// The right signature first, and a second header that says something else.
async fn doubled(ctx: &mut Ctx<'_>) {
    let body = ctx.question(&ctx.request(), None);
    let headers = ctx.caller.signing("POST", "/v1/offers", &body).headers();
    let mut other = ctx.caller.signing("POST", "/v1/offers", &body);
    other.key = SigningKey::from_bytes(&[13; 32]);
    let other = other.headers();
    let mut pairs = headers.pairs().to_vec();
    pairs.push(("signature", &other.signature));
    let answer = ctx.caller.raw("POST", "/v1/offers", &body, &pairs).await;
    ctx.verdicts.verdict("signature.double-refused", refused(&answer));
}

/// The calls about loans, unsigned.
async fn guarded(ctx: &mut Ctx<'_>) {
    let (request, offer) = match ctx.offer().await {
        Ok(offer) => offer,
        Err(reason) => {
            for id in [
                "signature.accept-guarded",
                "signature.status-guarded",
                "signature.cancel-guarded",
            ] {
                ctx.verdicts.skip(id, reason.clone());
            }
            return;
        }
    };
    let order = ctx.order(&request, &offer);
    let id = order.settlement_id;
    let body = sdk::wire::write(&order);
    let accept = ctx.caller.raw("POST", "/v1/loans", &body, &[]).await;
    let mut verdict = refused(&accept);
    if let Ok(loan) = ctx.status(id).await
        && !matches!(loan.status, sdk::wire::LoanState::Unknown {})
    {
        verdict = Err("the unsigned acceptance was booked".into());
    }
    ctx.verdicts.verdict("signature.accept-guarded", verdict);
    let status = ctx.caller.raw("GET", &format!("/v1/loans/{id}"), &[], &[]).await;
    ctx.verdicts.verdict("signature.status-guarded", refused(&status));
    let cancel = ctx
        .caller
        .raw("POST", &format!("/v1/loans/{id}/cancel"), b"{}", &[])
        .await;
    ctx.verdicts.verdict("signature.cancel-guarded", refused(&cancel));
}
