//! Which fields of a message are held to their rules, and where in a request a value stands.

use super::super::table::{Field, Label};

/// Which rules of a message are looked at. UTF-8 and null characters always are.
pub enum Scope<'a> {
    All,
    /// The fields that are there.
    Present,
    /// The fields that these mask paths name.
    Paths(Vec<&'a str>),
    Nothing,
}

impl<'a> Scope<'a> {
    pub fn of(&self, field: &Field) -> Scope<'a> {
        match self {
            Scope::All | Scope::Present => Scope::All,
            Scope::Nothing => Scope::Nothing,
            Scope::Paths(_) if matches!(field.name.as_str(), "id" | "etag") => Scope::All,
            Scope::Paths(paths) => {
                if paths.iter().any(|path| *path == "*" || *path == field.name) {
                    return Scope::All;
                }
                let below: Vec<&str> =
                    paths.iter().filter_map(|path| path.strip_prefix(field.name.as_str())?.strip_prefix('.')).collect();
                match (below.is_empty(), field.label) {
                    (true, _) => Scope::Nothing,
                    (false, Label::Single) => Scope::Paths(below),
                    (false, _) => Scope::All,
                }
            }
        }
    }

    /// Whether a field that is left out breaks its rules.
    pub fn demands(&self, field: &Field) -> bool {
        match self {
            Scope::All => true,
            Scope::Present | Scope::Nothing => false,
            Scope::Paths(paths) => paths.iter().any(|path| *path == "*" || *path == field.name),
        }
    }
}

/// Where a value stands, linked upwards so that a valid request allocates nothing for it.
pub struct Path<'a> {
    pub above: Option<&'a Path<'a>>,
    pub step: Step<'a>,
}

pub enum Step<'a> {
    Field(&'a str),
    Index(usize),
    Key(&'a [u8]),
}

impl Path<'_> {
    pub fn render(&self) -> String {
        let above = self.above.map(Path::render).unwrap_or_default();
        match self.step {
            Step::Field(name) if above.is_empty() => name.to_owned(),
            Step::Field(name) => format!("{above}.{name}"),
            Step::Index(index) => format!("{above}[{index}]"),
            Step::Key(key) => format!("{above}[\"{}\"]", String::from_utf8_lossy(key).escape_debug()),
        }
    }
}
