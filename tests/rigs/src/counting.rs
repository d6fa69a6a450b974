//! An allocator that counts, for what must allocate nothing or hold little.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts what each thread asks for and holds, since tests run beside each other.
pub struct Counting;

thread_local! {
    static ASKED: Cell<usize> = const { Cell::new(0) };
    static HELD: Cell<isize> = const { Cell::new(0) };
}

// SAFETY: all is left to the system's allocator; the cells allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ASKED.try_with(|asked| asked.set(asked.get() + 1));
        let _ = HELD.try_with(|held| held.set(held.get() + layout.size() as isize));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let _ = HELD.try_with(|held| held.set(held.get() - layout.size() as isize));
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// How often `work` asks for memory, and how many more bytes are held behind it.
pub fn cost<T>(work: impl FnOnce() -> T) -> (usize, isize, T) {
    let (asked, held) = (ASKED.get(), HELD.get());
    let result = work();
    (ASKED.get() - asked, HELD.get() - held, result)
}

/// How many bytes this thread holds.
pub fn held() -> isize {
    HELD.get()
}
