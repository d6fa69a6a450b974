//! The client's choices from what is supported, and the lines of FEAT that show them.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::Support;
use crate::command::{Mode, Verb};
use crate::text::Text;

/// The client's choices from what is supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) struct Chosen {
    /// A bit for each of `Support::facts`.
    pub(in crate::server) facts: u32,
    /// The index in `Support::hashes`.
    pub(in crate::server) hash: u8,
    /// The index in `Support::languages`.
    pub(in crate::server) language: u8,
    /// The compression level of MODE Z, if it was chosen (OPTS MODE Z LEVEL).
    pub(in crate::server) level: Option<u8>,
}

impl Default for Chosen {
    fn default() -> Self {
        Self { facts: u32::MAX, hash: 0, language: 0, level: None }
    }
}

impl Support {
    /// The chosen facts.
    pub(in crate::server) fn chosen_facts(&self, chosen: Chosen) -> impl Iterator<Item = &str> {
        let is_chosen = move |place: u32| chosen.facts.checked_shr(place).is_some_and(|bits| bits & 1 == 1);
        self.facts.iter().zip(0..).filter(move |(_, place)| is_chosen(*place)).map(|(fact, _)| fact.as_ref())
    }

    /// The chosen algorithm of HASH.
    pub(in crate::server) fn chosen_hash(&self, chosen: Chosen) -> &str {
        self.hashes.get(usize::from(chosen.hash)).map_or("", AsRef::as_ref)
    }

    /// The lines of FEAT (RFC 2389 3.2), without the space before each.
    pub(in crate::server) fn features(&self, verbs: impl Iterator<Item = Verb>, chosen: Chosen) -> Vec<Text<'_>> {
        let mut features: Vec<Text<'_>> = Vec::new();
        for verb in verbs {
            let feature = match verb {
                // One line for MLST and MLSD, with the facts (RFC 3659 7.8).
                Verb::Mlst | Verb::Mlsd => Text::try_from(self.fact_line(chosen)).ok(),
                // Paths are UTF-8, and `/` separates their names (RFC 2640 3.2, RFC 3659 6).
                Verb::Opts => Some(Text::from_static(UTF8)),
                Verb::Cwd => Some(Text::from_static(TVFS)),
                Verb::Mode if !self.has_mode(Mode::Deflate) => None,
                // `LANG EN*;FR` (RFC 2640 4.3), `HASH SHA-256*;MD5` (draft-bryan-ftpext-hash-02 3): an asterisk after the chosen one.
                Verb::Lang => Text::try_from(starred("LANG ", &self.languages, chosen.language)).ok(),
                Verb::Hash => Text::try_from(starred("HASH ", &self.hashes, chosen.hash)).ok(),
                // With the facts that can be changed (draft-somers-ftp-mfxx-03 5).
                Verb::Mff => Text::try_from(self.changeable()).ok(),
                verb => verb.feature().and_then(|feature| Text::new(feature).ok()),
            };
            features.extend(feature.filter(|feature| !features.contains(feature)));
        }
        features.extend(self.features.iter().map(Text::borrowed));
        features
    }

    /// The index of an algorithm in [`hashes`](Self::hashes).
    pub(in crate::server) fn place_of_hash(&self, name: &[u8]) -> Option<u8> {
        place_of(&self.hashes, |hash| hash.eq_ignore_ascii_case(name))
    }

    /// The index of a language, or of another one with the same primary tag.
    pub(in crate::server) fn place_of_language(&self, tag: &[u8]) -> Option<u8> {
        place_of(&self.languages, |language| language.eq_ignore_ascii_case(tag))
            .or_else(|| place_of(&self.languages, |language| primary(language).eq_ignore_ascii_case(primary(tag))))
    }

    /// A bit for each fact of an OPTS MLST list, `type;size;`, ignoring unknown ones (RFC 3659 7.9). `None`: none of them is known.
    pub(in crate::server) fn choose_facts(&self, wanted: &[u8]) -> Option<u32> {
        let mut names = wanted.split(|byte| *byte == b';').filter(|name| !name.is_empty());
        let is_wanted = |fact: &str| names.clone().any(|name| name.eq_ignore_ascii_case(fact.as_bytes()));
        let bit = |place| 1_u32.checked_shl(place).unwrap_or(0);
        let chosen = self.facts.iter().zip(0..).filter(|(fact, _)| is_wanted(fact));
        let chosen = chosen.fold(0, |bits, (_, place)| bits | bit(place));
        (chosen != 0 || names.next().is_none()).then_some(chosen)
    }

    /// The chosen language.
    pub(in crate::server) fn chosen_language(&self, chosen: Chosen) -> &str {
        self.languages.get(usize::from(chosen.language)).map_or("", AsRef::as_ref)
    }

    /// `MFF modify;unix.mode;`
    fn changeable(&self) -> String {
        let is_fixed =
            |fact: &str| ["type", "size", "perm", "unique"].iter().any(|other| fact.eq_ignore_ascii_case(other));
        let mut line = String::from("MFF ");
        for fact in self.facts.iter().filter(|fact| !is_fixed(fact)) {
            line.push_str(fact);
            line.push(';');
        }
        line
    }

    /// `MLST type*;size;`: an asterisk after each chosen fact (RFC 3659 7.8).
    fn fact_line(&self, chosen: Chosen) -> String {
        let mut line = String::from("MLST ");
        for (fact, place) in self.facts.iter().zip(0..) {
            line.push_str(fact);
            if chosen.facts.checked_shr(place).is_some_and(|bits| bits & 1 == 1) {
                line.push('*');
            }
            line.push(';');
        }
        line
    }
}

/// The names, separated by `;`, with an asterisk after the chosen one.
fn starred(word: &str, names: &[Cow<'static, str>], chosen: u8) -> String {
    let mut line = String::from(word);
    for (place, name) in names.iter().enumerate() {
        line.push_str(if place == 0 { "" } else { ";" });
        line.push_str(name);
        line.push_str(if place == usize::from(chosen) { "*" } else { "" });
    }
    line
}

/// Makes a text of a string of this crate, which never has a line end.
pub(in crate::server) fn text_of(text: String) -> Text<'static> {
    Text::try_from(text).unwrap_or_default()
}

/// The index of the first name that fits.
fn place_of(names: &[Cow<'static, str>], is_meant: impl Fn(&[u8]) -> bool) -> Option<u8> {
    names.iter().position(|name| is_meant(name.as_bytes())).and_then(|place| u8::try_from(place).ok())
}

fn primary(tag: &[u8]) -> &[u8] {
    tag.split(|byte| *byte == b'-').next().unwrap_or_default()
}

/// Why a text is no line of FEAT that the application may add.
pub(super) enum Fault {
    NoLine,
    Announced,
}

/// Features that aren't commands, which the machine announces.
const UTF8: &str = "UTF8";
const TVFS: &str = "TVFS";

/// Checks a line of FEAT: its first word names the feature (RFC 2389 3.2).
pub(super) fn check(line: &Text<'_>) -> Option<Fault> {
    let word = line.as_bytes().split(|byte| *byte == b' ').next().unwrap_or_default();
    if word.is_empty() {
        return Some(Fault::NoLine);
    }
    let announced = Verb::parse(word).feature().is_some()
        || [UTF8, TVFS].iter().any(|own| word.eq_ignore_ascii_case(own.as_bytes()));
    announced.then_some(Fault::Announced)
}
