//! Logs of real programs, each with its cause. Those of curl, lftp, wget, tnftp, inetutils, ncftp, ftplib, vsftpd and ProFTPD were recorded
//! over loopback: a server that announces 127.0.0.9. Those of FileZilla, WinSCP, Windows' ftp and ftp-client are written as these write.

use std::fs;
use std::path::Path;

use ftp_proto::Route;
use ftp_proto::diagnosis::{Cause, diagnose};
use ftp_proto_doctor::read::{Log, Program};

fn log(name: &str) -> Log {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs").join(name);
    Log::read(&fs::read(file).unwrap())
}

/// The causes of the first finding of each session, and the routes that worked.
fn found(log: &Log) -> Vec<(Vec<Cause>, Vec<Route>)> {
    let evidence = log.dialogues().iter().map(|dialogue| dialogue.evidence());
    let told = evidence.map(|evidence| {
        let causes = diagnose(&evidence).first().map(|finding| finding.causes().collect());
        let works =
            evidence.attempts.iter().filter(|attempt| attempt.is_success()).map(|attempt| attempt.route).collect();
        (causes.unwrap_or_default(), works)
    });
    told.collect()
}

#[test]
fn each_program_is_recognised_and_its_log_has_its_cause() {
    use Cause::*;
    let unusable = &[UnusableAddressAdvertised][..];
    for (name, program, causes) in [
        ("curl-advertised.log", Program::Curl, unusable),
        ("wget-advertised.log", Program::Wget, unusable),
        ("wget-debug-advertised.log", Program::Wget, unusable),
        ("wget-responses-advertised.log", Program::Wget, unusable),
        ("inetutils-mismatch.log", Program::Ftp, unusable),
        ("tnftp-mismatch.log", Program::Ftp, unusable),
        ("ncftp-advertised.log", Program::Ncftp, unusable),
        ("ncftpls-advertised.log", Program::Ncftp, unusable),
        ("filezilla-file-german.log", Program::FileZilla, &[PassiveRangeRefused]),
        ("filezilla-pasted.log", Program::FileZilla, &[PassiveRangeDropped]),
        ("filezilla-resume.log", Program::FileZilla, &[SessionNotResumed]),
        ("ftp-exe-illegal-port.log", Program::Ftp, &[ActiveAddressRejected]),
        ("ftp-exe-silent.log", Program::Ftp, &[ActiveInboundRejected]),
        ("netkit-425.log", Program::Ftp, &[ActiveInboundRejected]),
        ("ftp-client.log", Program::FtpClient, &[PassiveRangeDropped]),
    ] {
        let log = log(name);
        assert_eq!(log.program(), program, "{name}");
        let found = found(&log);
        let first = &found.first().unwrap_or_else(|| panic!("{name}: no dialogue")).0;
        assert!(causes.iter().all(|cause| first.contains(cause)) && !first.is_empty(), "{name}: {first:?}");
    }
}

#[test]
fn a_client_that_takes_the_servers_address_instead_tells_both_things() {
    for (name, program) in [("filezilla-private.log", Program::FileZilla), ("winscp-timeout.log", Program::WinScp)] {
        let log = log(name);
        assert_eq!(log.program(), program, "{name}");
        let evidence = log.dialogues()[0].evidence();
        let attempt = &evidence.attempts[0];
        assert_eq!(attempt.reached.map(|address| address.ip().to_string()).as_deref(), Some("203.0.113.7"), "{name}");
        let findings = diagnose(&evidence);
        let causes: Vec<_> = findings.iter().flat_map(|finding| finding.causes()).collect();
        assert!(
            causes.contains(&Cause::PassiveRangeDropped) && causes.contains(&Cause::PrivateAddressAdvertised),
            "{name}: {causes:?}"
        );
    }
}

#[test]
fn what_worked_is_no_finding() {
    for (name, program, routes) in [
        ("curl-works.log", Program::Curl, &[Route::Epsv][..]),
        ("curl-active-works.log", Program::Curl, &[Route::Eprt]),
        ("lftp-works.log", Program::Lftp, &[Route::Pasv]),
        ("tnftp-works.log", Program::Ftp, &[Route::Epsv, Route::Epsv]),
        ("ftplib-works.log", Program::Ftplib, &[Route::Pasv, Route::Port]),
    ] {
        let log = log(name);
        assert_eq!(log.program(), program, "{name}");
        assert_eq!(found(&log), [(vec![], routes.to_vec())], "{name}");
    }
}

#[test]
fn a_servers_log_is_sorted_by_session() {
    let log = log("vsftpd.log");
    assert_eq!(log.program(), Program::Vsftpd);
    let found = found(&log);
    assert_eq!(found.len(), 16, "as many as clients came");
    let failed = found.iter().filter(|(causes, _)| causes.contains(&Cause::PassiveRangeDropped)).count();
    assert!(failed >= 2, "nobody came: {found:?}");
    assert!(found.iter().filter(|(causes, works)| causes.is_empty() && !works.is_empty()).count() >= 5, "{found:?}");
    for name in ["proftpd-trace.log", "proftpd-extended.log", "proftpd-extended-default.log", "proftpd-system.log"] {
        let log = self::log(name);
        assert_eq!((log.program(), log.dialogues().len()), (Program::ProFtpd, 3), "{name}");
        let found = self::found(&log);
        assert_eq!((&found[0].1[..], &found[2].1[..]), (&[Route::Epsv][..], &[Route::Eprt][..]), "{name}");
        let commands: Vec<_> = log.dialogues()[0].evidence().attempts;
        assert_eq!(commands.len(), 1, "{name}: each command once");
    }
}

/// A pasted log begins and ends anywhere.
#[test]
fn half_a_log_is_read_as_far_as_it_goes() {
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs")).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        let step = (bytes.len() / 11).max(1);
        for at in (0..bytes.len()).step_by(step) {
            ftp_proto_doctor::read::check(&bytes[..at]);
            ftp_proto_doctor::read::check(&bytes[at..]);
        }
    }
    // The end alone is enough where it tells all.
    let whole =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs/curl-advertised.log")).unwrap();
    let end = &whole[whole.find("> PASV").unwrap()..];
    let evidence = Log::read(end.as_bytes()).dialogues()[0].evidence();
    assert_eq!(evidence.attempts.len(), 1);
    assert!(!diagnose(&evidence).is_empty());
}
