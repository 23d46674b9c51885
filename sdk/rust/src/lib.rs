//! Event processors for [weir](https://github.com/weirhq/weir), compiled to
//! WebAssembly.
//!
//! A processor is a function of a context and an event. It may change the
//! event, route it, drop it, send several, or return an error, which hands the
//! event to the pipeline's error policy:
//!
//! ```
//! use weir_processor::{Context, Event, Result};
//!
//! fn select_topic(ctx: &mut Context, event: &mut Event) -> Result {
//!     let heavy = event.number("weight")? > 10.0;
//!     ctx.set("kafka_topic", if heavy { "heavy" } else { "light" });
//!     Ok(())
//! }
//!
//! weir_processor::process!(select_topic);
//! ```
//!
//! A processor with a config or with state of its own implements [`Processor`]
//! and is exported with [`export!`]. Build it as a `cdylib` for
//! `wasm32-unknown-unknown`; test it natively with the `testing` module.
//!
//! Events live where the host put them. What passes through is never copied:
//! an event that nobody touches costs its function call and nothing else.
//! Changed bytes go into an arena that lasts for the batch.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod batch;
mod config;
mod context;
mod entry;
mod error;
mod event;
#[doc(hidden)]
pub mod export;
#[cfg(any(test, all(feature = "runtime", target_arch = "wasm32")))]
mod heap;
mod host;
pub mod json;
mod memory;
#[cfg(all(feature = "runtime", target_arch = "wasm32"))]
mod runtime;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use batch::Batch;
pub use config::{Config, Keys};
pub use context::{Context, Value};
pub use error::{Error, Result};
pub use event::{Event, Header};
pub use export::Processor;
pub use host::{count, gauge, log, now, observe, Level};
