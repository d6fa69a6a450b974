//! The end of an upload, both machines against each other: an ABOR, the end of the control connection, the time and failures at
//! each place around `Commit`, and what is stored then.

use ftp_proto::Code;
use ftp_proto::client::{Failure, Request};
use ftp_proto::server::CommitError;
use ftp_proto_rigs::pair::{Ended, Fault, Manner, Pair, UploadAt};
use ftp_proto_rigs::path;

const OLD: &[u8] = b"what was there";
const NEW: &[u8] = b"new content";

/// A pair whose client uploads over an old file; whatever is asked stays open for a while.
fn uploading(manner: Manner) -> Pair {
    let (client, server) = manner.configs();
    let mut pair = Pair::logged_in(client, server);
    pair.files.insert(b"f".to_vec(), OLD.to_vec());
    pair.upload = NEW.to_vec();
    (pair.slow, pair.slow_look, pair.slow_commit) = (6, 6, 6);
    pair.client.start(Request::store(path("f"), 0)).unwrap();
    pair
}

/// Until the server is there.
fn reach(pair: &mut Pair, place: UploadAt) {
    let said = |pair: &Pair| pair.wire.iter().any(|line| line.starts_with("S: 150"));
    let ended = pair.until(|pair| said(pair) && pair.upload_at == place).unwrap();
    assert!(ended.is_none(), "{place:?}: {ended:?}");
}

fn finals(pair: &Pair) -> Vec<&str> {
    let begun = pair.wire.iter().position(|line| line.starts_with("S: 150")).unwrap();
    pair.words_since(begun).filter(|word| word.starts_with(['2', '4', '5'])).collect()
}

/// The session is usable: the same upload works.
fn goes_on(mut pair: Pair) {
    let ended: Ended = pair.run(Request::store(path("f"), 0));
    assert!(ended.is_ok(), "{ended:?}");
    assert_eq!(pair.files[&b"f"[..]], NEW);
}

#[test]
fn an_abort_at_each_place() {
    for manner in Manner::ALL {
        for (place, stored, words) in [
            (UploadAt::Stream, OLD, ["426", "226", "200"]),
            (UploadAt::Look, OLD, ["426", "226", "200"]),
            (UploadAt::Commit, NEW, ["226", "225", "200"]),
        ] {
            let mut pair = uploading(manner);
            reach(&mut pair, place);
            pair.client.abort();
            let ended = pair.until_done().unwrap();
            assert_eq!(ended, Err(Failure::Aborted), "{place:?}");
            assert_eq!((pair.files[&b"f"[..]].as_slice(), finals(&pair)), (stored, words.to_vec()), "{place:?}");
            goes_on(pair);
        }
        // It comes too late.
        let mut pair = uploading(manner);
        pair.until_done().unwrap().unwrap();
        pair.client.abort();
        assert_eq!((pair.files[&b"f"[..]].as_slice(), finals(&pair)), (NEW, vec!["226"]));
        goes_on(pair);
    }
}

#[test]
fn the_end_of_the_control_connection_at_each_place() {
    for manner in Manner::ALL {
        for fault in [Fault::ServerHearsTheEnd, Fault::ControlBreaks] {
            for (place, stored) in [(UploadAt::Stream, OLD), (UploadAt::Look, OLD), (UploadAt::Commit, NEW)] {
                let mut pair = uploading(manner);
                reach(&mut pair, place);
                pair.injector.planned = Some((pair.injector.step, fault));
                let ended = pair.until(Pair::server_closed);
                assert!(!matches!(ended, Ok(Some(Ok(_)))) || stored == NEW, "{place:?}: {ended:?}");
                pair.slow_commit = 0;
                pair.settle();
                assert_eq!(pair.files[&b"f"[..]], stored, "{place:?}, {fault:?}");
            }
        }
    }
}

#[test]
fn a_commit_past_its_deadline_is_a_451_that_the_client_waits_for() {
    for manner in Manner::ALL {
        let mut pair = uploading(manner);
        pair.slow_commit = usize::MAX;
        let ended = pair.until_done().unwrap();
        let refused = matches!(&ended, Err(Failure::Refused(reply)) if reply.code() == Code::LOCAL_ERROR);
        assert!(refused, "{ended:?}");
        assert_eq!(pair.files[&b"f"[..]], OLD);
        pair.slow_commit = 0;
        goes_on(pair);
    }
}

#[test]
fn a_commit_that_fails_leaves_what_was_there() {
    for manner in Manner::ALL {
        for (why, code) in
            [(CommitError::Local, Code::LOCAL_ERROR), (CommitError::StorageFull, Code::EXCEEDED_ALLOCATION)]
        {
            for request in [Request::store(path("f"), 0), Request::append(path("f")), Request::store_unique(None)] {
                let (client, server) = manner.configs();
                let mut pair = Pair::logged_in(client, server);
                pair.files.insert(b"f".to_vec(), OLD.to_vec());
                pair.upload = NEW.to_vec();
                pair.faults.commit = Some(why);
                let ended = pair.run(request);
                assert!(matches!(&ended, Err(Failure::Refused(reply)) if reply.code() == code), "{ended:?}");
                assert_eq!((pair.files.len(), pair.files[&b"f"[..]].as_slice()), (1, OLD));
                pair.faults.commit = None;
                goes_on(pair);
            }
        }
    }
}

#[test]
fn what_breaks_is_never_to_be_kept() {
    for manner in Manner::ALL {
        let mut pair = uploading(manner);
        pair.faults.data_breaks_after = Some(4);
        assert!(pair.until_done().unwrap().is_err());
        assert_eq!((pair.files[&b"f"[..]].as_slice(), pair.upload_at), (OLD, UploadAt::Stream));
        pair.faults.data_breaks_after = None;
        goes_on(pair);
    }
}
