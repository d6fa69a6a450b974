//! What a server can do: verbs, modes, facts, hashes, languages. FEAT and HELP follow it.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::command::{Mode, Served, Structure, Verb, VerbSet};
use crate::text::Text;

/// What the application can do: what isn't here is answered 502 or 504, and FEAT and HELP follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Support {
    verbs: VerbSet,
    /// The text of SYST's 215: `UNIX Type: L8`.
    pub system: Cow<'static, str>,
    /// The facts that MLST and MLSD can tell (RFC 3659 7.5), at most 32; a client chooses among them by OPTS MLST: `type`, `size`, `modify`.
    pub facts: Vec<Cow<'static, str>>,
    /// The transfer modes (RFC 959 3.4): `S`.
    pub modes: Vec<Mode>,
    /// The file structures (RFC 959 3.1.2): `F`.
    pub structures: Vec<Structure>,
    /// The algorithms of HASH, as its FEAT line names them (draft-bryan-ftpext-hash); the first is taken unless OPTS HASH chooses
    /// another: `SHA-256`.
    pub hashes: Vec<Cow<'static, str>>,
    /// The languages of LANG (RFC 2640 4.1), as RFC 5646 names them; the first is spoken at first: `EN`.
    pub languages: Vec<Cow<'static, str>>,
    /// The words that SITE knows, each with its syntax for `HELP SITE` and `SITE HELP`, such as `CHMOD <SP> mode <SP> path`: none.
    pub site: Vec<Cow<'static, str>>,
}

impl Support {
    /// What the machine itself answers; nothing that needs the application.
    pub fn nothing() -> Self {
        Self {
            verbs: VerbSet::default(),
            system: "UNIX Type: L8".into(),
            facts: ["type", "size", "modify"].map(Cow::from).to_vec(),
            modes: [Mode::Stream].to_vec(),
            structures: [Structure::File].to_vec(),
            hashes: [Cow::from("SHA-256")].to_vec(),
            languages: [Cow::from("EN")].to_vec(),
            site: Vec::new(),
        }
    }

    /// With these verbs too.
    #[must_use]
    pub fn with(mut self, verbs: &[Verb]) -> Self {
        verbs.iter().for_each(|verb| self.verbs.insert(*verb));
        self
    }

    /// Without these verbs.
    #[must_use]
    pub fn without(mut self, verbs: &[Verb]) -> Self {
        verbs.iter().for_each(|verb| self.verbs.remove(*verb));
        self
    }

    /// Whether a verb is supported, by the machine or the application.
    ///
    /// STAT without a path and ALLO are the machine's; with them among its verbs the application is asked, too: for the
    /// status of a path, and whether there is room. Nobody can support what needs a mechanism beside TLS (ADAT, MIC, CONF,
    /// ENC), what only a gateway answers (ALGS), nor a server that is TLS's client on the data connection (CPSV, SSCN).
    pub fn has(&self, verb: Verb) -> bool {
        match verb {
            Verb::Lang => !self.languages.is_empty(),
            Verb::Hash => self.asks(verb) && !self.hashes.is_empty(),
            Verb::Site => self.asks(verb) || !self.site.is_empty(),
            _ => match verb.served() {
                Served::Always => true,
                // Whether there is TLS isn't the application's to say.
                Served::WithTls | Served::WithFiles | Served::IfNamed => self.asks(verb),
                Served::Never => false,
            },
        }
    }

    /// Whether the application named it.
    pub(super) fn asks(&self, verb: Verb) -> bool {
        self.verbs.contains(verb)
    }

    /// What `HELP SITE` says of a word of SITE, if it is one.
    pub(super) fn site_syntax(&self, word: &[u8]) -> Option<&str> {
        let is_meant = |syntax: &&str| {
            syntax
                .split(' ')
                .next()
                .is_some_and(|first| !first.is_empty() && first.as_bytes().eq_ignore_ascii_case(word))
        };
        self.site.iter().map(AsRef::as_ref).find(is_meant)
    }

    /// Every verb that is supported, in the order of the table.
    pub fn verbs(&self) -> impl Iterator<Item = Verb> + '_ {
        Verb::ALL.iter().copied().filter(|verb| self.has(*verb))
    }
}

impl Default for Support {
    /// A server of files.
    fn default() -> Self {
        let files: Vec<Verb> = Verb::ALL.iter().copied().filter(|verb| verb.served() == Served::WithFiles).collect();
        Self::nothing().with(&files)
    }
}

/// What a client chose of what is supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chosen {
    /// A bit for each of `Support::facts`.
    pub(super) facts: u32,
    /// The place in `Support::hashes`.
    pub(super) hash: u8,
    /// The place in `Support::languages`.
    pub(super) language: u8,
    /// How hard mode Z compresses, if that was said (OPTS MODE Z LEVEL).
    pub(super) level: Option<u8>,
}

impl Default for Chosen {
    fn default() -> Self {
        Self { facts: u32::MAX, hash: 0, language: 0, level: None }
    }
}

impl Support {
    /// The facts that are chosen.
    pub(super) fn chosen_facts(&self, chosen: Chosen) -> impl Iterator<Item = &str> {
        let is_chosen = move |place: u32| chosen.facts.checked_shr(place).is_some_and(|bits| bits & 1 == 1);
        self.facts.iter().zip(0..).filter(move |(_, place)| is_chosen(*place)).map(|(fact, _)| fact.as_ref())
    }

    /// The algorithm of HASH that is chosen.
    pub(super) fn chosen_hash(&self, chosen: Chosen) -> &str {
        self.hashes.get(usize::from(chosen.hash)).map_or("", AsRef::as_ref)
    }

    /// The lines of FEAT (RFC 2389 3.2), without the space in front.
    pub(super) fn features(&self, verbs: impl Iterator<Item = Verb>, chosen: Chosen) -> Vec<Text<'_>> {
        let mut features: Vec<Text<'_>> = Vec::new();
        for verb in verbs {
            let feature = match verb {
                // RFC 3659 7.8: one line for MLST and MLSD, with the facts.
                Verb::Mlst | Verb::Mlsd => Text::try_from(self.fact_line(chosen)).ok(),
                // Paths are UTF-8 here, and have `/` between their names (RFC 2640 3.2, RFC 3659 6).
                Verb::Opts => Text::new("UTF8").ok(),
                Verb::Cwd => Text::new("TVFS").ok(),
                Verb::Mode if !self.modes.contains(&Mode::Deflate) => None,
                // `LANG EN*;FR` (RFC 2640 4.3), `HASH SHA-256*;MD5` (draft-bryan-ftpext-hash-02 3): an asterisk behind the chosen one.
                Verb::Lang => Text::try_from(starred("LANG ", &self.languages, chosen.language)).ok(),
                Verb::Hash => Text::try_from(starred("HASH ", &self.hashes, chosen.hash)).ok(),
                // draft-somers-ftp-mfxx-03 5: with the facts that can be changed.
                Verb::Mff => Text::try_from(self.changeable()).ok(),
                verb => verb.feature().and_then(|feature| Text::new(feature).ok()),
            };
            features.extend(feature.filter(|feature| !features.contains(feature)));
        }
        features
    }

    /// A bit for each fact of this list of OPTS MLST, `type;size;`; what nobody knows is left out (RFC 3659 7.9).
    pub(super) fn choose_facts(&self, wanted: &[u8]) -> u32 {
        let is_wanted =
            |fact: &str| wanted.split(|byte| *byte == b';').any(|name| name.eq_ignore_ascii_case(fact.as_bytes()));
        let bit = |place| 1_u32.checked_shl(place).unwrap_or(0);
        self.facts.iter().zip(0..).filter(|(fact, _)| is_wanted(fact)).fold(0, |bits, (_, place)| bits | bit(place))
    }

    /// The language that is chosen.
    pub(super) fn chosen_language(&self, chosen: Chosen) -> &str {
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

    /// `MLST type*;size;`: an asterisk behind each fact that is chosen (RFC 3659 7.8).
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

/// The names, separated by `;`, with an asterisk behind the one that is chosen.
fn starred(word: &str, names: &[Cow<'static, str>], chosen: u8) -> String {
    let mut line = String::from(word);
    for (place, name) in names.iter().enumerate() {
        line.push_str(if place == 0 { "" } else { ";" });
        line.push_str(name);
        line.push_str(if place == usize::from(chosen) { "*" } else { "" });
    }
    line
}

/// Text that this crate made: it can hold no line end, and nothing is lost if it did.
pub(super) fn text_of(text: String) -> Text<'static> {
    Text::try_from(text).unwrap_or_default()
}
