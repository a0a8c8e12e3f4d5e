//! Cells of the first visible sheet of an XLSX file, as text: dates in ISO form, numbers in full. The file has passed
//! `archive::check`.

use std::fs::File;
use std::io::{BufReader, Seek};
use std::ops::ControlFlow;

use calamine::{DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError, open_workbook_from_rs};
use chrono::{NaiveDate, TimeDelta};

use super::reason;
use super::{CellFault, FileFault, MAX_CELL, MAX_COLUMNS, Record};

/// Spreadsheets keep fifteen digits of a number.
const EXACT: f64 = 1e15;

fn open(file: &mut File) -> Result<Xlsx<BufReader<&mut File>>, FileFault> {
    file.rewind()?;
    open_workbook_from_rs(BufReader::new(file)).map_err(broken)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn broken(error: XlsxError) -> FileFault {
    tracing::debug!("xlsx: {error}");
    FileFault::new(match error {
        XlsxError::Password => &reason::FILE_ENCRYPTED,
        _ => &reason::FILE_BROKEN,
    })
}

pub fn first_sheet(file: &mut File) -> Result<String, FileFault> {
    let workbook = open(file)?;
    let mut sheets = workbook.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let visible = sheets.clone().find(|sheet| sheet.visible == SheetVisible::Visible);
    let sheet = visible.or_else(|| sheets.next()).ok_or_else(|| FileFault::new(&reason::FILE_EMPTY))?;
    Ok(sheet.name.clone())
}

pub fn read(file: &mut File, sheet: &str, visit: &mut dyn FnMut(&Record) -> ControlFlow<()>) -> Result<(), FileFault> {
    let mut workbook = open(file)?;
    let mut cells = workbook.worksheet_cells_reader(sheet).map_err(broken)?;
    let mut row = Row::default();
    while let Some(cell) = cells.next_cell().map_err(broken)? {
        let (index, column) = cell.get_position();
        let number = index.saturating_add(1);
        if number < row.number {
            return Err(FileFault::new(&reason::FILE_BROKEN));
        }
        if number > row.number {
            if row.give(visit).is_break() {
                return Ok(());
            }
            row.number = number;
        }
        row.put(column as usize, cell.get_value())?;
    }
    let _ = row.give(visit);
    Ok(())
}

#[derive(Default)]
struct Row {
    number: u32,
    cells: Vec<(String, Option<CellFault>)>,
    record: Record,
}

impl Row {
    fn put(&mut self, column: usize, value: &DataRef<'_>) -> Result<(), FileFault> {
        let (text, fault) = text_of(value);
        if text.trim().is_empty() && fault.is_none() {
            return Ok(());
        }
        if column >= MAX_COLUMNS {
            return Err(FileFault::at(&reason::FILE_TOO_MANY_COLUMNS, self.number).arg("max", MAX_COLUMNS));
        }
        if text.contains('\0') {
            return Err(FileFault::at(&reason::FILE_NUL, self.number));
        }
        if text.len() > MAX_CELL && text.chars().count() > MAX_CELL {
            return Err(FileFault::at(&reason::FILE_CELL_TOO_LONG, self.number).arg("max", MAX_CELL));
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, (String::new(), None));
        }
        self.cells[column] = (text, fault);
        Ok(())
    }

    fn give(&mut self, visit: &mut dyn FnMut(&Record) -> ControlFlow<()>) -> ControlFlow<()> {
        if self.cells.is_empty() {
            return ControlFlow::Continue(());
        }
        self.record.clear();
        self.record.row = self.number;
        for (text, fault) in self.cells.drain(..) {
            self.record.push(&text);
            if let Some(fault) = fault {
                self.record.mark(fault);
            }
        }
        visit(&self.record)
    }
}

fn text_of(value: &DataRef<'_>) -> (String, Option<CellFault>) {
    let text = match value {
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.replace('T', " "),
        DataRef::Bool(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => {
            return (number_text(*number), (number.abs() >= EXACT).then_some(CellFault::PrecisionLost));
        }
        DataRef::DateTime(time) => time_text(time),
        DataRef::Error(error) => return (error.to_string(), Some(CellFault::Error)),
        DataRef::Empty => String::new(),
    };
    (text, None)
}

/// All digits, no exponent; without the noise beyond the digits that a spreadsheet shows.
fn number_text(number: f64) -> String {
    if number.fract() == 0.0 {
        return format!("{number}");
    }
    let shown: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    format!("{shown}")
}

fn time_text(time: &ExcelDateTime) -> String {
    if time.is_duration() || !(0.0..2_958_466.0).contains(&time.as_f64()) {
        return number_text(time.as_f64());
    }
    let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
    let date = NaiveDate::from_ymd_opt(year.into(), month.into(), day.into());
    let moment = date.and_then(|date| date.and_hms_milli_opt(hour.into(), minute.into(), second.into(), milli.into()));
    // The day that never was, 1900-02-29.
    let Some(moment) = moment else { return format!("{year:04}-{month:02}-{day:02}") };
    let moment = moment + TimeDelta::milliseconds(500);
    if time.as_f64() < 1.0 {
        return moment.format("%H:%M:%S").to_string();
    }
    let pattern = if moment.time().format("%H%M%S").to_string() == "000000" { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M:%S" };
    moment.format(pattern).to_string()
}
