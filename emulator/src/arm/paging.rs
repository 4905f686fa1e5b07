//! Pages of lists.

use data_encoding::{HEXLOWER_PERMISSIVE, HEXUPPER};
use milink_model::List;
use serde::Serialize;

use super::answer::Answer;
use super::call::Call;
use super::error::ArmError;
use super::path::percent_encode;
use axum::http::StatusCode;

/// Answers a page of `items`, which come in a stable order with their keys.
pub(super) fn page<T: Serialize>(
    call: &Call<'_>,
    items: impl IntoIterator<Item = (String, T)>,
) -> Result<Answer, ArmError> {
    let after = call.query("$skiptoken").map(decode).transpose()?;
    let top = call.query("$top").map(|text| {
        text.parse::<usize>()
            .ok()
            .filter(|top| *top > 0)
            .ok_or_else(|| {
                ArmError::gateway(
                    StatusCode::BAD_REQUEST,
                    "InvalidTopParameter",
                    format!("The provided $top query parameter '{text}' is invalid."),
                )
            })
    });
    let top = top.transpose()?;
    let size = call.arm.config.page_size.max(1);
    let size = top.map_or(size, |top| top.min(size));
    let mut items = items
        .into_iter()
        .filter(|(key, _)| after.as_ref().is_none_or(|after| key > after))
        .peekable();
    let mut value = Vec::new();
    let mut last = String::new();
    while value.len() < size
        && let Some((key, item)) = items.next()
    {
        value.push(item);
        last = key;
    }
    // A client that asked for the first few has them; one that did not is told where the rest is.
    let more = items.peek().is_some() && top.is_none_or(|top| value.len() < top);
    let next_link = more.then(|| {
        let token = HEXUPPER.encode(last.as_bytes());
        let mut link = format!(
            "{}{}?api-version={}",
            call.base,
            call.raw_path,
            call.version.as_str()
        );
        for name in ["$filter", "$expand", "$top"] {
            if let Some(text) = call.query(name) {
                link.push_str(&format!(
                    "&{}={}",
                    percent_encode(name),
                    percent_encode(text)
                ));
            }
        }
        link + "&%24skipToken=" + &token
    });
    Ok(Answer::ok(&List { value, next_link }))
}

fn decode(token: &str) -> Result<String, ArmError> {
    let invalid = || {
        ArmError::gateway(
            StatusCode::BAD_REQUEST,
            "InvalidSkipToken",
            "The provided $skipToken query parameter is invalid.",
        )
    };
    let bytes = HEXLOWER_PERMISSIVE
        .decode(token.as_bytes())
        .map_err(|_| invalid())?;
    String::from_utf8(bytes).map_err(|_| invalid())
}
