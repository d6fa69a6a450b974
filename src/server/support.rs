//! What a server can do: verbs, modes, facts, hashes, languages. FEAT and HELP follow it.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::command::{Mode, Structure, Verb, VerbSet};
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
    pub fn has(&self, verb: Verb) -> bool {
        MACHINE.contains(&verb) || self.verbs.contains(verb)
    }

    /// Every verb that is supported, in the order of the table.
    pub fn verbs(&self) -> impl Iterator<Item = Verb> + '_ {
        Verb::ALL.iter().copied().filter(|verb| self.has(*verb))
    }
}

/// What the machine answers alone.
const MACHINE: &[Verb] = &[
    Verb::User,
    Verb::Pass,
    Verb::Quit,
    Verb::Port,
    Verb::Pasv,
    Verb::Eprt,
    Verb::Epsv,
    Verb::Type,
    Verb::Stru,
    Verb::Mode,
    Verb::Rest,
    Verb::Abor,
    Verb::Syst,
    Verb::Stat,
    Verb::Help,
    Verb::Noop,
    Verb::Feat,
    Verb::Opts,
    Verb::Allo,
    Verb::Clnt,
];

/// What a server of files does: a directory tree to read and write.
const FILES: &[Verb] = &[
    Verb::Cwd,
    Verb::Cdup,
    Verb::Pwd,
    Verb::List,
    Verb::Nlst,
    Verb::Mlst,
    Verb::Mlsd,
    Verb::Retr,
    Verb::Stor,
    Verb::Appe,
    Verb::Stou,
    Verb::Rnfr,
    Verb::Rnto,
    Verb::Dele,
    Verb::Rmd,
    Verb::Mkd,
    Verb::Size,
    Verb::Mdtm,
];

impl Default for Support {
    /// A server of files.
    fn default() -> Self {
        Self::nothing().with(FILES)
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
}

impl Default for Chosen {
    fn default() -> Self {
        Self { facts: u32::MAX, hash: 0, language: 0 }
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
                // Only stream mode, whatever the table's word for compression is.
                Verb::Mode => None,
                verb => verb.feature().and_then(|feature| Text::new(feature).ok()),
            };
            features.extend(feature.filter(|feature| !features.contains(feature)));
        }
        features
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
