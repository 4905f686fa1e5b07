//! The log files of a database besides its first one.

use std::sync::Arc;

use crate::names::Name;

/// A log file that was added to a database. The log that the model keeps is one; files are what the catalog shows of it, and
/// what a managed instance cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile {
    /// `file_id`: 3 and up.
    pub id: i32,
    /// Its logical name.
    pub name: Name,
    /// Where it is.
    pub path: Arc<str>,
    /// How large it is made.
    pub size: FileSize,
}

/// What ALTER DATABASE says of a file's size, in pages of 8 KiB.
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
    /// The pages of two terabytes: more than that a log file cannot have.
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
