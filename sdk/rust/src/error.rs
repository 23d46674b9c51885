use alloc::string::{String, ToString};
use core::fmt;

/// What a processor returns: nothing, or why the event is rejected.
pub type Result<T = (), E = Error> = core::result::Result<T, E>;

/// Why an event is rejected or a processor cannot open, in words for the
/// person who reads the dead letter.
///
/// Any standard error turns into one with `?`; [`reject!`](crate::reject)
/// makes one from a format string. Like other catch-all error types it is not
/// itself a `core::error::Error`, which is what makes `?` accept them all.
pub struct Error {
    message: String,
}

impl Error {
    /// An error with the given text.
    pub fn new(message: impl Into<String>) -> Self {
        Error { message: message.into() }
    }

    /// The text.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl<E: core::error::Error> From<E> for Error {
    fn from(err: E) -> Self {
        Error::new(err.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Returns from the function with an [`Error`] made from a format string.
///
/// ```
/// fn check(total: i64) -> weir_processor::Result {
///     if total < 0 {
///         weir_processor::reject!("total {total} is negative");
///     }
///     Ok(())
/// }
/// assert_eq!(check(-1).unwrap_err().message(), "total -1 is negative");
/// ```
#[macro_export]
macro_rules! reject {
    ($($arg:tt)+) => {
        return ::core::result::Result::Err($crate::Error::new($crate::export::format!($($arg)+)))
    };
}
