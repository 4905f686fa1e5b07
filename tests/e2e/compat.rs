//! What COMPAT.md says of T-SQL is so: every sample is run, and refused by name exactly where the page says no.

use milink_client::Sql;
use milink_tests::Stage;
use milink_tsql::compat::{
    DROPS, Entry, FEATURES, SET_SWITCHES, SET_VALUES, SETUP, STATEMENTS, Support,
};

/// What milink does not support.
const UNSUPPORTED: u32 = 50990;

#[tokio::test]
async fn every_sample_does_what_the_page_says() {
    let stage = Stage::start_auto().await;
    let world = stage.world();
    let mut sql = stage.sql_server().await;
    sql.batch("DROP DATABASE IF EXISTS db1")
        .await
        .expect("it can go");
    for batch in SETUP {
        sql.batch(batch)
            .await
            .unwrap_or_else(|error| panic!("{batch}: {error}"));
    }
    world.keep("samples").expect("a snapshot");
    let lists = [STATEMENTS, DROPS, SET_SWITCHES, SET_VALUES, FEATURES];
    let mut wrong = Vec::new();
    for entry in lists.into_iter().flatten() {
        world.restore("samples").expect("kept a moment ago");
        let mut sql = stage.sql_server().await;
        sql.batch("USE db1").await.expect("it is there");
        if let Some(difference) = difference(&mut sql, entry).await {
            wrong.push(format!("{}: {difference}", entry.name));
        }
        stage.check_laws();
    }
    assert_eq!(wrong, [""; 0]);
}

async fn difference(sql: &mut Sql, entry: &Entry) -> Option<String> {
    let result = sql.batch(entry.sample).await;
    let error = result
        .as_ref()
        .err()
        .map(ToString::to_string)
        .unwrap_or_default();
    let number = result
        .as_ref()
        .err()
        .and_then(milink_client::Error::sql_number);
    match (entry.support, number) {
        (Support::No, Some(UNSUPPORTED)) => None,
        (Support::No, _) => Some(format!("it is there: {error}")),
        // The sample of THROW throws, and that of KILL finds no session.
        (_, Some(50001 | 6106)) => None,
        (_, Some(_)) => Some(error),
        (_, None) => result.err().map(|error| error.to_string()),
    }
}
