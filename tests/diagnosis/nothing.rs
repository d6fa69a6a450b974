//! No finding without evidence, and a success is never ill.

use ftp_proto::diagnosis::diagnose;
use ftp_proto::{Evidence, Route, Side};

use super::build::*;

#[test]
fn nothing_is_found_in_nothing() {
    for side in [Side::Client, Side::Server, Side::Observer] {
        assert!(diagnose(&Evidence::seen_by(side)).is_empty());
    }
    assert!(diagnose(&client()).is_empty());
    assert!(diagnose(&server()).is_empty());
    assert!(diagnose(&ipv6_client()).is_empty());
}

#[test]
fn what_works_is_well() {
    let address = addr("198.51.100.9:50000");
    for evidence in [client(), open_client(), ipv6_client(), server()] {
        for route in [Route::Epsv, Route::Pasv, Route::Eprt, Route::Port] {
            let attempt = ftp_proto::Attempt::new(route, WORKS);
            for attempt in
                [attempt.clone(), attempt.clone().advertised(address).reached(address), attempt.protected().opened()]
            {
                let findings = diagnose(&evidence.clone().attempt(attempt));
                assert!(findings.is_empty(), "{findings}");
            }
        }
    }
    // The host of the control connection was dialled, and what the 227 names isn't needed.
    assert!(diagnose(&client().attempt(pasv_here("10.0.0.5", WORKS))).is_empty());
}
