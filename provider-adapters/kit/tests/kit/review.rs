//! What reviews of real lenders found, each as a lender that does it: the check that says so, and no other.

use serde_json::json;
use usance_kit::Area;
use usance_kit::counterparty::Manner;

use crate::bent::{DIRECT, accept, offer, question};
use crate::world::{Flaw, World};

/// The finding, the checks that see it, and a lender that does it.
type Finding = (&'static str, &'static [&'static str], Flaw, Manner);

/// Bends the answer of a question.
macro_rules! answers {
    (|$answer:ident| $bend:expr) => {
        Flaw::Says(|heard, _, status, $answer| {
            if question(heard) && *status == 200 {
                $bend;
            }
        })
    };
}

/// Bends the first offer of an answer.
macro_rules! offers {
    ($offer:ident => $bend:expr) => {
        answers!(|answer| if let Some($offer) = offer(answer) {
            $bend;
        })
    };
}

fn of_messages() -> Vec<Finding> {
    vec![
        (
            "an answer older than its question",
            &["signature.answer-after-question"],
            Flaw::ClockOff(-45),
            DIRECT,
        ),
        (
            "a callback older than its question",
            &["callback.after-question"],
            Flaw::CallsBackAt(-45),
            DIRECT,
        ),
        (
            "an answer to another message",
            &["schema.request-id"],
            answers!(|a| a["request_id"] = json!(uuid::Uuid::nil())),
            DIRECT,
        ),
        (
            "a callback of another message",
            &["callback.request-id"],
            Flaw::CallsBack(|mut parts| {
                parts[1].request_id = uuid::Uuid::nil().into();
                parts.iter().map(sdk::wire::write).collect()
            }),
            DIRECT,
        ),
        (
            "a payment without its id",
            &["accept.shape"],
            Flaw::Says(|h, _, s, a| {
                if accept(h) && *s == 200 {
                    a["status"].as_object_mut().unwrap().remove("evidence");
                }
            }),
            DIRECT,
        ),
        (
            "a loan without its status",
            &["accept.shape"],
            Flaw::Says(|h, _, s, a| {
                if accept(h) && *s == 200 {
                    a.as_object_mut().unwrap().remove("status");
                }
            }),
            DIRECT,
        ),
    ]
}

fn of_values() -> Vec<Finding> {
    vec![
        (
            "a term that is null",
            &["schema.null"],
            offers!(o => o["repayment"]["every"] = json!(null)),
            DIRECT,
        ),
        (
            "NA as a price",
            &["schema.money"],
            offers!(o => o["fees"][0]["amount"]["minor"] = json!("NA")),
            DIRECT,
        ),
        (
            "a breakup that does not sum",
            &["offer.breakup"],
            offers!(o => {
                let total = &mut o["repayment"]["schedule"][1]["total"]["minor"];
                let minor: i64 = total.as_str().unwrap().parse().unwrap();
                *total = json!((minor + 1).to_string());
            }),
            DIRECT,
        ),
        (
            "an error object beside the offers",
            &["schema.error-object"],
            answers!(|a| a["error"] = json!({ "code": "E1" })),
            DIRECT,
        ),
        (
            "a word in another case",
            &["schema.enum-case"],
            offers!(o => o["binding"] = json!("firm")),
            DIRECT,
        ),
    ]
}

/// Areas whose checks only follow from the first one are left out: each finding is looked for where it belongs.
#[tokio::test]
async fn each_finding_of_real_reviews_is_seen_by_its_own_check() {
    for (finding, expected, flaw, manner) in of_messages().into_iter().chain(of_values()) {
        let area: Area = expected[0].split('.').next().unwrap().parse().unwrap();
        let mut world = World::start(flaw, manner).await;
        if flaw.keeps_waiting() {
            world.options.patience = std::time::Duration::from_secs(3);
        }
        let report = world.check(Some(area)).await;
        assert_eq!(report.failed(), expected, "{finding}\n{}", report.to_human());
    }
}

/// A magic amount that no check sees would be a lie that passes.
#[test]
fn every_behavior_of_the_sandbox_that_is_wrong_stands_in_the_table_of_its_tests() {
    use ::sandbox::behavior::TABLE;
    let tests = include_str!("sandbox.rs");
    for (_, behavior) in TABLE {
        let name = format!("B::{behavior:?}");
        assert!(tests.contains(&name), "{name} is checked by no test");
    }
}
