//! The functions of the host.

/// How important a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Level {
    /// For whoever develops the processor.
    Debug = 0,
    /// Worth knowing.
    Info = 1,
    /// Something is off, and the processor went on.
    Warn = 2,
    /// Something failed.
    Error = 3,
}

/// Writes a line to the host's log. The host limits their rate.
pub fn log(level: Level, text: &str) {
    imports::log(level, text);
}

/// Adds to a counter of the pipeline. The host bounds the number of names.
pub fn count(name: &str, by: f64) {
    imports::metric(0, name, by);
}

/// Sets a gauge of the pipeline.
pub fn gauge(name: &str, value: f64) {
    imports::metric(1, name, value);
}

/// Adds an observation to a histogram of the pipeline.
pub fn observe(name: &str, value: f64) {
    imports::metric(2, name, value);
}

/// Nanoseconds since 1970, the same for a whole batch: the same batch gives
/// the same output whenever it runs.
pub fn now() -> i64 {
    imports::now()
}

pub(crate) fn error(text: &str) {
    imports::error(text);
}

pub(crate) fn reject(index: u32, text: &str) {
    imports::reject(index, text);
}

#[cfg(target_arch = "wasm32")]
mod imports {
    use super::Level;

    mod weir {
        #[link(wasm_import_module = "weir")]
        extern "C" {
            pub fn log(level: u32, ptr: *const u8, len: usize);
            pub fn error(ptr: *const u8, len: usize);
            pub fn reject(index: u32, ptr: *const u8, len: usize);
            pub fn metric(kind: u32, ptr: *const u8, len: usize, value: f64);
            pub fn now() -> i64;
        }
    }

    // SAFETY of all: the host reads the text during the call and keeps nothing.

    pub fn log(level: Level, text: &str) {
        unsafe { weir::log(level as u32, text.as_ptr(), text.len()) }
    }

    pub fn error(text: &str) {
        unsafe { weir::error(text.as_ptr(), text.len()) }
    }

    pub fn reject(index: u32, text: &str) {
        unsafe { weir::reject(index, text.as_ptr(), text.len()) }
    }

    pub fn metric(kind: u32, name: &str, value: f64) {
        unsafe { weir::metric(kind, name.as_ptr(), name.len(), value) }
    }

    pub fn now() -> i64 {
        unsafe { weir::now() }
    }
}

#[cfg(not(target_arch = "wasm32"))]
use crate::testing::imports;
