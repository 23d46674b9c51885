//! What the host calls. The macros put it into a module.

use crate::batch::Batch;
use crate::json::Json;
use crate::memory::{pointer, Arena, Chunk};
use crate::{host, Config, Context, Error, Event, Result};
#[doc(hidden)]
pub use alloc::format;

/// A processor with a config or with state of its own. See
/// [`export!`](crate::export!).
///
/// The host may throw an instance away between batches and use several at a
/// time: state is a cache, not a store.
pub trait Processor: Sized {
    /// Makes the processor. An error keeps the pipeline from starting and is
    /// shown to whoever starts it.
    fn open(config: Config<'_>) -> Result<Self>;

    /// Handles one event. `Ok` sends it on as it is then, unless it was
    /// dropped; an error hands it to the error policy.
    fn process(&mut self, ctx: &mut Context, event: &mut Event) -> Result;

    /// Handles a batch, by default event by event.
    fn process_batch(&mut self, batch: &mut Batch) {
        batch.each(|ctx, event| self.process(ctx, event));
    }

    /// Called before the instance is thrown away in good order.
    fn close(&mut self) {}
}

/// The two sides of the border that do not depend on the processor.
pub(crate) struct Border {
    input: Chunk,
    arena: Arena,
}

impl Border {
    pub const fn new() -> Self {
        Border { input: Chunk::empty(), arena: Arena::new() }
    }

    /// The buffer that the host writes into: one, replaced when it must grow.
    pub fn buffer(&mut self, size: u32) -> u32 {
        if self.input.size() < size as usize {
            self.input = Chunk::empty();
            match Chunk::new(size as usize) {
                Some(chunk) => self.input = chunk,
                None => return 0,
            }
        }
        self.input.address()
    }

    /// # Safety
    /// The host wrote `len` bytes at `ptr`.
    pub unsafe fn open(&self, ptr: u32, len: u32, open: impl FnOnce(Config<'_>) -> Result) -> i32 {
        let text = match len {
            0 => &[][..],
            // SAFETY: what the caller promises.
            _ => unsafe { core::slice::from_raw_parts(pointer(ptr), len as usize) },
        };
        match with_config(text, open) {
            Ok(()) => 0,
            Err(err) => {
                host::error(err.message());
                1
            }
        }
    }

    /// # Safety
    /// The host wrote `count` entries at `table`, in the buffer.
    pub unsafe fn process(&mut self, table: u32, count: u32, process: impl FnOnce(&mut Batch)) -> u64 {
        self.arena.reset();
        // SAFETY: what the caller promises, and self is borrowed for the call.
        let mut batch = unsafe { Batch::new(table, count, &self.input, &self.arena) };
        process(&mut batch);
        batch.result()
    }
}

fn with_config(text: &[u8], open: impl FnOnce(Config<'_>) -> Result) -> Result {
    let given = Json::parse(text)?;
    let text_of = |name| -> Result<_> {
        let text = given.get(name).and_then(|text| text.as_str());
        text.ok_or_else(|| Error::new(format!("the host gave no {name} to weir_open")))
    };
    let (pipeline, processor) = (text_of("pipeline")?, text_of("processor")?);
    let json = given.get("config").unwrap_or(Json::NULL);
    open(Config { pipeline: &pipeline, processor: &processor, json })
}

/// One instance: the border and the processor behind it.
pub struct Instance<P>(core::cell::UnsafeCell<Runtime<P>>);

struct Runtime<P> {
    border: Border,
    processor: Option<P>,
}

// SAFETY: this module has no threads, and the host makes one call at a time.
#[cfg(target_arch = "wasm32")]
unsafe impl<P> Sync for Instance<P> {}

impl<P: Processor> Instance<P> {
    /// An instance that is not open yet.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Instance(core::cell::UnsafeCell::new(Runtime { border: Border::new(), processor: None }))
    }

    /// # Safety
    /// No other call is running.
    #[allow(clippy::mut_from_ref)]
    unsafe fn runtime(&self) -> &mut Runtime<P> {
        // SAFETY: what the caller promises.
        unsafe { &mut *self.0.get() }
    }

    /// `weir_buffer`.
    ///
    /// # Safety
    /// The caller is the host, one call at a time.
    pub unsafe fn buffer(&self, size: u32) -> u32 {
        report_panics();
        // SAFETY: one call at a time.
        unsafe { self.runtime() }.border.buffer(size)
    }

    /// `weir_open`.
    ///
    /// # Safety
    /// The caller is the host, one call at a time, as the ABI says.
    pub unsafe fn open(&self, ptr: u32, len: u32) -> i32 {
        // SAFETY: one call at a time; the host wrote the text.
        unsafe {
            let runtime = self.runtime();
            let processor = &mut runtime.processor;
            runtime.border.open(ptr, len, |config| {
                *processor = Some(P::open(config)?);
                Ok(())
            })
        }
    }

    /// `weir_process`.
    ///
    /// # Safety
    /// The caller is the host, one call at a time, as the ABI says.
    pub unsafe fn process(&self, table: u32, count: u32) -> u64 {
        // SAFETY: one call at a time; the host wrote the table.
        unsafe {
            let runtime = self.runtime();
            let Some(processor) = &mut runtime.processor else {
                panic!("weir_process was called before weir_open succeeded");
            };
            runtime.border.process(table, count, |batch| processor.process_batch(batch))
        }
    }

    /// `weir_close`.
    ///
    /// # Safety
    /// The caller is the host, one call at a time.
    pub unsafe fn close(&self) {
        // SAFETY: one call at a time.
        if let Some(mut processor) = unsafe { self.runtime() }.processor.take() {
            processor.close();
        }
    }
}

/// Hands the text of a panic to the host, which then sees the trap.
#[cfg(all(feature = "std", target_arch = "wasm32"))]
fn report_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| std::panic::set_hook(std::boxed::Box::new(|info| host::error(&format!("{info}")))));
}

#[cfg(not(all(feature = "std", target_arch = "wasm32")))]
fn report_panics() {}

/// Exports a [`Processor`] from the module.
///
/// ```
/// use weir_processor::{Config, Context, Event, Processor, Result};
///
/// struct Stamp {
///     name: String,
/// }
///
/// impl Processor for Stamp {
///     fn open(config: Config<'_>) -> Result<Self> {
///         let name = config.json.get("name").and_then(|name| name.as_str());
///         Ok(Stamp { name: name.unwrap_or("stamp".into()).into_owned() })
///     }
///
///     fn process(&mut self, _: &mut Context, event: &mut Event) -> Result {
///         event.add_header(&self.name, &b"seen"[..]);
///         Ok(())
///     }
/// }
///
/// weir_processor::export!(Stamp);
/// ```
#[macro_export]
macro_rules! export {
    ($processor:ty) => {
        const _: () = {
            const fn is_processor<P: $crate::Processor>() {}
            is_processor::<$processor>();
        };

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            static INSTANCE: $crate::export::Instance<$processor> = $crate::export::Instance::new();

            #[no_mangle]
            extern "C" fn weir_abi_1() {}

            #[no_mangle]
            unsafe extern "C" fn weir_buffer(size: u32) -> u32 {
                unsafe { INSTANCE.buffer(size) }
            }

            #[no_mangle]
            unsafe extern "C" fn weir_open(ptr: u32, len: u32) -> i32 {
                unsafe { INSTANCE.open(ptr, len) }
            }

            #[no_mangle]
            unsafe extern "C" fn weir_process(table: u32, count: u32) -> u64 {
                unsafe { INSTANCE.process(table, count) }
            }

            #[no_mangle]
            unsafe extern "C" fn weir_close() {
                unsafe { INSTANCE.close() }
            }
        };
    };
}

/// Exports a function of a context and an event as the module's processor.
/// The crate's page has an example.
#[macro_export]
macro_rules! process {
    ($function:path) => {
        const _: () = {
            struct Function;

            impl $crate::Processor for Function {
                fn open(_: $crate::Config<'_>) -> $crate::Result<Self> {
                    Ok(Function)
                }

                fn process(
                    &mut self,
                    ctx: &mut $crate::Context,
                    event: &mut $crate::Event,
                ) -> $crate::Result {
                    $function(ctx, event)
                }
            }

            $crate::export!(Function);
        };
    };
}
