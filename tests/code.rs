//! The scan for MAKE_CELL in the prefix of a function's code.

use pyframe_shim::sys::{COPY_FREE_VARS, EXTENDED_ARG, MAKE_CELL, RESUME};
use pyframe_shim::view::{SlotKind, cells_made};

/// An instruction as the compiler writes it, with as many EXTENDED_ARG as the argument takes.
fn instruction(opcode: u32, argument: usize) -> Vec<[u8; 2]> {
    let bytes: Vec<u8> = argument.to_be_bytes().into_iter().skip_while(|&byte| byte == 0).collect();
    let (&last, extended) = bytes.split_last().unwrap_or((&0, &[]));
    let mut units: Vec<_> = extended.iter().map(|&byte| [EXTENDED_ARG as u8, byte]).collect();
    units.push([opcode as u8, last]);
    units
}

fn program(instructions: &[(u32, usize)]) -> Vec<[u8; 2]> {
    instructions.iter().flat_map(|&(opcode, argument)| instruction(opcode, argument)).collect()
}

fn cells(units: &[[u8; 2]]) -> Vec<usize> {
    cells_made(units).collect()
}

#[test]
fn no_instructions() {
    assert_eq!(cells(&[]), []);
}

#[test]
fn cells_between_other_instructions() {
    let units = program(&[(COPY_FREE_VARS, 2), (MAKE_CELL, 0), (COPY_FREE_VARS, 1), (MAKE_CELL, 5)]);
    assert_eq!(cells(&units), [0, 5]);
}

/// Behind it MAKE_CELL may belong to an inlined comprehension.
#[test]
fn no_cells_behind_the_first_resume() {
    assert_eq!(cells(&program(&[(MAKE_CELL, 0), (RESUME, 0), (MAKE_CELL, 7)])), [0]);
}

#[test]
fn arguments_of_other_instructions_are_not_slots() {
    assert_eq!(cells(&program(&[(COPY_FREE_VARS, MAKE_CELL as usize), (RESUME, MAKE_CELL as usize)])), []);
}

#[test]
fn slots_of_every_width() {
    for slot in [0, 1, 255, 256, 257, 299, 65_535, 65_536, 70_000, 0xFF_FFFF, 0x100_0000] {
        assert_eq!(cells(&program(&[(MAKE_CELL, slot), (MAKE_CELL, 1)])), [slot, 1], "slot {slot}");
    }
}

#[test]
fn three_hundred_cells() {
    let slots: Vec<usize> = (0..300).collect();
    let units: Vec<_> = slots.iter().flat_map(|&slot| instruction(MAKE_CELL, slot)).collect();
    assert_eq!(cells(&units), slots);
    // Cut at every unit: a cell counts once its MAKE_CELL is inside, and half an EXTENDED_ARG pair makes none.
    for end in 0..=units.len() {
        let whole = if end <= 256 { end } else { 256 + (end - 256) / 2 };
        assert_eq!(cells(&units[..end]), slots[..whole], "{end} units");
    }
}

#[test]
fn kinds_of_slots() {
    for (bits, cell, free) in [(0x20, false, false), (0x60, true, false), (0x40, true, false), (0x80, false, true)] {
        let kind = SlotKind::from_bits(bits);
        assert_eq!((kind.is_cell(), kind.is_free(), kind.is_hidden()), (cell, free, false), "{bits:#x}");
    }
}
