//! Every command that is read or built is one line that reads back the same.

#[cfg(feature = "arbitrary")]
use ftp_proto::Command;
use ftp_proto::{CommandLine, Verb};
use proptest::prelude::*;

proptest! {
    /// `Ok(c)` ⇒ encode is one line, and parse(encode(c)) == c.
    #[test]
    fn what_parses_encodes_to_one_line_and_parses_again(
        word in prop::sample::select(Verb::ALL), rest in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let line = [word.word().as_bytes(), &rest].concat();
        round_trip(&line)?;
    }

    #[test]
    fn arguments_of_every_shape(
        word in prop::sample::select(Verb::ALL), rest in "[ ]{0,2}[A-Z0-9 ,;=|.:-]{0,20}",
    ) {
        round_trip(format!("{word} {rest}").as_bytes())?;
    }

    #[test]
    fn any_bytes(line in prop::collection::vec(any::<u8>(), 0..40)) {
        round_trip(&line)?;
    }
}

fn round_trip(line: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(read) = CommandLine::parse(line) {
        one_line_that_parses_again(&read)?;
    }
    Ok(())
}

fn one_line_that_parses_again(line: &CommandLine<'_>) -> Result<(), TestCaseError> {
    let mut out = Vec::new();
    line.encode(&mut out);
    let content = out.strip_suffix(b"\r\n").expect("a line ends with CRLF");
    prop_assert!(!content.iter().any(|byte| b"\r\n\0".contains(byte)));
    let again = CommandLine::parse(content);
    prop_assert_eq!(again.as_ref(), Ok(line));
    prop_assert_eq!(&again.unwrap().into_owned(), line);
    Ok(())
}

#[cfg(feature = "arbitrary")]
proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]
    /// Whatever can be built encodes to one line that parses to the same.
    #[test]
    fn what_is_built_is_one_line_and_parses_again(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        use arbitrary::{Arbitrary, Unstructured};
        if let Ok(line) = CommandLine::arbitrary(&mut Unstructured::new(&bytes)) {
            one_line_that_parses_again(&line)?;
        }
    }
}

/// The property above would be worth little if hardly any value could be built.
#[cfg(feature = "arbitrary")]
#[test]
fn arbitrary_builds_every_verb() {
    use arbitrary::{Arbitrary, Unstructured};
    let mut left: Vec<Verb> = Verb::ALL.to_vec();
    left.push(Verb::Other);
    let mut state = 1u64;
    for _ in 0..200_000 {
        // Letters with `=` and `;` among them, so that facts occur.
        let bytes: Vec<u8> = (0..48)
            .map(|place| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let random = (state >> 40) as u8;
                if place < 8 { random } else { b"ab=;1 ."[usize::from(random) % 7] }
            })
            .collect();
        if let Ok(command) = Command::arbitrary(&mut Unstructured::new(&bytes)) {
            left.retain(|verb| *verb != command.verb());
        }
    }
    assert_eq!(left, []);
}
