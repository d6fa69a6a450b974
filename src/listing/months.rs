//! The names of months. `ls` and some servers write them in the server's language.

/// An English abbreviation, in any case.
#[inline]
pub(super) fn english(name: [u8; 3]) -> Option<u8> {
    Some(match &name.map(|letter| letter | 0x20) {
        b"jan" => 1,
        b"feb" => 2,
        b"mar" => 3,
        b"apr" => 4,
        b"may" => 5,
        b"jun" => 6,
        b"jul" => 7,
        b"aug" => 8,
        b"sep" => 9,
        b"oct" => 10,
        b"nov" => 11,
        b"dec" => 12,
        _ => return None,
    })
}

/// A name or an abbreviation in one of the languages below, in any case. Letters that aren't ASCII may be in UTF-8 or in an eight-bit set
/// of their language.
pub(super) fn any(name: &[u8]) -> Option<u8> {
    let mut months = NAMES.iter().zip(1..);
    months.find(|(names, _)| names.iter().any(|known| is_same(name, known))).map(|(_, month)| month)
}

fn is_same(name: &[u8], known: &str) -> bool {
    if known.is_ascii() {
        return name.eq_ignore_ascii_case(known.as_bytes());
    }
    match core::str::from_utf8(name) {
        Ok(name) => name.chars().flat_map(char::to_lowercase).eq(known.chars()),
        Err(_) => SETS.iter().any(|set| is_in_set(name, known, set)),
    }
}

/// Whether `name` is `known` in an eight-bit set. Letters that aren't ASCII match in either case.
fn is_in_set(name: &[u8], known: &str, set: &dyn Fn(char) -> Option<u8>) -> bool {
    let mut letters = known.chars();
    let fits = |(byte, letter): (&u8, char)| {
        let upper = letter.to_uppercase().next().unwrap_or(letter);
        letter.is_ascii() && byte.eq_ignore_ascii_case(&(letter as u8))
            || [letter, upper].into_iter().any(|letter| set(letter) == Some(*byte))
    };
    name.iter().all(|byte| letters.next().is_some_and(|letter| fits((byte, letter)))) && letters.next().is_none()
}

/// The eight-bit sets, each a function from a letter to its byte.
const SETS: [&dyn Fn(char) -> Option<u8>; 5] = [&latin_1, &latin_2, &koi8_r, &windows_1251, &iso_8859_5];

fn latin_1(letter: char) -> Option<u8> {
    u8::try_from(u32::from(letter)).ok()
}

/// The letters of ISO 8859-2 that names of months have.
fn latin_2(letter: char) -> Option<u8> {
    Some(match letter {
        'ź' => 0xbc,
        'Ź' => 0xac,
        'ś' => 0xb6,
        'Ś' => 0xa6,
        _ => return None,
    })
}

/// The place in the Russian alphabet, from 0, and whether it is a capital.
fn cyrillic(letter: char) -> Option<(u8, bool)> {
    match letter {
        'а'..='я' => Some((u8::try_from(u32::from(letter).wrapping_sub(0x430)).ok()?, false)),
        'А'..='Я' => Some((u8::try_from(u32::from(letter).wrapping_sub(0x410)).ok()?, true)),
        _ => None,
    }
}

fn koi8_r(letter: char) -> Option<u8> {
    const ORDER: [u8; 32] = [
        0xc1, 0xc2, 0xd7, 0xc7, 0xc4, 0xc5, 0xd6, 0xda, 0xc9, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd2, 0xd3,
        0xd4, 0xd5, 0xc6, 0xc8, 0xc3, 0xde, 0xdb, 0xdd, 0xdf, 0xd9, 0xd8, 0xdc, 0xc0, 0xd1,
    ];
    let (place, is_capital) = cyrillic(letter)?;
    ORDER.get(usize::from(place)).map(|byte| byte | if is_capital { 0x20 } else { 0 })
}

fn windows_1251(letter: char) -> Option<u8> {
    let (place, is_capital) = cyrillic(letter)?;
    place.checked_add(if is_capital { 0xc0 } else { 0xe0 })
}

fn iso_8859_5(letter: char) -> Option<u8> {
    let (place, is_capital) = cyrillic(letter)?;
    place.checked_add(if is_capital { 0xb0 } else { 0xd0 })
}

/// English, German, Dutch, French, Italian, Spanish, Portuguese, Polish, Russian, Finnish, Slovene, Icelandic, Lithuanian and
/// Hungarian, each name once. No name means two months. French `jui`, which VMS writes, is taken for July, as in FileZilla.
const NAMES: [&[&str]; 12] = [
    &[
        "jan",
        "january",
        "januar",
        "jän",
        "jänner",
        "janv",
        "janvier",
        "gen",
        "ene",
        "sty",
        "янв",
        "tammi",
        "sau",
        "gennaio",
        "enero",
        "stycznia",
        "январь",
        "января",
    ],
    &[
        "feb",
        "february",
        "februar",
        "fév",
        "fev",
        "févr",
        "février",
        "fevr",
        "lut",
        "фев",
        "фвр",
        "helmi",
        "vas",
        "febr",
        "febbraio",
        "febrero",
        "lutego",
        "февр",
        "февраль",
        "февраля",
    ],
    &[
        "mar",
        "march",
        "mär",
        "märz",
        "mrz",
        "maer",
        "mrt",
        "maa",
        "mars",
        "мар",
        "мрт",
        "maalis",
        "kov",
        "márc",
        "marc",
        "марта",
        "marzo",
        "marca",
        "март",
    ],
    &[
        "apr",
        "april",
        "avr",
        "avril",
        "abr",
        "kwi",
        "апр",
        "huhti",
        "bal",
        "ápr",
        "aprile",
        "abril",
        "kwietnia",
        "апрель",
        "апреля",
    ],
    &["may", "mai", "mei", "mag", "maj", "май", "мая", "touko", "maí", "geg", "máj", "maggio", "mayo", "maja"],
    &[
        "jun", "june", "juni", "juin", "giu", "cze", "июн", "kesä", "jún", "bir", "giugno", "junio", "czerwca", "июнь",
        "июня",
    ],
    &[
        "jul", "july", "juli", "juil", "juillet", "lug", "lip", "июл", "heinä", "júl", "lie", "luglio", "julio",
        "lipca", "июль", "июля", "jui",
    ],
    &[
        "aug",
        "august",
        "aoû",
        "août",
        "aou",
        "aout",
        "ago",
        "sie",
        "авг",
        "elo",
        "avg",
        "ágú",
        "rgp",
        "agosto",
        "sierpnia",
        "август",
        "августа",
    ],
    &[
        "sep",
        "sept",
        "september",
        "septembre",
        "set",
        "wrz",
        "сен",
        "снт",
        "syys",
        "rgs",
        "szept",
        "settembre",
        "septiembre",
        "września",
        "wrzesnia",
        "сент",
        "сентябрь",
        "сентября",
    ],
    &[
        "oct",
        "october",
        "okt",
        "oktober",
        "octobre",
        "ott",
        "out",
        "paź",
        "paz",
        "окт",
        "loka",
        "spa",
        "ottobre",
        "octubre",
        "października",
        "pazdziernika",
        "октябрь",
        "октября",
    ],
    &[
        "nov",
        "november",
        "novembre",
        "lis",
        "ноя",
        "нбр",
        "marras",
        "lap",
        "noviembre",
        "listopada",
        "nóv",
        "нояб",
        "ноябрь",
        "ноября",
    ],
    &[
        "dec",
        "december",
        "dez",
        "dezember",
        "déc",
        "décembre",
        "dic",
        "gru",
        "дек",
        "joulu",
        "des",
        "grd",
        "dicembre",
        "diciembre",
        "grudnia",
        "декабрь",
        "декабря",
    ],
];

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn no_name_means_two_months() {
        let names = || NAMES.iter().zip(1..).flat_map(|(names, month)| names.iter().map(move |name| (*name, month)));
        for (name, month) in names() {
            assert_eq!(any(name.as_bytes()), Some(month), "{name}");
            assert_eq!(any(name.to_ascii_uppercase().as_bytes()), Some(month), "{name}");
            assert_eq!(names().filter(|(other, _)| *other == name).count(), 1, "{name}");
        }
        for (name, month) in NAMES.iter().map(|names| names[0]).zip(1..) {
            let name = <[u8; 3]>::try_from(name.as_bytes()).unwrap();
            assert_eq!(
                (english(name), english(name.map(|letter| letter.to_ascii_uppercase()))),
                (Some(month), Some(month))
            );
        }
    }

    #[test]
    fn in_the_eight_bit_sets_too() {
        let known: [(&[u8], u8); 9] = [
            (b"M\xe4r", 3),
            (b"F\xe9v", 2),
            (b"AO\xdbT", 8),
            (b"pa\xbc", 10),
            (b"\xd1\xce\xd7", 1),
            (b"\xff\xed\xe2", 1),
            (b"\xdf\xed\xe2", 1),
            (b"\xef\xdd\xd2", 1),
            (b"\xe6\xc5\xd7", 2),
        ];
        for (name, month) in known {
            assert_eq!(any(name), Some(month), "{}", name.escape_ascii());
        }
        assert_eq!((any("Фев".as_bytes()), any("MÄR".as_bytes())), (Some(2), Some(3)));
        // A name in one set must not be another month in another set.
        for (names, month) in NAMES.iter().zip(1..) {
            for (name, set) in names.iter().flat_map(|name| SETS.iter().map(move |set| (name, set))) {
                let bytes: Option<Vec<u8>> = name.chars().map(|letter| set(letter).filter(|byte| *byte > 0)).collect();
                let Some(bytes) = bytes else { continue };
                assert_eq!(any(&bytes), Some(month), "{name}");
            }
        }
    }

    #[test]
    fn what_is_no_month() {
        for name in ["", "ja", "janx", "mayor", "12", "m\u{e4}", "xyz"] {
            assert_eq!(any(name.as_bytes()), None, "{name}");
        }
        assert_eq!(english(*b"xyz"), None);
        assert_eq!(english(*b"J\x01N"), None);
    }
}
