//! What a server's application can do: verbs, modes, facts, hashes, languages. FEAT and HELP follow it.

mod error;
mod features;

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::command::{Mode, Question, Served, Structure, Verb, VerbSet};
use crate::text::Text;

pub use error::SupportError;
pub(super) use features::{Chosen, text_of};

/// What the application can do. Anything else is answered 502 or 504, and FEAT and HELP name what is here. The default is a server of files.
///
/// What would have no effect is a [`SupportError`]: an invalid name, a verb that no application can support, or one that the machine always
/// answers alone.
///
/// ```
/// use ftp_proto::server::Support;
/// use ftp_proto::{Text, Verb};
/// let support = Support::default()
///     .with(&[Verb::Hash, Verb::Quit])?                      // QUIT: asked of the application, for its own last words
///     .without(&[Verb::Lprt, Verb::Lpsv])?
///     .with_hashes(["SHA-256", "SHA-1"])?
///     .with_site(["CHMOD <SP> mode <SP> path"])?
///     .with_unknown_verbs()
///     .with_features([Text::from_static("XQUOTA")])?;
/// assert!(Support::nothing().with(&[Verb::Adat]).is_err());
/// # Ok::<(), ftp_proto::server::SupportError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Support {
    /// The verbs that aren't answered 502.
    verbs: VerbSet,
    /// The verbs that the machine could answer, but the application is asked about.
    asked: VerbSet,
    system: Text<'static>,
    facts: Vec<Cow<'static, str>>,
    modes: Vec<Mode>,
    structures: Vec<Structure>,
    hashes: Vec<Cow<'static, str>>,
    languages: Vec<Cow<'static, str>>,
    site: Vec<Cow<'static, str>>,
    /// Whether the application is asked about SITE with any word.
    any_site: bool,
    unknown: Unknown,
    features: Vec<Text<'static>>,
}

/// When unknown verbs reach the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unknown {
    Never,
    AfterLogin,
    Always,
}

/// How many facts a client can choose among.
const FACTS: usize = 32;
/// How many hashes or languages a client can choose among.
const NAMES: usize = 255;

impl Support {
    /// The login, and what the machine answers alone. SYST says `UNIX Type: L8`, the facts are `type`, `size` and `modify`, the hash is
    /// `SHA-256`, the language `EN`, the mode stream, the structure file.
    pub fn nothing() -> Self {
        Self {
            verbs: all(Served::Always),
            asked: VerbSet::default(),
            system: Text::from_static("UNIX Type: L8"),
            facts: ["type", "size", "modify"].map(Cow::from).to_vec(),
            modes: [Mode::Stream].to_vec(),
            structures: [Structure::File].to_vec(),
            hashes: [Cow::from("SHA-256")].to_vec(),
            languages: [Cow::from("EN")].to_vec(),
            site: Vec::new(),
            any_site: false,
            unknown: Unknown::Never,
            features: Vec::new(),
        }
    }

    /// Every known verb that needs the application, with ALLO, STAT of a path, and SITE, but without any word of SITE. Verbs that the machine
    /// can answer alone it does.
    pub fn everything() -> Self {
        let mut support = Self::nothing();
        for verb in Verb::ALL.iter().filter(|verb| matches!(verb.served(), Served::WithFiles | Served::IfNamed)) {
            support.verbs.insert(*verb);
        }
        [Verb::Allo, Verb::Stat].iter().for_each(|verb| support.asked.insert(*verb));
        support
    }

    /// Adds these verbs.
    ///
    /// ALLO, CLNT, FEAT, HELP, NOOP, QUIT, STAT and SYST are answered by the machine unless they are added here: then the application is
    /// asked, so that it can use its own words or relay another server's. NOOP and STAT during a transfer, and STAT without a path, are
    /// always answered by the machine. [`Verb::Other`] is the same as [`with_unknown_verbs`](Self::with_unknown_verbs).
    ///
    /// # Errors
    /// The first verb that no application can support (ADAT, MIC, CONF and ENC need a mechanism other than TLS, ALGS a gateway, CPSV and
    /// SSCN a server that is the TLS client on data connections), that follows [`Config::security`](super::Config::security) (AUTH, PBSZ,
    /// PROT, CCC), or that the machine always answers alone, such as TYPE and PASV.
    pub fn with(mut self, verbs: &[Verb]) -> Result<Self, SupportError> {
        for verb in verbs {
            self.add(*verb)?;
        }
        Ok(self)
    }

    fn add(&mut self, verb: Verb) -> Result<(), SupportError> {
        if verb == Verb::Other {
            self.unknown = Unknown::AfterLogin;
            return Ok(());
        }
        match (verb.served(), verb.question()) {
            (Served::Never, _) => return Err(SupportError::Never(verb)),
            (Served::WithTls, _) => return Err(SupportError::FollowsTls(verb)),
            (Served::Always, Question::Nothing) if self.has(verb) => return Err(SupportError::Alone(verb)),
            (Served::Always, Question::Nothing | Question::Login) | (Served::WithFiles | Served::IfNamed, _) => {}
            (Served::Always, _) => self.asked.insert(verb),
        }
        self.verbs.insert(verb);
        Ok(())
    }

    /// Removes these verbs: they are answered 502. QUIT, NOOP and STAT, if [`with`](Self::with) has added them, are answered by the machine
    /// again.
    ///
    /// # Errors
    /// The first verb that can't be removed: ABOR and USER; QUIT, NOOP and STAT if they weren't added; AUTH, PBSZ, PROT and CCC, which
    /// follow [`Config::security`](super::Config::security).
    pub fn without(mut self, verbs: &[Verb]) -> Result<Self, SupportError> {
        for verb in verbs {
            let was_asked = self.asks(*verb);
            self.asked.remove(*verb);
            match verb {
                Verb::Other => self.unknown = Unknown::Never,
                verb if verb.served() == Served::WithTls => return Err(SupportError::FollowsTls(*verb)),
                verb if verb.is_heard_amid_transfer() && was_asked => {}
                verb if verb.is_heard_amid_transfer() || *verb == Verb::User => {
                    return Err(SupportError::Needed(*verb));
                }
                verb => self.verbs.remove(*verb),
            }
        }
        Ok(self)
    }

    /// Replaces the text of the 215 to SYST.
    #[must_use]
    pub fn with_system(self, system: Text<'static>) -> Self {
        Self { system, ..self }
    }

    /// Replaces the facts that MLST and MLSD can tell and MFF can change (RFC 3659 7.5), at most 32. A client chooses from them by OPTS MLST.
    ///
    /// # Errors
    /// The first that isn't a fact's name or is there twice; no fact, or too many.
    pub fn with_facts<Name>(self, facts: impl IntoIterator<Item = Name>) -> Result<Self, SupportError>
    where
        Name: Into<Cow<'static, str>>,
    {
        Ok(Self { facts: names(facts, FACTS, is_word)?, ..self })
    }

    /// Adds HASH (draft-bryan-ftpext-hash) and replaces its algorithms, at most 255, named as in FEAT. The first is used unless the client
    /// chooses another by OPTS HASH.
    ///
    /// # Errors
    /// The first that isn't a name or is there twice; no algorithm, or too many.
    pub fn with_hashes<Name>(mut self, hashes: impl IntoIterator<Item = Name>) -> Result<Self, SupportError>
    where
        Name: Into<Cow<'static, str>>,
    {
        self.hashes = names(hashes, NAMES, is_word)?;
        self.verbs.insert(Verb::Hash);
        Ok(self)
    }

    /// Adds LANG (RFC 2640 4.1) and replaces its languages, at most 255, named by their tags such as `en` or `de-AT`. The first is used unless
    /// the client chooses another.
    ///
    /// # Errors
    /// The first that isn't a language tag (RFC 1766 2) or is there twice; no language, or too many.
    pub fn with_languages<Name>(mut self, languages: impl IntoIterator<Item = Name>) -> Result<Self, SupportError>
    where
        Name: Into<Cow<'static, str>>,
    {
        self.languages = names(languages, NAMES, is_language_tag)?;
        self.verbs.insert(Verb::Lang);
        Ok(self)
    }

    /// Adds these transfer modes (RFC 959 3.4). Stream is always there: sessions begin with it.
    #[must_use]
    pub fn with_modes(mut self, modes: &[Mode]) -> Self {
        for mode in modes {
            if !self.modes.contains(mode) {
                self.modes.push(*mode);
            }
        }
        self
    }

    /// Adds these file structures (RFC 959 3.1.2). File is always there: sessions begin with it.
    #[must_use]
    pub fn with_structures(mut self, structures: &[Structure]) -> Self {
        for structure in structures {
            if !self.structures.contains(structure) {
                self.structures.push(*structure);
            }
        }
        self
    }

    /// Adds SITE and these words of it, each with its syntax for `HELP SITE` and `SITE HELP`, such as `CHMOD <SP> mode <SP> path`. A client
    /// may write the word in any case.
    ///
    /// # Errors
    /// The first that doesn't begin with a word, or whose word is there already.
    pub fn with_site<Name>(mut self, syntaxes: impl IntoIterator<Item = Name>) -> Result<Self, SupportError>
    where
        Name: Into<Cow<'static, str>>,
    {
        for (index, syntax) in syntaxes.into_iter().enumerate() {
            let syntax: Cow<'static, str> = syntax.into();
            let word = first_word(&syntax);
            if !is_word(word.as_bytes()) || word.contains(['<', '[']) || Text::new(syntax.as_ref()).is_err() {
                return Err(SupportError::NoName { index });
            }
            if self.site_syntax(word.as_bytes()).is_some() {
                return Err(SupportError::Twice { index });
            }
            self.site.push(syntax);
        }
        self.verbs.insert(Verb::Site);
        Ok(self)
    }

    /// Adds SITE with any word: the application is asked about all of them, including HELP.
    #[must_use]
    pub fn with_any_site(mut self) -> Self {
        self.any_site = true;
        self.verbs.insert(Verb::Site);
        self
    }

    /// Adds unknown verbs after the login: the application is asked about them by [`Question::Extension`](super::Question::Extension), whose
    /// `command()` is [`Command::Other`](crate::Command::Other), which encodes to the line that came. Before the login they are answered
    /// 500.
    ///
    /// Clients that speak HTTP, SMTP and the like are turned away all the same.
    #[must_use]
    pub fn with_unknown_verbs(self) -> Self {
        Self { unknown: Unknown::AfterLogin, ..self }
    }

    /// Adds unknown verbs before the login, too. Those that the application refuses then count for
    /// [`Config::max_unknown_commands`](super::Config::max_unknown_commands).
    #[must_use]
    pub fn with_unknown_verbs_before_login(self) -> Self {
        Self { unknown: Unknown::Always, ..self }
    }

    /// Adds these lines to FEAT (RFC 2389 3.2), after those of the machine.
    ///
    /// # Errors
    /// The first that is empty, begins with a blank, is there twice, or begins with a word that the machine announces itself where it is
    /// supported (`SIZE`, `MLST`, `UTF8` …).
    pub fn with_features(mut self, lines: impl IntoIterator<Item = Text<'static>>) -> Result<Self, SupportError> {
        for (index, line) in lines.into_iter().enumerate() {
            match features::check(&line) {
                Some(features::Fault::NoLine) => return Err(SupportError::NoName { index }),
                Some(features::Fault::Announced) => return Err(SupportError::Announced { index }),
                None if self.features.contains(&line) => return Err(SupportError::Twice { index }),
                None => self.features.push(line),
            }
        }
        Ok(self)
    }

    /// Whether a verb is supported, by the machine or the application. [`Verb::Other`] stands for unknown verbs. The verbs of RFC 4217 follow
    /// [`Config::security`](super::Config::security) instead: for them this is `false`.
    pub fn has(&self, verb: Verb) -> bool {
        match verb {
            Verb::Other => self.unknown != Unknown::Never,
            verb => self.names(verb),
        }
    }

    /// Every verb that is supported, in the order of [`Verb::ALL`].
    pub fn verbs(&self) -> impl Iterator<Item = Verb> + '_ {
        Verb::ALL.iter().copied().filter(|verb| self.has(*verb))
    }

    /// The facts that MLST and MLSD can tell.
    pub fn facts(&self) -> impl Iterator<Item = &str> {
        self.facts.iter().map(AsRef::as_ref)
    }

    /// The algorithms of HASH.
    pub fn hashes(&self) -> impl Iterator<Item = &str> {
        self.hashes.iter().map(AsRef::as_ref)
    }

    /// The languages of LANG.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.languages.iter().map(AsRef::as_ref)
    }

    /// Whether a known verb is supported.
    #[inline]
    pub(super) fn names(&self, verb: Verb) -> bool {
        self.verbs.contains(verb)
    }

    /// Whether the application is asked about this verb, which the machine could answer alone.
    pub(super) fn asks(&self, verb: Verb) -> bool {
        self.asked.contains(verb)
    }

    /// Whether the application is asked about an unknown verb.
    pub(super) fn hands_on(&self, is_logged_in: bool) -> bool {
        match self.unknown {
            Unknown::Never => false,
            Unknown::AfterLogin => is_logged_in,
            Unknown::Always => true,
        }
    }

    /// The text of the 215 to SYST.
    pub(super) fn system(&self) -> &Text<'static> {
        &self.system
    }

    pub(super) fn has_mode(&self, mode: Mode) -> bool {
        self.modes.contains(&mode)
    }

    pub(super) fn has_structure(&self, structure: Structure) -> bool {
        self.structures.contains(&structure)
    }

    /// Whether the application is asked about a word of SITE.
    pub(super) fn has_site(&self, word: &[u8]) -> bool {
        self.any_site || self.site_syntax(word).is_some()
    }

    /// The syntax of a word of SITE, if it is supported.
    pub(super) fn site_syntax(&self, word: &[u8]) -> Option<&str> {
        self.site().find(|syntax| first_word(syntax).as_bytes().eq_ignore_ascii_case(word))
    }

    /// The words of SITE, each with its syntax.
    pub(super) fn site(&self) -> impl Iterator<Item = &str> {
        self.site.iter().map(AsRef::as_ref)
    }
}

impl Default for Support {
    /// What a server of files does.
    fn default() -> Self {
        let mut support = Self::nothing();
        for verb in Verb::ALL.iter().filter(|verb| verb.served() == Served::WithFiles) {
            support.verbs.insert(*verb);
        }
        support
    }
}

fn all(served: Served) -> VerbSet {
    let mut set = VerbSet::default();
    Verb::ALL.iter().filter(|verb| verb.served() == served).for_each(|verb| set.insert(*verb));
    set
}

/// Checks that each is a name, and none is there twice, in whatever case.
fn names<Name: Into<Cow<'static, str>>>(
    names: impl IntoIterator<Item = Name>,
    most: usize,
    is_name: fn(&[u8]) -> bool,
) -> Result<Vec<Cow<'static, str>>, SupportError> {
    let mut all: Vec<Cow<'static, str>> = Vec::new();
    for (index, name) in names.into_iter().enumerate() {
        let name: Cow<'static, str> = name.into();
        if index >= most {
            return Err(SupportError::TooMany { most });
        }
        if !is_name(name.as_bytes()) {
            return Err(SupportError::NoName { index });
        }
        if all.iter().any(|other| other.eq_ignore_ascii_case(&name)) {
            return Err(SupportError::Twice { index });
        }
        all.push(name);
    }
    if all.is_empty() { Err(SupportError::Empty) } else { Ok(all) }
}

/// Whether a word fits into a list in which `;` separates, `*` marks (RFC 3659 7.8) and `=` precedes a value.
fn is_word(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b';' | b'*' | b'='))
}

/// `1*8ALPHA *( "-" 1*8( ALPHA / DIGIT ) )` (RFC 1766 2)
pub(super) fn is_language_tag(tag: &[u8]) -> bool {
    let mut parts = tag.split(|byte| *byte == b'-');
    let short = |part: &[u8]| (1..=8).contains(&part.len());
    parts.next().is_some_and(|part| short(part) && part.iter().all(u8::is_ascii_alphabetic))
        && parts.all(|part| short(part) && part.iter().all(u8::is_ascii_alphanumeric))
}

fn first_word(syntax: &str) -> &str {
    syntax.split(' ').next().unwrap_or_default()
}
