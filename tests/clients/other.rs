//! Another Rust static library, with the standard library in it: allocation, formatting, threads, and a panic handler.

/// Does something that needs the runtime, and returns 42.
#[unsafe(no_mangle)]
pub extern "C" fn other_rust_library() -> i32 {
    let words: Vec<String> = (0..42).map(|n| format!("word {n}")).collect();
    std::thread::spawn(move || words.len() as i32).join().expect("the thread does not panic")
}
