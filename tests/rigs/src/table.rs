//! Tables of cases: lines of cells with a tab between; `#` begins a comment.

/// The rows of a table of `width` cells. The first cell is the name of the case.
pub fn rows(table: &str, width: usize) -> Vec<Vec<&str>> {
    let rows: Vec<Vec<_>> = table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
        .collect();
    for row in &rows {
        assert_eq!(row.len(), width, "cells of {row:?}");
    }
    assert!(!rows.is_empty());
    rows
}

/// Writes out `{TEXT*N}`: N times TEXT.
pub fn repeated(cell: &str) -> String {
    let mut out = String::new();
    let mut rest = cell;
    while let Some((before, behind)) = rest.split_once('{') {
        let (inner, behind) = behind.split_once('}').unwrap();
        let (text, count) = inner.rsplit_once('*').unwrap();
        out.push_str(before);
        out.push_str(&text.repeat(count.parse().unwrap()));
        rest = behind;
    }
    out + rest
}

/// The bytes that `\r`, `\n`, `\t`, `\0`, `\\` and `\xHH` stand for.
pub fn bytes(cell: &str) -> Vec<u8> {
    let cell = repeated(cell);
    let mut out = Vec::new();
    let mut rest = cell.as_bytes();
    while let [byte, behind @ ..] = rest {
        rest = behind;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let (&kind, behind) = rest.split_first().unwrap();
        rest = behind;
        out.push(match kind {
            b'r' => b'\r',
            b'n' => b'\n',
            b't' => b'\t',
            b'0' => 0,
            b'\\' => b'\\',
            b'x' => {
                let (digits, behind) = rest.split_at(2);
                rest = behind;
                u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap()
            }
            other => panic!("\\{} in {cell:?}", other as char),
        });
    }
    out
}
