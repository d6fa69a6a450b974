//! What may grow: each public type is exhaustive on purpose or `#[non_exhaustive]`, and `ARCHITECTURE.md` says which are which.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The public enums, and the public structs all of whose fields are public, that can be matched or made without a `..`.
fn exhaustive(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            exhaustive(&path, found);
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = source.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let Some(head) = line.strip_prefix("pub ") else { continue };
            let mut words =
                head.split(|byte: char| !byte.is_alphanumeric() && byte != '_').filter(|word| !word.is_empty());
            let (Some(kind @ ("enum" | "struct")), Some(name)) = (words.next(), words.next()) else { continue };
            let attributes =
                lines[..index].iter().rev().take_while(|line| line.starts_with("#[") || line.starts_with("//"));
            if attributes.into_iter().any(|line| *line == "#[non_exhaustive]") {
                continue;
            }
            let body =
                lines[index + 1..].iter().take_while(|line| **line != "}").filter(|line| !line.trim().starts_with('/'));
            let fields: Vec<&&str> =
                body.filter(|line| line.starts_with("    ") && !line.trim().starts_with('#')).collect();
            let open = head.ends_with('{')
                && fields.iter().all(|field| field.starts_with("    pub ") || field.starts_with("     "));
            if kind == "enum" || open && !fields.is_empty() {
                let room = path.strip_prefix(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap();
                let room = room.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
                let shared = matches!(name, "Action" | "Config" | "Patience" | "Security")
                    && matches!(room, "client" | "server");
                found.insert(if shared { format!("{room}::{name}") } else { name.to_owned() });
            }
        }
    }
}

#[test]
fn what_is_exhaustive_is_so_on_purpose() {
    let mut found = BTreeSet::new();
    exhaustive(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut found);
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/ARCHITECTURE.md")).unwrap();
    let section = text.split("\n## What may grow\n").nth(1).expect("a section").split("\n## ").next().unwrap();
    let table = section.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    let listed: BTreeSet<String> = table
        .flat_map(|row| {
            row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(found.difference(&listed).next(), None, "neither `#[non_exhaustive]` nor in the table");
    assert_eq!(listed.difference(&found).next(), None, "in the table, and not exhaustive");
}
