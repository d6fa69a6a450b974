//! A run of the doctor, and what every run has to keep to.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

/// How a run has ended.
pub struct Run {
    pub out: String,
    pub err: String,
    pub status: i32,
}

/// Runs it, with that on standard input. Whatever it prints fits 80 columns and has no colour: this is no terminal.
pub fn doctor_with(arguments: &[&str], input: &str) -> Run {
    let mut process = Command::new(env!("CARGO_BIN_EXE_ftp-doctor"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    let run = Run {
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
        status: output.status.code().unwrap(),
    };
    if !arguments.iter().any(|argument| ["--json", "--help"].contains(argument)) {
        let wide = run.out.lines().find(|line| line.chars().count() > 80);
        assert_eq!(wide, None, "{}", run.out);
    }
    assert!(!run.out.contains('\x1b'), "{}", run.out);
    run
}

pub fn doctor(arguments: &[&str]) -> Run {
    doctor_with(arguments, "")
}

impl Run {
    /// What it has printed with `--json`.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {} {}", self.out, self.err))
    }

    /// The causes of each finding.
    pub fn causes(&self) -> Vec<Vec<String>> {
        let causes = |finding: &Value| {
            let causes = finding["causes"].as_array().unwrap().iter();
            causes.map(|cause| cause["id"].as_str().unwrap().to_owned()).collect()
        };
        self.json()["findings"].as_array().unwrap().iter().map(causes).collect()
    }

    /// The lines of configuration that are proposed.
    pub fn settings(&self) -> Vec<String> {
        let findings = self.json()["findings"].clone();
        let cures =
            findings.as_array().unwrap().iter().flat_map(|finding| finding["cures"].as_array().unwrap().clone());
        let settings = cures.flat_map(|cure| cure["settings"].as_array().unwrap().clone());
        settings.map(|setting| setting.as_str().unwrap().to_owned()).collect()
    }

    /// `EPSV server no TLS: works, works`
    pub fn rows(&self) -> Vec<String> {
        let addresses = self.json()["addresses"].clone();
        let rows = addresses.as_array().unwrap().iter().flat_map(|address| address["rows"].as_array().unwrap().clone());
        let row = |row: Value| {
            let text = |key: &str| row[key].as_str().unwrap().to_owned();
            let results = row["attempts"].as_array().unwrap().iter().map(|attempt| attempt["result"].as_str().unwrap());
            format!(
                "{} {} {}: {}",
                text("route"),
                text("host"),
                text("protection"),
                results.collect::<Vec<_>>().join(", ")
            )
        };
        rows.map(row).collect()
    }
}
