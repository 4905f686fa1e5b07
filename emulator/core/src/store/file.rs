//! The files of a database: what the catalog shows of them, and a managed instance cannot have. The model keeps one log.

use std::sync::Arc;

use crate::ids::DatabaseId;
use crate::names::Name;

/// A file of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFile {
    /// `file_id`: 1 is the data file, 2 the log file, 3 and up log files that were added.
    pub id: i32,
    /// Its logical name.
    pub name: Name,
    /// Where it was asked for; without it, where the server puts new files.
    pub path: Option<Arc<str>>,
    /// How large it is made.
    pub size: FileSize,
}

impl DatabaseFile {
    /// The `file_id` of the data file.
    pub const DATA: i32 = 1;
    /// The `file_id` of the log file that every database has.
    pub const LOG: i32 = 2;

    /// The two files that every database has, as they are called if nobody says otherwise.
    pub fn first(database: DatabaseId, name: &Name) -> [Self; 2] {
        let log = format!("{name}_log");
        let (data, log) = match database.0 {
            1 => ("master", "mastlog"),
            2 => ("tempdev", "templog"),
            3 => ("modeldev", "modellog"),
            4 => ("MSDBData", "MSDBLog"),
            _ => (name.as_str(), log.as_str()),
        };
        [(Self::DATA, data), (Self::LOG, log)].map(|(id, name)| Self {
            id,
            name: name.into(),
            path: None,
            size: FileSize::default(),
        })
    }

    /// Whether it is of the log.
    pub fn is_log(&self) -> bool {
        self.id != Self::DATA
    }

    /// Whether it is a log file besides the first one.
    pub fn is_added(&self) -> bool {
        self.id > Self::LOG
    }
}

/// What CREATE and ALTER DATABASE say of a file's size, in pages of 8 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSize {
    /// SIZE.
    pub pages: u32,
    /// MAXSIZE.
    pub most_pages: u32,
    /// FILEGROWTH.
    pub growth: Growth,
}

/// FILEGROWTH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// By as many pages each time; 0 never.
    Pages(u32),
    /// By a part of the file.
    Percent(u32),
}

impl FileSize {
    /// The pages of two terabytes: more than that a log file cannot have. A data file of this size grows without a limit.
    pub const MOST_PAGES: u32 = 268_435_456;
}

impl Default for FileSize {
    /// As those of `model` are.
    fn default() -> Self {
        const PAGES_OF_64_MB: u32 = 8_192;
        Self {
            pages: 1_024,
            most_pages: Self::MOST_PAGES,
            growth: Growth::Pages(PAGES_OF_64_MB),
        }
    }
}
