//! 211: a server's features (RFC 2389).

use alloc::vec::Vec;

use nom::Parser;
use nom::bytes::complete::take_till1;
use nom::combinator::{map, rest};

use super::Read;
use crate::reply::{Class, Code, Lines, Reply, push_line};
use crate::text::Text;

/// A feature in a reply to FEAT (RFC 2389 3.2): its word and its parameter.
///
/// ```
/// use ftp_proto::Reply;
/// let reply: Reply = "211-Features:\r\n MLST type*;size*;\r\n UTF8\r\n211 End\r\n".parse()?;
/// let words: Vec<_> = reply.features().map(|feature| feature.word).collect();
/// assert_eq!(words, [&b"MLST"[..], b"UTF8"]);
/// # Ok::<(), ftp_proto::ReplyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Feature<'a> {
    /// The word, such as `REST`, as the server wrote it. Compare it without regard to case.
    pub word: &'a [u8],
    /// The text after the word, such as `STREAM`, without blanks in front; may be empty.
    pub parameter: &'a [u8],
}

/// Iterator over the features in a reply; made by [`Reply::features`].
#[derive(Debug, Clone)]
pub struct Features<'a> {
    lines: Lines<'a>,
    held: Option<&'a [u8]>,
}

impl Reply<'_> {
    /// The features that a 211 lists; none if the reply has one line or isn't a 2yz. Allocates nothing.
    ///
    /// ```text
    /// feat-response = "211-" text EOL 1*(SP feature-label [SP feature-parms] EOL) "211 End" EOL      ; RFC 2389 3.2
    /// ```
    /// In front of a feature there may also be no blank, several blanks, or the code, as some servers write.
    pub fn features(&self) -> Features<'_> {
        let mut lines = self.lines();
        lines.next();
        let listed = self.is_multiline() && self.code().class() == Class::Completion;
        let held = if listed { lines.next() } else { None };
        Features { lines, held }
    }

    /// The parameter of this feature, in any case; `None` if the server doesn't have it. A feature without a parameter gives an empty
    /// text.
    ///
    /// ```
    /// use ftp_proto::Reply;
    /// let (reply, _) = Reply::parse(b"211-Features:\r\n REST STREAM\r\n211 End\r\n").unwrap().unwrap();
    /// assert_eq!(reply.feature("rest"), Some(&b"STREAM"[..]));
    /// assert!(!reply.has_feature("MLST"));
    /// ```
    pub fn feature(&self, word: &str) -> Option<&[u8]> {
        let mut features = self.features();
        features.find(|feature| feature.word.eq_ignore_ascii_case(word.as_bytes())).map(|feature| feature.parameter)
    }

    /// Whether the server has this feature, in any case.
    pub fn has_feature(&self, word: &str) -> bool {
        self.feature(word).is_some()
    }

    /// 211 with each feature on a line of its own, after one blank. Allocates.
    pub fn feature_list<'t>(features: impl IntoIterator<Item = Text<'t>>) -> Reply<'static> {
        let mut raw = Vec::new();
        push_line(&mut raw, Some((Code::SYSTEM_STATUS, b'-')), b"Features:");
        for feature in features {
            raw.push(b' ');
            push_line(&mut raw, None, feature.as_bytes());
        }
        push_line(&mut raw, Some((Code::SYSTEM_STATUS, b' ')), b"End");
        Reply::of_owned_lines(Code::SYSTEM_STATUS, raw)
    }
}

impl<'a> Iterator for Features<'a> {
    type Item = Feature<'a>;

    fn next(&mut self) -> Option<Feature<'a>> {
        loop {
            let line = self.held?;
            // The last line ends the reply; it isn't a feature.
            self.held = Some(self.lines.next()?);
            if let Ok((_, feature)) = feature(line.trim_ascii()) {
                return Some(feature);
            }
        }
    }
}

/// `feature-label [SP feature-parms]`
fn feature(line: &[u8]) -> Read<'_, Feature<'_>> {
    map((take_till1(|byte| byte == b' '), rest), |(word, parameter): (_, &[u8])| Feature {
        word,
        parameter: parameter.trim_ascii_start(),
    })
    .parse_complete(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn listed(wire: &str) -> Vec<(String, String)> {
        let (reply, _) = Reply::parse(wire.as_bytes()).unwrap().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        reply.features().map(|feature| (text(feature.word), text(feature.parameter))).collect()
    }

    #[test]
    fn both_ways() {
        let features = ["EPSV", "MLST size*;type*;", "REST STREAM"].map(|text| Text::new(text).unwrap());
        let mut wire = Vec::new();
        Reply::feature_list(features).encode(&mut wire);
        let wire = String::from_utf8(wire).unwrap();
        assert_eq!(wire, "211-Features:\r\n EPSV\r\n MLST size*;type*;\r\n REST STREAM\r\n211 End\r\n");
        let expected = [("EPSV", ""), ("MLST", "size*;type*;"), ("REST", "STREAM")].map(|(a, b)| (a.into(), b.into()));
        assert_eq!(listed(&wire), expected);
    }

    #[test]
    fn as_servers_write_them() {
        let mdtm = [("MDTM".into(), "".into()), ("SIZE".into(), "".into())];
        for wire in [
            "211-\r\nMDTM\r\nSIZE\r\n211 END\r\n",
            "211-Features\r\n211-MDTM\r\n211-SIZE\r\n211 End\r\n",
            "211-Features\r\n  MDTM \r\n\r\n   SIZE\r\n211\r\n",
            "211-Features\n\tMDTM\n SIZE\n211 End\n",
        ] {
            assert_eq!(listed(wire), mdtm, "{wire:?}");
        }
        for wire in ["211 no-features\r\n", "211-Features:\r\n211 End\r\n", "500-What\r\n MDTM\r\n500 End\r\n"] {
            assert_eq!(listed(wire), [], "{wire:?}");
        }
    }

    #[test]
    fn case_does_not_matter() {
        let (reply, _) = Reply::parse(b"211-\r\n mlst Type*;\r\n211 End\r\n").unwrap().unwrap();
        assert_eq!(reply.feature("MLST"), Some(&b"Type*;"[..]));
        assert!(reply.has_feature("Mlst") && !reply.has_feature("MLS") && !reply.has_feature("End"));
    }
}
