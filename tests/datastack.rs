//! The sizes of data stack chunks, against CPython's own rule: 16 KiB, doubled until it holds the frame and 1000 words.

use pyframe_shim::datastack::{CHUNK_BYTES, LARGEST_CHUNK_BYTES, OVERHEAD_WORDS, chunk_bytes};

/// `push_chunk` as CPython words it, in an integer that nothing overflows.
fn model(words: u128) -> Option<u128> {
    let mut bytes = 16 * 1024;
    while bytes < 8 * (words + 1000) {
        bytes *= 2;
    }
    // CPython keeps the size in an int.
    (bytes <= i32::MAX as u128).then_some(bytes)
}

#[track_caller]
fn assert_like_model(words: usize) {
    assert_eq!(chunk_bytes(words).map(|bytes| bytes as u128), model(words as u128), "{words} words");
}

#[test]
fn every_small_size() {
    (0..300_000).for_each(assert_like_model);
}

#[test]
fn around_every_doubling() {
    for power in 14..=63 {
        let full = (1_usize << power) / 8;
        for words in full.saturating_sub(OVERHEAD_WORDS + 3)..=full.saturating_sub(OVERHEAD_WORDS) + 3 {
            assert_like_model(words);
        }
    }
}

#[test]
fn around_what_an_int_can_hold() {
    for middle in [i32::MAX as usize / 8, i32::MAX as usize / 2, i32::MAX as usize, u32::MAX as usize, usize::MAX / 8] {
        (middle - 2000..=middle + 2000).for_each(assert_like_model);
    }
    assert_like_model(usize::MAX);
    assert_like_model(isize::MAX as usize);
}

#[test]
fn a_chunk_holds_its_frame_and_the_overhead() {
    for words in (0..100_000_000).step_by(9_973) {
        let bytes = chunk_bytes(words).expect("below the largest");
        assert!(bytes >= 8 * (words + OVERHEAD_WORDS) && bytes.is_power_of_two(), "{words} words");
        assert!((CHUNK_BYTES..=LARGEST_CHUNK_BYTES).contains(&bytes), "{words} words");
    }
}

#[test]
fn the_largest_chunk() {
    let most = LARGEST_CHUNK_BYTES / 8 - OVERHEAD_WORDS;
    assert_eq!(chunk_bytes(most), Some(LARGEST_CHUNK_BYTES));
    assert_eq!(chunk_bytes(most + 1), None);
}
