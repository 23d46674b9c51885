//! A small allocator for modules without `std`: a tenth of the size of the one
//! that `std` brings, and as fast for what processors do.
//!
//! Small blocks come from one list of free blocks a size and go back to it.
//! Large ones are cut from a list of free ranges in the order of their
//! addresses, where neighbours become one again. Nothing needs a header, for
//! Rust tells the size of what it gives back.

use core::alloc::Layout;
use core::ptr::null_mut;

/// Every size and every address is a multiple of this.
const GRAIN: usize = 16;

/// Up to here a size has a list of its own.
const SMALL: usize = 512;

/// How much is cut off the large ranges at a time to make small blocks.
const SLAB: usize = 8 << 10;

/// The size of a page of WebAssembly's memory.
pub(crate) const PAGE: usize = 64 << 10;

/// A free block or range; it lies in the free memory itself.
struct Free {
    next: *mut Free,
    size: usize,
}

/// Gives `pages` more pages of memory; null when there are none.
pub(crate) type Grow = fn(pages: usize) -> *mut u8;

/// A heap. It is not safe for threads, which modules do not have.
pub(crate) struct Heap {
    small: [*mut Free; SMALL / GRAIN],
    ranges: *mut Free,
    slab: *mut u8,
    slab_left: usize,
    grow: Grow,
}

impl Heap {
    pub const fn new(grow: Grow) -> Self {
        let small = [null_mut(); SMALL / GRAIN];
        Heap { small, ranges: null_mut(), slab: null_mut(), slab_left: 0, grow }
    }

    /// Memory for the layout, uninitialised, or null.
    pub fn allocate(&mut self, layout: Layout) -> *mut u8 {
        let Some(size) = rounded(layout) else { return null_mut() };
        if size > SMALL {
            return self.take_range(size);
        }
        let list = &mut self.small[size / GRAIN - 1];
        let first = *list;
        if first.is_null() {
            return self.cut(size);
        }
        // SAFETY: what is in the list is free and was written by release.
        *list = unsafe { (*first).next };
        first.cast()
    }

    /// # Safety
    /// `ptr` came from `allocate(layout)`, and nothing refers to it any more.
    pub unsafe fn release(&mut self, ptr: *mut u8, layout: Layout) {
        let Some(size) = rounded(layout) else { return };
        if size > SMALL {
            // SAFETY: what the caller promises.
            return unsafe { self.give_range(ptr, size) };
        }
        let list = &mut self.small[size / GRAIN - 1];
        let free = ptr.cast::<Free>();
        // SAFETY: a block is free from now on, and at least GRAIN bytes long.
        unsafe { free.write(Free { next: *list, size }) }
        *list = free;
    }

    /// A fresh small block.
    fn cut(&mut self, size: usize) -> *mut u8 {
        if size > self.slab_left {
            let slab = self.take_range(SLAB);
            if slab.is_null() {
                return slab;
            }
            if self.slab_left > 0 {
                // SAFETY: the rest of the old slab is one small block.
                unsafe { self.release(self.slab, Layout::from_size_align_unchecked(self.slab_left, GRAIN)) }
            }
            self.slab = slab;
            self.slab_left = SLAB;
        }
        let block = self.slab;
        self.slab = block.wrapping_add(size);
        self.slab_left -= size;
        block
    }

    /// The first range that is long enough, or more memory.
    #[inline(never)]
    fn take_range(&mut self, size: usize) -> *mut u8 {
        loop {
            let mut link = &raw mut self.ranges;
            // SAFETY: the list holds free ranges, which nobody else writes to.
            unsafe {
                while !(*link).is_null() && (**link).size < size {
                    link = &raw mut (**link).next;
                }
                let found = *link;
                if !found.is_null() {
                    // What is left behind it stays in its place of the list.
                    let Free { next, size: have } = found.read();
                    *link = match have - size {
                        0 => next,
                        left => {
                            let rest = found.cast::<u8>().wrapping_add(size).cast::<Free>();
                            rest.write(Free { next, size: left });
                            rest
                        }
                    };
                    return found.cast();
                }
            }
            let pages = size.div_ceil(PAGE);
            let fresh = (self.grow)(pages);
            if fresh.is_null() {
                return fresh;
            }
            // SAFETY: the pages are new, and nobody's yet.
            unsafe { self.give_range(fresh, pages * PAGE) }
        }
    }

    /// # Safety
    /// The range is nobody's.
    #[inline(never)]
    unsafe fn give_range(&mut self, ptr: *mut u8, size: usize) {
        let free = ptr.cast::<Free>();
        let mut before = null_mut::<Free>();
        let mut link = &raw mut self.ranges;
        // SAFETY: the list holds free ranges, which nobody else writes to.
        unsafe {
            while !(*link).is_null() && *link < free {
                before = *link;
                link = &raw mut (**link).next;
            }
            free.write(Free { next: *link, size });
            *link = free;
            join(free);
            if !before.is_null() {
                join(before);
            }
        }
    }
}

/// Makes one range of this and the next when they touch.
///
/// # Safety
/// The range is in the list.
unsafe fn join(range: *mut Free) {
    // SAFETY: what the caller promises, for this and the next range.
    unsafe {
        let Free { next, size } = range.read();
        if !next.is_null() && range.cast::<u8>().wrapping_add(size) == next.cast() {
            let Free { next, size: more } = next.read();
            range.write(Free { next, size: size + more });
        }
    }
}

/// The size that a layout takes; none when no address can satisfy it.
fn rounded(layout: Layout) -> Option<usize> {
    let fits = layout.align() <= GRAIN && layout.size() <= isize::MAX as usize - PAGE;
    fits.then(|| layout.size().max(1).next_multiple_of(GRAIN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    extern crate std;

    /// Grows within one block a thread, as WebAssembly's memory does.
    fn grow(pages: usize) -> *mut u8 {
        std::thread_local! {
            static LEFT: core::cell::RefCell<&'static mut [u128]> =
                std::boxed::Box::leak(std::vec![0u128; 64 * PAGE / 16].into_boxed_slice()).into();
        }
        LEFT.with_borrow_mut(|left| {
            let all = core::mem::take(left);
            if pages * PAGE / 16 > all.len() {
                *left = all;
                return null_mut();
            }
            let (given, rest) = all.split_at_mut(pages * PAGE / 16);
            *left = rest;
            given.as_mut_ptr().cast()
        })
    }

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 8).expect("a small layout")
    }

    #[test]
    fn blocks_keep_what_is_written_to_them() {
        let mut heap = Heap::new(grow);
        let mut live: Vec<(*mut u8, usize, u8)> = Vec::new();
        let mut random = 1u64;
        for round in 0..20_000 {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let (pick, size) = ((random >> 33) as usize, 1usize << (random >> 60));
            if live.len() > 60 || (pick % 3 == 0 && !live.is_empty()) {
                let (ptr, size, mark) = live.swap_remove(pick % live.len());
                // SAFETY: the block is live and size bytes long.
                unsafe {
                    assert!(core::slice::from_raw_parts(ptr, size).iter().all(|&byte| byte == mark));
                    heap.release(ptr, layout(size));
                }
                continue;
            }
            let size = size + pick % size;
            let ptr = heap.allocate(layout(size));
            assert!(!ptr.is_null() && ptr as usize % GRAIN == 0, "round {round}: {size} bytes at {ptr:?}");
            // SAFETY: the block is ours and size bytes long.
            unsafe { ptr.write_bytes(round as u8, size) }
            live.push((ptr, size, round as u8));
        }
    }

    #[test]
    fn neighbours_become_one_again() {
        let mut heap = Heap::new(grow);
        let blocks: Vec<_> = (0..48).map(|_| heap.allocate(layout(PAGE))).collect();
        assert!(heap.allocate(layout(17 * PAGE)).is_null(), "more than there is was given");
        for at in (0..48).step_by(2).chain((1..48).step_by(2)) {
            // SAFETY: the block came from this heap.
            unsafe { heap.release(blocks[at], layout(PAGE)) }
        }
        assert!(!heap.allocate(layout(48 * PAGE)).is_null(), "the ranges did not become one");
    }

    #[test]
    fn what_cannot_be_is_null() {
        let mut heap = Heap::new(grow);
        assert!(heap.allocate(layout(65 * PAGE)).is_null());
        assert!(heap.allocate(layout(isize::MAX as usize - 8)).is_null());
        assert!(heap.allocate(Layout::from_size_align(8, 4096).expect("a small layout")).is_null());
        assert!(!heap.allocate(layout(0)).is_null());
    }
}
