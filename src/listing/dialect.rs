//! The dialects, and which of them a line is in.

use super::date::Known;
use super::entry::{Entry, Kind};
use super::line::Line;
use super::{
    dos, enterprise, eplf, ibm_i, mlsx, mvs, mvs_member, mvs_spool, netpresenz, netware, nonstop, nortel, os2, os9,
    unix, unix_octal, vms, vshell, vxworks, zvm,
};

/// The dialects of directory listings. RFC 959 says of LIST only that people shall read it, so each system has its own; a
/// program should ask for MLSD where a server has it.
///
/// What isn't mentioned can be told. No dialect but [`Mlsx`](Self::Mlsx), [`Eplf`](Self::Eplf) and
/// [`UnixOctal`](Self::UnixOctal) tells in which zone its times are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Dialect {
    /// MLSD and MLST (RFC 3659 7): facts, a blank, the name. Whatever a server doesn't tell can't be told, and no more.
    Mlsx,
    /// EPLF, by D. J. Bernstein, of publicfile and anftpd. No owners, no targets of links.
    Eplf,
    /// `ls -l`, as nearly all servers write it, those of Windows among them: with or without a link count, owner and group, with
    /// dates of any order and language, with rounded sizes, devices, marks of ACLs. A year or a time of day is missing most often. What
    /// an owner's name has behind a blank is taken for the group's; a name that holds a line's end is cut, and one that ends with CR
    /// can't be told where lines end with LF alone.
    Unix,
    /// Unix by servers that write modes in octal and times in seconds. Not blanks before a name, nor targets of links.
    UnixOctal,
    /// Old versions of VShell. No owners, no permissions.
    VShell,
    /// Novell NetWare. No group; not the year and the time of day at once, and not the fifth blank before a name.
    NetWare,
    /// NetPresenz, Peter's server and WebStar, of Mac OS. No owners; not how much of a file's two forks a transfer moves.
    NetPresenz,
    /// MS-DOS, Windows NT and IIS. No owners, no permissions; not whether day or month comes first in `04-05-24`.
    Dos,
    /// OpenVMS, MultiNet and TCPware among its servers. Not the exact size: it is in blocks of 512 bytes. No targets of links.
    Vms,
    /// IBM i (OS/400). Not which is the year in `04/05/06`; not whether a file has several members.
    IbmI,
    /// z/OS data sets. No sizes; of times only the day on which a data set was last used.
    MvsDataSet,
    /// z/OS members of a partitioned data set. Sizes in bytes only of load modules; nothing at all of members without statistics.
    MvsMember,
    /// z/OS jobs. No sizes, no times.
    MvsSpool,
    /// z/VM (CMS). Only the largest size that a file of variable records can have.
    Zvm,
    /// OS/2. No owners; not whether day or month comes first.
    Os2,
    /// HP NonStop (Tandem Guardian). No directories; owners and groups are numbers.
    NonStop,
    /// Microware OS-9. Owners and groups are numbers; no links.
    Os9,
    /// Nortel's wfFtp. No directories, no owners; not whether day or month comes first; no name with a blank.
    WfFtp,
    /// VxWorks. No owners; not blanks at the end of a directory's name.
    VxWorks,
    /// CONNECT:Enterprise for Unix. Not the year and the time of day at once; not blanks before a name.
    Enterprise,
    /// Names alone, one a line: NLST, and LIST of some servers. Nothing but names.
    Names,
}

/// Those that are looked for in a line, the stricter and the more frequent ones first. `Names` isn't among them, since any word fits
/// it.
const FOUND: [Dialect; 20] = [
    Dialect::NetPresenz,
    Dialect::Unix,
    Dialect::Dos,
    Dialect::Eplf,
    Dialect::Mlsx,
    Dialect::UnixOctal,
    Dialect::NetWare,
    Dialect::Vms,
    Dialect::VShell,
    Dialect::IbmI,
    Dialect::MvsDataSet,
    Dialect::MvsMember,
    Dialect::MvsSpool,
    Dialect::Zvm,
    Dialect::Os2,
    Dialect::NonStop,
    Dialect::Os9,
    Dialect::WfFtp,
    Dialect::VxWorks,
    Dialect::Enterprise,
];

impl Dialect {
    /// A line as nearly all of this dialect are, if it is a frequent one.
    #[inline(always)]
    pub(super) fn read_usual<'a>(self, line: &'a [u8], known: &Known) -> Option<Entry<'a>> {
        match self {
            Self::Mlsx => mlsx::entry(line),
            Self::Unix => unix::usual(line, known),
            Self::Dos => dos::usual(line, known),
            _ => None,
        }
    }

    /// The line as one of this dialect.
    pub(super) fn read<'a>(self, line: &'a [u8], known: &mut Known) -> Option<Line<'a>> {
        match self {
            Self::Mlsx => mlsx::read(line, known),
            Self::Unix => unix::read(line, known),
            Self::Dos => dos::read(line, known),
            Self::Eplf => eplf::read(line, known),
            Self::UnixOctal => unix_octal::read(line, known),
            Self::VShell => vshell::read(line, known),
            Self::NetWare => netware::read(line, known),
            Self::NetPresenz => netpresenz::read(line, known),
            Self::Vms => vms::read(line, known),
            Self::IbmI => ibm_i::read(line, known),
            Self::MvsDataSet => mvs::read(line, known),
            Self::MvsMember => mvs_member::read(line, known).or_else(|| mvs_member::read_bare(line)),
            Self::MvsSpool => mvs_spool::read(line, known),
            Self::Zvm => zvm::read(line, known),
            Self::Os2 => os2::read(line, known),
            Self::NonStop => nonstop::read(line, known),
            Self::Os9 => os9::read(line, known),
            Self::WfFtp => nortel::read(line, known),
            Self::VxWorks => vxworks::read(line, known),
            Self::Enterprise => enterprise::read(line, known),
            Self::Names => Some(Line::Entry(Entry::new(line, Kind::Unknown))),
        }
    }

    /// The dialect of a line of which nothing is known, and what it is.
    pub(super) fn find<'a>(line: &'a [u8], known: &mut Known) -> Option<(Self, Line<'a>)> {
        let mut found = FOUND.into_iter();
        found.find_map(|dialect| {
            let mut learnt = known.forgotten();
            let read = match dialect {
                // A name alone isn't enough.
                Self::MvsMember => mvs_member::read(line, &mut learnt),
                Self::Mlsx if !mlsx::has_facts(line) => None,
                // With an EPLF's plus and VMS's semicolon a line can't be mistaken; the others say what they are in several columns.
                _ => dialect.read(line, &mut learnt),
            }?;
            *known = learnt;
            Some((dialect, read))
        })
    }
}
