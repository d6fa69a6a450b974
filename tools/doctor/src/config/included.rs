//! Files that a configuration includes.

use std::fs;
use std::path::{Path, PathBuf};

/// How many files are read, and of each how many bytes: more of them is no configuration.
const FILES: usize = 100;
const LONGEST: u64 = 1 << 20;

/// What was read so far.
pub(super) struct Included {
    /// Where a path that isn't absolute begins; `None`: nothing is read.
    folder: Option<PathBuf>,
    files: Vec<String>,
}

impl Included {
    /// Nothing is read.
    pub(super) fn unread() -> Self {
        Self { folder: None, files: Vec::new() }
    }

    /// What stands beside this file, or elsewhere.
    pub(super) fn beside(file: &Path) -> Self {
        Self { folder: Some(file.parent().unwrap_or(Path::new("")).to_owned()), files: Vec::new() }
    }

    /// The files, in the order in which they were read.
    pub(super) fn files(&self) -> &[String] {
        &self.files
    }

    pub(super) fn into_files(self) -> Vec<String> {
        self.files
    }

    /// The text of each file that is meant by a path, a folder or a pattern, with its number, from 1. `None`: it can't be read.
    pub(super) fn read(&mut self, path: &str) -> Option<Vec<(usize, String)>> {
        let path = self.folder.as_deref()?.join(path);
        let mut texts = Vec::new();
        for file in meant(&path)? {
            let name = file.display().to_string();
            // None is read twice, and so none includes itself.
            if self.files.len() >= FILES || self.files.contains(&name) {
                continue;
            }
            if fs::metadata(&file).ok()?.len() > LONGEST {
                return None;
            }
            let text = fs::read(&file).ok()?;
            self.files.push(name);
            texts.push((self.files.len(), String::from_utf8_lossy(&text).into_owned()));
        }
        Some(texts)
    }
}

/// All files of a folder, those whose name fits a pattern, or the one file.
fn meant(path: &Path) -> Option<Vec<PathBuf>> {
    let pattern = path.file_name().and_then(|name| name.to_str()).filter(|name| name.contains(['*', '?']));
    let folder = match pattern {
        Some(_) => path.parent()?,
        None if path.is_dir() => path,
        None => return path.is_file().then(|| vec![path.to_owned()]),
    };
    let files = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let fits_pattern = |file: &PathBuf| {
        let name = file.file_name().and_then(|name| name.to_str());
        pattern.is_none_or(|pattern| name.is_some_and(|name| fits(name.as_bytes(), pattern.as_bytes())))
    };
    let mut files: Vec<_> = files.filter(|file| file.is_file()).filter(fits_pattern).take(FILES).collect();
    files.sort();
    Some(files)
}

/// `*`: any bytes; `?`: any one.
fn fits(name: &[u8], pattern: &[u8]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => (0..=name.len()).any(|at| fits(&name[at..], rest)),
        ([b'?', rest @ ..], [_, name @ ..]) => fits(name, rest),
        ([one, rest @ ..], [other, name @ ..]) => one == other && fits(name, rest),
        _ => false,
    }
}
