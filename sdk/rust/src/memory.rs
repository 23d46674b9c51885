//! Linear memory as the border sees it: 32-bit addresses.
//!
//! In WebAssembly an address is a pointer. Natively, for tests, addresses are
//! offsets into one block a thread, from which all chunks come.

use crate::entry::Span;
use alloc::vec::Vec;
use core::cell::{Cell, UnsafeCell};

#[cfg(target_arch = "wasm32")]
mod linear {
    use alloc::alloc::{alloc, dealloc, Layout};

    pub fn address(ptr: *const u8) -> u32 {
        ptr.expose_provenance() as u32
    }

    /// The cast matters: a pointer computed from null would be one to nothing,
    /// and the compiler would drop what is written through it.
    pub fn pointer(address: u32) -> *mut u8 {
        core::ptr::with_exposed_provenance_mut(address as usize)
    }

    /// Memory of `size` bytes, 8-aligned, or null.
    pub fn allocate(size: usize) -> *mut u8 {
        match Layout::from_size_align(size, 8) {
            // SAFETY: the caller asks for at least one byte.
            Ok(layout) => unsafe { alloc(layout) },
            Err(_) => core::ptr::null_mut(),
        }
    }

    /// # Safety
    /// `ptr` came from `allocate(size)` and nothing refers to it any more.
    pub unsafe fn release(ptr: *mut u8, size: usize) {
        // SAFETY: the layout was valid when the memory was allocated.
        unsafe { dealloc(ptr, Layout::from_size_align_unchecked(size, 8)) }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod linear {
    use alloc::alloc::{alloc_zeroed, Layout};
    use core::cell::Cell;

    const SIZE: usize = 256 << 20;

    std::thread_local! {
        static BLOCK: (*mut u8, Cell<usize>) = {
            let layout = Layout::from_size_align(SIZE, 16).expect("a constant layout");
            // SAFETY: the size is not zero. The block lives as long as the
            // process: tests hand out references that nobody counts.
            let block = unsafe { alloc_zeroed(layout) };
            assert!(!block.is_null(), "no memory for the linear memory of tests");
            // Address 0 stays unused, as it does in WebAssembly.
            (block, Cell::new(16))
        };
    }

    extern crate std;

    pub fn address(ptr: *const u8) -> u32 {
        BLOCK.with(|block| (ptr as usize - block.0 as usize) as u32)
    }

    pub fn pointer(address: u32) -> *mut u8 {
        BLOCK.with(|block| block.0.wrapping_add(address as usize))
    }

    pub fn allocate(size: usize) -> *mut u8 {
        BLOCK.with(|(block, used)| {
            let at = used.get();
            let size = size.next_multiple_of(8);
            if size > SIZE - at {
                return core::ptr::null_mut();
            }
            used.set(at + size);
            // SAFETY: at + size lies in the block.
            unsafe { block.add(at) }
        })
    }

    /// # Safety
    /// As in WebAssembly. Nothing is given back.
    pub unsafe fn release(_: *mut u8, _: usize) {}
}

/// An owned piece of linear memory, 8-aligned.
pub(crate) struct Chunk {
    ptr: *mut u8,
    size: usize,
}

impl Chunk {
    pub const fn empty() -> Self {
        Chunk { ptr: core::ptr::null_mut(), size: 0 }
    }

    pub fn new(size: usize) -> Option<Self> {
        let size = size.max(8);
        let ptr = linear::allocate(size);
        (!ptr.is_null()).then_some(Chunk { ptr, size })
    }

    pub fn address(&self) -> u32 {
        address(self.ptr)
    }

    pub fn size(&self) -> usize {
        self.size
    }

    fn holds(&self, bytes: &[u8]) -> bool {
        let (start, first) = (self.ptr as usize, bytes.as_ptr() as usize);
        first >= start && first - start < self.size
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        if !self.ptr.is_null() {
            // SAFETY: the chunk owns its memory, and those who borrow from it
            // borrow the chunk.
            unsafe { linear::release(self.ptr, self.size) }
        }
    }
}

/// The address of a pointer into linear memory.
pub(crate) fn address<T>(ptr: *const T) -> u32 {
    linear::address(ptr.cast())
}

/// The pointer of an address.
pub(crate) fn pointer<T>(address: u32) -> *mut T {
    linear::pointer(address).cast()
}

/// The values at a span.
///
/// # Safety
/// The host or an arena put `span.len` values of `T` there, and they do not
/// change while `'b` lasts.
pub(crate) unsafe fn slice<'b, T>(span: Span) -> &'b [T] {
    if span.len == 0 {
        return &[];
    }
    // SAFETY: what the caller promises.
    unsafe { core::slice::from_raw_parts(pointer(span.ptr), span.len as usize) }
}

/// Memory for one batch: handed out from the front, given back all at once.
pub(crate) struct Arena {
    chunks: UnsafeCell<Vec<Chunk>>,
    /// Where the next room begins, and how many bytes are left from there.
    next: Cell<*mut u8>,
    left: Cell<usize>,
}

/// The size of the first chunk, and the least of any other.
const CHUNK: usize = 32 << 10;

impl Arena {
    pub const fn new() -> Self {
        Arena {
            chunks: UnsafeCell::new(Vec::new()),
            next: Cell::new(core::ptr::null_mut()),
            left: Cell::new(0),
        }
    }

    /// Room for `count` values, uninitialised. Panics when memory is out: a
    /// trap, which costs the batch and not the host.
    pub fn room<T>(&self, count: usize) -> *mut T {
        let next = self.next.get();
        let skip = next.align_offset(align_of::<T>());
        let size = size_of::<T>().saturating_mul(count).saturating_add(skip);
        if size > self.left.get() {
            self.grow(size);
            return self.room(count);
        }
        self.next.set(next.wrapping_add(size));
        self.left.set(self.left.get() - size);
        next.wrapping_add(skip).cast()
    }

    #[cold]
    fn grow(&self, size: usize) {
        let size = size.max(CHUNK);
        let Some(chunk) = Chunk::new(size) else { panic!("out of memory: {size} bytes for a batch") };
        self.next.set(chunk.ptr);
        self.left.set(chunk.size);
        // SAFETY: nobody holds a reference to the list itself.
        unsafe { (*self.chunks.get()).push(chunk) }
    }

    /// A copy of the bytes that lasts for the batch.
    pub fn copy(&self, bytes: &[u8]) -> Span {
        if bytes.is_empty() {
            return Span::default();
        }
        let to = self.room::<u8>(bytes.len());
        // SAFETY: the room is fresh and as long as the bytes.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) }
        Span { ptr: address(to), len: bytes.len() as u32 }
    }

    /// Gives back what the last batch used. Of several chunks one is kept that
    /// could have held it all, so that a steady load stops allocating.
    pub fn reset(&mut self) {
        let chunks = self.chunks.get_mut();
        if chunks.len() > 1 {
            let size = chunks.iter().map(Chunk::size).sum();
            chunks.clear();
            chunks.extend(Chunk::new(size));
        }
        let first = chunks.first().map_or((core::ptr::null_mut(), 0), |chunk| (chunk.ptr, chunk.size));
        self.next.set(first.0);
        self.left.set(first.1);
    }
}

/// Tells whether the bytes lie in the chunk, so that they can be referred to
/// and need no copy.
pub(crate) fn lies_in(bytes: &[u8], chunk: &Chunk) -> bool {
    !bytes.is_empty() && chunk.holds(bytes)
}
