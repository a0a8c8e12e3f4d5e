//! One row of a table, its cells side by side in one text, and the apostrophe that keeps a spreadsheet from running a cell.

/// A cell whose content the file itself has lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellFault {
    /// `#N/A` and the like.
    Error,
    /// A number of more digits than a spreadsheet keeps.
    PrecisionLost,
}

/// Reused from row to row.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Line of the sheet, from 1.
    pub row: u32,
    text: String,
    ends: Vec<usize>,
    faults: Vec<(usize, CellFault)>,
}

impl Record {
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.faults.clear();
    }

    /// Adds a cell, without the apostrophe that [`defuse`] put before it.
    pub fn push(&mut self, cell: &str) {
        self.text.push_str(if is_defused(cell) { &cell[1..] } else { cell });
        self.ends.push(self.text.len());
    }

    /// Marks the cell that was added last.
    pub fn mark(&mut self, fault: CellFault) {
        self.faults.push((self.ends.len().saturating_sub(1), fault));
    }

    pub fn fault(&self, index: usize) -> Option<CellFault> {
        self.faults.iter().find(|(cell, _)| *cell == index).map(|(_, fault)| *fault)
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The cell as it stands; empty behind the last one.
    pub fn cell(&self, index: usize) -> &str {
        let Some(end) = self.ends.get(index) else { return "" };
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..*end]
    }

    pub fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.cell(index))
    }

    pub fn is_blank(&self) -> bool {
        self.text.chars().all(char::is_whitespace)
    }

    /// Forgets empty cells at the end.
    pub fn trim_end(&mut self) {
        while let Some(index) = self.len().checked_sub(1) {
            if !self.cell(index).trim().is_empty() {
                break;
            }
            self.ends.pop();
            self.text.truncate(self.ends.last().copied().unwrap_or(0));
        }
    }
}

/// What formulas begin with, as typed on Latin and East Asian keyboards, and the white space that is skipped before it.
const HOT: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Whether a spreadsheet would run the cell, or take it for one that [`defuse`] has treated.
fn is_hot(cell: &str) -> bool {
    let behind = cell.trim_start_matches('\'');
    let hot = behind.starts_with(HOT);
    hot && !(behind.len() == cell.len() && is_negative_number(cell))
}

fn is_negative_number(cell: &str) -> bool {
    let Some(number) = cell.strip_prefix('-') else { return false };
    number.starts_with(|c: char| c.is_ascii_digit())
        && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && number.bytes().filter(|byte| *byte == b'.').count() <= 1
}

fn is_defused(cell: &str) -> bool {
    cell.starts_with('\'') && cell.trim_start_matches('\'').starts_with(HOT)
}

/// The apostrophe to put before a cell of a CSV file so that no spreadsheet runs it. Reading takes it away again.
pub fn defuse(cell: &str) -> &'static str {
    if is_hot(cell) { "'" } else { "" }
}
