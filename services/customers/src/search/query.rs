//! What a caller looks for, brought to the form of the documents, and how well a document meets it.

use super::document::{
    DIVIDER, Document, FORM, Part, grams, spelling_grams, start_grams, whole_gram, whole_reading_gram,
};
use super::pinyin::{is_han, readings};
use super::text::{normalize, phone_digits, without_legal_form, words_but_legal_forms};
use unicode_normalization::UnicodeNormalization;

/// How a customer is found; better ones come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    WholeName = 0,
    NameStart = 1,
    Name = 2,
    NumberStart = 3,
    /// Number or phone.
    Number = 4,
    /// All of the name's pinyin, or all of its initials.
    WholeReading = 5,
    /// Pinyin or initials.
    Reading = 6,
    /// The name, but for its legal form.
    Company = 7,
    /// A name in letters, but for a slip in each word.
    Spelling = 8,
    Contact = 9,
}

impl Tier {
    /// Those of the customer's own document.
    pub const OWN: [Self; 9] = [
        Self::WholeName,
        Self::NameStart,
        Self::Name,
        Self::NumberStart,
        Self::Number,
        Self::WholeReading,
        Self::Reading,
        Self::Company,
        Self::Spelling,
    ];

    pub fn of(number: i16) -> Option<Self> {
        let contact = [Self::Contact];
        Self::OWN.into_iter().chain(contact).find(|tier| *tier as i16 == number)
    }
}

#[derive(Debug, Clone)]
pub struct Query {
    pub text: String,
    /// The digits, when the query is written as phones are and the caller sees phones.
    pub phones: Vec<String>,
    /// What the readings of a name may contain.
    pub readings: Vec<String>,
    /// What the name itself must contain when it is found by a reading.
    pub han: Vec<String>,
    /// The company that is looked for, without its legal form.
    pub company: Option<String>,
    /// The words of a query in nothing but letters, which a name may spell a little otherwise.
    words: Vec<String>,
    /// The Latin pieces that every one of `readings` contains.
    latin: Vec<String>,
}

impl Query {
    /// `None` when nothing is left to look for. `phones`: the caller may find by phone.
    pub fn new(query: &str, phones: bool) -> Option<Self> {
        let text = normalize(query);
        if text.is_empty() {
            return None;
        }
        let phones = if phones { phones_of(query) } else { Vec::new() };
        let (readings, han, latin) = readings_of(&text);
        let company = without_legal_form(query);
        let spelt = text.chars().all(|c| !is_han(c) && !c.is_ascii_digit());
        let words = if spelt { words_but_legal_forms(query) } else { Vec::new() };
        Some(Self { text, phones, readings, han, company, words, latin })
    }

    /// The grams of which a document of this tier has all of one set at least. No set: the tier can't be met. An empty set:
    /// any document may meet it.
    pub fn grams(&self, tier: Tier) -> Vec<Vec<i32>> {
        match tier {
            Tier::WholeName => vec![vec![whole_gram(&self.text)]],
            Tier::NameStart => {
                // The longest start is the rarest.
                let mut needed = start_grams(Part::NameStart, &self.text);
                needed.drain(..needed.len().saturating_sub(1));
                needed.extend(grams(Part::Name, &self.text));
                vec![needed]
            }
            Tier::Name => vec![grams(Part::Name, &self.text)],
            Tier::NumberStart => {
                let mut needed = start_grams(Part::NumberStart, &self.text);
                needed.drain(..needed.len().saturating_sub(1));
                needed.extend(grams(Part::Number, &self.text));
                vec![needed]
            }
            Tier::Number => {
                let mut sets = vec![grams(Part::Number, &self.text)];
                sets.extend(self.phones.iter().map(|phone| grams(Part::Phone, phone)));
                sets
            }
            Tier::WholeReading => self.readings.iter().map(|reading| vec![whole_reading_gram(reading)]).collect(),
            Tier::Reading => self.reading_grams(Part::Name, Part::Reading),
            Tier::Company => self.company.iter().map(|company| grams(Part::Name, company)).collect(),
            Tier::Spelling => self.spelling_sets(Part::Word),
            Tier::Contact => {
                let mut sets = vec![grams(Part::ContactName, &self.text)];
                sets.extend(self.phones.iter().map(|phone| grams(Part::ContactPhone, phone)));
                sets.extend(self.reading_grams(Part::ContactName, Part::ContactReading));
                sets.extend(self.spelling_sets(Part::ContactWord));
                sets
            }
        }
    }

    /// For each word the grams of which a document has one if it spells the word, or nearly so.
    pub fn spellings(&self, part: Part) -> Vec<Vec<i32>> {
        self.words.iter().map(|word| spelling_grams(part, word)).collect()
    }

    /// By the longest word, which is the rarest.
    fn spelling_sets(&self, part: Part) -> Vec<Vec<i32>> {
        let longest = self.words.iter().max_by_key(|word| word.len());
        longest.into_iter().flat_map(|word| spelling_grams(part, word)).map(|gram| vec![gram]).collect()
    }

    fn is_spelt(&self, document: &Document, part: Part) -> bool {
        let words = self.spellings(part);
        !words.is_empty() && words.iter().all(|grams| grams.iter().any(|gram| document.grams.contains(gram)))
    }

    fn is_whole(&self, reading: &str) -> bool {
        reading.split([DIVIDER, FORM]).any(|one| self.readings.iter().any(|wanted| wanted == one))
    }

    fn reading_grams(&self, name: Part, reading: Part) -> Vec<Vec<i32>> {
        if self.readings.is_empty() {
            return Vec::new();
        }
        let mut needed: Vec<i32> = self.han.iter().flat_map(|run| grams(name, run)).collect();
        needed.extend(self.latin.iter().flat_map(|run| grams(reading, run)));
        vec![needed]
    }

    /// How a document meets the query: what the SQL of `store` says, for a document at hand.
    pub fn tier(&self, document: &Document) -> Option<Tier> {
        let by_phone = self.phones.iter().any(|phone| document.phone.contains(phone));
        let by_reading = self.readings.iter().any(|reading| document.reading.contains(reading))
            && self.han.iter().all(|run| document.name.contains(run));
        if document.of_contact {
            let spelt = self.is_spelt(document, Part::ContactWord);
            let found = document.name.contains(&self.text) || by_phone || by_reading || spelt;
            return found.then_some(Tier::Contact);
        }
        Some(match document {
            Document { name, .. } if *name == self.text => Tier::WholeName,
            Document { name, .. } if name.starts_with(&self.text) => Tier::NameStart,
            Document { name, .. } if name.contains(&self.text) => Tier::Name,
            Document { number, .. } if number.starts_with(&self.text) => Tier::NumberStart,
            Document { number, .. } if number.contains(&self.text) => Tier::Number,
            _ if by_phone => Tier::Number,
            Document { reading, .. } if by_reading && self.is_whole(reading) => Tier::WholeReading,
            _ if by_reading => Tier::Reading,
            Document { name, .. } if self.company.as_ref().is_some_and(|company| name.contains(company)) => {
                Tier::Company
            }
            _ if self.is_spelt(document, Part::Word) => Tier::Spelling,
            _ => return None,
        })
    }
}

fn phones_of(query: &str) -> Vec<String> {
    let query: String = query.nfkc().collect();
    let is_phone = query.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || "+-().".contains(c));
    let digits: String = query.chars().filter(char::is_ascii_digit).collect();
    if !is_phone || digits.is_empty() {
        return Vec::new();
    }
    let mut phones = vec![digits.clone()];
    let country = if query.trim_start().starts_with(['+', '(']) { "86" } else { "0086" };
    let shortened = digits.strip_prefix(country).map(str::to_owned);
    for other in shortened.into_iter().chain([phone_digits(&query)]) {
        if !other.is_empty() && !phones.contains(&other) {
            phones.push(other);
        }
    }
    phones
}

/// Readings for a query with Latin letters in it; a query in Han alone is met by names.
fn readings_of(text: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
    let spoken = |c: char| c.is_ascii_alphanumeric() || is_han(c);
    let silent = |c: char| matches!(c, '\'' | '’' | '-' | '.' | '·' | '_');
    let latin_letters = text.chars().any(|c| c.is_ascii_alphabetic());
    if !latin_letters || !text.chars().all(|c| spoken(c) || silent(c)) {
        return Default::default();
    }
    let spoken: String = text.chars().filter(|c| !silent(*c)).collect();
    let runs = |text: &str, divide: fn(char) -> bool| -> Vec<String> {
        text.split(divide).filter(|run| !run.is_empty()).map(str::to_owned).collect()
    };
    let mut found: Vec<String> = Vec::new();
    for reading in readings(&spoken) {
        for way in [reading.full, reading.initials] {
            if !found.contains(&way) {
                found.push(way);
            }
        }
    }
    (found, runs(text, |c| !is_han(c)), runs(&spoken, is_han))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::document::{contact_document, customer_document};
    use super::*;

    fn tier(name: &str, query: &str) -> Option<Tier> {
        let document = customer_document(Uuid::nil(), name, "C00000012", "138 0013 8000");
        Query::new(query, true).and_then(|query| query.tier(&document))
    }

    #[test]
    fn a_name_is_found_the_closer_the_better() {
        for (name, query, expected) in [
            ("张三", "张三", Some(Tier::WholeName)),
            ("张三丰", "张三", Some(Tier::NameStart)),
            ("小张三", "张三", Some(Tier::Name)),
            ("张三", "zhangsan", Some(Tier::WholeReading)),
            ("张三", "ZS", Some(Tier::WholeReading)),
            ("张三", "zhang san", Some(Tier::WholeReading)),
            ("张三", "zhang'san", Some(Tier::WholeReading)),
            ("张三", "zhang三", Some(Tier::WholeReading)),
            ("张三", "z三", Some(Tier::WholeReading)),
            ("张三", "张san", Some(Tier::WholeReading)),
            ("章三", "张san", None),
            ("张三", "angsa", Some(Tier::Reading)),
            ("重庆火锅", "chongqing", Some(Tier::Reading)),
            ("重庆火锅", "zq", Some(Tier::Reading)),
            ("单雄信", "shanxiongxin", Some(Tier::WholeReading)),
            ("曾国藩", "zgf", Some(Tier::WholeReading)),
            ("张三", "李四", None),
            ("张三", "000012", Some(Tier::Number)),
            ("张三", "c0000", Some(Tier::NumberStart)),
            ("张三", "+86 138-0013", Some(Tier::Number)),
            ("张三", "0013 80", Some(Tier::Number)),
            ("张三", "139", None),
            ("ABC 公司", "abcgs", Some(Tier::WholeReading)),
            ("張三豐", "张三丰", Some(Tier::WholeName)),
            ("张三丰", "張三", Some(Tier::NameStart)),
            ("臺灣積體電路", "taiwan", Some(Tier::Reading)),
            ("杭州华星有限责任公司", "杭州华星有限公司", Some(Tier::Company)),
            ("杭州華星", "华星股份有限公司", Some(Tier::Company)),
            ("杭州华星有限责任公司", "杭州明星有限公司", None),
            ("Siemens Healthineers", "seimens", Some(Tier::Spelling)),
            ("Siemens Healthineers", "Siemens Helthineers", Some(Tier::Spelling)),
            ("Siemens Healthineers", "Simons Healthineers", None),
            ("Siemens Healthineers", "siem", Some(Tier::NameStart)),
            ("O'Neil", "oneil", Some(Tier::WholeReading)),
            ("100%_\\", "%_", Some(Tier::Name)),
        ] {
            assert_eq!(tier(name, query), expected, "{name} by {query}");
        }
        assert!(Query::new(" \u{3000}", true).is_none());
    }

    #[test]
    fn who_sees_no_phones_finds_none() {
        let document = customer_document(Uuid::nil(), "张三", "C00000012", "138 0013 8000");
        let contact = contact_document(Uuid::nil(), Uuid::nil(), "李四", "138 0013 8000");
        let query = Query::new("13800138000", false).unwrap();
        assert_eq!((query.tier(&document), query.tier(&contact)), (None, None));
        let query = Query::new("13800138000", true).unwrap();
        assert_eq!((query.tier(&document), query.tier(&contact)), (Some(Tier::Number), Some(Tier::Contact)));
    }

    proptest::proptest! {
        #[test]
        fn the_grams_of_a_query_are_in_every_document_that_meets_it(
            name in "[张張三单重庆a-c1 ·]{1,6}|[a-c]{4,6}( [a-c]{4,5})?|[星华]{1,3}(有限|责任|公司){0,3}",
            number in "[cC0-3]{1,5}",
            phone in "[+0-3 -]{0,6}",
            query in "[张張三单重庆a-czsh1 0-3+-]{1,4}|[a-c]{4,6}( [a-c]{4,5})?|[星华]{2,3}(有限)?公司",
        ) {
            let documents = [
                customer_document(Uuid::nil(), &name, &number, &phone),
                contact_document(Uuid::nil(), Uuid::nil(), &name, &phone),
            ];
            if let Some(query) = Query::new(&query, true) {
                for document in documents {
                    if let Some(tier) = query.tier(&document) {
                        let sets = query.grams(tier);
                        proptest::prop_assert!(
                            sets.iter().any(|set| set.iter().all(|gram| document.grams.contains(gram))),
                            "{query:?} {document:?}"
                        );
                    }
                }
            }
        }
    }
}
