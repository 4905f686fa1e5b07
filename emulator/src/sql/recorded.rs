//! Requests as calls: entered in the world's log, and struck where somebody asked for that.

use milink_tds::bulk_load::BulkLoad;
use milink_tds::token::ServerMessage;
use milink_tds::transaction_request::TransactionAction;

use crate::calls::{Blow, CallKind, Described};
use crate::tds::service::{SessionRequest, SessionState};
use crate::tds::{ClientGone, DoneScope, End, ResponseSink};

/// What a client asks for.
pub(super) fn described(server: &str, request: &SessionRequest) -> Described {
    let text = match request {
        SessionRequest::Batch { text } => text.clone(),
        SessionRequest::Rpc { calls } => {
            let calls = calls.iter().map(|call| {
                let texts = call.parameters.iter().filter_map(|it| it.value.as_text());
                let words: Vec<&str> = std::iter::once(call.procedure.name())
                    .chain(texts)
                    .collect();
                words.join(" ")
            });
            calls.collect::<Vec<_>>().join("; ")
        }
        SessionRequest::BulkLoad { load } => rows(load),
        SessionRequest::Transaction { action } => match action {
            TransactionAction::Begin(_) => "BEGIN TRANSACTION",
            TransactionAction::Commit { .. } => "COMMIT TRANSACTION",
            TransactionAction::Rollback { .. } => "ROLLBACK TRANSACTION",
            TransactionAction::Save { .. } => "SAVE TRANSACTION",
        }
        .to_owned(),
    };
    Described {
        server: server.to_owned(),
        kind: CallKind::Sql,
        text,
    }
}

/// Rows of a bulk load, which nobody wants to read one by one.
pub(super) fn rows(load: &BulkLoad) -> String {
    format!("bulk load of {} rows", load.rows.len())
}

/// Answers a request that nobody has handled.
pub(super) async fn struck(
    blow: Blow,
    server: &str,
    is_call: bool,
    sink: &mut ResponseSink,
) -> Result<SessionState, ClientGone> {
    let number = match blow {
        Blow::Error(number) => number,
        Blow::Drop | Blow::Hold | Blow::Status(_) => return withheld(blow, sink).await,
    };
    let (class, text) = match number {
        701 => (
            17,
            "There is insufficient system memory in resource pool 'default' to run this query."
                .to_owned(),
        ),
        _ => (16, format!("Error {number}, as was asked for.")),
    };
    sink.message(&ServerMessage {
        number,
        state: 1,
        class,
        text,
        server: server.to_owned(),
        procedure: String::new(),
        line: 1,
    });
    let end = End {
        failed: true,
        ..End::default()
    };
    match is_call {
        true => sink.end_call(end),
        false => sink.end_statement(DoneScope::Batch, end),
    }
    Ok(SessionState::Open)
}

/// Gives the client nothing: the connection ends now, or when the client leaves.
pub(super) async fn withheld(
    blow: Blow,
    sink: &mut ResponseSink,
) -> Result<SessionState, ClientGone> {
    if blow == Blow::Hold {
        std::future::pending::<()>().await;
    }
    sink.reset();
    Err(ClientGone)
}
