//! The dictionaries as records are checked against them: codes, names and parents, all in memory. Part of the snapshot
//! that `field::cache` keeps in step with the database.

use std::collections::HashMap;

use sqlx::{PgConnection, Row};

/// What a code stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub code: String,
    pub name_zh: String,
    pub name_en: String,
    /// Empty at the top, and in a dictionary that is no tree.
    pub parent_code: String,
    /// Existing records keep the code, new ones can't take it.
    pub retired: bool,
}

#[derive(Debug, Default)]
struct Dictionary {
    tree: bool,
    names: (String, String),
    /// Its codes are grades.
    graded: bool,
    entries: HashMap<String, Entry>,
}

/// All dictionaries at one moment.
#[derive(Debug, Default)]
pub struct Dictionaries {
    by_code: HashMap<String, Dictionary>,
}

impl Dictionaries {
    pub fn new(dictionaries: impl IntoIterator<Item = (String, bool, Vec<Entry>)>) -> Self {
        let by_code = dictionaries.into_iter().map(|(code, tree, entries)| {
            let entries = entries.into_iter().map(|entry| (entry.code.clone(), entry)).collect();
            (code, Dictionary { tree, entries, ..Dictionary::default() })
        });
        Self { by_code: by_code.collect() }
    }

    pub async fn load(connection: &mut PgConnection) -> sqlx::Result<Self> {
        let mut by_code = HashMap::new();
        let rows = sqlx::query("SELECT code, tree, graded, name_zh, name_en FROM dictionary");
        for row in rows.fetch_all(&mut *connection).await? {
            let dictionary = Dictionary {
                tree: row.try_get(1)?,
                graded: row.try_get(2)?,
                names: (row.try_get(3)?, row.try_get(4)?),
                entries: HashMap::new(),
            };
            by_code.insert(row.try_get(0)?, dictionary);
        }
        let rows = sqlx::query(
            "SELECT dictionary, code, name_zh, name_en, parent_code, retired FROM dictionary_entry ORDER BY dictionary",
        );
        for row in rows.fetch_all(connection).await? {
            let Some(dictionary) = by_code.get_mut(row.try_get::<&str, _>(0)?) else { continue };
            let entry = Entry {
                code: row.try_get(1)?,
                name_zh: row.try_get(2)?,
                name_en: row.try_get(3)?,
                parent_code: row.try_get(4)?,
                retired: row.try_get(5)?,
            };
            dictionary.entries.insert(entry.code.clone(), entry);
        }
        Ok(Self { by_code })
    }

    /// The entry of a code, retired or not.
    pub fn contains(&self, dictionary: &str, code: &str) -> Option<&Entry> {
        self.by_code.get(dictionary)?.entries.get(code)
    }

    pub fn exists(&self, dictionary: &str) -> bool {
        self.by_code.contains_key(dictionary)
    }

    pub fn is_tree(&self, dictionary: &str) -> bool {
        self.by_code.get(dictionary).is_some_and(|dictionary| dictionary.tree)
    }

    /// Whether there are entries below one.
    pub fn has_children(&self, dictionary: &str, code: &str) -> bool {
        self.entries(dictionary).any(|entry| entry.parent_code == code)
    }

    pub fn is_graded(&self, dictionary: &str) -> bool {
        self.by_code.get(dictionary).is_some_and(|dictionary| dictionary.graded)
    }

    /// Those whose codes are grades, in no particular order.
    pub fn graded(&self) -> impl Iterator<Item = &str> {
        self.by_code.iter().filter(|(_, dictionary)| dictionary.graded).map(|(code, _)| code.as_str())
    }

    /// What a dictionary is called, in Chinese and in English.
    pub fn names(&self, dictionary: &str) -> Option<(&str, &str)> {
        self.by_code.get(dictionary).map(|dictionary| (&*dictionary.names.0, &*dictionary.names.1))
    }

    /// The entries of a dictionary in no particular order.
    pub fn entries(&self, dictionary: &str) -> impl Iterator<Item = &Entry> {
        self.by_code.get(dictionary).into_iter().flat_map(|dictionary| dictionary.entries.values())
    }
}
