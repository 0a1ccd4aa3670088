//! What the build says of itself, and what it says of an interpreter that it was not built for.

use pyframe_shim::runtime::{BUILD, Mismatch, check_version, compare_version};

#[test]
fn the_interpreter_of_the_build_fits() {
    assert_eq!(check_version(), Ok(()));
}

#[test]
fn every_patch_release_of_the_minor_fits() {
    for patch in ["0", "0a1", "0rc2", "1", "13", "99+"] {
        let text = format!("3.{}.{patch} (main, Jan  1 2026, 00:00:00) [GCC 12.2.0]", BUILD.minor);
        assert_eq!(compare_version(&text), Ok(()), "{text}");
    }
}

#[test]
fn another_minor_is_named_and_so_is_the_build() {
    for other in [8, 9, 10, 11, 12, 13, 14, 15, 21].into_iter().filter(|&minor| minor != BUILD.minor) {
        let error = compare_version(&format!("3.{other}.2 (main)")).expect_err("another minor");
        assert!(matches!(error, Mismatch::Minor { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(&format!("CPython 3.{other}.2")), "{text}");
        assert!(text.contains(BUILD.python.to_str().expect("ASCII")), "{text}");
        assert!(text.contains("install the extension that holds it for this Python"), "{text}");
    }
}

#[test]
fn a_longer_minor_is_not_mistaken() {
    assert!(compare_version(&format!("3.{}1.0 (main)", BUILD.minor)).is_err());
    assert!(compare_version("").is_err());
}

#[test]
fn free_threading_is_refused() {
    for wording in ["experimental free-threading build", "free-threading build"] {
        let text = format!("3.{}.0 {wording} (main, Oct  7 2024) [GCC]", BUILD.minor);
        let error = compare_version(&text).expect_err("no GIL");
        assert!(matches!(error, Mismatch::FreeThreaded { .. }), "{error}");
    }
}

#[test]
fn the_build_describes_itself() {
    let python = BUILD.python.to_str().expect("ASCII");
    assert!(python.starts_with(&format!("3.{}.{}", BUILD.minor, BUILD.patch)), "{python}");
    assert_eq!(BUILD.shim.to_str(), Ok(env!("CARGO_PKG_VERSION")));
    assert_eq!(BUILD.frames, BUILD.minor >= 11);
}
