//! Rows for COPY in its text format.

use std::fmt::{Display, Write};

use platform::error::Result;
use sqlx::PgConnection;

#[derive(Default)]
pub struct Rows {
    text: String,
    begun: bool,
}

impl Rows {
    fn divide(&mut self) {
        if std::mem::replace(&mut self.begun, true) {
            self.text.push('\t');
        }
    }

    pub fn text(&mut self, value: &str) -> &mut Self {
        self.divide();
        if value.bytes().all(|byte| !matches!(byte, b'\\' | b'\n' | b'\r' | b'\t')) {
            self.text.push_str(value);
            return self;
        }
        for character in value.chars() {
            match character {
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                other => self.text.push(other),
            }
        }
        self
    }

    /// A value whose text needs no escaping.
    pub fn plain(&mut self, value: impl Display) -> &mut Self {
        self.divide();
        // A String takes everything.
        let _ = write!(self.text, "{value}");
        self
    }

    pub fn optional(&mut self, value: Option<impl Display>) -> &mut Self {
        match value {
            Some(value) => self.plain(value),
            None => self.plain("\\N"),
        }
    }

    pub fn integers(&mut self, values: &[i32]) -> &mut Self {
        self.divide();
        self.text.push('{');
        for (index, value) in values.iter().enumerate() {
            let _ = write!(self.text, "{}{value}", if index > 0 { "," } else { "" });
        }
        self.text.push('}');
        self
    }

    pub fn end(&mut self) {
        self.text.push('\n');
        self.begun = false;
    }

    pub async fn send(self, connection: &mut PgConnection, statement: &str) -> Result<(), sqlx::Error> {
        if self.text.is_empty() {
            return Ok(());
        }
        let mut copy = connection.copy_in_raw(statement).await?;
        if let Err(error) = copy.send(self.text.into_bytes()).await {
            // The connection is of no use until the server knows that nothing more comes.
            copy.abort("broken off").await?;
            return Err(error);
        }
        copy.finish().await?;
        Ok(())
    }
}
