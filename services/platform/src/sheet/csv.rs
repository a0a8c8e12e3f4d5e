//! CSV as it comes out of spreadsheets: any line ends, quotes, line breaks within cells, `sep=` lines. Cells and columns
//! are counted while they come in, so a quote that is never closed can't fill the memory.

use std::fs::File;
use std::ops::ControlFlow;

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};

use super::encoding::{Encoding, Text};
use super::reason;
use super::{FileFault, MAX_CELL, MAX_COLUMNS, Record};

const DELIMITERS: [u8; 3] = *b",;\t";

pub fn read(
    file: &mut File,
    encoding: Encoding,
    delimiter: u8,
    visit: &mut dyn FnMut(&Record) -> ControlFlow<()>,
) -> Result<(), FileFault> {
    let mut rows = Rows {
        reader: ReaderBuilder::new().delimiter(delimiter).build(),
        // A character has four bytes at most, and one more tells that there is more.
        cell: vec![0; MAX_CELL * 4 + 1],
        filled: 0,
        column: 0,
        input_lines: Lines::default(),
        cell_lines: 0,
        record: Record::default(),
        visit,
    };
    let mut text = Text::new(file, encoding)?;
    let mut first = true;
    while let Some(piece) = text.next_piece()? {
        let mut piece = piece.as_bytes();
        if std::mem::take(&mut first) && separator_line(piece).is_some() {
            let line = piece.iter().position(|byte| *byte == b'\n').map_or(piece.len(), |end| end + 1);
            rows.input_lines.count(&piece[..line]);
            piece = &piece[line..];
        }
        if rows.feed(piece)?.is_break() {
            return Ok(());
        }
    }
    if text.is_broken() {
        return Err(FileFault::new(&reason::FILE_BROKEN));
    }
    rows.end()
}

struct Rows<'a> {
    reader: Reader,
    cell: Vec<u8>,
    filled: usize,
    column: usize,
    input_lines: Lines,
    /// Line breaks within cells so far: those are no new lines of the sheet.
    cell_lines: u32,
    record: Record,
    visit: &'a mut dyn FnMut(&Record) -> ControlFlow<()>,
}

impl Rows<'_> {
    fn feed(&mut self, mut input: &[u8]) -> Result<ControlFlow<()>, FileFault> {
        while !input.is_empty() {
            let (consumed, flow) = self.step(input)?;
            if flow.is_break() {
                return Ok(flow);
            }
            input = &input[consumed..];
        }
        Ok(ControlFlow::Continue(()))
    }

    /// What the last line holds when no line break ends it.
    fn end(&mut self) -> Result<(), FileFault> {
        while self.step_at_end()?.is_continue() {}
        Ok(())
    }

    fn step_at_end(&mut self) -> Result<ControlFlow<()>, FileFault> {
        let (result, _, written) = self.reader.read_field(&[], &mut self.cell[self.filled..]);
        self.filled += written;
        match result {
            ReadFieldResult::Field { record_end } => {
                self.cell_ends()?;
                if record_end { self.row_ends(1) } else { Ok(ControlFlow::Continue(())) }
            }
            ReadFieldResult::OutputFull => Err(self.too_long()),
            ReadFieldResult::InputEmpty | ReadFieldResult::End => Ok(ControlFlow::Break(())),
        }
    }

    fn step(&mut self, input: &[u8]) -> Result<(usize, ControlFlow<()>), FileFault> {
        let (result, consumed, written) = self.reader.read_field(input, &mut self.cell[self.filled..]);
        self.filled += written;
        self.input_lines.count(&input[..consumed]);
        match result {
            ReadFieldResult::InputEmpty | ReadFieldResult::End => Ok((consumed, ControlFlow::Continue(()))),
            ReadFieldResult::OutputFull => Err(self.too_long()),
            ReadFieldResult::Field { record_end } => {
                self.cell_ends()?;
                let flow = if record_end { self.row_ends(0)? } else { ControlFlow::Continue(()) };
                Ok((consumed, flow))
            }
        }
    }

    fn cell_ends(&mut self) -> Result<(), FileFault> {
        let bytes = &self.cell[..self.filled];
        let mut lines = Lines::default();
        lines.count(bytes);
        self.cell_lines += lines.lines;
        // Input is UTF-8 and is divided at ASCII characters.
        let text = std::str::from_utf8(bytes).map_err(|_| FileFault::new(&reason::FILE_BROKEN))?;
        if bytes.len() > MAX_CELL && text.chars().count() > MAX_CELL {
            return Err(self.too_long());
        }
        if self.column < MAX_COLUMNS {
            self.record.push(text);
        } else if !text.trim().is_empty() {
            return Err(FileFault::at(&reason::FILE_TOO_MANY_COLUMNS, self.row()).arg("max", MAX_COLUMNS));
        }
        self.column += 1;
        self.filled = 0;
        Ok(())
    }

    fn row_ends(&mut self, unfinished: u32) -> Result<ControlFlow<()>, FileFault> {
        self.record.row = self.input_lines.lines.saturating_sub(self.cell_lines) + unfinished;
        let flow = if self.record.is_blank() { ControlFlow::Continue(()) } else { (self.visit)(&self.record) };
        self.record.clear();
        self.column = 0;
        Ok(flow)
    }

    /// The row under way.
    fn row(&self) -> u32 {
        self.input_lines.lines.saturating_sub(self.cell_lines) + 1
    }

    fn too_long(&self) -> FileFault {
        FileFault::at(&reason::FILE_CELL_TOO_LONG, self.row()).arg("max", MAX_CELL)
    }
}

/// Counts lines that end in LF, CR or both.
#[derive(Default)]
struct Lines {
    lines: u32,
    after_cr: bool,
}

impl Lines {
    fn count(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\r' => self.lines += 1,
                b'\n' if !self.after_cr => self.lines += 1,
                _ => {}
            }
            self.after_cr = *byte == b'\r';
        }
    }
}

/// The separator: the one that a `sep=` line names, else the one that divides the first line most.
pub fn sniff(file: &mut File, encoding: Encoding) -> Result<u8, FileFault> {
    let mut text = Text::new(file, encoding)?;
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut quoted = false;
    let mut blank = true;
    while let Some(piece) = text.next_piece()? {
        if blank && let Some(separator) = separator_line(piece.as_bytes()) {
            return Ok(separator);
        }
        for byte in piece.bytes() {
            match byte {
                b'"' => quoted = !quoted,
                b'\r' | b'\n' if !quoted && !blank => return Ok(most(&counts)),
                _ if quoted => {}
                byte => {
                    let delimiter = DELIMITERS.iter().position(|delimiter| *delimiter == byte);
                    delimiter.into_iter().for_each(|index| counts[index] += 1);
                }
            }
            blank &= byte.is_ascii_whitespace() && byte != b'\t';
        }
    }
    Ok(most(&counts))
}

fn most(counts: &[usize; DELIMITERS.len()]) -> u8 {
    let mut best = 0;
    for index in 1..counts.len() {
        if counts[index] > counts[best] {
            best = index;
        }
    }
    DELIMITERS[best]
}

/// Spreadsheets know a first line such as `sep=;`.
fn separator_line(piece: &[u8]) -> Option<u8> {
    let rest = piece.strip_prefix(b"sep=")?;
    let separator = *rest.first()?;
    (DELIMITERS.contains(&separator) && matches!(rest.get(1), None | Some(b'\r' | b'\n'))).then_some(separator)
}
