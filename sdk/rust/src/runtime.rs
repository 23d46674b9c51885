//! What a module without `std` needs to run: an allocator and an end for
//! panics.

use crate::heap::{Heap, PAGE};
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;

struct Memory(UnsafeCell<Heap>);

// SAFETY: a module has no threads.
unsafe impl Sync for Memory {}

#[global_allocator]
static MEMORY: Memory = Memory(UnsafeCell::new(Heap::new(grow)));

fn grow(pages: usize) -> *mut u8 {
    match core::arch::wasm32::memory_grow::<0>(pages) {
        usize::MAX => core::ptr::null_mut(),
        first => core::ptr::with_exposed_provenance_mut(first * PAGE),
    }
}

// SAFETY: the heap gives out blocks that do not overlap, aligned to 16; for
// what needs more it has none.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one call at a time, for there are no threads.
        unsafe { (*self.0.get()).allocate(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: as above, and what the caller promises.
        unsafe { (*self.0.get()).release(ptr, layout) }
    }
}

/// Tells the host the text of a panic, then traps. It allocates nothing: the
/// panic may be for want of memory.
#[cfg(not(feature = "std"))]
#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    let mut text = Text { bytes: [0; 1024], len: 0 };
    // What does not fit is cut off.
    let _ = core::fmt::write(&mut text, format_args!("{info}"));
    crate::host::error(core::str::from_utf8(&text.bytes[..text.len]).unwrap_or("panic"));
    core::arch::wasm32::unreachable()
}

/// A text of limited length.
#[cfg(not(feature = "std"))]
struct Text {
    bytes: [u8; 1024],
    len: usize,
}

#[cfg(not(feature = "std"))]
impl core::fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        if text.len() > self.bytes.len() - self.len {
            return Err(core::fmt::Error);
        }
        self.bytes[self.len..][..text.len()].copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}
