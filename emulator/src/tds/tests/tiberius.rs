//! An independent client on the other side.

use ::tiberius::error::Error;
use ::tiberius::numeric::Numeric;
use ::tiberius::{AuthMethod, Client, Config, EncryptionLevel, Row};
use milink_tds::prelogin::EncryptionPolicy;
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

use super::Server;

type Connected = Client<Compat<TcpStream>>;

async fn connect_as(
    server: &Server,
    encryption: EncryptionLevel,
    auth: AuthMethod,
) -> Result<Connected, Error> {
    let mut config = Config::new();
    config.host("localhost");
    config.port(server.address.port());
    config.authentication(auth);
    config.encryption(encryption);
    config.trust_cert();
    let socket = TcpStream::connect(server.address).await.unwrap();
    socket.set_nodelay(true).unwrap();
    Client::connect(config, socket.compat_write()).await
}

async fn connect(server: &Server, encryption: EncryptionLevel) -> Result<Connected, Error> {
    connect_as(server, encryption, AuthMethod::sql_server("sa", "Pa55word")).await
}

async fn plain() -> (Server, Connected) {
    let server = Server::start(EncryptionPolicy::PlainOnly).await;
    let client = connect(&server, EncryptionLevel::NotSupported)
        .await
        .unwrap();
    (server, client)
}

#[tokio::test]
async fn every_place_of_tls_works() {
    use {EncryptionLevel as L, EncryptionPolicy as P};
    for (policy, level, is_encrypted) in [
        (P::PlainOnly, L::NotSupported, false),
        (P::LoginOnly, L::NotSupported, false),
        (P::LoginOnly, L::Off, false),
        (P::LoginOnly, L::On, true),
        (P::LoginOnly, L::Required, true),
        (P::LoginOnly, L::Strict, true),
        (P::Force, L::Off, true),
        (P::Force, L::On, true),
        (P::Force, L::Required, true),
        (P::Force, L::Strict, true),
    ] {
        let server = Server::start(policy).await;
        let mut client = connect(&server, level).await.unwrap();
        let rows = client.simple_query("select encrypted").await.unwrap();
        let row = rows.into_row().await.unwrap().unwrap();
        assert_eq!(row.get(0), Some(is_encrypted), "{policy:?} {level:?}");
        let stream = client.simple_query("rows 2000").await.unwrap();
        assert_eq!(stream.into_first_result().await.unwrap().len(), 2000);
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_before_the_connection_closes() {
    for (policy, level) in [
        (EncryptionPolicy::PlainOnly, EncryptionLevel::NotSupported),
        (EncryptionPolicy::Force, EncryptionLevel::Required),
    ] {
        let server = Server::start(policy).await;
        let error = connect_as(&server, level, AuthMethod::sql_server("sa", "no")).await;
        let Err(Error::Server(token)) = error else {
            panic!("a server error expected")
        };
        assert_eq!((token.code(), token.class()), (18456, 14));
        assert_eq!(token.message(), "Login failed for user 'sa'.");
    }
}

#[tokio::test]
async fn a_token_logs_in() {
    let server = Server::start(EncryptionPolicy::Force).await;
    for (token, is_good) in [("good token", true), ("bad token", false)] {
        let auth = AuthMethod::aad_token(token);
        let client = connect_as(&server, EncryptionLevel::Required, auth).await;
        assert_eq!(client.is_ok(), is_good);
    }
}

#[tokio::test]
async fn every_type_is_read_back() {
    let (_server, mut client) = plain().await;
    let results = client
        .simple_query("types")
        .await
        .unwrap()
        .into_results()
        .await
        .unwrap();
    let [rows, nulls] = &results[..] else {
        panic!("two results expected")
    };
    let [row] = &rows[..] else {
        panic!("one row expected")
    };
    let text = |at: usize| row.get::<&str, _>(at);
    assert_eq!(row.get(0), Some(true));
    assert_eq!(row.get(1), Some(false));
    assert_eq!(row.get(2), Some(255_u8));
    assert_eq!(row.get(3), Some(i16::MIN));
    assert_eq!(row.get(4), Some(-1_i32));
    assert_eq!(row.get(5), Some(i64::MIN));
    assert_eq!(row.get(6), Some(1.5_f32));
    assert_eq!(row.get(7), Some(-2.25_f64));
    assert_eq!(row.get(8), Some(-1.2345_f64));
    assert_eq!(row.get(9), Some(1.2345_f64));
    assert_eq!(
        row.get(12),
        Some(uuid::Uuid::from_bytes(*b"0123456789abcdef"))
    );
    assert_eq!(row.get(13), Some(Numeric::new_with_scale(-12345, 2)));
    assert_eq!(
        row.get(14),
        Some(Numeric::new_with_scale(10_i128.pow(37), 0))
    );
    let cells: Vec<_> = row.cells().map(|(_, cell)| format!("{cell:?}")).collect();
    for (at, expected) in [
        (
            10,
            "DateTime(Some(DateTime { days: 45350, seconds_fragments: 1080000 }))",
        ),
        (
            11,
            "SmallDateTime(Some(SmallDateTime { days: 45350, seconds_fragments: 60 }))",
        ),
        (15, "Date(Some(Date(738944)))"),
        (16, "Time(Some(Time { increments: 36000000001, scale: 7 }))"),
        (
            17,
            "DateTime2(Some(DateTime2 { date: Date(738944), time: Time { increments: 3600001, scale: 3 } }))",
        ),
        (
            18,
            "DateTimeOffset(Some(DateTimeOffset { datetime2: DateTime2 { date: Date(738944), time: \
             Time { increments: 3600, scale: 0 } }, offset: 60 }))",
        ),
    ] {
        assert_eq!(cells[at], expected);
    }
    for (at, expected) in [
        (19, "ab "),
        (20, "naïve €"),
        (21, "漢字"),
        (22, "äb "),
        (23, "😀"),
        (24, "long"),
        (28, "text"),
        (29, "ntext"),
    ] {
        assert_eq!(text(at), Some(expected));
    }
    for (at, expected) in [
        (25, &[0xDE, 0xAD][..]),
        (26, &[1, 2, 3]),
        (27, &[]),
        (30, &[9]),
    ] {
        assert_eq!(row.get::<&[u8], _>(at), Some(expected));
    }
    assert_eq!(
        row.get::<&::tiberius::xml::XmlData, _>(31)
            .unwrap()
            .as_ref(),
        "<a/>"
    );
    assert_eq!(text(32), Some("held"));
    for (_, cell) in nulls[0].cells() {
        assert!(format!("{cell:?}").ends_with("(None)"), "{cell:?}");
    }
}

#[tokio::test]
async fn parameters_come_back_as_they_went() {
    let (_server, mut client) = plain().await;
    let long = "long ".repeat(2000);
    let stream = client
        .query(
            "echo",
            &[
                &42_i32,
                &"text",
                &None::<i32>,
                &2.5_f64,
                &long.as_str(),
                &true,
                &&[1_u8, 2][..],
            ],
        )
        .await
        .unwrap();
    let row = stream.into_row().await.unwrap().unwrap();
    assert_eq!(row.get(0), Some(42_i32));
    assert_eq!(row.get(1), Some("text"));
    assert_eq!(row.get::<i32, _>(2), None);
    assert_eq!(row.get(3), Some(2.5_f64));
    assert_eq!(row.get(4), Some(long.as_str()));
    assert_eq!(row.get(5), Some(true));
    assert_eq!(row.get(6), Some(&[1_u8, 2][..]));
}

/// All results of a batch.
async fn results(client: &mut Connected, batch: &str) -> Result<Vec<Vec<Row>>, Error> {
    client.simple_query(batch).await?.into_results().await
}

#[tokio::test]
async fn counts_messages_and_errors_arrive_and_the_connection_goes_on() {
    let (_server, mut client) = plain().await;
    let inserted = client.execute("insert", &[]).await.unwrap();
    assert_eq!(inserted.rows_affected(), [7]);
    let Err(Error::Server(token)) = results(&mut client, "error 16").await else {
        panic!("a server error expected")
    };
    assert_eq!((token.code(), token.class()), (50_000, 16));
    assert_eq!(token.message(), "as you wish");
    let two = results(&mut client, "two").await.unwrap();
    assert_eq!(two.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2]);
    assert!(
        results(&mut client, "print hello")
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_fatal_error_closes_the_connection() {
    let (_server, mut client) = plain().await;
    let error = results(&mut client, "error 20").await;
    assert!(matches!(error, Err(Error::Server(token)) if token.class() == 20));
    assert!(results(&mut client, "select 1").await.is_err());
}
