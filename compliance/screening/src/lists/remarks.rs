//! The remarks of the US Treasury's list: pieces parted by `; `, each a known phrase or free text.

use super::NoticeKind;
use super::countries::iso2;
use super::dates;
use crate::entity::{Entity, Gender, Identifier, ListedName, ListedWallet, NameGrade};
use crate::wallets;

/// Documents and numbers: the words of the list, and our kind. A longer phrase stands before its beginning.
const IDENTIFIERS: [(&str, &str); 68] = [
    ("Additional Passport", "passport"),
    ("British National Overseas Passport", "passport"),
    ("Diplomatic Passport", "passport"),
    ("Passport", "passport"),
    ("Stateless Person Passport", "passport"),
    ("National ID No.", "national id"),
    ("National Foreign ID Number", "national id"),
    ("Tazkira National ID Card", "national id"),
    ("Personal ID Card", "national id"),
    ("Bosnian Personal ID No.", "national id"),
    ("Kenyan ID No.", "national id"),
    ("Turkish Identification Number", "national id"),
    ("Citizen's Card Number", "national id"),
    ("Numero de Identidad", "national id"),
    ("Credencial electoral", "national id"),
    ("Electoral Registry No.", "national id"),
    ("Refugee ID Card", "national id"),
    ("Residency Number", "national id"),
    ("Birth Certificate Number", "national id"),
    ("Travel Document Number", "travel document"),
    ("Driver's License No.", "driving licence"),
    ("Cedula No.", "national id"),
    ("C.U.R.P.", "national id"),
    ("C.U.I.P.", "national id"),
    ("C.U.I.T.", "tax id"),
    ("C.U.I.", "national id"),
    ("D.N.I.", "national id"),
    ("I.F.E.", "national id"),
    ("LE Number", "national id"),
    ("SSN", "tax id"),
    ("US FEIN", "tax id"),
    ("Tax ID No.", "tax id"),
    ("Italian Fiscal Code", "tax id"),
    ("R.F.C.", "tax id"),
    ("RFC", "tax id"),
    ("RUC", "tax id"),
    ("RTN", "tax id"),
    ("RIF", "tax id"),
    ("NIT", "tax id"),
    ("V.A.T. Number", "tax id"),
    ("Registration Number", "registration"),
    ("Registration ID", "registration"),
    ("Identification Number IMO", "imo"),
    ("Identification Number", "registration"),
    ("Business Registration Number", "registration"),
    ("Business Registration Document", "registration"),
    ("Business Number", "registration"),
    ("Commercial Registry Number", "registration"),
    ("Central Registration System Number", "registration"),
    ("Certificate of Incorporation Number", "registration"),
    ("Public Registration Number", "registration"),
    ("UK Company Number", "registration"),
    ("Company Number IMO", "imo"),
    ("Company Number", "registration"),
    ("Enterprise Number", "registration"),
    ("Government Gazette Number", "registration"),
    ("Chamber of Commerce Number", "registration"),
    ("Economic Register Number (CBLS)", "registration"),
    ("Trade License No.", "registration"),
    ("Unified Social Credit Code (USCC)", "registration"),
    ("United Social Credit Code Certificate (USCCC)", "registration"),
    ("C.R. No.", "registration"),
    ("Legal Entity Number", "lei"),
    ("SWIFT/BIC", "bic"),
    ("ISIN", "isin"),
    ("D-U-N-S Number", "duns"),
    ("Vessel Registration Identification IMO", "imo"),
    ("MMSI", "mmsi"),
];

/// Why a piece was refused.
pub(super) struct Refused(pub &'static str);

/// Reads all pieces into `entity`; oddities go to `notice`. `cut` says that the end of the text is missing.
pub(super) fn read(
    text: &str,
    cut: bool,
    entity: &mut Entity,
    notice: &mut dyn FnMut(NoticeKind, &str),
) -> Result<(), Refused> {
    let mut pieces = text.split("; ").peekable();
    while let Some(piece) = pieces.next() {
        let last = pieces.peek().is_none();
        if last && cut {
            fragment(piece, entity);
        } else {
            let piece = piece.trim();
            read_piece(
                if last {
                    piece.strip_suffix('.').unwrap_or(piece)
                } else {
                    piece
                },
                entity,
                notice,
            )?;
        }
    }
    Ok(())
}

/// The last piece of a cut text: a whole address is kept, anything else says nothing sure.
fn fragment(piece: &str, entity: &mut Entity) {
    if let Some((currency, address)) = wallet(piece.trim()).filter(|(_, address)| wallets::is_well_formed(address)) {
        entity.wallets.push(ListedWallet {
            currency: currency.to_owned(),
            address: address.to_owned(),
            checksum_ok: true,
        });
    }
}

fn read_piece(piece: &str, entity: &mut Entity, notice: &mut dyn FnMut(NoticeKind, &str)) -> Result<(), Refused> {
    let plain = piece.strip_prefix("alt. ").unwrap_or(piece);
    for (mark, grade) in [
        ("a.k.a. ", NameGrade::Weak),
        ("f.k.a. ", NameGrade::Former),
        ("n.k.a. ", NameGrade::Strong),
    ] {
        if let Some(quoted) = plain.strip_prefix(mark) {
            return alias(quoted, grade, entity, notice);
        }
    }
    if let Some((currency, address)) = wallet(plain) {
        let checksum_ok = wallets::is_well_formed(address);
        if !checksum_ok {
            notice(NoticeKind::MalformedWallet, address);
        }
        entity.wallets.push(ListedWallet {
            currency: currency.to_owned(),
            address: address.to_owned(),
            checksum_ok,
        });
        return Ok(());
    }
    if plain.starts_with("Digital Currency Address") {
        return Err(Refused("a digital currency address without currency or address"));
    }
    if let Some(date) = plain.strip_prefix("DOB ") {
        match dates::spoken(date.trim_end_matches('.')) {
            Some(births) => entity.births.extend(births),
            None => notice(NoticeKind::Date, date),
        }
        return Ok(());
    }
    if let Some(country) = plain
        .strip_prefix("nationality ")
        .or_else(|| plain.strip_prefix("citizen "))
    {
        country_of(country.trim_end_matches('.'), entity, notice);
        return Ok(());
    }
    if let Some(gender) = plain.strip_prefix("Gender ") {
        entity.gender = match gender.trim_end_matches('.') {
            "Male" => Some(Gender::Male),
            "Female" => Some(Gender::Female),
            _ => None,
        };
        return Ok(());
    }
    identifier(plain, entity);
    Ok(())
}

fn alias(
    quoted: &str,
    grade: NameGrade,
    entity: &mut Entity,
    notice: &mut dyn FnMut(NoticeKind, &str),
) -> Result<(), Refused> {
    let quoted = quoted.strip_suffix('.').unwrap_or(quoted);
    let name = quoted.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let name = name
        .ok_or(Refused("an alias in the remarks without its quotation marks"))?
        .trim();
    if name.chars().any(char::is_alphanumeric) {
        entity.names.push(ListedName {
            text: name.to_owned(),
            grade,
        });
    } else {
        notice(NoticeKind::EmptyAlias, quoted);
    }
    Ok(())
}

/// `Digital Currency Address - XBT 12QtD5...` gives the currency and the address.
fn wallet(piece: &str) -> Option<(&str, &str)> {
    let piece = piece.strip_prefix("alt. ").unwrap_or(piece);
    let rest = piece.strip_prefix("Digital Currency Address - ")?;
    let (currency, address) = rest.trim_end_matches('.').split_once(' ')?;
    let address = address.trim();
    (!address.is_empty() && !address.contains(' ')).then_some((currency, address))
}

/// Adds a country by its name; one that is not in the table is told.
pub(super) fn country_of(name: &str, entity: &mut Entity, notice: &mut dyn FnMut(NoticeKind, &str)) {
    match iso2(name) {
        Some(code) => {
            if !entity.countries.iter().any(|known| known == code) {
                entity.countries.push(code.to_owned());
            }
        }
        None => notice(NoticeKind::Country, name),
    }
}

fn identifier(piece: &str, entity: &mut Entity) {
    let found = IDENTIFIERS
        .iter()
        .find_map(|(words, kind)| Some((piece.strip_prefix(words)?, *kind)));
    let Some((rest, kind)) = found.filter(|(rest, _)| rest.starts_with([' ', '#'])) else {
        return;
    };
    let rest = rest.trim_start_matches([' ', '#']);
    let end = [" (", " issued ", " expires "]
        .iter()
        .filter_map(|mark| rest.find(mark))
        .min()
        .unwrap_or(rest.len());
    let value = rest[..end].trim_end_matches('.').trim();
    let value = if kind == "imo" {
        value.trim_start_matches("IMO").trim()
    } else {
        value
    };
    let country = rest
        .split_once(" (")
        .and_then(|(_, behind)| behind.split_once(')'))
        .and_then(|(name, _)| iso2(name));
    // A document without a digit ("Passport" alone, "Registration Number pending") identifies nobody.
    if value.chars().filter(char::is_ascii_digit).count() > 2 || matches!(kind, "bic" | "lei") && value.len() >= 8 {
        entity.identifiers.push(Identifier {
            kind: kind.to_owned(),
            value: value.to_owned(),
            country: country.map(str::to_owned),
        });
    }
}

/// The kind of a document by the words of the legacy XML; the same table.
pub(super) fn identifier_kind(words: &str) -> Option<&'static str> {
    IDENTIFIERS
        .iter()
        .find_map(|(known, kind)| words.starts_with(known.trim_end_matches(" IMO")).then_some(*kind))
}
