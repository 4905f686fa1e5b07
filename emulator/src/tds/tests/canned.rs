//! A service that knows one login and a handful of requests.

use milink_tds::login7::FedAuthRequest;
use milink_tds::prelogin::EncryptionPolicy;
use milink_tds::rpc_request::{RpcCall, WellKnownProcedure};
use milink_tds::token::{Column, EnvChange, FedAuthInfo, ReturnValue, ServerMessage, command};
use milink_tds::transaction_request::TransactionAction;
use milink_tds::types::{Collation, Decimal, Length, TypeInfo, Variant, WireValue};
use std::sync::Arc;

use crate::tds::service::{
    BoxFuture, Greeting, LoginAccepted, LoginRefusal, LoginRequest, SessionRequest, SessionState,
    SqlService, SqlSession,
};
use crate::tds::{Cancel, ClientGone, DoneScope, End, ResponseSink};

const LATIN: Collation = Collation::SQL_LATIN1_GENERAL_CP1_CI_AS;

pub(crate) struct CannedService {
    pub(crate) encryption: EncryptionPolicy,
}

impl SqlService for CannedService {
    fn greeting(&self) -> Greeting {
        Greeting {
            version: (16, 0, 4135, 0),
            encryption: self.encryption,
            federated: true,
        }
    }

    fn login<'a>(
        &'a self,
        login: LoginRequest<'a>,
    ) -> BoxFuture<'a, Result<LoginAccepted, LoginRefusal>> {
        Box::pin(async move {
            let login7 = login.login7;
            let wants_to_fetch = matches!(
                login7.fed_auth(),
                Some(FedAuthRequest::ActiveDirectory { .. })
            );
            if wants_to_fetch && login.token.is_none() {
                return Err(LoginRefusal::NeedsToken(FedAuthInfo {
                    sts_url: "https://login/tenant".into(),
                    service_principal: "https://database/".into(),
                }));
            }
            let knows_password = login7.user_name == "sa" && login7.password.reveal() == "Pa55word";
            if !knows_password && login.token != Some("good token") {
                return Err(LoginRefusal::login_failed(&login7.user_name, "canned"));
            }
            Ok(LoginAccepted {
                session: Box::new(CannedSession {
                    transaction: 0,
                    is_encrypted: login.is_encrypted,
                }),
                spid: 51,
                server_name: "canned".into(),
                database: "db1".into(),
                collation: LATIN,
                version: (16, 0, 4135),
                routing: (login7.database == "elsewhere").then(|| ("there".to_owned(), 11000)),
            })
        })
    }
}

struct CannedSession {
    /// Descriptor of the open transaction, 0 outside.
    transaction: u64,
    is_encrypted: bool,
}

impl SqlSession for CannedSession {
    fn run<'a>(
        &'a mut self,
        request: SessionRequest,
        sink: &'a mut ResponseSink,
        cancel: &'a Arc<Cancel>,
    ) -> BoxFuture<'a, Result<SessionState, ClientGone>> {
        Box::pin(async move {
            match request {
                SessionRequest::Batch { text } => self.batch(&text, sink, cancel).await,
                SessionRequest::Rpc { calls } => {
                    for call in &calls {
                        self.call(call, sink, cancel).await?;
                    }
                    Ok(SessionState::Open)
                }
                SessionRequest::BulkLoad { .. } => {
                    sink.end_statement(DoneScope::Batch, self.end());
                    Ok(SessionState::Open)
                }
                SessionRequest::Transaction { action } => {
                    self.transact(action, sink);
                    sink.end_statement(DoneScope::Batch, self.end());
                    Ok(SessionState::Open)
                }
            }
        })
    }

    fn reset(&mut self, keep_transaction: bool, _sink: &mut ResponseSink) {
        if !keep_transaction {
            self.transaction = 0;
        }
    }
}

impl CannedSession {
    async fn batch(
        &mut self,
        text: &str,
        sink: &mut ResponseSink,
        cancel: &Cancel,
    ) -> Result<SessionState, ClientGone> {
        let words: Vec<_> = text.split_whitespace().collect();
        match words[..] {
            ["select", "1"] => {
                sink.columns(vec![Column::new("", TypeInfo::Int)]);
                let _ = sink.row([WireValue::Int(1)]);
                sink.end_statement(DoneScope::Batch, self.selected(1));
            }
            ["select", "encrypted"] => {
                sink.columns(vec![Column::new("encrypted", TypeInfo::Bit)]);
                let _ = sink.row([WireValue::Bit(self.is_encrypted)]);
                sink.end_statement(DoneScope::Batch, self.selected(1));
            }
            ["select", "transaction"] => {
                sink.columns(vec![Column::new("descriptor", TypeInfo::BigInt)]);
                let _ = sink.row([WireValue::BigInt(self.transaction as i64)]);
                sink.end_statement(DoneScope::Batch, self.selected(1));
            }
            ["types"] => {
                for row in [every_type(), every_null()] {
                    let (columns, values): (Vec<_>, Vec<_>) = row.into_iter().unzip();
                    let names = columns.iter().enumerate();
                    let columns = names.map(|(at, info)| Column::new(format!("c{at}"), *info));
                    sink.columns(columns.collect());
                    sink.row(&values).expect("the canned values fit");
                    sink.end_statement(DoneScope::Batch, self.selected(1));
                }
            }
            ["rows", count] => {
                let count = count.parse().expect("a number");
                self.rows(count, sink, cancel).await?;
            }
            ["wait"] => cancel.cancelled().await,
            ["two"] => {
                self.rows(1, sink, cancel).await?;
                self.rows(2, sink, cancel).await?;
            }
            ["print", word] => {
                sink.message(&message(0, 0, word));
                sink.end_statement(DoneScope::Batch, End::default());
            }
            ["error", class] => {
                let class = class.parse().expect("a number");
                sink.message(&message(50_000, class, "as you wish"));
                let end = End {
                    failed: true,
                    ..self.end()
                };
                sink.end_statement(DoneScope::Batch, end);
                if class >= 20 {
                    return Ok(SessionState::Closed);
                }
            }
            ["insert"] => {
                let end = End {
                    command: command::INSERT,
                    row_count: Some(7),
                    ..self.end()
                };
                sink.end_statement(DoneScope::Batch, end);
            }
            _ => sink.end_statement(DoneScope::Batch, self.end()),
        }
        Ok(SessionState::Open)
    }

    async fn rows(
        &mut self,
        count: i32,
        sink: &mut ResponseSink,
        cancel: &Cancel,
    ) -> Result<(), ClientGone> {
        sink.columns(vec![
            Column::new("id", TypeInfo::Int),
            Column::new("name", TypeInfo::nvarchar(50, LATIN)),
            Column::new("lsn", TypeInfo::BigIntN),
            Column::new("guid", TypeInfo::Guid),
            Column::new("note", TypeInfo::varchar(20, LATIN)),
        ]);
        for id in 0..count {
            let row = [
                WireValue::Int(id),
                WireValue::from("a name of some length"),
                WireValue::BigInt(id.into()),
                WireValue::Guid([7; 16]),
                WireValue::Null,
            ];
            sink.row(&row).expect("the canned values fit");
            sink.ready().await?;
            if cancel.is_cancelled() {
                return Ok(());
            }
        }
        sink.end_statement(DoneScope::Batch, self.selected(count as u64));
        Ok(())
    }

    /// `sp_executesql` and its kin answer their parameters as a row; without any they run their text
    /// as a batch. Preparing also returns a handle.
    async fn call(
        &mut self,
        call: &RpcCall,
        sink: &mut ResponseSink,
        cancel: &Cancel,
    ) -> Result<(), ClientGone> {
        let (text_at, values_at) = match call.procedure.well_known() {
            Some(WellKnownProcedure::ExecuteSql) => (0, 2),
            Some(WellKnownProcedure::PrepExec) => (2, 3),
            Some(WellKnownProcedure::Prepare) => (2, usize::MAX),
            Some(WellKnownProcedure::Execute) => (usize::MAX, 1),
            Some(WellKnownProcedure::Unprepare) => {
                sink.return_status(0);
                sink.end_call(self.end());
                return Ok(());
            }
            _ => {
                let text = format!(
                    "Could not find stored procedure '{}'.",
                    call.procedure.name()
                );
                sink.message(&message(2812, 16, &text));
                sink.end_call(End {
                    failed: true,
                    ..self.end()
                });
                return Ok(());
            }
        };
        let is_preparing = text_at == 2;
        let text = call.parameters.get(text_at).and_then(|p| p.value.as_text());
        match call.parameters.get(values_at..) {
            Some(parameters @ [_, ..]) => {
                let columns = parameters
                    .iter()
                    .map(|p| Column::new(p.name.as_str(), p.type_info));
                sink.columns(columns.collect());
                let row = sink.row(parameters.iter().map(|p| &p.value));
                row.expect("a parameter fits its own type");
                sink.end_statement(DoneScope::Batch, self.selected(1));
            }
            _ => {
                self.batch(text.unwrap_or_default(), sink, cancel).await?;
            }
        }
        sink.return_status(0);
        if is_preparing {
            let handle = sink.return_value(&ReturnValue {
                ordinal: 0,
                name: "",
                type_info: TypeInfo::IntN,
                value: WireValue::Int(1),
            });
            handle.expect("an int fits");
        }
        sink.end_call(self.end());
        Ok(())
    }

    fn transact(&mut self, action: TransactionAction, sink: &mut ResponseSink) {
        let then = match action {
            TransactionAction::Begin(begin) => Some(begin),
            TransactionAction::Commit { then, .. } => {
                sink.env_change(&EnvChange::CommitTransaction {
                    descriptor: self.transaction,
                });
                then
            }
            TransactionAction::Rollback { then, .. } => {
                sink.env_change(&EnvChange::RollbackTransaction {
                    descriptor: self.transaction,
                });
                then
            }
            TransactionAction::Save { .. } => return,
        };
        self.transaction = match then {
            None => 0,
            Some(_) => {
                let descriptor = self.transaction + 1;
                sink.env_change(&EnvChange::BeginTransaction { descriptor });
                descriptor
            }
        };
    }

    fn end(&self) -> End {
        End {
            in_transaction: self.transaction != 0,
            ..End::default()
        }
    }

    fn selected(&self, rows: u64) -> End {
        End {
            command: command::SELECT,
            row_count: Some(rows),
            ..self.end()
        }
    }
}

fn message(number: i32, class: u8, text: &str) -> ServerMessage {
    ServerMessage {
        number,
        state: 1,
        class,
        text: text.to_owned(),
        server: "canned".to_owned(),
        procedure: String::new(),
        line: 1,
    }
}

/// One value of every type a result set can have.
pub(crate) fn every_type() -> Vec<(TypeInfo, WireValue<'static>)> {
    use TypeInfo as T;
    use WireValue as V;
    const DAY: u32 = 738_944;
    let collation = LATIN;
    let max = Length::Max;
    vec![
        (T::Bit, V::Bit(true)),
        (T::BitN, V::Bit(false)),
        (T::TinyIntN, V::TinyInt(255)),
        (T::SmallIntN, V::SmallInt(-32768)),
        (T::IntN, V::Int(-1)),
        (T::BigIntN, V::BigInt(i64::MIN)),
        (T::RealN, V::Real(1.5)),
        (T::FloatN, V::Float(-2.25)),
        (T::MoneyN, V::Money(-12_345)),
        (T::SmallMoneyN, V::Money(12_345)),
        (
            T::DateTimeN,
            V::DateTime {
                days: 45_350,
                ticks: 300 * 3600,
            },
        ),
        (
            T::SmallDateTimeN,
            V::SmallDateTime {
                days: 45_350,
                minutes: 60,
            },
        ),
        (T::Guid, V::Guid(*b"0123456789abcdef")),
        (
            T::Decimal {
                precision: 10,
                scale: 2,
            },
            V::Decimal(Decimal {
                unscaled: -12345,
                scale: 2,
            }),
        ),
        (
            T::Numeric {
                precision: 38,
                scale: 0,
            },
            V::Decimal(Decimal {
                unscaled: 10_i128.pow(37),
                scale: 0,
            }),
        ),
        (T::Date, V::Date(DAY)),
        (T::Time { scale: 7 }, V::Time(36_000_000_001)),
        (
            T::DateTime2 { scale: 3 },
            V::DateTime2 {
                days: DAY,
                time: 36_000_010_000,
            },
        ),
        (
            T::DateTimeOffset { scale: 0 },
            V::DateTimeOffset {
                days: DAY,
                time: 36_000_000_000,
                offset_minutes: 60,
            },
        ),
        (
            T::Char {
                bytes: 3,
                collation,
            },
            V::from("ab "),
        ),
        (T::varchar(10, collation), V::from("naïve €")),
        (
            T::VarChar {
                length: max,
                collation: Collation::LATIN1_GENERAL_100_CI_AS_SC_UTF8,
            },
            V::from("漢字"),
        ),
        (
            T::NChar {
                bytes: 6,
                collation,
            },
            V::from("äb "),
        ),
        (T::nvarchar(10, collation), V::from("😀")),
        (
            T::NVarChar {
                length: max,
                collation,
            },
            V::from("long"),
        ),
        (T::Binary { bytes: 2 }, V::from(&[0xDE, 0xAD][..])),
        (T::varbinary(10), V::from(&[1, 2, 3][..])),
        (T::VarBinary { length: max }, V::from(&[][..])),
        (T::Text { collation }, V::from("text")),
        (T::NText { collation }, V::from("ntext")),
        (T::Image, V::from(&[9][..])),
        (T::Xml, V::from("<a/>")),
        (
            T::Variant,
            V::Variant(Box::new(Variant {
                type_info: T::nvarchar(10, collation),
                value: V::from("held"),
            })),
        ),
    ]
}

/// A NULL of every type that has one.
fn every_null() -> Vec<(TypeInfo, WireValue<'static>)> {
    let columns = every_type().into_iter().map(|(info, _)| info.nullable());
    columns.map(|info| (info, WireValue::Null)).collect()
}
