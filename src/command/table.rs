//! The table of commands, one row for each. Every fact about a command is in its row, and nowhere else.
//!
//! A row is a variant of [`Command`] with its arguments; its syntax as HELP shows it, which begins with the command's word; an alias, if
//! it has one; and in braces the columns, by their names in [`Row`](super::column::Row), which explains them. A column that a row leaves
//! out has its value of [`Row::USUAL`](super::column::Row::USUAL): most commands need a login, have nothing to do with a data
//! connection, and are supported only if the server's application names them.

use super::argument::{Field, Shown};
use super::error::CommandError;
use super::expand::commands;
use super::option::{NewFacts, Opts, Site};
use super::parameter::{Algs, Allocation, EpsvArgument, Mode, Protection, Structure, Type};
use super::{OtherCommand, argument, column, key};
use crate::address::{ExtendedAddress, HostPort, LongAddress};
use crate::text::{Argument, Password, Path};
use crate::time::Time;
use alloc::vec::Vec;

commands! {
    // RFC 959 4.1.1: access control.
    User(Argument<'a>) = "USER <SP> username" {
        source: "RFC 959; RFC 2228", login: NotNeeded, served: Always, asks: Login
    }
    Pass(Password<'a>) = "PASS <SP> password" { source: "RFC 959", login: NotNeeded, served: Always, asks: Login }
    Acct(Password<'a>) = "ACCT <SP> account" { source: "RFC 959", login: NotNeeded, asks: Login }
    Cwd(Path<'a>) = "CWD <SP> path" alias "XCWD" { source: "RFC 959; RFC 775", served: WithFiles, asks: Perform }
    Cdup = "CDUP" alias "XCUP" { source: "RFC 959; RFC 775", served: WithFiles, asks: Perform }
    Smnt(Path<'a>) = "SMNT <SP> path" { source: "RFC 959", asks: Perform }
    Rein = "REIN" { source: "RFC 959; RFC 4217", served: WithFiles, asks: Perform, own_request: true, before_tls: true }
    Quit = "QUIT" {
        source: "RFC 959", login: NotNeeded, served: Always, asks: Perform, own_request: true, amid_transfer: true
    }

    // RFC 959 4.1.2: transfer parameters.
    Port(HostPort) = "PORT <SP> h1,h2,h3,h4,p1,p2" {
        source: "RFC 959; RFC 1123; RFC 2577", data: SetsUpActive, served: Always
    }
    Pasv = "PASV" alias "P@SW" { source: "RFC 959; RFC 1123", data: SetsUpPassive, served: Always }
    Type(Type) = "TYPE <SP> (A [<SP> N|T|C] | E [<SP> N|T|C] | I | L <SP> bits)" { source: "RFC 959", served: Always }
    Stru(Structure) = "STRU <SP> (F|R|P)" { source: "RFC 959", served: Always }
    Mode(Mode) = "MODE <SP> (S|B|C|Z)" {
        source: "RFC 959; draft-preston-ftpext-deflate", feature: Some("MODE Z"), served: Always
    }

    // RFC 959 4.1.3: FTP service.
    Retr(Path<'a>) = "RETR <SP> path" { source: "RFC 959; RFC 4217", data: Download, served: WithFiles }
    Stor(Path<'a>) = "STOR <SP> path" { source: "RFC 959; RFC 4217", data: Upload, served: WithFiles }
    Stou(Option<Path<'a>>) = "STOU [<SP> path]" { source: "RFC 959; RFC 1123", data: Upload, served: WithFiles }
    Appe(Path<'a>) = "APPE <SP> path" { source: "RFC 959", data: Upload, served: WithFiles }
    Allo(Allocation) = "ALLO <SP> bytes [<SP> R <SP> bytes]" { source: "RFC 959", served: Always, asks: Perform }
    Rest(u64) = "REST <SP> offset" {
        source: "RFC 959; RFC 1123; RFC 3659", feature: Some("REST STREAM"), served: Always
    }
    Rnfr(Path<'a>) = "RNFR <SP> path" { source: "RFC 959", served: WithFiles, asks: Exists }
    Rnto(Path<'a>) = "RNTO <SP> path" { source: "RFC 959", served: WithFiles, asks: Perform }
    Abor = "ABOR" { source: "RFC 959", served: Always, own_request: true, amid_transfer: true }
    Dele(Path<'a>) = "DELE <SP> path" { source: "RFC 959", served: WithFiles, asks: Perform }
    Rmd(Path<'a>) = "RMD <SP> path" alias "XRMD" { source: "RFC 959; RFC 775", served: WithFiles, asks: Perform }
    Mkd(Path<'a>) = "MKD <SP> path" alias "XMKD" { source: "RFC 959; RFC 775", served: WithFiles, asks: Directory }
    Pwd = "PWD" alias "XPWD" { source: "RFC 959; RFC 775", served: WithFiles, asks: Directory }
    List(Option<Path<'a>>) = "LIST [<SP> path]" { source: "RFC 959; RFC 1123", data: Listing, served: WithFiles }
    Nlst(Option<Path<'a>>) = "NLST [<SP> path]" { source: "RFC 959; RFC 1123", data: Listing, served: WithFiles }
    Site(Site<'a>) = "SITE <SP> command" { source: "RFC 959; RFC 1123", login: ServerChoice, asks: Extension }
    Syst = "SYST" { source: "RFC 959", login: ServerChoice, served: Always, asks: Extension, before_tls: true }
    Stat(Option<Path<'a>>) = "STAT [<SP> path]" {
        source: "RFC 959", login: ServerChoice, served: Always, asks: Status, amid_transfer: true
    }
    Help(Option<Argument<'a>>) = "HELP [<SP> command]" {
        source: "RFC 959", login: ServerChoice, served: Always, asks: Extension, before_tls: true
    }
    Noop = "NOOP" alias "NOP" {
        source: "RFC 959", login: ServerChoice, served: Always, asks: Perform, before_tls: true, amid_transfer: true
    }

    // RFC 2228: security.
    Auth(Argument<'a>) = "AUTH <SP> mechanism" {
        source: "RFC 2228; RFC 4217; RFC 2773", feature: Some("AUTH TLS"),
        login: NotNeeded, served: WithTls, own_request: true, before_tls: true
    }
    Adat(Password<'a>) = "ADAT <SP> base64" { source: "RFC 2228", login: NotNeeded, served: Never, own_request: true }
    Pbsz(u32) = "PBSZ <SP> bytes" {
        source: "RFC 2228; RFC 4217", feature: Some("PBSZ"), login: NotNeeded, served: WithTls, before_tls: true
    }
    Prot(Protection) = "PROT <SP> (C|S|E|P)" {
        source: "RFC 2228; RFC 4217", feature: Some("PROT"), login: NotNeeded, served: WithTls, before_tls: true
    }
    Ccc = "CCC" { source: "RFC 2228; RFC 4217", feature: Some("CCC"), served: WithTls, own_request: true }
    Mic(Password<'a>) = "MIC <SP> base64" { source: "RFC 2228", served: Never, own_request: true }
    Conf(Password<'a>) = "CONF <SP> base64" { source: "RFC 2228", served: Never, own_request: true }
    Enc(Password<'a>) = "ENC <SP> base64" { source: "RFC 2228", served: Never, own_request: true }

    // RFC 2389: features; RFC 2640: languages; RFC 7151: virtual hosts.
    Feat = "FEAT" { source: "RFC 2389", login: NotNeeded, served: Always, asks: Extension, before_tls: true }
    Opts(Opts<'a>) = "OPTS <SP> command [<SP> options]" {
        source: "RFC 2389", login: ServerChoice, served: Always, before_tls: true
    }
    Lang(Option<Argument<'a>>) = "LANG [<SP> language]" {
        source: "RFC 2640", feature: Some("LANG"), login: NotNeeded, served: Always, before_tls: true
    }
    Host(Argument<'a>) = "HOST <SP> host" {
        source: "RFC 7151", feature: Some("HOST"), login: NotNeeded, asks: Perform, before_tls: true
    }

    // RFC 3659: extensions.
    Mdtm(Path<'a>) = "MDTM <SP> path" { source: "RFC 3659", feature: Some("MDTM"), served: WithFiles, asks: Modified }
    Size(Path<'a>) = "SIZE <SP> path" { source: "RFC 3659", feature: Some("SIZE"), served: WithFiles, asks: Size }
    Mlst(Option<Path<'a>>) = "MLST [<SP> path]" {
        source: "RFC 3659", feature: Some("MLST"), served: WithFiles, asks: Facts
    }
    Mlsd(Option<Path<'a>>) = "MLSD [<SP> path]" {
        source: "RFC 3659", feature: Some("MLST"), data: Listing, served: WithFiles
    }

    // RFC 2428 and RFC 1639: addresses of any family; RFC 6384: gateways.
    Eprt(ExtendedAddress) = "EPRT <SP> |protocol|address|port|" {
        source: "RFC 2428", feature: Some("EPRT"), data: SetsUpActive, served: Always
    }
    Epsv(EpsvArgument) = "EPSV [<SP> (1|2|ALL)]" {
        source: "RFC 2428", feature: Some("EPSV"), data: SetsUpPassive, served: Always
    }
    Lprt(LongAddress) = "LPRT <SP> af,hal,h1,h2,...,pal,p1,p2" {
        source: "RFC 1639", data: SetsUpActive, served: Always
    }
    Lpsv = "LPSV" { source: "RFC 1639", data: SetsUpPassive, served: Always }
    Algs(Algs) = "ALGS <SP> (STATUS64|ENABLE64|DISABLE64)" { source: "RFC 6384", login: NotNeeded, served: Never }

    // Drafts, and servers' own inventions.
    Mfmt(Time, Path<'a>) = "MFMT <SP> YYYYMMDDhhmmss <SP> path" {
        source: "draft-somers-ftp-mfxx-03", feature: Some("MFMT"), asks: Perform
    }
    Mfct(Time, Path<'a>) = "MFCT <SP> YYYYMMDDhhmmss <SP> path" {
        source: "draft-somers-ftp-mfxx-03", feature: Some("MFCT"), asks: Perform
    }
    Mff(NewFacts<'a>, Path<'a>) = "MFF <SP> fact=value;... <SP> path" {
        source: "draft-somers-ftp-mfxx-03", feature: Some("MFF"), asks: Perform
    }
    Hash(Path<'a>) = "HASH <SP> path" {
        source: "draft-bryan-ftpext-hash-02", feature: Some("HASH"), asks: Hash(Chosen)
    }
    Rang { start: u64, end: u64 } = "RANG <SP> start <SP> end" {
        source: "draft-bryan-ftp-range", feature: Some("RANG STREAM")
    }
    Md5(Path<'a>) = "MD5 <SP> path" { source: "de facto", feature: Some("MD5"), asks: Hash(Md5) }
    Xcrc(Path<'a>) = "XCRC <SP> path" { source: "de facto", feature: Some("XCRC"), asks: Hash(Crc32) }
    Xmd5(Path<'a>) = "XMD5 <SP> path" { source: "de facto", feature: Some("XMD5"), asks: Hash(Md5) }
    Xsha(Path<'a>) = "XSHA <SP> path" { source: "de facto", feature: Some("XSHA"), asks: Hash(Sha1) }
    Xsha1(Path<'a>) = "XSHA1 <SP> path" { source: "de facto", feature: Some("XSHA1"), asks: Hash(Sha1) }
    Xsha256(Path<'a>) = "XSHA256 <SP> path" { source: "de facto", feature: Some("XSHA256"), asks: Hash(Sha256) }
    Xsha512(Path<'a>) = "XSHA512 <SP> path" { source: "de facto", feature: Some("XSHA512"), asks: Hash(Sha512) }
    Clnt(Argument<'a>) = "CLNT <SP> client" {
        source: "de facto", feature: Some("CLNT"), login: ServerChoice, served: Always, asks: Perform, before_tls: true
    }
    Csid(Argument<'a>) = "CSID <SP> name=value;..." {
        source: "draft-peterson-streamlined-ftp-command-extensions", feature: Some("CSID"),
        login: ServerChoice, asks: Extension
    }
    Avbl(Option<Path<'a>>) = "AVBL [<SP> path]" {
        source: "draft-peterson-streamlined-ftp-command-extensions", feature: Some("AVBL"), asks: Size
    }
    Dsiz(Option<Path<'a>>) = "DSIZ [<SP> path]" {
        source: "draft-peterson-streamlined-ftp-command-extensions", feature: Some("DSIZ"), asks: Size
    }
    Pret(Argument<'a>) = "PRET <SP> command" { source: "DrFTPD", feature: Some("PRET") }
    Cpsv = "CPSV" { source: "glFTPd/DrFTPD", feature: Some("CPSV"), data: SetsUpPassive, served: Never }
    Sscn(Option<bool>) = "SSCN [<SP> (ON|OFF)]" {
        source: "RaidenFTPD/glFTPd/proftpd", feature: Some("SSCN"), served: Never
    }
}
