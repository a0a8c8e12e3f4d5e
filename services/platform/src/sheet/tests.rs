use std::io::{Cursor, Write};

use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format as CellFormat, Workbook};

use super::*;

fn file(content: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    file
}

fn looked(name: &str, content: &[u8]) -> Result<Layout, &'static str> {
    inspect(&mut file(content), name).map_err(|fault| fault.reason.id)
}

type Table = Vec<(u32, Vec<String>)>;

fn rows(name: &str, content: &[u8]) -> Table {
    let mut file = file(content);
    let layout = inspect(&mut file, name).unwrap();
    let mut rows = Vec::new();
    read(&mut file, &layout.format, &mut |record| {
        rows.push((record.row, record.cells().map(str::to_owned).collect()));
        ControlFlow::Continue(())
    })
    .unwrap();
    rows
}

fn encoded(text: &str, encoding: &'static encoding_rs::Encoding) -> Vec<u8> {
    encoding.encode(text).0.into_owned()
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
}

const TEXT: &str = "客户名称,手机\r\n张三,13800138000\r\n李四𠮷,\"138,1\"\r\n";

#[test]
fn every_encoding_that_spreadsheets_write_is_told() {
    let expected: Table = vec![
        (1, vec!["客户名称".into(), "手机".into()]),
        (2, vec!["张三".into(), "13800138000".into()]),
        (3, vec!["李四𠮷".into(), "138,1".into()]),
    ];
    for (content, encoding) in [
        (TEXT.as_bytes().to_vec(), "UTF-8"),
        (format!("\u{feff}{TEXT}").into_bytes(), "UTF-8"),
        (encoded(TEXT, encoding_rs::GB18030), "GB18030"),
        (utf16(TEXT, u16::to_le_bytes), "UTF-16LE"),
        (utf16(TEXT, u16::to_be_bytes), "UTF-16BE"),
    ] {
        let layout = looked("a.csv", &content).unwrap();
        assert_eq!(layout.format.encoding(), encoding);
        assert_eq!((layout.row_count, layout.header_row), (2, 1));
        assert_eq!(rows("a.csv", &content), expected, "{encoding}");
    }
}

#[test]
fn a_line_of_another_encoding_is_named() {
    let mut broken = format!("名称\n{}\n", "张三李四".repeat(20)).into_bytes();
    broken.extend(encoded("王五", encoding_rs::GBK));
    let fault = inspect(&mut file(&broken), "a.csv").unwrap_err();
    assert_eq!((fault.reason.id, fault.args[1].1.as_str()), ("FILE_ENCODING_UNKNOWN", "3"));
    assert_eq!(looked("a.csv", b"name\nabc\n\xff\xff\n").unwrap_err(), "FILE_ENCODING_UNKNOWN");
}

#[test]
fn rows_are_numbered_as_a_spreadsheet_numbers_them() {
    for end in ["\n", "\r\n", "\r"] {
        let text = "a;b\n\n\"1\n1\";2\n;\n3;\"say \"\"hi\"\"\"".replace('\n', end);
        let found = rows("a.csv", text.as_bytes());
        let numbers: Vec<u32> = found.iter().map(|(row, _)| *row).collect();
        assert_eq!(numbers, [1, 3, 5], "{end:?}");
        assert_eq!(found[1].1, [format!("1{end}1"), "2".into()]);
        assert_eq!(found[2].1, ["3", "say \"hi\""]);
    }
}

#[test]
fn separators_are_found_and_titles_skipped() {
    assert_eq!(rows("a.csv", b"a\tb\n1\t2,2\n")[1].1, ["1", "2,2"]);
    assert_eq!(rows("a.csv", b"\"a,b,c\";d\n1;2\n")[0].1, ["a,b,c", "d"]);
    let named = rows("a.csv", b"sep=;\na;b,c\n1;2\n");
    assert_eq!((named[0].0, named[0].1.len()), (2, 2));
    let titled = looked("a.csv", "客户信息表,,\n\n姓名,电话,\n张三,1,\n".as_bytes()).unwrap();
    assert_eq!((titled.header_row, titled.header.len(), titled.row_count), (3, 2, 1));
    assert_eq!(looked("a.csv", b"name\nzhang\nli\n").unwrap().header, ["name"]);
}

#[test]
fn a_defused_cell_comes_back_as_it_was() {
    for cell in [
        "=1+1", "+86 138", "-x", "@a", "\tb", "'=1", "''+", "-5", "- 5", "--5", "-5+cmd|x", "plain", "'quoted'", "",
        "\n=1+1", "＝1+1", "＋1", "－1", "＠a",
    ] {
        let written = format!("{}{cell}", defuse(cell));
        assert!(!written.starts_with(['=', '+', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']), "{written}");
        let mut record = Record::default();
        record.push(&written);
        assert_eq!(record.cell(0), cell);
    }
    assert_eq!((defuse("-12.50"), defuse("-12.5.0"), defuse("-2+3")), ("", "'", "'"));
}

#[test]
fn what_is_no_table_is_named() {
    for (name, content, reason) in [
        ("a.csv", b"".as_slice(), "FILE_EMPTY"),
        ("a.csv", b"\n \n,,\n", "FILE_EMPTY"),
        ("a.csv", b"name,phone\n", "FILE_NO_ROWS"),
        ("a.csv", b"PKID,name\n", "FILE_NO_ROWS"),
        ("a.csv", b"%PDF-1.7 ...", "FILE_TYPE_REFUSED"),
        ("a.xls", b"<html><table>", "FILE_TYPE_REFUSED"),
        ("a.docx", b"some text", "FILE_TYPE_REFUSED"),
        ("a.xlsx", b"name\nzhang", "FILE_BROKEN"),
        ("a.xlsx", b"PK\x03\x04rubbish", "FILE_BROKEN"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "FILE_XLS"),
        ("a.csv", b"name\nzhang\0san\n", "FILE_NUL"),
    ] {
        assert_eq!(looked(name, content).unwrap_err(), reason, "{name} {content:?}");
    }
    let mut locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    locked.extend(utf16("EncryptedPackage", u16::to_le_bytes));
    assert_eq!(looked("a.xlsx", &locked).unwrap_err(), "FILE_ENCRYPTED");
}

#[test]
fn limits_hold() {
    let wide = format!("{}\n1\n", (0..10_000).map(|n| format!("c{n}")).collect::<Vec<_>>().join(","));
    assert_eq!(looked("a.csv", wide.as_bytes()).unwrap_err(), "FILE_TOO_MANY_COLUMNS");
    let open = format!("name\n\"{}", "x\n".repeat(100_000));
    assert_eq!(looked("a.csv", open.as_bytes()).unwrap_err(), "FILE_CELL_TOO_LONG");
    let full = format!("name\n{}\n", "字".repeat(MAX_CELL));
    assert_eq!(looked("a.csv", full.as_bytes()).unwrap().row_count, 1);
    let over = format!("name\n{}\n", "字".repeat(MAX_CELL + 1));
    assert_eq!(looked("a.csv", over.as_bytes()).unwrap_err(), "FILE_CELL_TOO_LONG");
    let long = format!("name\n{}", "x\n".repeat(MAX_ROWS as usize + 1));
    assert_eq!(looked("a.csv", long.as_bytes()).unwrap_err(), "FILE_TOO_MANY_ROWS");
    assert_eq!(looked("a.csv", format!("{}\n1\n", "长".repeat(201)).as_bytes()).unwrap_err(), "FILE_HEADER_TOO_LONG");
    // Empty columns at the right, as spreadsheets leave them, are none.
    assert_eq!(
        looked("a.csv", format!("name{}\nx{}\n", ",".repeat(500), ",".repeat(500)).as_bytes()).unwrap().header.len(),
        1
    );
}

fn workbook(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    fill(workbook.add_worksheet());
    workbook.save_to_buffer().unwrap()
}

#[test]
fn a_workbook_reads_as_people_see_it() {
    let day = CellFormat::new().set_num_format("yyyy/m/d");
    let moment = CellFormat::new().set_num_format("yyyy-mm-dd hh:mm");
    let content = workbook(|sheet| {
        sheet.merge_range(0, 0, 0, 3, "客户登记表", &CellFormat::new()).unwrap();
        for (column, header) in ["姓名", "手机", "生日", "时间", "金额", "是否", "账号"].into_iter().enumerate()
        {
            sheet.write_string(2, column as u16, header).unwrap();
        }
        sheet.write_string(4, 0, "张三").unwrap();
        sheet.write_number(4, 1, 13_800_138_000.0).unwrap();
        sheet.write_datetime_with_format(4, 2, ExcelDateTime::from_ymd(1990, 1, 5).unwrap(), &day).unwrap();
        let at = ExcelDateTime::from_ymd(2024, 2, 29).unwrap().and_hms(9, 30, 0).unwrap();
        sheet.write_datetime_with_format(4, 3, at, &moment).unwrap();
        sheet.write_number(4, 4, 0.1 + 0.2).unwrap();
        sheet.write_boolean(4, 5, true).unwrap();
        sheet.write_number(4, 6, 6_222_020_200_112_233_445.0).unwrap();
        sheet.write_string(5, 0, "  ").unwrap();
        sheet.write_formula(6, 0, rust_xlsxwriter::Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
        sheet.write_string(6, 1, "x").unwrap();
    });
    let layout = looked("a.xlsx", &content).unwrap();
    assert_eq!((layout.header_row, layout.row_count, layout.format.name()), (3, 2, "xlsx"));
    let found = rows("a.xlsx", &content);
    let zhang = &found[2];
    assert_eq!(zhang.0, 5);
    assert_eq!(
        zhang.1,
        ["张三", "13800138000", "1990-01-05", "2024-02-29 09:30:00", "0.3", "TRUE", "6222020200112233000"]
    );
    let mut marks = Vec::new();
    read(&mut file(&content), &layout.format, &mut |record| {
        marks.push((record.row, record.fault(6)));
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(marks.contains(&(5, Some(CellFault::PrecisionLost))));
}

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn archives_that_unpack_without_end_are_refused() {
    let blank = vec![b' '; 64 * 1024 * 1024];
    let bomb = zipped(&[("xl/workbook.xml", b"<workbook/>"), ("xl/worksheets/sheet1.xml", &blank)]);
    assert!(bomb.len() < 1024 * 1024);
    assert_eq!(looked("a.xlsx", &bomb).unwrap_err(), "FILE_BOMB");
    // A size that lies does not help: what comes out is counted.
    let mut liar =
        zipped(&[("xl/workbook.xml", b"<workbook/>"), ("xl/worksheets/sheet1.xml", &blank[..40 * 1024 * 1024])]);
    let honest = (40 * 1024 * 1024_u32).to_le_bytes();
    for place in 0..liar.len() - 4 {
        if liar[place..place + 4] == honest {
            liar[place..place + 4].copy_from_slice(&1000_u32.to_le_bytes());
        }
    }
    assert!(["FILE_BOMB", "FILE_BROKEN"].contains(&looked("a.xlsx", &liar).unwrap_err()));
    let many = br#"<sst xmlns="x" uniqueCount="99999999999999">"#;
    let greedy = zipped(&[("xl/workbook.xml", b"<workbook/>"), ("xl/sharedStrings.xml", many)]);
    assert_eq!(looked("a.xlsx", &greedy).unwrap_err(), "FILE_BOMB");
    assert_eq!(looked("a.zip", &zipped(&[("readme.txt", b"hello")])).unwrap_err(), "FILE_TYPE_REFUSED");
}

#[test]
fn a_workbook_has_limits_too() {
    let wide = workbook(|sheet| {
        sheet.write_string(0, 0, "name").unwrap();
        sheet.write_string(1, 9_999, "x").unwrap();
    });
    assert_eq!(looked("a.xlsx", &wide).unwrap_err(), "FILE_TOO_MANY_COLUMNS");
    assert_eq!(looked("a.xlsx", &workbook(|_| {})).unwrap_err(), "FILE_EMPTY");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn noise_never_panics(noise in proptest::collection::vec(any::<u8>(), 0..3_000), name in "a\\.(csv|xlsx|xls|txt)") {
        let _ = looked(&name, &noise);
    }

    #[test]
    fn a_damaged_workbook_never_panics(places in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut content = workbook(|sheet| {
            for row in 0..20 {
                sheet.write_string(row, 0, format!("name{row}")).unwrap();
                sheet.write_number(row, 1, f64::from(row)).unwrap();
            }
        });
        for (place, byte) in places {
            let place = place.index(content.len());
            content[place] = byte;
        }
        let _ = looked("a.xlsx", &content);
    }

    #[test]
    fn a_damaged_sheet_never_panics(xml in "(<(c|row|v|is|t|f)( (r|t|s)=\"[A-Z]{0,4}[0-9]{0,11}(s|n|b|d|e|str|inlineStr)?\")*/?>|</(c|row|v)>|[0-9.eE-]{1,30}|#N/A){0,60}") {
        let sheet = format!("<worksheet><sheetData>{xml}</sheetData></worksheet>");
        let content = zipped(&[
            ("xl/workbook.xml", br#"<workbook><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>"#),
            ("xl/_rels/workbook.xml.rels", br#"<Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#),
            ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ]);
        let _ = looked("a.xlsx", &content);
    }

    #[test]
    fn what_is_written_as_csv_is_read_again(table in proptest::collection::vec(proptest::collection::vec("[^\0]{0,12}", 2..5), 1..8)) {
        let mut writer = ::csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        writer.write_record(["a", "b", "c", "d"]).unwrap();
        for row in &table {
            let row: Vec<String> = row.iter().map(|cell| format!("{}{cell}", defuse(cell))).collect();
            writer.write_record(&row).unwrap();
        }
        let content = writer.into_inner().unwrap();
        let expected: Vec<&Vec<String>> =
            table.iter().filter(|row| row.iter().any(|cell| cell.chars().any(|c| !c.is_whitespace()))).collect();
        let Ok(layout) = looked("a.csv", &content) else {
            prop_assert!(expected.is_empty());
            return Ok(());
        };
        prop_assert_eq!(layout.row_count as usize, expected.len());
        let found = rows("a.csv", &content);
        for (found, expected) in found[1..].iter().zip(expected) {
            prop_assert_eq!(&found.1, expected);
        }
    }
}
