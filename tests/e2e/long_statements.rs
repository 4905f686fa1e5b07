//! Statements that take long: others are served meanwhile, and whoever gives up is heard.

use milink_client::Sql;
use milink_core::World;
use milink_tests::Stage;

/// Looks at some billion pairs of rows.
const ENDLESS: &str = "SELECT COUNT(*) FROM sys.all_columns a WHERE EXISTS \
    (SELECT 1 FROM sys.all_columns b JOIN sys.all_columns c ON b.name + c.name = a.name + '!')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_are_served_while_others_compute_and_who_leaves_is_forgotten() {
    let stage = Stage::start_auto().await;
    let world = stage.world();
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let mut sql = stage.sql_server().await;
        running.spawn(async move { sql.batch(ENDLESS).await.is_ok() });
    }
    until(&world, |world| at_work(world) == 4).await;
    let mut sql = stage.sql_server().await;
    for _ in 0..100 {
        one(&mut sql).await;
    }
    assert_eq!(world.read(at_work), 4, "they are not done");

    running.shutdown().await;
    until(&world, |world| at_work(world) == 0).await;
    one(&mut sql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_statement_gives_what_a_short_one_gives() {
    let stage = Stage::start_auto().await;
    let mut sql = stage.sql_server().await;
    // More pairs than a shared thread may look at, and a variable that must be added to once a row.
    let results = sql
        .batch(
            "DECLARE @n int = 0, @t TABLE (i int); \
             WITH n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900) \
             INSERT @t SELECT i FROM n OPTION (MAXRECURSION 1000); \
             SELECT @n = @n + 1 FROM @t a JOIN @t b ON a.i + b.i = 901; \
             SELECT @n AS n, (SELECT COUNT(*) FROM @t a JOIN @t b ON a.i + b.i = 901) AS m",
        )
        .await
        .expect("it is answered");
    let last = results.last().expect("a result");
    let values: Vec<String> = ["n", "m"]
        .map(|name| last.first(name).expect(name).to_string())
        .into();
    assert_eq!(values, ["900", "900"]);
}

/// Sessions that run a request.
fn at_work(world: &World) -> usize {
    let server = world.sql_server("sqlserver1").expect("the server");
    server
        .sessions
        .values()
        .filter(|session| session.running)
        .count()
}

async fn until(world: &std::sync::Arc<milink::hub::WorldCell>, holds: impl Fn(&World) -> bool) {
    loop {
        let seen = world.version();
        if world.read(&holds) {
            return;
        }
        world.wait_change(seen, None).await;
    }
}

async fn one(sql: &mut Sql) {
    let results = sql.batch("SELECT 1 AS one").await.expect("an answer");
    assert_eq!(results[0].first("one").expect("one").to_string(), "1");
}
