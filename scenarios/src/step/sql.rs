//! The verb `sql`: T-SQL on one of the servers.

use milink_client::{Error, ResultSet};

use super::Came;
use crate::runner::Runner;

/// T-SQL on a server.
#[derive(Clone, Debug)]
pub struct SqlAct {
    /// The batches, separated by lines that say GO.
    pub sql: String,
    /// The server: `sql-server` or `managed-instance` (the first of its kind), or its name.
    pub on: String,
    /// The database the session starts in.
    pub database: Option<String>,
}

impl SqlAct {
    pub(super) fn text(&self, runner: &Runner) -> String {
        runner.variables().fill(self.sql.trim_end())
    }

    pub(super) fn place(&self, runner: &Runner) -> String {
        runner.server_name(&self.on)
    }

    pub(super) async fn run(&self, runner: &mut Runner) -> Result<Came, Error> {
        let text = self.text(runner);
        let database = self
            .database
            .as_ref()
            .map(|database| runner.variables().fill(database));
        let mut results: Vec<ResultSet> = Vec::new();
        for batch in batches(&text) {
            let connection = runner.connection(&self.on, database.as_deref()).await?;
            match connection.batch(&batch).await {
                Ok(sets) => results.extend(sets),
                Err(Error::Sql(error)) => {
                    return Ok(Came::Refused {
                        code: error.number.to_string(),
                        message: error.message,
                    });
                }
                Err(error) => {
                    // A broken connection is not used again.
                    runner.disconnect(&self.on, database.as_deref());
                    return Err(error);
                }
            }
        }
        Ok(Came::Results(results))
    }
}

/// Splits a script at lines that consist of GO, as sqlcmd does.
fn batches(text: &str) -> Vec<String> {
    let mut batches = vec![String::new()];
    for line in text.lines() {
        if line.trim().eq_ignore_ascii_case("go") {
            batches.push(String::new());
        } else {
            let batch = batches.last_mut().expect("there is always one");
            batch.push_str(line);
            batch.push('\n');
        }
    }
    batches.retain(|batch| !batch.trim().is_empty());
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_split_at_lines_that_say_go() {
        assert_eq!(
            batches("USE master\nGO\n go \nSELECT 'go'\nGO"),
            ["USE master\n", "SELECT 'go'\n"]
        );
    }
}
