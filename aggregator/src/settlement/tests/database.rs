//! Rules that hold in the database even when the code is wrong.

use domain::loan::{LoanState, SettlementState};
use sqlx::PgPool;
use uuid::Uuid;

use super::support::{Bench, bank_quote};
use crate::store::constraint;

async fn post(db: &PgPool, lines: &[(&str, i64)], announced: i16) -> Result<(), sqlx::Error> {
    let id = Uuid::from_u128(rand(lines, announced));
    let mut tx = db.begin().await?;
    sqlx::query("insert into ledger.entry (id, external_id, kind, lines, at) values ($1, $2, 'test', $3, now())")
        .bind(id)
        .bind(id.to_string())
        .bind(announced)
        .execute(&mut *tx)
        .await?;
    for (line, (side, amount)) in (1i16..).zip(lines) {
        sqlx::query(
            "insert into ledger.posting (entry_id, line, account, owner, unit, side, amount)
             values ($1, $2, 'clearing', 'x', 'USD', $3, $4)",
        )
        .bind(id)
        .bind(line)
        .bind(*side)
        .bind(amount)
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await
}

fn rand(lines: &[(&str, i64)], announced: i16) -> u128 {
    let sum: i64 = lines.iter().map(|(_, amount)| *amount).sum();
    u128::from(sum.unsigned_abs()) * 1_000 + u128::from(announced.unsigned_abs())
}

#[sqlx::test(migrations = "./migrations")]
async fn an_unbalanced_entry_is_refused_at_commit(db: PgPool) {
    let refused = post(&db, &[("D", 100), ("C", 99)], 2).await.unwrap_err();
    assert_eq!(constraint(&refused), Some("entry_balanced"));
    let refused = post(&db, &[("D", 50), ("C", 50)], 3).await.unwrap_err();
    assert_eq!(constraint(&refused), Some("entry_whole"), "a line is missing");
    post(&db, &[("D", 70), ("C", 70)], 2).await.unwrap();
}

#[sqlx::test(migrations = "./migrations")]
async fn nothing_is_added_to_a_committed_entry(db: PgPool) {
    post(&db, &[("D", 70), ("C", 70)], 2).await.unwrap();
    let late = "insert into ledger.posting (entry_id, line, account, owner, unit, side, amount)
                select id, line, 'clearing', 'x', 'USD', side, 5
                from ledger.entry, (values (3, 'D'), (4, 'C')) as more (line, side)";
    let refused = sqlx::query(late).execute(&db).await.unwrap_err();
    assert_eq!(constraint(&refused), Some("entry_whole"));
}

#[sqlx::test(migrations = "./migrations")]
async fn history_is_append_only(db: PgPool) {
    post(&db, &[("D", 70), ("C", 70)], 2).await.unwrap();
    Bench::new(db.clone()).open(&bank_quote(1)).await.unwrap();
    for statement in [
        "update ledger.posting set amount = 1",
        "delete from ledger.posting",
        "truncate ledger.posting cascade",
        "update ledger.entry set kind = 'x'",
        "delete from ledger.entry",
        "truncate ledger.entry cascade",
        "update lending.loan_event set payload = ''",
        "delete from lending.loan_event",
        "truncate lending.loan_event",
    ] {
        let refused = sqlx::query(statement).execute(&db).await.unwrap_err();
        assert_eq!(constraint(&refused), Some("append_only"), "{statement}");
    }
}

/// Puts the only row of a table into a state behind the back of its triggers.
async fn force(db: &PgPool, statement: String) {
    let mut tx = db.begin().await.unwrap();
    sqlx::query("set local session_replication_role = replica")
        .execute(&mut *tx)
        .await
        .unwrap();
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[sqlx::test(migrations = "./migrations")]
async fn the_database_holds_the_same_settlement_table_as_the_domain(db: PgPool) {
    Bench::new(db.clone()).open(&bank_quote(1)).await.unwrap();
    for from in SettlementState::ALL {
        for to in SettlementState::ALL.iter().filter(|to| *to != from) {
            let failure = |state: &SettlementState| {
                if *state == SettlementState::Failed {
                    "'{}'"
                } else {
                    "null"
                }
            };
            force(
                &db,
                format!(
                    "update lending.settlement set state = '{}', evidence = 'x', failure = {}",
                    from.as_str(),
                    failure(from)
                ),
            )
            .await;
            let step = format!(
                "update lending.settlement set state = '{}', failure = {}",
                to.as_str(),
                failure(to)
            );
            let done = sqlx::query(sqlx::AssertSqlSafe(step)).execute(&db).await;
            assert_eq!(done.is_ok(), from.may_become(*to), "{from:?} to {to:?}");
            if let Err(error) = done {
                assert_eq!(constraint(&error), Some("settlement_transition"));
            }
        }
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn the_database_holds_the_same_loan_table_as_the_domain(db: PgPool) {
    Bench::new(db.clone()).open(&bank_quote(1)).await.unwrap();
    let started = |state: &LoanState| match state {
        LoanState::Pending | LoanState::Cancelled => "null",
        _ => "now()",
    };
    let ended = |state: &LoanState| match state {
        LoanState::Closed => "'REPAID'",
        LoanState::Defaulted => "'DEFAULTED'",
        _ => "null",
    };
    for from in LoanState::ALL {
        for to in LoanState::ALL.iter().filter(|to| *to != from) {
            let set = format!(
                "update lending.loan set state = '{}', started_at = {}, ended_by = {}",
                from.as_str(),
                started(from),
                ended(from)
            );
            force(&db, set).await;
            let step = format!(
                "update lending.loan set state = '{}', started_at = {}, ended_by = {}, version = version + 1",
                to.as_str(),
                started(to),
                ended(to)
            );
            let done = sqlx::query(sqlx::AssertSqlSafe(step)).execute(&db).await;
            assert_eq!(done.is_ok(), from.may_become(*to), "{from:?} to {to:?}");
            if let Err(error) = done {
                assert_eq!(constraint(&error), Some("loan_transition"));
            }
        }
    }
    let silent = "update lending.loan set outstanding = 1";
    force(
        &db,
        "update lending.loan set state = 'ACTIVE', started_at = now(), ended_by = null".to_owned(),
    )
    .await;
    let refused = sqlx::query(silent).execute(&db).await.unwrap_err();
    assert_eq!(constraint(&refused), Some("loan_version"), "no change without an event");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_loan_ends_only_by_what_fits_its_state(db: PgPool) {
    Bench::new(db.clone()).open(&bank_quote(1)).await.unwrap();
    let end = async |state: &str, ended_by: &str, shortfall: u32| {
        force(
            &db,
            "update lending.loan set state = 'ACTIVE', started_at = now(), ended_by = null, shortfall = 0".to_owned(),
        )
        .await;
        let step = format!(
            "update lending.loan set state = '{state}', ended_by = {ended_by}, shortfall = {shortfall}, version = version + 1"
        );
        let done = sqlx::query(sqlx::AssertSqlSafe(step)).execute(&db).await;
        done.err().and_then(|error| constraint(&error).map(str::to_owned))
    };
    for (state, ended_by) in [
        ("CLOSED", "'REPAID'"),
        ("CLOSED", "'REFINANCED'"),
        ("CLOSED", "'LIQUIDATED'"),
        ("DEFAULTED", "'DEFAULTED'"),
        ("DEFAULTED", "'LIQUIDATED'"),
    ] {
        assert_eq!(end(state, ended_by, 0).await, None, "{state} {ended_by}");
    }
    assert_eq!(end("DEFAULTED", "'LIQUIDATED'", 5).await, None);
    assert_eq!(
        end("CLOSED", "null", 0).await.as_deref(),
        Some("loan_ended_by_something")
    );
    assert_eq!(end("DEFAULTED", "'REPAID'", 0).await.as_deref(), Some("loan_ended_so"));
    assert_eq!(end("CLOSED", "'DEFAULTED'", 0).await.as_deref(), Some("loan_ended_so"));
    let short = end("CLOSED", "'LIQUIDATED'", 5).await;
    assert_eq!(short.as_deref(), Some("loan_short_by_liquidation"));
}

#[sqlx::test(migrations = "./migrations")]
async fn a_quote_is_accepted_once_and_the_agreement_stays(db: PgPool) {
    let bench = Bench::new(db.clone());
    bench.open(&bank_quote(1)).await.unwrap();
    let again = bench.open(&bank_quote(1)).await.unwrap_err();
    assert!(matches!(again, crate::Error::Refused(refusal) if refusal.code == "ALREADY_ACCEPTED"));
    let refused = sqlx::query("update lending.settlement set quote = '{}'")
        .execute(&db)
        .await
        .unwrap_err();
    assert_eq!(constraint(&refused), Some("settlement_agreed"));
    let refused = sqlx::query("update lending.settlement set refinance = '{}'")
        .execute(&db)
        .await
        .unwrap_err();
    assert_eq!(constraint(&refused), Some("settlement_agreed"));
}
