//! The table of what is emulated, made from the registries that the code dispatches on.

/// The text of COMPAT.md.
pub(crate) fn table() -> String {
    let mut text = String::from("# What milink emulates\n");
    for served in crate::arm::served() {
        text += &format!("{served:?}\n");
    }
    text
}
