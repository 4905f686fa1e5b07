//! What long runs came to, kept in a file for people to read.

use std::path::Path;

/// Writes figures, a line each, where `MILINK_FIGURES` says: a file of this package with a place of this name. Without the
/// variable nothing is written.
///
/// # Panics
///
/// The file cannot be read or written, or has no such place.
pub fn keep(place: &str, figures: &[String]) {
    let Some(file) = std::env::var_os("MILINK_FIGURES") else {
        return;
    };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(&file).expect("the file can be read");
    std::fs::write(file, placed(&text, place, figures)).expect("it can be written");
}

fn placed(text: &str, place: &str, figures: &[String]) -> String {
    const END: &str = "<!-- end -->";
    let begin = format!("<!-- {place} -->\n");
    let (before, rest) = text.split_once(&begin).expect("it has a place");
    let (_, after) = rest.split_once(END).expect("the place ends");
    let figures: String = figures.iter().map(|line| format!("- {line}.\n")).collect();
    format!("{before}{begin}{figures}{END}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_put_in_their_place_only() {
        let text = "a\n<!-- one -->\n- old.\n<!-- end -->\nb\n<!-- two -->\n<!-- end -->\n";
        let figures = ["new".to_owned(), "newer".to_owned()];
        assert_eq!(
            placed(text, "one", &figures),
            text.replace("- old.\n", "- new.\n- newer.\n")
        );
        assert_eq!(
            placed(text, "two", &figures),
            text.replace("two -->\n", "two -->\n- new.\n- newer.\n")
        );
    }
}
