//! What can go wrong with the database.

/// Why the database could not do something. Names the cause and what to do, never what was stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The key does not fit, or the file is no database any more; both look the same. The file is left untouched.
    #[error(
        "the database does not open with this key; it was left untouched. Restore the key, or the file from a backup"
    )]
    WrongKey,
    /// A newer version of the app has written it.
    #[error(
        "the database has version {found} and this app knows {known}; install the newer app. Nothing was changed"
    )]
    NewerSchema {
        /// Version of the file.
        found: u32,
        /// Newest version this build knows.
        known: u32,
    },
    /// The disk is full.
    #[error("the disk is full; free some space and try again. What was saved before is safe")]
    DiskFull,
    /// Another process holds the database for too long.
    #[error("the database is busy; try again")]
    Busy,
    /// The file's contents contradict themselves.
    #[error("the database is damaged ({0}); it was left as it is. Restore it from a backup")]
    Corrupt(String),
    /// The linked SQLite is older than the first one whose write-ahead log never loses commits.
    #[error("the linked SQLite is {0}, older than 3.51.3")]
    OldSqlite(String),
    /// A stored value cannot be read.
    #[error(transparent)]
    Decode(#[from] domain::codec::DecodeError),
    /// A file operation failed.
    #[error("a file operation failed: {0}")]
    File(#[from] std::io::Error),
    /// A sealed file is not what its name says.
    #[error("the sealed file {0} is damaged; it will be fetched again from the server")]
    BlobDamaged(domain::blob::BlobId),
    /// A sealed file is not here.
    #[error("the sealed file {0} is not on this device")]
    BlobMissing(domain::blob::BlobId),
    /// The connection pool has no free reader.
    #[error("no reader became free in time; try again")]
    NoReader,
    /// Anything else SQLite said.
    #[error("the database refused: {0}")]
    Sqlite(rusqlite::Error),
}

impl StoreError {
    /// Whether the rows themselves were refused (a constraint or a type), so that trying again cannot help.
    pub fn is_constraint(&self) -> bool {
        use rusqlite::ErrorCode as Code;
        matches!(self, Self::Sqlite(error) if matches!(
            error.sqlite_error_code(),
            Some(Code::ConstraintViolation | Code::TypeMismatch | Code::TooBig)
        ))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error.sqlite_error_code() {
            Some(Code::NotADatabase) => Self::WrongKey,
            Some(Code::DiskFull) => Self::DiskFull,
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Busy,
            Some(Code::DatabaseCorrupt) => Self::Corrupt(error.to_string()),
            _ => Self::Sqlite(error),
        }
    }
}
