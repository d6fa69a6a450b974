//! The application behind a server's machine: it has a file of 49 bytes under every name, and says yes.

use ftp_proto::server::{Answer, Question, Refusal};
use ftp_proto::{Code, Command, Path, Reply, Text, Time, Verb};

/// The length of every file.
pub const LENGTH: u64 = 49;

/// A listing's line, as `ls` writes it.
pub const STATUS: &[&str] = &["-rw-r--r-- 1 0 0 49 Nov 21 03:25 a"];

/// Yes to everything but wrong passwords: that of everybody is `secret`, who says `account` is asked for one, and ACCT wants
/// `secret` too. `status` is what STAT of a path tells.
pub fn agree(question: Question<'_>, status: &[&str]) {
    let command = question.command().clone();
    match (question, command) {
        (Question::Login(login), Command::User(_)) => login.need_password(),
        (Question::Login(login), Command::Pass(password)) if password.as_bytes() == b"account" => login.need_account(),
        (Question::Login(login), Command::Pass(secret) | Command::Acct(secret)) if secret.as_bytes() == b"secret" => {
            login.accept();
        }
        // HOST and REIN, where the application has a say.
        (Question::Login(login), Command::Pass(_) | Command::Acct(_)) => {
            login.refuse(&Refusal::not_logged_in(text("Login incorrect.")));
        }
        (Question::Login(login), _) => login.accept(),
        (Question::Perform(perform), _) => perform.done(),
        (Question::Exists(exists), _) => exists.exists(),
        (Question::Directory(directory), Command::Mkd(path)) => directory.path(&path),
        (Question::Directory(directory), _) => directory.path(&Path::new("/").unwrap()),
        (Question::Size(size), _) => size.bytes(LENGTH),
        (Question::Modified(modified), _) => modified.at(Time::parse(b"20261121024915").unwrap()),
        (Question::Facts(facts), command) => {
            let path = if let Command::Mlst(Some(path)) = command { path } else { Path::new("/").unwrap() };
            let wanted: String = facts.wanted().map(|fact| format!("{fact}=x;")).collect();
            facts.are(&text(&wanted), &path);
        }
        (Question::Hash(hash), _) => hash.is(&[0xab, 0xcd, 0x01, 0x23], LENGTH),
        (Question::Status(said), _) => said.lines(status.iter().map(|line| text(line))),
        (Question::Extension(extension), command) => {
            let verb = command.verb();
            let words = if verb == Verb::Csid { "Name=test;" } else { "Done." };
            extension.answer(&Answer::new(verb, Reply::from_static(Code::COMMAND_OKAY, words)).unwrap());
        }
    }
}

fn text(text: &str) -> Text<'_> {
    Text::new(text).unwrap()
}
