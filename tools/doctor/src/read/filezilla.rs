//! FileZilla: `Status:`, `Command:`, `Response:` and `Error:` in the language of the user, a tabulator or blanks behind, or nothing. Its
//! file has date, time and two numbers in front. FileZilla Server's log has `[Command]` and `[Response]`.

use ftp_proto::{DataError, TlsError};

use super::dialogue::{Event, Sink, What};
use super::words::{address, has, is_reply, tls_version, why};

/// What stands in front of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    Status,
    Command,
    Response,
    Error,
}

/// As its translations have them; without the colon.
const LABELS: &[(&str, Label)] = &[
    ("Status", Label::Status),
    ("Command", Label::Command),
    ("Response", Label::Response),
    ("Error", Label::Error),
    // de, fr, es, it, pt, nl, pl, cs, sv, ru, zh, ja
    ("Befehl", Label::Command),
    ("Antwort", Label::Response),
    ("Fehler", Label::Error),
    ("Statut", Label::Status),
    ("Commande", Label::Command),
    ("Réponse", Label::Response),
    ("Erreur", Label::Error),
    ("Estado", Label::Status),
    ("Comando", Label::Command),
    ("Respuesta", Label::Response),
    ("Stato", Label::Status),
    ("Risposta", Label::Response),
    ("Errore", Label::Error),
    ("Resposta", Label::Response),
    ("Erro", Label::Error),
    ("Opdracht", Label::Command),
    ("Antwoord", Label::Response),
    ("Fout", Label::Error),
    ("Polecenie", Label::Command),
    ("Odpowiedź", Label::Response),
    ("Błąd", Label::Error),
    ("Stav", Label::Status),
    ("Příkaz", Label::Command),
    ("Odpověď", Label::Response),
    ("Chyba", Label::Error),
    ("Kommando", Label::Command),
    ("Svar", Label::Response),
    ("Fel", Label::Error),
    ("Статус", Label::Status),
    ("Команда", Label::Command),
    ("Ответ", Label::Response),
    ("Ошибка", Label::Error),
    ("状态", Label::Status),
    ("命令", Label::Command),
    ("响应", Label::Response),
    ("错误", Label::Error),
    ("状態", Label::Status),
    ("コマンド", Label::Command),
    ("レスポンス", Label::Response),
    ("エラー", Label::Error),
];

pub(super) fn mark(line: &str) -> u8 {
    match split(line) {
        Some((Label::Response, text)) if is_reply(text) => 4,
        Some((Label::Command | Label::Response, _)) => 3,
        Some(_) => 1,
        None => 0,
    }
}

pub(super) fn read(line: &str, sink: &mut Sink) {
    match split(line) {
        Some((Label::Command, text)) => sink.command(text),
        Some((Label::Response, text)) => sink.reply(text),
        Some((Label::Status, text)) => told(text, sink),
        Some((Label::Error, text)) => failed(text, sink),
        None => {}
    }
}

fn split(line: &str) -> Option<(Label, &str)> {
    let line = line.trim_start();
    // Process and engine, in its file.
    let text = line.trim_start_matches(|character: char| character.is_ascii_digit() || character == ' ');
    let (word, rest) = text.split_once([':', '：', ']'])?;
    let word = word.rsplit('[').next()?.trim();
    let label = LABELS.iter().find(|(label, _)| *label == word)?.1;
    // A line in the middle of a reply keeps the one blank that it begins with.
    let rest = rest.strip_prefix('\t').map_or_else(
        || match rest.trim_start() {
            text if is_reply(text) || label != Label::Response => text,
            text => &rest[rest.len() - text.len() - usize::from(rest.len() > text.len())..],
        },
        |rest| if is_reply(rest.trim_start()) { rest.trim_start() } else { rest },
    );
    Some((label, rest))
}

/// What it tells in English; in other languages the numbers alone are read.
fn told(text: &str, sink: &mut Sink) {
    if text.starts_with("Connecting to ") || text.starts_with("Verbinde mit ") || text.starts_with("Connexion à ") {
        match address(text).filter(|address| address.port() != 21 && sink.awaits_data()) {
            // FluentFTP writes alike, and tells of data connections, too.
            Some(address) => sink.tell(What::DataDialling(address)),
            None => sink.tell(What::Dialling(address(text))),
        }
    } else if text.starts_with("Connection attempt failed") {
        failed(text, sink);
    } else if text.starts_with("Connection established") {
        sink.tell(What::Connected(None));
    } else if has(text, "unroutable address") {
        sink.tell(What::DataToPeer);
    } else if text.starts_with("TLS connection established") {
        sink.tell(What::Secured(tls_version(text)));
    } else if text.starts_with("Disconnected from server") {
        sink.tell(What::Ended { reset: false });
    }
}

fn failed(text: &str, sink: &mut Sink) {
    if has(text, "data connection could not be established") || has(text, "datenverbindung konnte nicht") {
        // Over TLS a server that refuses the session hangs up amid the handshake.
        let hung_up = has(text, "econnaborted") || has(text, "econnreset");
        let other = if hung_up && sink.is_secured() { DataError::Tls(TlsError::Handshake) } else { DataError::Refused };
        sink.tell(What::DataFailed(why(text).unwrap_or(other)));
    } else if let Some(DataError::Tls(how)) = why(text)
        && (sink.awaits_data() || !sink.has_begun())
    {
        let how = DataError::Tls(how);
        sink.tell(if sink.has_begun() { What::DataFailed(how) } else { What::NotConnected(how) });
    } else if has(text, "connection attempt failed") {
        sink.tell(if sink.has_begun() {
            What::DataFailed(why(text).unwrap_or(DataError::Refused))
        } else {
            What::NotConnected(why(text).unwrap_or(DataError::Unreachable))
        });
    } else if sink.awaits_data()
        && let Some(why) = why(text)
    {
        sink.tell(if why == DataError::TimedOut { What::TimedOut } else { What::DataFailed(why) });
    } else if has(text, "transfer connection interrupted") || has(text, "file transfer failed after") {
        sink.tell(What::DataCutShort);
    } else if has(text, "connection closed by server") || has(text, "disconnected from server") {
        sink.tell(What::Ended { reset: has(text, "reset") || has(text, "aborted") });
    } else if why(text) == Some(DataError::TimedOut) || has(text, "20 seconds of inactivity") {
        let stands = sink.has_begun() || sink.is_connected();
        sink.tell(if stands { What::TimedOut } else { What::NotConnected(DataError::TimedOut) });
    } else if text.starts_with("Could not connect to server") && !sink.has_begun() {
        // What has hindered it was told before, if it was.
        let is_told =
            sink.is_connected() || matches!(sink.told().last(), Some(Event { what: What::NotConnected(_), .. }));
        if !is_told {
            sink.tell(What::NotConnected(why(text).unwrap_or(DataError::TimedOut)));
        }
    } else if has(text, "zeitüberschreitung") || has(text, "délai") || has(text, "agotado") {
        sink.tell(What::TimedOut);
    }
}
