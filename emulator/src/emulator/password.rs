//! The passwords of an emulator that is told none.

use crate::keys::Keys;

/// Whether Azure takes it for an administrator: at least 16 characters, of three kinds (documentation of
/// `administratorLoginPassword`).
pub(super) fn is_good_for_azure(password: &str) -> bool {
    let kinds: [fn(&char) -> bool; 4] = [
        |c| c.is_lowercase(),
        |c| c.is_uppercase(),
        |c| c.is_numeric(),
        |c| !c.is_alphanumeric(),
    ];
    let kinds = kinds
        .iter()
        .filter(|kind| password.chars().any(|c| kind(&c)));
    password.chars().count() >= 16 && kinds.count() >= 3
}

/// Upper, lower, digits and a sign, as both SQL Server's and Azure's policies want.
pub(super) fn made_up_password(keys: &Keys) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyzACDEFGHJ";
    let random: [u8; 18] = keys.random();
    let text: String = random
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
        .collect();
    format!("{text}-Mi7")
}
