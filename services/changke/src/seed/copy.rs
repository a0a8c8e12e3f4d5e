//! Rows in the text format of COPY.

use chrono::{DateTime, NaiveDate, Utc};
use platform::error::Result;
use sqlx::PgConnection;
use uuid::Uuid;

/// A table's rows on their way into it.
pub struct Rows {
    table: &'static str,
    columns: &'static str,
    text: String,
}

/// One cell; `Null` is its own thing.
pub enum Cell<'c> {
    Null,
    Text(&'c str),
    Int(i64),
    Bool(bool),
    Id(Uuid),
    Time(DateTime<Utc>),
    Date(NaiveDate),
    Bytes(&'c [u8]),
    Ids(&'c [Uuid]),
    Ints(&'c [i32]),
}

impl Rows {
    pub fn new(table: &'static str, columns: &'static str) -> Self {
        Self { table, columns, text: String::new() }
    }

    pub fn push(&mut self, cells: &[Cell<'_>]) {
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                self.text.push('\t');
            }
            self.cell(cell);
        }
        self.text.push('\n');
    }

    fn cell(&mut self, cell: &Cell<'_>) {
        use std::fmt::Write;
        // Writing to a string can't fail.
        let _ = match cell {
            Cell::Null => write!(self.text, "\\N"),
            Cell::Text(text) => {
                self.escaped(text);
                Ok(())
            }
            Cell::Int(number) => write!(self.text, "{number}"),
            Cell::Bool(value) => write!(self.text, "{value}"),
            Cell::Id(id) => write!(self.text, "{id}"),
            Cell::Time(time) => write!(self.text, "{}", time.to_rfc3339()),
            Cell::Date(date) => write!(self.text, "{date}"),
            Cell::Bytes(bytes) => {
                self.text.push_str("\\\\x");
                bytes.iter().try_for_each(|byte| write!(self.text, "{byte:02x}"))
            }
            Cell::Ids(ids) => {
                let list: Vec<String> = ids.iter().map(Uuid::to_string).collect();
                write!(self.text, "{{{}}}", list.join(","))
            }
            Cell::Ints(numbers) => {
                let list: Vec<String> = numbers.iter().map(i32::to_string).collect();
                write!(self.text, "{{{}}}", list.join(","))
            }
        };
    }

    fn escaped(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '\\' => self.text.push_str("\\\\"),
                '\t' => self.text.push_str("\\t"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                other => self.text.push(other),
            }
        }
    }

    pub async fn write(&self, connection: &mut PgConnection) -> Result<()> {
        if self.text.is_empty() {
            return Ok(());
        }
        let statement = format!("COPY {} ({}) FROM STDIN", self.table, self.columns);
        let mut copy = connection.copy_in_raw(&statement).await?;
        copy.send(self.text.as_bytes()).await?;
        copy.finish().await?;
        Ok(())
    }
}
