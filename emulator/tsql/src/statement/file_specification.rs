//! What CREATE DATABASE and ALTER DATABASE … ADD LOG FILE say of a file.

use milink_core::command::NewFile;
use milink_core::names::Name;
use milink_core::store::{FileSize, Growth};

use crate::ast::{OptionEntry, OptionValue};
use crate::error::SqlError;

/// Reads a file specification.
pub(super) fn specified(options: &[OptionEntry]) -> Result<NewFile, SqlError> {
    let (mut name, mut path, mut size) = (None, None, FileSize::default());
    for option in options {
        match option.name.as_str() {
            "NAME" => name = Some(Name::new(&word_or_text(option)?)),
            "FILENAME" => path = Some(word_or_text(option)?),
            "SIZE" => size.pages = pages(option)?.max(FEWEST_PAGES),
            "MAXSIZE" if is_unlimited(option) => size.most_pages = FileSize::MOST_PAGES,
            "MAXSIZE" => size.most_pages = pages(option)?,
            "FILEGROWTH" => size.growth = growth(option)?,
            other => return Err(SqlError::unsupported(format!("{other} of a file"))),
        }
    }
    let name = name.ok_or_else(|| missing("NAME"))?;
    let length = name.as_str().encode_utf16().count();
    if length == 0 || length > 128 {
        return Err(incorrect("NAME"));
    }
    let path = path.ok_or_else(|| missing("FILENAME"))?;
    if path.is_empty() || path.encode_utf16().count() > MOST_OF_A_PATH {
        return Err(incorrect("FILENAME"));
    }
    if size.most_pages < size.pages {
        return Err(incorrect("MAXSIZE"));
    }
    Ok(NewFile {
        name,
        path: path.into(),
        size,
    })
}

/// A file has half a megabyte at least (documented of the log).
const FEWEST_PAGES: u32 = 64;
/// `physical_name` is an nvarchar(260).
const MOST_OF_A_PATH: usize = 260;

fn word_or_text(option: &OptionEntry) -> Result<String, SqlError> {
    match &option.value {
        OptionValue::Text(text) => Ok(text.value.to_string()),
        OptionValue::Words(words) if words.len() == 1 => Ok(words[0].value.to_string()),
        _ => Err(incorrect(&option.name)),
    }
}

fn is_unlimited(option: &OptionEntry) -> bool {
    option.word().is_some_and(|word| word == "UNLIMITED")
}

fn growth(option: &OptionEntry) -> Result<Growth, SqlError> {
    if let OptionValue::Number(text) = &option.value
        && let Some(percent) = text.strip_suffix('%')
    {
        let percent = percent
            .trim()
            .parse()
            .map_err(|_| incorrect(&option.name))?;
        return Ok(Growth::Percent(percent));
    }
    pages(option).map(Growth::Pages)
}

/// A size with its unit, which is MB if none is said.
fn pages(option: &OptionEntry) -> Result<u32, SqlError> {
    let OptionValue::Number(text) = &option.value else {
        return Err(incorrect(&option.name));
    };
    let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let kilobytes: u64 = match text[digits.len()..].trim().to_ascii_uppercase().as_str() {
        "KB" => 1,
        "" | "MB" => 1 << 10,
        "GB" => 1 << 20,
        "TB" => 1 << 30,
        _ => return Err(incorrect(&option.name)),
    };
    let number: u64 = digits.parse().map_err(|_| incorrect(&option.name))?;
    let pages = number.checked_mul(kilobytes).map(|size| size.div_ceil(8));
    let pages = pages.and_then(|pages| u32::try_from(pages).ok());
    pages
        .filter(|pages| *pages <= FileSize::MOST_PAGES)
        .ok_or_else(|| incorrect(&option.name))
}

fn missing(option: &str) -> SqlError {
    let text = format!("File option {option} is required in this CREATE/ALTER DATABASE statement.");
    SqlError::new(1036, 15, text)
}

fn incorrect(option: &str) -> SqlError {
    let text = format!("The value of file option {option} is not one that a file can have.");
    SqlError::new(INCORRECT, 16, text)
}

/// A size or name that a file cannot have: SQL Server has a message for each option, of which this is a guess.
const INCORRECT: i32 = 5_131;
