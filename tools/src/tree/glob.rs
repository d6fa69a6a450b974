//! Patterns of names, as a shell has them: `*`, `?`, `[a-z]`, `[!a-z]`. Nothing recurses, no name costs more than its length
//! times the pattern's, and all names together no more than a budget: a client chooses the pattern (CVE-2011-0418,
//! CVE-2020-8285).

/// A pattern of names.
#[derive(Clone, Copy)]
pub struct Pattern<'p>(&'p [u8]);

/// How many steps may still be gone.
#[derive(Debug)]
pub struct Budget(u64);

/// The budget is spent.
#[derive(Debug, PartialEq, Eq)]
pub struct Exhausted;

/// What the next byte or character of a name has to be.
enum Token<'p> {
    Anything,
    One,
    Set { members: &'p [u8], negated: bool },
    Byte(u8),
}

impl Budget {
    pub fn new(steps: u64) -> Self {
        Self(steps)
    }

    pub fn left(&self) -> u64 {
        self.0
    }

    fn spend(&mut self, steps: usize) -> Result<(), Exhausted> {
        self.0 = self.0.checked_sub(steps as u64).ok_or(Exhausted)?;
        Ok(())
    }
}

impl<'p> Pattern<'p> {
    /// `None` if it is a plain name.
    pub fn new(pattern: &'p [u8]) -> Option<Self> {
        pattern.iter().any(|byte| b"*?[".contains(byte)).then_some(Self(pattern))
    }

    /// Whether all of `name` fits.
    pub fn matches(self, name: &[u8], budget: &mut Budget) -> Result<bool, Exhausted> {
        let (mut at, mut rest) = (self.0, name);
        // Where the last asterisk is, and what it has not taken yet: if what follows doesn't fit, it takes one byte more.
        // An earlier asterisk never has to: what it could leave to this one, this one can skip.
        let mut retreat: Option<(&[u8], &[u8])> = None;
        loop {
            budget.spend(1)?;
            let step = match Token::next(at) {
                Some((Token::Anything, behind)) => {
                    (at, retreat) = (behind, Some((behind, rest)));
                    continue;
                }
                None if rest.is_empty() => return Ok(true),
                None => None,
                Some((token, behind)) => token.take(rest, budget)?.map(|rest| (behind, rest)),
            };
            (at, rest) = match (step, &mut retreat) {
                (Some(step), _) => step,
                (None, Some((behind, untaken))) if !untaken.is_empty() => {
                    *untaken = &untaken[1..];
                    (*behind, *untaken)
                }
                (None, _) => return Ok(false),
            };
        }
    }
}

impl<'p> Token<'p> {
    /// The first of a pattern, and what is behind it.
    fn next(pattern: &'p [u8]) -> Option<(Self, &'p [u8])> {
        let (first, behind) = pattern.split_first()?;
        Some(match first {
            b'*' => (Self::Anything, behind),
            b'?' => (Self::One, behind),
            b'[' => Self::set(behind).unwrap_or((Self::Byte(b'['), behind)),
            byte => (Self::Byte(*byte), behind),
        })
    }

    /// `abc]`, `!a-c]`, `]a]`; `None` if nothing closes it: then the bracket means itself.
    fn set(text: &'p [u8]) -> Option<(Self, &'p [u8])> {
        let negated = matches!(text.first(), Some(b'!' | b'^'));
        let members = &text[usize::from(negated)..];
        // The first `]` is a member.
        let end = 1 + members.get(1..)?.iter().position(|byte| *byte == b']')?;
        Some((Self::Set { members: &members[..end], negated }, &members[end + 1..]))
    }

    /// What is left of a name that begins with this.
    fn take<'n>(&self, name: &'n [u8], budget: &mut Budget) -> Result<Option<&'n [u8]>, Exhausted> {
        let Some((first, behind)) = name.split_first() else { return Ok(None) };
        Ok(match self {
            Self::Byte(byte) => (byte == first).then_some(behind),
            Self::One | Self::Anything => Some(&name[character(name)..]),
            Self::Set { members, negated } => {
                budget.spend(members.len())?;
                match (contains(members, *first), negated) {
                    (true, false) => Some(behind),
                    (false, true) => Some(&name[character(name)..]),
                    _ => None,
                }
            }
        })
    }
}

fn contains(members: &[u8], byte: u8) -> bool {
    let mut rest = members;
    loop {
        rest = match rest {
            [first, b'-', last, behind @ ..] => {
                if (*first..=*last).contains(&byte) {
                    return true;
                }
                behind
            }
            [first, behind @ ..] => {
                if *first == byte {
                    return true;
                }
                behind
            }
            [] => return false,
        };
    }
}

/// How long the first character is; a byte that begins none is one.
fn character(name: &[u8]) -> usize {
    (1..=name.len().min(4)).find(|length| std::str::from_utf8(&name[..*length]).is_ok()).unwrap_or(1)
}
