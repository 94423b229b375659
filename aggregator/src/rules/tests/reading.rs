//! What the borrower could read is what is bound, and who may accept.

use compliance::decide::AcceptanceFacts;
use domain::quote::Quote;
use sha2::{Digest, Sha256};
use sqlx::PgPool;

use super::publication::officer;
use crate::Settings;
use crate::api::{AcceptQuote, Error, PageRequest};
use crate::quoting::tests::support::{Manner, Stage, borrower, key, stranger};
use crate::rules::RuleSettings;

async fn quoted(stage: &Stage) -> Quote {
    let view = stage.closed("quoted").await;
    let page = PageRequest { first: 1, after: None };
    let quotes = stage.aggregator.quotes(&borrower(), view.id, page).await.unwrap();
    quotes.items[0].quote.clone()
}

fn accept(quote: &Quote) -> AcceptQuote {
    AcceptQuote {
        settlement_id: None,
        quote_id: quote.id,
        digest: quote.digest,
        recipient: None,
    }
}

fn bank(db: PgPool) -> Stage {
    Stage::new(db, &[("harbor-bank", Manner::Offers(45_000))])
}

#[sqlx::test(migrations = "./migrations")]
async fn the_disclosure_that_was_read_is_bound_by_the_acceptance(db: PgPool) {
    let stage = bank(db.clone());
    let quote = quoted(&stage).await;
    let read = stage.aggregator.disclosures(&borrower(), quote.id).await.unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].code, "REGZ");
    let again = stage.aggregator.disclosures(&borrower(), quote.id).await.unwrap();
    assert_eq!(again, read, "made once");
    let document = stage.aggregator.document(&borrower(), read[0].id).await.unwrap();
    assert_eq!(hex::encode(Sha256::digest(&document.pdf)), read[0].sha256);
    assert_eq!(hex::encode(Sha256::digest(&document.html)), document.html_sha256);
    // 12 payments of 450 dollars.
    assert!(document.html.contains("$5,400.00"), "total of payments");
    for hidden in [
        stage.aggregator.disclosures(&stranger(), quote.id).await.map(|_| ()),
        stage.aggregator.document(&stranger(), read[0].id).await.map(|_| ()),
    ] {
        assert!(matches!(hidden, Err(Error::NotFound)));
    }
    stage
        .aggregator
        .accept_quote(&borrower(), &key("a"), accept(&quote))
        .await
        .unwrap();
    let facts: String = sqlx::query_scalar("select facts from compliance.decision where kind = 'ACCEPTANCE'")
        .fetch_one(&db)
        .await
        .unwrap();
    let facts: AcceptanceFacts = serde_json::from_str(&facts).unwrap();
    assert_eq!(facts.documents.len(), 1);
    assert_eq!(facts.documents[0].sha256, read[0].sha256);
    for replay in stage
        .aggregator
        .replay_rules(&officer(71), quote.request_id)
        .await
        .unwrap()
    {
        assert_eq!(replay.stored, replay.replayed);
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_quote_that_nobody_read_gets_its_disclosure_at_acceptance(db: PgPool) {
    let stage = bank(db.clone());
    let quote = quoted(&stage).await;
    let none: i64 = sqlx::query_scalar("select count(*) from rules.document")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(none, 0, "nothing is made on the way to a quote");
    stage
        .aggregator
        .accept_quote(&borrower(), &key("a"), accept(&quote))
        .await
        .unwrap();
    assert_eq!(
        stage.aggregator.disclosures(&borrower(), quote.id).await.unwrap().len(),
        1
    );
}

fn code<T: std::fmt::Debug>(refused: Result<T, Error>) -> String {
    match refused {
        Err(Error::Refused(refusal)) => refusal.code,
        other => panic!("{other:?}"),
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn nobody_accepts_before_their_identity_is_verified(db: PgPool) {
    let rules = RuleSettings {
        identity_required: true,
        ..RuleSettings::lenient()
    };
    let settings = Settings {
        rules,
        ..Settings::default()
    };
    let stage = Stage::strict(db.clone(), &[("harbor-bank", Manner::Offers(45_000))], settings);
    let quote = quoted(&stage).await;
    let refused = stage
        .aggregator
        .accept_quote(&borrower(), &key("a"), accept(&quote))
        .await;
    assert_eq!(code(refused), "IDENTITY_NEEDED");
    let kept: i64 = sqlx::query_scalar("select count(*) from compliance.decision where kind = 'ACCEPTANCE'")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(kept, 1, "the decision is kept, the acceptance is not");
    let settlements: i64 = sqlx::query_scalar("select count(*) from lending.settlement")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(settlements, 0);
}

#[sqlx::test(migrations = "./migrations")]
async fn without_the_switch_of_development_seeds_do_not_pass_as_law(db: PgPool) {
    let stage = Stage::strict(db, &[("harbor-bank", Manner::Offers(45_000))], Settings::default());
    let view = stage.closed("strict").await;
    assert_eq!(view.refusal[0].code, "RULES_NOT_VERIFIED");
}
