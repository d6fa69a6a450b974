//! The dialects, and the detection of a line's dialect.

use super::date::Known;
use super::entry::{Entry, Kind};
use super::line::Line;
use super::{
    dos, enterprise, eplf, ibm_i, mlsx, mvs, mvs_member, mvs_spool, netpresenz, netware, nonstop, nortel, os2, os9,
    unix, unix_octal, vms, vshell, vxworks, zvm,
};

/// The dialects of directory listings. RFC 959 says about LIST's format only that it is meant for people, so each system has its own; a
/// program should use MLSD if the server has it.
///
/// Each dialect below names what it lacks or leaves ambiguous, and so what an [`Entry`] can't tell. Only [`Mlsx`](Self::Mlsx),
/// [`Eplf`](Self::Eplf) and [`UnixOctal`](Self::UnixOctal) give the zone of their times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Dialect {
    /// MLSD and MLST (RFC 3659 7): facts, a blank, the name. Lacks only the facts that a server doesn't send.
    Mlsx,
    /// EPLF, by D. J. Bernstein, in publicfile and anftpd. No owners, no targets of links.
    Eplf,
    /// `ls -l`, which nearly all servers write, even on Windows: with or without a link count, owner and group, with dates in any order and
    /// language, with rounded sizes, devices and marks of ACLs. Mostly the year or the time of day is missing. If an owner's name holds a
    /// blank, the part after it is taken for the group. A name with a line end in it is cut; if lines end with LF alone, a CR at the end of
    /// a name is lost.
    Unix,
    /// Unix, with modes in octal and times in seconds. Blanks in front of a name are lost; no targets of links.
    UnixOctal,
    /// Old versions of VShell. No owners, no permissions.
    VShell,
    /// Novell NetWare. No group; either the year or the time of day; up to three blanks in front of a name are lost.
    NetWare,
    /// NetPresenz, Peter's server and WebStar, on Mac OS. No owners; which of a file's two forks a transfer moves isn't known.
    NetPresenz,
    /// MS-DOS, Windows NT and IIS. No owners, no permissions; `04-05-24` doesn't say whether the day or the month comes first.
    Dos,
    /// OpenVMS, with its servers MultiNet and TCPware. Sizes in blocks of 512 bytes; no targets of links.
    Vms,
    /// IBM i (OS/400). `04/05/06` doesn't say which number is the year; whether a file has several members isn't known.
    IbmI,
    /// z/OS data sets. No sizes; the only time is the day on which a data set was last used.
    MvsDataSet,
    /// z/OS members of a partitioned data set. Sizes in bytes of load modules only; members without statistics have nothing but a name.
    MvsMember,
    /// z/OS jobs. No sizes, no times.
    MvsSpool,
    /// z/VM (CMS). For a file of variable records, only the largest size that it can have.
    Zvm,
    /// OS/2. No owners; whether the day or the month comes first isn't known.
    Os2,
    /// HP NonStop (Tandem Guardian). No directories; owners and groups are numbers.
    NonStop,
    /// Microware OS-9. Owners and groups are numbers; no links.
    Os9,
    /// Nortel's wfFtp. No directories, no owners; whether the day or the month comes first isn't known; no blanks in names.
    WfFtp,
    /// VxWorks. No owners; blanks at the end of a directory's name are lost.
    VxWorks,
    /// CONNECT:Enterprise for Unix. Either the year or the time of day; blanks in front of a name are lost.
    Enterprise,
    /// Nothing but names, one on each line: NLST, and LIST of some servers.
    Names,
}

/// The dialects that are tried on a line, the stricter and the more frequent ones first. `Names` isn't among them, since any word fits.
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
    /// Reads a line in the form that nearly all lines of a frequent dialect have.
    #[inline(always)]
    pub(super) fn read_usual<'a>(self, line: &'a [u8], known: &Known) -> Option<Entry<'a>> {
        match self {
            Self::Mlsx => mlsx::entry(line),
            Self::Unix => unix::usual(line, known),
            Self::Dos => dos::usual(line, known),
            _ => None,
        }
    }

    /// Reads a line by the dialect's grammar.
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

    /// Detects the dialect of a line, and reads it.
    pub(super) fn find<'a>(line: &'a [u8], known: &mut Known) -> Option<(Self, Line<'a>)> {
        let mut found = FOUND.into_iter();
        found.find_map(|dialect| {
            let mut learnt = known.forgotten();
            let read = match dialect {
                // Here a name alone isn't enough.
                Self::MvsMember => mvs_member::read(line, &mut learnt),
                Self::Mlsx if !mlsx::has_facts(line) => None,
                // EPLF has its plus and VMS its semicolon; each other dialect is recognised by several columns.
                _ => dialect.read(line, &mut learnt),
            }?;
            *known = learnt;
            Some((dialect, read))
        })
    }
}
