//! Lists change while the product runs.

use std::sync::Arc;

use ::screening::lists::{ListFile, Snapshot, load};
use compliance::screening::Lists;
use sqlx::PgPool;

use super::ScreeningSettings;
use crate::Settings;
use crate::quoting::tests::support::{Manner, Stage, ask};

/// A list of one person or one wallet.
fn snapshot(name: &str) -> Snapshot {
    let text = format!("id,name,type\n1,{name},person\n");
    let file = ListFile {
        name: "own.csv".to_owned(),
        bytes: text.into_bytes(),
    };
    load(&[file]).unwrap()
}

async fn decide_by(stage: &Stage, name: &str) {
    let lists = Arc::new(Lists::build(snapshot(name)));
    stage.aggregator.remember(&lists).await.unwrap();
    stage.aggregator.world.screening.replace(lists);
}

async fn verdicts(db: &PgPool) -> Vec<String> {
    sqlx::query_scalar("select verdict from screening.result order by seq")
        .fetch_all(db)
        .await
        .unwrap()
}

#[sqlx::test(migrations = "./migrations")]
async fn customers_are_screened_again_both_ways_and_once(db: PgPool) {
    let stage = Stage::new(db.clone(), &[("alpha", Manner::Offers(45_000))]);
    stage.closed_for("a", ask()).await;
    decide_by(&stage, "Nobody Whatsoever").await;
    assert_eq!(stage.aggregator.rescreen_customers().await.unwrap(), 1);
    assert_eq!(
        stage.aggregator.rescreen_customers().await.unwrap(),
        0,
        "the pass is over"
    );
    assert_eq!(verdicts(&db).await, [""; 0], "nothing changed for anybody");

    decide_by(&stage, "Alex Sample").await;
    stage.aggregator.rescreen_customers().await.unwrap();
    assert_eq!(verdicts(&db).await, ["BLOCK"]);
    let status = stage.aggregator.screening_status().await.unwrap();
    let pass = status.pass.unwrap();
    assert_eq!((pass.looked, pass.raised, pass.lapsed), (1, 1, 0));
    assert!(pass.finished_at.is_some());

    decide_by(&stage, "Somebody Else").await;
    stage.aggregator.rescreen_customers().await.unwrap();
    assert_eq!(verdicts(&db).await, ["BLOCK", "CLEAR"], "the hit lapsed");
    let evidence: Vec<String> = sqlx::query_scalar("select evidence from screening.result")
        .fetch_all(&db)
        .await
        .unwrap();
    assert!(
        evidence.iter().all(|text| !text.contains("Sample")),
        "no name is stored"
    );
    assert!(sqlx::query("delete from screening.result").execute(&db).await.is_err());
}

#[sqlx::test(migrations = "./migrations")]
async fn a_folder_that_is_refused_leaves_the_former_lists(db: PgPool) {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        screening: ScreeningSettings {
            folder: Some(folder.path().to_owned()),
            allow_partial: false,
        },
        ..Settings::default()
    };
    let stage = Stage::with(db, &[("alpha", Manner::Offers(45_000))], settings, Vec::new());
    let version = || stage.aggregator.world.screening.list_version();
    let first = version();
    assert!(!stage.aggregator.refresh_lists().await.unwrap());
    assert!(
        stage.aggregator.screening_status().await.unwrap().refused.is_some(),
        "an empty folder"
    );

    let write = |text: &str| std::fs::write(folder.path().join("own.csv"), text).unwrap();
    write("id,name\n1,Jane Roe\n2\n");
    stage.aggregator.refresh_lists().await.unwrap();
    let status = stage.aggregator.screening_status().await.unwrap();
    assert_eq!(
        status.refused.as_deref(),
        Some("own.csv, line 3: 1 fields under 2 headings")
    );
    assert_eq!(version(), first);

    write("id,name\n1,Jane Roe\n");
    assert!(stage.aggregator.refresh_lists().await.unwrap());
    assert_ne!(version(), first);
    assert_eq!(stage.aggregator.world.screening.screen("Jane Roe", None).hits.len(), 1);
    let status = stage.aggregator.screening_status().await.unwrap();
    assert_eq!((status.refused, status.lists.len()), (None, 1));
    assert!(
        !stage.aggregator.refresh_lists().await.unwrap(),
        "the same files change nothing"
    );
}
