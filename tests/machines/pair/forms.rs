//! Every form in which a file can be moved, both ways, with adapters in memory.

use ftp_proto::client::{self, Request, Value};
use ftp_proto::{Form, Mode, Route, Structure, Type, server};
use ftp_proto_rigs::client::by;
use ftp_proto_rigs::pair::{Manner, Pair};
use ftp_proto_rigs::path;

pub(super) const FILES: [&[u8]; 6] =
    [b"", b"one\ntwo\n", b"no end", b"a\r\nb\rc\n\n\xff\x00\xff\xff", b"\xff\xf4 name?\x03\n", &[7; 100_000]];

pub(super) fn server_config() -> server::Config {
    let mut config = server::Config::default();
    let modes = if cfg!(feature = "deflate") { &[Mode::Block, Mode::Deflate][..] } else { &[Mode::Block] };
    config.support = config.support.clone().with_modes(modes).with_structures(&[Structure::Record]);
    config
}

pub(super) fn raw(pair: &mut Pair, line: &str) {
    let Ok(request) = Request::raw(line) else { panic!("{line} is one for raw") };
    pair.run(request).unwrap_or_else(|failure| panic!("{line}: {failure}"));
}

/// The forms that there are, each with what sets it up.
pub(super) fn forms() -> Vec<(Form, [&'static str; 2])> {
    let mut forms = Vec::new();
    for representation in [Type::Ascii(None), Type::Image, Type::LOCAL_8] {
        for (structure, stru) in [(Structure::File, "STRU F"), (Structure::Record, "STRU R")] {
            for (mode, word) in [(Mode::Stream, "MODE S"), (Mode::Block, "MODE B"), (Mode::Deflate, "MODE Z")] {
                if mode != Mode::Deflate || cfg!(feature = "deflate") {
                    forms.push((Form { representation, structure, mode }, [stru, word]));
                }
            }
        }
    }
    forms
}

#[test]
fn each_form_both_ways() {
    for route in [Route::Epsv, Route::Port] {
        for (form, words) in forms() {
            let mut pair = Pair::logged_in(by(&[route]), server_config());
            pair.converts = true;
            for word in words {
                raw(&mut pair, word);
            }
            for file in FILES {
                pair.upload = file.to_vec();
                let store = Request::store(path("f"), 0).representation(form.representation);
                let stored = pair.run(store).unwrap_or_else(|failure| panic!("{form:?}: {failure}")).value;
                assert_eq!(stored, Value::Transferred(file.len() as u64), "{form:?}");
                pair.settle();
                assert!(pair.files[&b"f"[..]] == file, "{form:?}, up");
                let fetched = pair.run(Request::retrieve(path("f"), 0).representation(form.representation));
                assert_eq!(fetched.map(|ended| ended.value), Ok(Value::Transferred(file.len() as u64)), "{form:?}");
                assert!(pair.download == file, "{form:?}, down");
            }
        }
    }
}

#[test]
fn each_form_under_tls() {
    for manner in [Manner::Explicit, Manner::Implicit] {
        let (client, mut server) = manner.configs();
        server.support = server_config().support;
        for (form, words) in forms() {
            let mut pair = Pair::logged_in(client.clone(), server.clone());
            pair.converts = true;
            for word in words {
                raw(&mut pair, word);
            }
            for file in FILES {
                pair.upload = file.to_vec();
                pair.run(Request::store(path("f"), 0).representation(form.representation)).unwrap();
                pair.run(Request::retrieve(path("f"), 0).representation(form.representation)).unwrap();
                assert!(pair.download == file, "{form:?}");
            }
            assert!(pair.streams.iter().all(|secure| *secure), "{form:?}: nothing went in plaintext");
        }
    }
}

#[test]
fn a_stream_that_is_cut_before_its_mark_is_no_file() {
    for (form, words) in forms().into_iter().filter(|(form, _)| form.marks_end()) {
        let mut pair = Pair::logged_in(client::Config::default(), server_config());
        pair.converts = true;
        for word in words {
            raw(&mut pair, word);
        }
        pair.files.insert(b"f".to_vec(), b"0123456789".to_vec());
        pair.faults.data_breaks_after = Some(5);
        let ended = pair.run(Request::retrieve(path("f"), 0).representation(form.representation));
        assert!(ended.is_err(), "{form:?}: {ended:?}");
        pair.upload = b"abcdefghij".to_vec();
        let ended = pair.run(Request::store(path("g"), 0).representation(form.representation));
        assert!(ended.is_err() && !pair.files.contains_key(&b"g"[..]), "{form:?}: {ended:?}");
        pair.faults.data_breaks_after = None;
        pair.run(Request::retrieve(path("f"), 0).representation(form.representation)).unwrap();
        assert_eq!(pair.download, b"0123456789", "{form:?}: the session goes on");
    }
}
