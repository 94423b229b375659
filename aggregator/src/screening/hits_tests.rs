//! Hits open cases, and what officers decide about them counts: for one customer, one entry, and the fields as they were.

use std::sync::Arc;
use std::time::Duration;

use ::screening::lists::{ListFile, load};
use compliance::screening::Lists;
use domain::ids::PrincipalId;
use domain::loan::RequestState;
use domain::principal::{Group, Standing};
use domain::quote::Quote;
use domain::{Principal, Role};
use sqlx::PgPool;
use uuid::Uuid;

use crate::api::{AcceptQuote, Error, NewRequest, PageRequest, RequestView};
use crate::cases::{CaseKind, CaseState, CaseView, Ground, Severity};
use crate::quoting::tests::support::{Manner, Stage, ask, borrower, key};

const HEADING: &str = "id,name,type,aliases,weak_aliases,birth\n";
/// Weak aliases ask for a look, names block.
const WEAK: &str = "1,Zebulon Quartz,person,,Alex Sample,1950-01-01\n";

fn officer(number: u128) -> Principal {
    Principal {
        id: PrincipalId(Uuid::from_u128(number)),
        tenant: borrower().tenant,
        role: Role::CreditHead,
        provider: None,
        standing: Standing::of(&[Group::Platform]),
    }
}

fn stage(db: &PgPool) -> Stage {
    Stage::new(db.clone(), &[("harbor-bank", Manner::Offers(45_000))])
}

async fn lists(stage: &Stage, rows: &str) {
    let file = ListFile {
        name: "own.csv".to_owned(),
        bytes: format!("{HEADING}{rows}").into_bytes(),
    };
    let lists = Arc::new(Lists::build(load(&[file]).unwrap()));
    stage.aggregator.remember(&lists).await.unwrap();
    stage.aggregator.world.screening.replace(lists);
}

async fn asked(stage: &Stage, name: &str, ask: NewRequest) -> RequestView {
    // A day later: nobody is looked at for asking too often.
    stage.clock.advance(Duration::from_hours(24));
    let a = &stage.aggregator;
    let view = a.request_quotes(&borrower(), &key(name), ask).await.unwrap();
    if view.state == RequestState::Declined {
        return view;
    }
    a.closed(&borrower(), view.id).await.unwrap()
}

/// The code of the refusal, or `QUOTED`.
async fn asks(stage: &Stage, name: &str) -> String {
    outcome(&asked(stage, name, ask()).await)
}

fn outcome(view: &RequestView) -> String {
    match view.state {
        RequestState::Quoted => "QUOTED".to_owned(),
        _ => view.refusal[0].code.clone(),
    }
}

async fn open_cases(stage: &Stage) -> Vec<CaseView> {
    let open = (Some(CaseState::Open), false);
    stage.aggregator.cases(&officer(71), open, 100).await.unwrap()
}

async fn clear(stage: &Stage, case: &CaseView, name: &str) {
    let a = &stage.aggregator;
    let wish = (case.id, Ground::DifferentDateOfBirth);
    a.decide_case(&officer(71), &key(name), wish).await.unwrap();
    if case.severity == Severity::Block {
        let second = key(&format!("{name}-second"));
        a.check_case(&officer(72), &second, (case.id, true)).await.unwrap();
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result.unwrap_err() {
        Error::Refused(refusal) => refusal.code,
        other => format!("{other:?}"),
    }
}

async fn quote(stage: &Stage, view: &RequestView) -> Quote {
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

const NEEDED: &str = "IDENTITY_CHECK_NEEDED";
const NO: &str = "NOT_AVAILABLE";

#[sqlx::test(migrations = "./migrations")]
async fn a_review_opens_one_case_and_its_clearing_lets_the_customer_ask_again(db: PgPool) {
    let stage = stage(&db);
    lists(&stage, WEAK).await;
    assert_eq!(asks(&stage, "a").await, NEEDED);
    assert_eq!(asks(&stage, "b").await, NEEDED);
    let cases = open_cases(&stage).await;
    assert_eq!(cases.len(), 1, "the same hit is the same case");
    assert_eq!(
        (cases[0].kind, cases[0].severity, cases[0].entity.as_str()),
        (CaseKind::ScreeningHit, Severity::Review, "OWN:1")
    );
    clear(&stage, &cases[0], "c").await;
    let view = asked(&stage, "d", ask()).await;
    assert_eq!(outcome(&view), "QUOTED");
    assert_eq!(open_cases(&stage).await, []);
    let screening: String =
        sqlx::query_scalar("select screening from compliance.decision where request_id = $1 and screening is not null")
            .bind(view.id.0)
            .fetch_one(&db)
            .await
            .unwrap();
    assert!(
        screening.contains(&cases[0].id.to_string()),
        "the disposition is part of the facts"
    );
    // Even when the disposition no longer holds, the decision of then is repeated from its facts.
    stage.clock.advance(Duration::from_hours(24 * 400));
    for decision in stage.aggregator.replay_decisions(view.id).await.unwrap() {
        assert_eq!(decision.stored, decision.replayed);
    }
    let kept: Vec<String> = sqlx::query_scalar(
        "select row_to_json(c)::text from cases.case c union all select row_to_json(l)::text from cases.log l
         union all select row_to_json(d)::text from cases.disposition d",
    )
    .fetch_all(&db)
    .await
    .unwrap();
    assert!(
        kept.iter().all(|row| !row.to_lowercase().contains("sample")),
        "no name is written"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn a_block_is_lifted_by_two_officers_alone(db: PgPool) {
    let stage = stage(&db);
    lists(&stage, "1,Alex Sample,person,,,\n").await;
    assert_eq!(asks(&stage, "a").await, NO);
    let case = open_cases(&stage).await.remove(0);
    assert_eq!(case.severity, Severity::Block);
    let wish = (case.id, Ground::DifferentCountry);
    stage
        .aggregator
        .decide_case(&officer(71), &key("b"), wish)
        .await
        .unwrap();
    assert_eq!(asks(&stage, "c").await, NO, "a proposal lifts nothing");
    let a = &stage.aggregator;
    a.check_case(&officer(72), &key("d"), (case.id, true)).await.unwrap();
    assert_eq!(asks(&stage, "e").await, "QUOTED");
    // The threshold is another: the same name now asks for a look only. That is another hit, too.
    lists(&stage, WEAK).await;
    assert_eq!(asks(&stage, "f").await, NEEDED);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_disposition_lapses_when_the_list_changes_a_name_or_a_date(db: PgPool) {
    let stage = stage(&db);
    lists(&stage, WEAK).await;
    asks(&stage, "a").await;
    clear(&stage, &open_cases(&stage).await[0], "b").await;
    assert_eq!(asks(&stage, "c").await, "QUOTED");
    lists(&stage, &format!("{WEAK}2,Somebody Else,person,,,\n")).await;
    assert_eq!(asks(&stage, "d").await, "QUOTED", "another entry changes nothing");
    for (key, changed) in [
        ("e", "1,Zebulon Quartz,person,Zeb Quartz,Alex Sample,1950-01-01\n"),
        ("f", "1,Zebulon Quartz,person,,Alex Sample,1981-03-04\n"),
    ] {
        lists(&stage, changed).await;
        assert_eq!(asks(&stage, key).await, NEEDED, "{changed}");
    }
    assert_eq!(open_cases(&stage).await.len(), 2, "each is looked at anew");
    lists(&stage, WEAK).await;
    assert_eq!(asks(&stage, "g").await, "QUOTED", "as it was decided about");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_disposition_lapses_when_the_customers_name_or_birth_changes_and_with_time(db: PgPool) {
    let stage = stage(&db);
    lists(&stage, "1,Zebulon Quartz,person,,Alex Sample;Alex Maria Sample,\n").await;
    asks(&stage, "a").await;
    clear(&stage, &open_cases(&stage).await[0], "b").await;
    let mut same = ask();
    same.applicant.full_name = "  ÁLEX   sample ".into();
    assert_eq!(
        outcome(&asked(&stage, "c", same).await),
        "QUOTED",
        "the same name in another spelling"
    );
    let mut renamed = ask();
    renamed.applicant.full_name = "Alex Maria Sample".into();
    assert_eq!(outcome(&asked(&stage, "d", renamed).await), NEEDED);
    let mut born = ask();
    born.applicant.date_of_birth = Some("1980-05-05".parse().unwrap());
    assert_eq!(outcome(&asked(&stage, "e", born).await), NEEDED);
    assert_eq!(asks(&stage, "f").await, "QUOTED");
    stage.clock.advance(Duration::from_hours(24 * 365));
    assert_eq!(asks(&stage, "g").await, NEEDED, "after a year somebody looks again");
}

#[sqlx::test(migrations = "./migrations")]
async fn only_the_entity_that_was_looked_at_is_lifted(db: PgPool) {
    let stage = stage(&db);
    // More entries than a decision keeps as evidence: those behind are seen when those before are lifted.
    let rows: Vec<String> = (1..=7)
        .map(|id| format!("{id},Zebulon Quartz,person,,Alex Sample,\n"))
        .collect();
    lists(&stage, &rows.concat()).await;
    for round in ["a", "b"] {
        assert_eq!(asks(&stage, round).await, NEEDED);
        let cases = open_cases(&stage).await;
        assert!(!cases.is_empty());
        for (number, case) in cases.iter().enumerate() {
            assert_eq!(
                asks(&stage, &format!("{round}{number}x")).await,
                NEEDED,
                "others are not lifted"
            );
            clear(&stage, case, &format!("{round}{number}y")).await;
        }
    }
    assert_eq!(asks(&stage, "c").await, "QUOTED", "all seven were looked at");
    let count: i64 = sqlx::query_scalar("select count(*) from cases.disposition")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(count, 7);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_confirmed_hit_blocks_and_stays(db: PgPool) {
    let stage = stage(&db);
    lists(&stage, WEAK).await;
    asks(&stage, "a").await;
    let case = open_cases(&stage).await.remove(0);
    let wish = (case.id, Ground::NameAndBirthAgree);
    stage
        .aggregator
        .decide_case(&officer(71), &key("b"), wish)
        .await
        .unwrap();
    let view = asked(&stage, "c", ask()).await;
    assert_eq!(outcome(&view), NO, "a confirmed hit says no more than that");
    for decision in stage.aggregator.replay_decisions(view.id).await.unwrap() {
        assert_eq!(decision.stored, decision.replayed);
    }
    stage.clock.advance(Duration::from_hours(24 * 800));
    assert_eq!(asks(&stage, "d").await, NO);
    assert_eq!(open_cases(&stage).await, []);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_listed_wallet_opens_a_case_that_nobody_clears(db: PgPool) {
    let stage = stage(&db);
    let file = ListFile {
        name: "wallets.csv".to_owned(),
        bytes: b"currency,address\nETH,0x01e2919679362dfbc9ee1644ba9c6da6d6245bb1\n".to_vec(),
    };
    let lists = Arc::new(Lists::build(load(&[file]).unwrap()));
    stage.aggregator.world.screening.replace(lists);
    let mut paid = ask();
    paid.wallet = Some("0x01e2919679362dfbc9ee1644ba9c6da6d6245bb1".parse().unwrap());
    assert_eq!(outcome(&asked(&stage, "a", paid).await), NO);
    let case = open_cases(&stage).await.remove(0);
    assert_eq!(case.severity, Severity::Block);
    let a = &stage.aggregator;
    let clears = a
        .decide_case(&officer(71), &key("b"), (case.id, Ground::CommonName))
        .await;
    assert_eq!(code(clears), "WALLET_LISTED");
    let confirms = a
        .decide_case(&officer(71), &key("c"), (case.id, Ground::WalletListed))
        .await;
    assert_eq!(confirms.unwrap().state, CaseState::Closed);
}

/// A change of lists hits a customer who has a quote; an officer clears it; the acceptance goes on.
#[sqlx::test(migrations = "./migrations")]
async fn what_a_change_of_lists_stopped_goes_on_when_officers_clear_it(db: PgPool) {
    let stage = stage(&db);
    lists(&stage, "9,Nobody Whatsoever,person,,,\n").await;
    let view = asked(&stage, "a", ask()).await;
    let quote = quote(&stage, &view).await;
    lists(&stage, WEAK).await;
    let a = &stage.aggregator;
    assert_eq!(a.rescreen_customers().await.unwrap(), 1);
    let cases = open_cases(&stage).await;
    assert_eq!(cases.len(), 1);
    assert_eq!(cases[0].evidence["stage"], "RESCREENING");
    let refused = a.accept_quote(&borrower(), &key("b"), accept(&quote)).await;
    assert_eq!(code(refused), NEEDED);
    assert_eq!(open_cases(&stage).await.len(), 1, "the acceptance met the same case");
    clear(&stage, &cases[0], "c").await;
    let accepted = a.accept_quote(&borrower(), &key("d"), accept(&quote)).await;
    assert!(accepted.is_ok(), "{accepted:?}");
    let looks: Vec<String> = sqlx::query_scalar("select verdict from screening.wallet_check order by seq")
        .fetch_all(&db)
        .await
        .unwrap();
    assert_eq!(
        looks,
        ["CLEAR"],
        "the result of the pass says REVIEW still; the look asks again"
    );
    for decision in a.replay_decisions(view.id).await.unwrap() {
        assert_eq!(decision.stored, decision.replayed);
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn re_screening_counts_what_officers_lifted_as_clear(db: PgPool) {
    let stage = stage(&db);
    lists(&stage, WEAK).await;
    asks(&stage, "a").await;
    clear(&stage, &open_cases(&stage).await[0], "b").await;
    assert_eq!(asks(&stage, "c").await, "QUOTED");
    lists(&stage, &format!("{WEAK}2,Somebody Else,person,,,\n")).await;
    stage.aggregator.rescreen_customers().await.unwrap();
    let results: i64 = sqlx::query_scalar("select count(*) from screening.result")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(
        (results, open_cases(&stage).await.len()),
        (0, 0),
        "nothing changed for the customer"
    );
    lists(&stage, "1,Zebulon Quarz,person,,Alex Sample,1950-01-01\n").await;
    stage.aggregator.rescreen_customers().await.unwrap();
    let results: Vec<String> = sqlx::query_scalar("select verdict from screening.result")
        .fetch_all(&db)
        .await
        .unwrap();
    assert_eq!(results, ["REVIEW"], "the entry changed, so the disposition lapsed");
    assert_eq!(open_cases(&stage).await.len(), 1);
}
