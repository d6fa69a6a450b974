#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ftp_proto_rigs::invariants::tracker(bytes));
