//! vCards (RFC 6350, RFC 2426, and the 2.1 that phones still write) as a table: a row for each card, a column for each
//! property that a table of people and companies can take. Photos and the like are left out.

use std::fs::File;
use std::ops::ControlFlow;

use calcard::vcard::{VCard, VCardEntry, VCardParameterName, VCardProperty, VCardValue, VCardVersion};
use calcard::{Entry, Parser};

use super::encoding::{Encoding, Text};
use super::reason;
use super::write::{Cell, Row};
use super::{FileFault, MAX_CELL, Record};

/// What stands for a header. Written cards take their cells in this order.
pub const COLUMNS: [&str; 12] = [
    "Name",
    "Kind",
    "Phone",
    "Email",
    "Address",
    "Postal code",
    "Birthday",
    "Gender",
    "Website",
    "ORG",
    "TITLE",
    "Remark",
];

/// A card with its photo.
const MAX_CARD: usize = 4 * 1024 * 1024;

pub fn read(
    file: &mut File,
    encoding: Encoding,
    visit: &mut dyn FnMut(&Record) -> ControlFlow<()>,
) -> Result<(), FileFault> {
    let mut record = Record::default();
    record.row = 1;
    COLUMNS.iter().for_each(|column| record.push(column));
    if visit(&record).is_break() {
        return Ok(());
    }
    let mut text = Text::new(file, encoding)?;
    let (mut line, mut card) = (String::new(), None::<String>);
    while let Some(piece) = text.next_piece()? {
        for part in piece.split_inclusive('\n') {
            line.push_str(part);
            if line.len() + card.as_ref().map_or(0, String::len) > MAX_CARD {
                return Err(FileFault::at(&reason::FILE_CARD_TOO_LONG, record.row).arg("max", MAX_CARD / 1024 / 1024));
            }
            if line.ends_with('\n') && take(&mut line, &mut card, &mut record, visit)?.is_break() {
                return Ok(());
            }
        }
    }
    if text.is_broken() {
        return Err(FileFault::new(&reason::FILE_BROKEN));
    }
    let _ = take(&mut line, &mut card, &mut record, visit)?;
    match card {
        // Its end is missing.
        Some(_) => Err(broken(record.row)),
        None => Ok(()),
    }
}

/// Takes a line into the card under way; the last one ends it.
fn take(
    line: &mut String,
    card: &mut Option<String>,
    record: &mut Record,
    visit: &mut dyn FnMut(&Record) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, FileFault> {
    let word = line.trim();
    let (begins, ends) = (word.eq_ignore_ascii_case("BEGIN:VCARD"), word.eq_ignore_ascii_case("END:VCARD"));
    match card {
        None if begins => *card = Some(std::mem::take(line)),
        None if word.is_empty() => {}
        None => return Err(broken(record.row)),
        Some(_) if begins => return Err(broken(record.row)),
        Some(text) => text.push_str(line),
    }
    line.clear();
    if !ends {
        return Ok(ControlFlow::Continue(()));
    }
    let text = card.take().unwrap_or_default();
    let Entry::VCard(card) = Parser::new(&text).entry() else { return Err(broken(record.row)) };
    record.row += 1;
    record.clear();
    for cell in cells(&card) {
        if cell.chars().count() > MAX_CELL {
            return Err(FileFault::at(&reason::FILE_CELL_TOO_LONG, record.row).arg("max", MAX_CELL));
        }
        record.push(&cell);
    }
    Ok(visit(record))
}

/// The header stands before the first card.
fn broken(card: u32) -> FileFault {
    FileFault::at(&reason::FILE_CARD_BROKEN, card)
}

fn cells(card: &VCard) -> [String; COLUMNS.len()] {
    let of = |property| preferred(card, &property).map(text).unwrap_or_default();
    let organization = of(VCardProperty::Org);
    let name = [of(VCardProperty::Fn), structured_name(card), organization.clone()];
    let name = name.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    let (address, postal_code) = preferred(card, &VCardProperty::Adr).map(address).unwrap_or_default();
    let phone = of(VCardProperty::Tel);
    let kind = kind(card, &name, &organization).to_owned();
    [
        name,
        kind,
        phone.strip_prefix("tel:").map(str::to_owned).unwrap_or(phone),
        of(VCardProperty::Email),
        address,
        postal_code,
        card.property(&VCardProperty::Bday).map(date).unwrap_or_default(),
        of(VCardProperty::Gender),
        of(VCardProperty::Url),
        organization,
        of(VCardProperty::Title),
        of(VCardProperty::Note),
    ]
}

/// Older cards don't say it: one that is named like its company is a company.
fn kind(card: &VCard, name: &str, organization: &str) -> &'static str {
    let said = card.property(&VCardProperty::Kind).map(text).unwrap_or_default();
    let shown_as = VCardProperty::Other("X-ABSHOWAS".into());
    let shown_as = card.property(&shown_as).map(text).unwrap_or_default();
    let organizes = said.eq_ignore_ascii_case("org") || shown_as.eq_ignore_ascii_case("company");
    let named_alike = said.is_empty() && !organization.is_empty() && name == organization;
    if organizes || named_alike { "org" } else { "individual" }
}

/// The one that the card prefers, or a mobile phone, or the first.
fn preferred<'c>(card: &'c VCard, property: &VCardProperty) -> Option<&'c VCardEntry> {
    let is = |entry: &VCardEntry, word: &str| {
        entry.params.iter().any(|param| {
            let named = param.name.as_str().eq_ignore_ascii_case(word);
            // In 2.1 the types stand without a name.
            named || param.value.as_text().is_some_and(|value| value.eq_ignore_ascii_case(word))
        })
    };
    let found = || card.entries.iter().filter(|entry| entry.name == *property && !text(entry).is_empty());
    let preferred = found().find(|entry| is(entry, VCardParameterName::Pref.as_str()));
    preferred.or_else(|| found().find(|entry| is(entry, "CELL"))).or_else(|| found().next())
}

fn text(entry: &VCardEntry) -> String {
    entry.values.iter().map(part).find(|part| !part.is_empty()).unwrap_or_default()
}

fn part(value: &VCardValue) -> String {
    match value {
        VCardValue::Component(parts) => parts.join(" "),
        value => value.as_text().unwrap_or_default().trim().to_owned(),
    }
}

/// Family name first where names are written so.
fn structured_name(card: &VCard) -> String {
    let Some(entry) = card.property(&VCardProperty::N) else { return String::new() };
    let parts: Vec<String> = entry.values.iter().map(part).collect();
    let at = |index: usize| parts.get(index).map(String::as_str).unwrap_or_default();
    let (family, given) = (at(0), at(1));
    if family.is_ascii() { format!("{given} {family}").trim().to_owned() } else { format!("{family}{given}") }
}

/// As one line, and the postal code.
fn address(entry: &VCardEntry) -> (String, String) {
    let parts: Vec<String> = entry.values.iter().map(part).collect();
    let at = |index: usize| parts.get(index).cloned().unwrap_or_default();
    let [post_box, extended, street, locality, region, code, country] = std::array::from_fn(at);
    let western = [&street, &locality, &region].iter().all(|part| part.is_ascii());
    // The larger first, as China writes them.
    let order = if western {
        [post_box, extended, street, locality, region, country]
    } else {
        [country, region, locality, street, extended, post_box]
    };
    let given: Vec<String> = order.into_iter().filter(|part| !part.is_empty()).collect();
    (given.join(if western { ", " } else { "" }), code)
}

/// A birthday without its year is none.
fn date(entry: &VCardEntry) -> String {
    let date = entry.values.iter().find_map(VCardValue::as_partial_date_time);
    match date.map(|date| (date.year, date.month, date.day)) {
        Some((Some(year), Some(month), Some(day))) => format!("{year:04}-{month:02}-{day:02}"),
        Some(_) => String::new(),
        None => text(entry),
    }
}

/// A card of 3.0, which every address book reads, from cells in the order of [`COLUMNS`].
pub fn write(row: &Row) -> Option<String> {
    let cell = |index: usize| match row.get(index) {
        Some(Cell::Text(text)) => text.clone(),
        Some(Cell::Number(number)) => number.to_string(),
        None => String::new(),
    };
    let [name, kind, phone, email, street, code, birthday, gender, website, organization, title, remark] =
        std::array::from_fn(cell);
    let entry = |property, values: &[&str]| {
        VCardEntry::new(property).with_values(values.iter().map(|text| VCardValue::Text((*text).to_owned())).collect())
    };
    let organization = if kind == "org" && organization.is_empty() { name.clone() } else { organization };
    let mut entries = vec![
        entry(VCardProperty::Fn, &[&name]),
        // Which part is the family's nobody knows here; the property must be there.
        entry(VCardProperty::N, &[if kind == "org" { "" } else { &name }, "", "", "", ""]),
    ];
    let plain = [
        (VCardProperty::Kind, kind),
        (VCardProperty::Tel, phone),
        (VCardProperty::Email, email),
        (VCardProperty::Bday, birthday),
        (VCardProperty::Gender, gender),
        (VCardProperty::Url, website),
        (VCardProperty::Org, organization),
        (VCardProperty::Title, title),
        (VCardProperty::Note, remark),
    ];
    entries.extend(plain.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| entry(name.clone(), &[text])));
    if !street.is_empty() || !code.is_empty() {
        entries.push(entry(VCardProperty::Adr, &["", "", &street, "", "", &code, ""]));
    }
    let mut card = String::new();
    VCard { entries }.write_to(&mut card, VCardVersion::V3_0).ok()?;
    Some(card)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn rows(content: &str) -> Result<Vec<Vec<String>>, FileFault> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content.as_bytes()).unwrap();
        let mut rows = Vec::new();
        read(&mut file, Encoding::Utf8, &mut |record| {
            assert_eq!(record.row as usize, rows.len() + 1);
            rows.push(record.cells().map(str::to_owned).collect());
            ControlFlow::Continue(())
        })?;
        Ok(rows)
    }

    fn filled(row: &[String]) -> Vec<(&'static str, &str)> {
        let cells = COLUMNS.into_iter().zip(row.iter().map(String::as_str));
        cells.filter(|(_, cell)| !cell.is_empty()).collect()
    }

    const CARDS: &str = "BEGIN:VCARD\r
VERSION:4.0\r
KIND:individual\r
FN:张三\r
TEL;TYPE=home:0571-88886666\r
TEL;PREF=1;TYPE=cell;VALUE=uri:tel:+86-13800138000\r
EMAIL:zs@example.com\r
ADR:;;文三路1号;杭州市;浙江省;310012;中国\r
BDAY:19491231\r
GENDER:M\r
NOTE:one\\, two\r
  three\r
END:VCARD\r
\r
begin:vcard
VERSION:3.0
N:Smith;Ann;;;
TEL;TYPE=WORK,VOICE:1
TEL;TYPE=CELL:2
ORG:ACME;Sales
TITLE:CTO
ADR;TYPE=WORK:;;1 Main St;Springfield;IL;62701;USA
BDAY:--1231
end:vcard
BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E6=9D=8E;=E5=9B=9B;;;
TEL;CELL:13900139000
END:VCARD
BEGIN:VCARD
VERSION:3.0
FN:某某公司
ORG:某某公司
END:VCARD";

    #[test]
    fn cards_of_every_age_are_rows() {
        let rows = rows(CARDS).unwrap();
        assert_eq!(rows.len(), 5);
        assert_eq!(rows[0], COLUMNS);
        let zhang = [
            ("Name", "张三"),
            ("Kind", "individual"),
            ("Phone", "+86-13800138000"),
            ("Email", "zs@example.com"),
            ("Address", "中国浙江省杭州市文三路1号"),
            ("Postal code", "310012"),
            ("Birthday", "1949-12-31"),
            ("Gender", "M"),
            ("Remark", "one, two three"),
        ];
        assert_eq!(filled(&rows[1]), zhang);
        let smith = [
            ("Name", "Ann Smith"),
            ("Kind", "individual"),
            ("Phone", "2"),
            ("Address", "1 Main St, Springfield, IL, USA"),
            ("Postal code", "62701"),
            ("ORG", "ACME"),
            ("TITLE", "CTO"),
        ];
        assert_eq!(filled(&rows[2]), smith);
        assert_eq!(filled(&rows[3]), [("Name", "李四"), ("Kind", "individual"), ("Phone", "13900139000")]);
        assert_eq!(filled(&rows[4]), [("Name", "某某公司"), ("Kind", "org"), ("ORG", "某某公司")]);
    }

    #[test]
    fn what_was_written_reads_the_same() {
        let cells = [
            "张, 三;\\",
            "individual",
            "+86 13800138000",
            "zs@example.com",
            "文三路1号, 2;3",
            "310012",
            "1949-12-31",
            "F",
            "https://example.com/?a=1,2",
            "ACME",
            "CTO",
            "一行不短的备注，讲的是客户的来历、喜好和上一次见面时说过的话\ntwo\\n",
        ];
        let row: Row = cells.into_iter().map(Cell::from).collect();
        let card = write(&row).unwrap();
        assert!(card.lines().all(|line| line.len() <= 76), "{card}");
        assert_eq!(rows(&card).unwrap()[1], cells, "{card}");
    }

    #[test]
    fn what_is_no_card_is_named() {
        for (content, card) in [
            ("hello\n", "1"),
            ("BEGIN:VCARD\nFN:a\n", "1"),
            ("BEGIN:VCARD\nFN:a\nEND:VCARD\nBEGIN:VCARD\nBEGIN:VCARD\n", "2"),
        ] {
            let fault = rows(content).unwrap_err();
            assert_eq!((fault.reason.id, fault.args[0].1.as_str()), ("FILE_CARD_BROKEN", card), "{content}");
        }
        let long = format!("BEGIN:VCARD\nPHOTO:{}\nEND:VCARD\n", "x".repeat(MAX_CARD));
        assert_eq!(rows(&long).unwrap_err().reason.id, "FILE_CARD_TOO_LONG");
        let long = format!("BEGIN:VCARD\nFN:{}\nEND:VCARD\n", "x".repeat(MAX_CELL + 1));
        assert_eq!(rows(&long).unwrap_err().reason.id, "FILE_CELL_TOO_LONG");
    }
}
