//! The table of what is emulated, made from the registries that the code dispatches on.

mod azure;
mod refusals;
mod tds;
mod templates;
mod tsql;
#[cfg(test)]
mod versions;

use milink_core::World;
use milink_core::time::Timestamp;
use milink_tsql::compat::Support;

use crate::keys::Keys;
use crate::topology::Topology;

/// The text of COMPAT.md.
pub(crate) fn table() -> anyhow::Result<String> {
    let mut world = World::new(1, uuid::Uuid::nil(), Timestamp::default());
    let password = "Only-to-make-1-world";
    Topology::default().provision(&mut world, &Keys::in_memory()?, password, password)?;
    let mut page = Page::default();
    page.text(INTRODUCTION);
    tsql::write(&mut page, &world);
    tds::write(&mut page);
    azure::write(&mut page);
    templates::write(&mut page);
    refusals::write(&mut page);
    Ok(page.0)
}

const INTRODUCTION: &str = "\
# What milink emulates

Made by `milink compat` from the registries that the code dispatches on; a test keeps this page and the code alike. Refresh it with
`UPDATE_EXPECT=1 cargo test -p milink compat`.

The tracked versions are SQL Server 2022 CU13 (16.0.4125), managed instances with the update policy SQLServer2022, the api-versions below,
and az 2.91. **A difference from those that this page does not state is a bug.** What is not there is refused by name: in T-SQL with
error 50990 (`milink does not support …`), in ARM with `OperationNotSupportedByMilink`.

- **yes**: all that the documentation says, as far as is known
- **partly**: the note says what not
- **no**: refused by name
";

/// The page as it grows.
#[derive(Default)]
struct Page(String);

impl Page {
    fn text(&mut self, text: &str) {
        self.0 += text;
    }

    fn heading(&mut self, text: &str) {
        self.0 += &format!("\n## {text}\n\n");
    }

    fn subheading(&mut self, text: &str) {
        self.0 += &format!("\n### {text}\n\n");
    }

    /// The head of a table and the line below it.
    fn columns(&mut self, names: &[&str]) {
        self.row(names);
        self.0 += &format!("|{}\n", "---|".repeat(names.len()));
    }

    fn row<T: AsRef<str>>(&mut self, cells: &[T]) {
        self.0.push('|');
        for cell in cells {
            let cell = cell.as_ref().replace('|', "\\|");
            self.0 += &format!(" {cell} |");
        }
        self.0.push('\n');
    }

    /// Names in one paragraph, in order.
    fn names<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        let mut names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
        names.sort();
        self.0 += &names.join(", ");
        self.0.push('\n');
    }
}

const fn word(support: Support) -> &'static str {
    match support {
        Support::Yes => "yes",
        Support::Partly => "partly",
        Support::No => "no",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_says_what_the_code_does() {
        let page = super::table().expect("the default topology is good");
        expect_test::expect_file!["../../COMPAT.md"].assert_eq(&page);
    }
}
