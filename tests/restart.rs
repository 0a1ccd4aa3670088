//! The spare chunk and the chunk cache in a process whose interpreter ends and begins again.

use pyframe_shim::datastack::{self, cache};
use pyframe_shim::view::Thread;
use std::process::Command;

const BURST: &std::ffi::CStr = c"
def descend(depth):
    return depth and descend(depth - 1)
assert descend(600) == 0
";

/// An embedded interpreter does not know where its library is.
fn set_home() {
    let python = std::env::var("PYO3_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let answer =
        Command::new(python).args(["-c", "import sys; print(sys.base_prefix)"]).output().expect("an interpreter");
    let home = String::from_utf8(answer.stdout).expect("a path");
    // SAFETY: no other thread of this program touches the environment.
    unsafe { std::env::set_var("PYTHONHOME", home.trim()) }
}

/// Frames at the end of a chunk, again and again; how many chunks that took from the cache, or past it.
fn push_and_pop() -> u64 {
    let before = cache::statistics();
    // SAFETY: this thread has the interpreter to itself.
    let thread = unsafe { Thread::current() };
    for _ in 0..100 {
        // SAFETY: popped in reverse order.
        unsafe {
            let first = datastack::push(&thread, 1040).expect("memory");
            let second = datastack::push(&thread, 1040).expect("memory");
            datastack::pop(&thread, second).expect("pushed last");
            datastack::pop(&thread, first).expect("pushed last");
        }
    }
    let after = cache::statistics();
    after.hits + after.misses - before.hits - before.misses
}

#[test]
fn three_lives() {
    set_home();
    for life in 1..=3 {
        // SAFETY: this thread has the interpreter to itself, from its beginning to its end.
        unsafe {
            pyo3_ffi::Py_InitializeEx(0);
            let enabled = cache::enable(&Thread::current(), 4).expect("1 to 64");
            assert_eq!(pyo3_ffi::PyRun_SimpleString(BURST.as_ptr()), 0, "life {life}");
            let held = cache::statistics().held;
            assert_eq!(held, if enabled { 4 } else { 0 }, "life {life}");
            // A spare of the life before came from another allocator, or is used at once.
            assert!(push_and_pop() <= 2, "life {life}");
            if life == 2 {
                cache::disable(&Thread::current());
                assert_eq!(cache::statistics().held, 0);
            }
            assert_eq!(pyo3_ffi::Py_FinalizeEx(), 0, "life {life}");
            assert!(cache::statistics().held <= 4);
        }
    }
}
