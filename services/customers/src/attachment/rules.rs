//! What attachments may be called.

use contracts::customers::Attachment;
use platform::db::FieldChange;
use platform::error::{Error, Result, reason};

use super::kind;
use crate::audit::Changes;
use crate::error::reason as own;

pub const MUTABLE: [&str; 2] = ["name", "description"];

pub const MAX_NAME: usize = 200;

/// The name without folders, with an ending that belongs to the type: what is opened by its name is what was looked at.
pub fn name(field: &str, given: &str, content_type: &str) -> Result<String> {
    let base = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let base = base.trim().trim_end_matches(['.', ' ']);
    if base.is_empty() {
        return Err(Error::invalid(field, &own::ATTACHMENT_NAME_REQUIRED));
    }
    if base.chars().any(|character| character.is_control() || turns(character)) {
        return Err(Error::invalid(field, &reason::VALUE_INVALID));
    }
    let endings = kind::known(content_type).map_or(&[][..], |known| known.endings);
    let ending = base.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let fits = ending.is_some_and(|ending| endings.contains(&ending.as_str()));
    let name = match endings.first() {
        Some(usual) if !fits => format!("{base}.{usual}"),
        _ => base.to_owned(),
    };
    if name.chars().count() > MAX_NAME {
        return Err(Error::invalid(field, &own::ATTACHMENT_NAME_TOO_LONG).arg("max", MAX_NAME));
    }
    Ok(name)
}

/// Characters that turn the direction of writing, by which `exe.jpg` can be made to look like `gpj.exe`.
fn turns(character: char) -> bool {
    matches!(character, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

pub fn changes(before: &Attachment, after: &Attachment) -> Vec<FieldChange> {
    let mut changes = Changes::default();
    changes.add("name", &before.name, &after.name);
    changes.add("description", &before.description, &after.description);
    changes.add("content_type", &before.content_type, &after.content_type);
    changes.add("sha256", &before.sha256, &after.sha256);
    changes.add("contact_id", &before.contact_id, &after.contact_id);
    changes.add("interaction_id", &before.interaction_id, &after.interaction_id);
    changes.add("finding", &before.finding, &after.finding);
    changes.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(given: &str, content_type: &str) -> Option<String> {
        name("name", given, content_type).ok()
    }

    #[test]
    fn a_name_has_no_folders_and_the_ending_of_its_type() {
        for (given, content_type, expected) in [
            ("合同.pdf", "application/pdf", Some("合同.pdf")),
            ("合同.PDF", "application/pdf", Some("合同.PDF")),
            ("合同", "application/pdf", Some("合同.pdf")),
            ("photo.html", "image/png", Some("photo.html.png")),
            (r"C:\Users\li\photo.jpeg", "image/jpeg", Some("photo.jpeg")),
            ("../../etc/passwd", "text/plain", Some("passwd.txt")),
            ("a.pdf. .", "application/pdf", Some("a.pdf")),
            ("..", "text/plain", None),
            ("folder/", "text/plain", None),
            ("  ", "text/plain", None),
            ("a\0.txt", "text/plain", None),
            ("a\u{202E}txt.exe", "text/plain", None),
        ] {
            assert_eq!(named(given, content_type).as_deref(), expected, "{given}");
        }
        assert_eq!(named(&"长".repeat(196), "text/plain").map(|name| name.chars().count()), Some(200));
        assert_eq!(named(&"长".repeat(197), "text/plain"), None);
    }
}
