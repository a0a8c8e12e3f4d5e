//! The first look at a file, from beginning to end: what it is, where its header stands, how many rows follow. All that
//! makes a file unreadable is found here, before anything is kept.

use std::fs::File;
use std::ops::ControlFlow;

use super::reason;
use super::{FileFault, Format, MAX_ROWS, Record, detect, read};

/// Rows that are shown of a file.
pub const SAMPLES: usize = 5;
/// A title stands above a header at most in so many rows.
const TITLE_ROWS: usize = 3;
/// A header cell that is longer is data.
const MAX_HEADER: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub format: Format,
    pub header_row: u32,
    pub header: Vec<String>,
    pub row_count: u64,
    pub samples: Vec<Vec<String>>,
}

pub fn inspect(file: &mut File, file_name: &str) -> Result<Layout, FileFault> {
    let format = detect(file, file_name)?;
    let (header_row, header) = find_header(file, &format)?;
    if let Some(long) = header.iter().position(|cell| cell.chars().count() > MAX_HEADER) {
        return Err(FileFault::at(&reason::FILE_HEADER_TOO_LONG, header_row)
            .arg("column", long + 1)
            .arg("max", MAX_HEADER));
    }
    let mut layout = Layout { format, header_row, header, row_count: 0, samples: Vec::new() };
    let width = layout.header.len();
    let (mut row_count, mut samples) = (0, Vec::new());
    read(file, &layout.format, &mut |record| {
        if record.row <= header_row {
            return ControlFlow::Continue(());
        }
        row_count += 1;
        if samples.len() < SAMPLES {
            samples.push((0..width).map(|index| record.cell(index).to_owned()).collect());
        }
        if row_count > MAX_ROWS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if row_count > MAX_ROWS {
        return Err(FileFault::new(&reason::FILE_TOO_MANY_ROWS).arg("max", MAX_ROWS));
    }
    if row_count == 0 {
        return Err(FileFault::new(&reason::FILE_NO_ROWS));
    }
    (layout.row_count, layout.samples) = (row_count, samples);
    Ok(layout)
}

/// The first row that holds anything, unless it is a title: one cell alone above a row of several.
fn find_header(file: &mut File, format: &Format) -> Result<(u32, Vec<String>), FileFault> {
    let mut leading: Vec<(u32, Vec<String>)> = Vec::new();
    read(file, format, &mut |record: &Record| {
        let mut record = record.clone();
        record.trim_end();
        leading.push((record.row, record.cells().map(|cell| cell.trim().to_owned()).collect()));
        if leading.len() > TITLE_ROWS || filled(&leading[leading.len() - 1].1) > 1 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    let header = match leading.last() {
        Some((_, cells)) if filled(cells) > 1 => leading.pop(),
        _ => leading.into_iter().next(),
    };
    header.ok_or_else(|| FileFault::new(&reason::FILE_EMPTY))
}

fn filled(cells: &[String]) -> usize {
    cells.iter().filter(|cell| !cell.is_empty()).count()
}
