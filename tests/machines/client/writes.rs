//! `Write`: its deadline, its failure at every state, and what it tells.

use std::time::Duration;

use ftp_proto::client::{Action, Config, Misuse, Request, Violation};
use ftp_proto::{Argument, Command, ControlError, OtherCommand, Password, Route, Site, Text, Write};
use ftp_proto_rigs::client::{Did, Rig, World, by, login};
use ftp_proto_rigs::path;

const NANOSECOND: Duration = Duration::from_nanos(1);
const MINUTE: Duration = Duration::from_secs(60);

fn write(rig: &mut Rig) -> Write<'_> {
    match rig.client.poll(rig.now()).unwrap() {
        Action::Write(write) => write,
        other => panic!("{other:?}"),
    }
}

fn starting(request: Request) -> Rig {
    let mut rig = Rig::logged_in(by(&[Route::Epsv]));
    rig.client.start(request).unwrap();
    rig
}

/// A request that has come so far that this is to be written.
fn saying(mut rig: Rig, dialogue: &[(&str, &str)], next: &str) -> Rig {
    for (command, reply) in dialogue {
        assert!(write(&mut rig).bytes().starts_with(command.as_bytes()), "{command}");
        write(&mut rig).wrote_all();
        rig.client.received(format!("{reply}\r\n").as_bytes());
        let code = reply[..3].parse().unwrap();
        assert_eq!(rig.poll(World::Works), Ok(Did::Heard(code)));
        if code == 229 {
            assert!(matches!(rig.poll(World::Works), Ok(Did::Connects(_))));
        }
    }
    assert!(write(&mut rig).bytes().starts_with(next.as_bytes()), "{next}");
    rig
}

fn retrieving(dialogue: &[(&str, &str)], next: &str) -> Rig {
    saying(starting(Request::retrieve(path("f"), 0)), dialogue, next)
}

type State = (&'static str, fn() -> Rig);

/// A session in which something waits to be written.
const STATES: &[State] = &[
    ("USER", || {
        let mut rig = Rig::greeted(Config::default());
        rig.client.start(login()).unwrap();
        rig
    }),
    ("PASS", || {
        let mut rig = Rig::greeted(Config::default());
        rig.client.start(login()).unwrap();
        saying(rig, &[("USER", "331 and?")], "PASS")
    }),
    ("AUTH", || {
        let mut rig = Rig::greeted(Config::default());
        rig.client.start(Request::secure()).unwrap();
        rig
    }),
    ("NOOP", || starting(Request::noop())),
    ("TYPE", || starting(Request::retrieve(path("f"), 0))),
    ("EPSV", || retrieving(&[("TYPE", "200 ok")], "EPSV")),
    ("RETR", || retrieving(&[("TYPE", "200 ok"), ("EPSV", "229 (|||5|)")], "RETR")),
    ("NOOP amid a transfer", || {
        let mut config = by(&[Route::Epsv]);
        config.keep_alive = Some(Duration::from_secs(30));
        let mut rig = Rig::streaming(config);
        rig.now += Duration::from_secs(30);
        rig
    }),
    ("ABOR", || {
        let mut rig = Rig::streaming(by(&[Route::Epsv]));
        rig.client.abort();
        rig
    }),
    ("NOOP behind an ABOR", || {
        let mut rig = Rig::streaming(by(&[Route::Epsv]));
        rig.client.abort();
        assert_eq!(rig.poll(World::Busy), Ok(Did::Said("ABOR".into())));
        rig.client.received(b"426 stopped\r\n");
        assert_eq!(rig.poll(World::Busy), Ok(Did::Closes));
        assert_eq!(rig.poll(World::Busy), Ok(Did::Heard(426)));
        rig
    }),
    ("QUIT", || {
        let mut rig = Rig::logged_in(Config::default());
        rig.client.quit();
        rig
    }),
];

/// The session has ended so, for ever.
fn ends(name: &str, rig: &mut Rig, why: ControlError) {
    for _ in 0..3 {
        assert_eq!(rig.poll(World::Works), Err(Violation::Write(why)), "{name}");
        assert_eq!(rig.client.start(Request::noop()).map_err(|rejected| rejected.why), Err(Misuse::Ended), "{name}");
        rig.client.abort();
        rig.client.quit();
        rig.client.received(b"200 ok\r\n");
    }
}

#[test]
fn it_fails_at_every_state_and_what_was_received_is_shown_before() {
    for (name, state) in STATES {
        for why in [ControlError::Closed, ControlError::TimedOut, ControlError::Local] {
            let mut rig = state();
            write(&mut rig).failed(why);
            ends(name, &mut rig, why);
            // What the server has said last is why it closed.
            let mut rig = state();
            let _ = write(&mut rig);
            rig.client.received(b"230-not due\r\n230 here\r\n421 Too many of you.\r\n50");
            rig.client.received(b"");
            write(&mut rig).failed(why);
            let heard: Vec<_> = (0..2).map(|_| rig.poll(World::Works).unwrap()).collect();
            let is_heard = |did: &Did, code| *did == Did::Heard(code) || *did == Did::Unsolicited(code);
            assert!(is_heard(&heard[0], 230) && is_heard(&heard[1], 421), "{name}: {heard:?}");
            ends(name, &mut rig, why);
        }
    }
}

#[test]
fn nobody_can_begin_anything_once_it_has_failed() {
    let mut rig = starting(Request::noop());
    rig.client.received(b"421 gone\r\n");
    write(&mut rig).failed(ControlError::Closed);
    // Before the next poll, too.
    assert!(rig.client.start(Request::noop()).is_err());
    assert_eq!(rig.poll(World::Works), Ok(Did::Heard(421)));
    assert_eq!(rig.client.start(Request::noop()).map_err(|rejected| rejected.why), Err(Misuse::Ended));
    ends("NOOP", &mut rig, ControlError::Closed);
}

#[test]
fn a_server_that_never_reads_ends_within_its_time_at_every_state() {
    for (name, state) in STATES {
        let mut rig = state();
        let first = rig.now();
        let _ = write(&mut rig);
        for _ in 0..3 {
            assert_eq!(write(&mut rig).deadline(), first.after(MINUTE), "{name}: it is absolute");
            rig.now += Duration::from_secs(19);
        }
        rig.now += Duration::from_secs(3) - NANOSECOND;
        let _ = write(&mut rig);
        rig.now += NANOSECOND;
        ends(name, &mut rig, ControlError::TimedOut);
    }
}

#[test]
fn a_byte_now_and_then_gains_nothing_and_the_rest_is_no_command() {
    let mut rig = starting(Request::change_directory(path("a/long/way")));
    let first = rig.now();
    let said = |rig: &mut Rig| write(rig).commands().map(|command| command.to_string()).collect::<Vec<_>>();
    assert_eq!(said(&mut rig), ["CWD a/long/way"]);
    for _ in 0..5 {
        write(&mut rig).wrote(1);
        assert_eq!(write(&mut rig).deadline(), first.after(MINUTE));
        assert_eq!(said(&mut rig), [""; 0]);
        rig.now += Duration::from_secs(11);
    }
    rig.now += Duration::from_secs(5);
    ends("CWD", &mut rig, ControlError::TimedOut);
}

#[test]
fn what_was_written_late_but_whole_was_written() {
    let mut rig = starting(Request::noop());
    let first = rig.now();
    let Action::Write(write) = rig.client.poll(first).unwrap() else { panic!() };
    // An adapter that waits for nothing else has written it before it polls again.
    write.wrote_all();
    rig.now += Duration::from_secs(59);
    assert_eq!(rig.poll(World::Works), Ok(Did::Waits(Some(1))));
}

#[test]
fn only_quit_is_the_last() {
    for (name, state) in STATES {
        let mut rig = state();
        assert_eq!(write(&mut rig).is_last(), *name == "QUIT", "{name}");
        assert!(write(&mut rig).wants_input(), "{name}");
        assert_eq!(write(&mut rig).replies().count(), 0, "{name}");
        let word = name.split(' ').next().unwrap();
        assert_eq!(write(&mut rig).commands().next().map(|command| command.verb().word()), Some(word), "{name}");
    }
    let mut rig = STATES.last().unwrap().1();
    let _ = write(&mut rig);
    rig.client.received(b"");
    assert!(!write(&mut rig).wants_input());
}

/// What of a command stands in a log.
#[test]
fn no_secret_shows() {
    let secret = || Password::new("hunter2").unwrap();
    let site = |text| Command::Site(Site::new(text).unwrap());
    let other = |word, argument| Command::Other(OtherCommand::new(word, argument).unwrap());
    for (command, shown) in [
        (Command::User(Argument::new("anna").unwrap()), "USER anna"),
        (Command::Pass(secret()), "PASS ****"),
        (Command::Pass(Password::new("").unwrap()), "PASS ****"),
        (Command::Acct(secret()), "ACCT ****"),
        (site("PSWD hunter2 hunter2"), "SITE PSWD ****"),
        (site("HELP"), "SITE HELP"),
        (other("XPSW", Some(Text::new("hunter2").unwrap())), "XPSW ****"),
        (other("XCAT", None), "XCAT"),
        (Command::Cwd(path("\u{e4} \x1b[2J\x07")), "CWD \u{e4} \\u{1b}[2J\\u{7}"),
        (Command::Cwd(ftp_proto::Path::new(b"\xffa").unwrap()), "CWD \\xffa"),
        (Command::Noop, "NOOP"),
    ] {
        let mut rig = Rig::greeted(Config::default());
        let request = match &command {
            Command::Pass(_) | Command::Acct(_) | Command::User(_) => None,
            command => Request::command(command.clone()).ok(),
        };
        let Some(request) = request else {
            let (user, pass) = (
                Argument::new("anna").unwrap(),
                if shown == "PASS ****" { command_secret(&command) } else { secret() },
            );
            rig.client.start(Request::login(user, pass, Some(secret()))).unwrap();
            for reply in [&b"331 pass\r\n"[..], b"332 account\r\n"] {
                if write(&mut rig).commands().any(|said| said.verb() == command.verb()) {
                    break;
                }
                write(&mut rig).wrote_all();
                rig.client.received(reply);
                rig.poll(World::Works).unwrap();
            }
            shows(&mut rig, shown);
            continue;
        };
        rig.client.start(request).unwrap();
        shows(&mut rig, shown);
    }
}

fn command_secret(command: &Command<'static>) -> Password<'static> {
    if let Command::Pass(secret) = command { secret.clone() } else { Password::new("hunter2").unwrap() }
}

fn shows(rig: &mut Rig, shown: &str) {
    let write = write(rig);
    let said: Vec<_> = write.commands().map(|command| command.to_string()).collect();
    assert_eq!(said, [shown]);
    let debug: Vec<_> = write.commands().map(|command| format!("{command:?}")).collect();
    for text in [said, debug, vec![format!("{write:?}")]].concat() {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn what_interrupts_a_server_belongs_to_its_abor() {
    let mut config = by(&[Route::Epsv]);
    config.urgent = true;
    let mut rig = Rig::streaming(config);
    rig.client.abort();
    let said = |rig: &mut Rig| write(rig).commands().map(|command| command.to_string()).collect::<Vec<_>>();
    assert_eq!(write(&mut rig).bytes(), b"\xff\xf4\xff\xf2ABOR\r\n");
    assert_eq!(said(&mut rig), ["ABOR"]);
    let urgent = write(&mut rig).urgent_length();
    write(&mut rig).wrote(urgent);
    assert_eq!(said(&mut rig), [""; 0], "it was told");
    write(&mut rig).wrote_all();
    assert_eq!(rig.poll(World::Busy), Ok(Did::Closes));
}
