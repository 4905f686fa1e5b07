//! The password policy of the machine that an instance runs on.

use milink_core::refusal::SecurityRefusal;

use crate::error::SqlError;

/// The least length of a password (page "Password policy": eight characters).
const LEAST: usize = 8;
/// Of upper case, lower case, digits and other characters, so many kinds.
const LEAST_KINDS: usize = 3;

/// Checks a password that protects a key.
///
/// # Errors
///
/// 15118: it is too simple.
pub(super) fn check(password: &str) -> Result<(), SqlError> {
    let has = |kind: fn(char) -> bool| usize::from(password.chars().any(kind));
    let kinds = has(char::is_uppercase)
        + has(char::is_lowercase)
        + has(|c| c.is_ascii_digit())
        + has(|c| !c.is_alphanumeric());
    if password.chars().count() >= LEAST && kinds >= LEAST_KINDS {
        return Ok(());
    }
    Err(super::refusal::sql_error(
        &SecurityRefusal::WeakPassword.into(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_characters_of_three_kinds_will_do() {
        let cases = [
            ("Str0ng!Passw0rd", true),
            ("Abcdefg1", true),
            ("abcdefg!1", true),
            ("Abcdef1", false),
            ("abcdefgh", false),
            ("Abcdefgh", false),
            ("12345678", false),
            ("", false),
        ];
        for (password, fits) in cases {
            assert_eq!(check(password).is_ok(), fits, "{password}");
        }
    }
}
