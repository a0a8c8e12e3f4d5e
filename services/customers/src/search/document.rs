//! What a customer is found by: its own document and one for each contact, as `search_document` keeps them. Import makes
//! them in bulk; `query` asks for the same grams.

use uuid::Uuid;

use super::pinyin::readings;
use super::text::{normalize, phone_digits, spellings, words};

/// Divides the readings of one name.
pub const DIVIDER: char = '\u{1f}';

/// Stands behind the last reading of a document in the form that this file gives them, and where somebody else has written
/// one, it doesn't: `renew` makes those anew. Another form needs another sign.
pub const FORM: char = '\u{2}';

/// The part of a document that a gram comes from. A gram is found in its own part alone, so who may not look for phones
/// doesn't.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Part {
    Name = 1,
    Number = 2,
    Phone = 3,
    Reading = 4,
    ContactName = 5,
    ContactPhone = 6,
    ContactReading = 7,
    NameStart = 8,
    WholeName = 9,
    NumberStart = 10,
    WholeReading = 11,
    Word = 12,
    ContactWord = 13,
}

impl Part {
    /// How many neighbours make a gram. Phones are long and of ten digits, where pairs would tell little apart.
    fn width(self) -> usize {
        if matches!(self, Self::Phone | Self::ContactPhone) { 3 } else { 2 }
    }

    /// Whether a character alone is a gram of the part. Those that nearly every document has are left out: they would be of
    /// no use and cost half of all writing.
    fn has_single(self, character: char) -> bool {
        match self {
            Self::Name | Self::ContactName => true,
            Self::Number => !character.is_ascii_digit(),
            Self::Reading | Self::ContactReading => !character.is_ascii_lowercase() || character == 'v',
            _ => false,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The customer or the contact.
    pub id: Uuid,
    pub customer_id: Uuid,
    pub of_contact: bool,
    /// All normalised.
    pub name: String,
    pub number: String,
    pub phone: String,
    /// Full pinyin and initials in every way to read the name, and [`FORM`].
    pub reading: String,
    /// What the index holds: see [`grams`].
    pub grams: Vec<i32>,
}

pub fn customer_document(id: Uuid, name: &str, number: &str, phone: &str) -> Document {
    let mut grams = word_grams(Part::Word, name);
    let (name, number, phone) = (normalize(name), normalize(number), phone_digits(phone));
    let mut reading = reading(&name);
    push_grams(&mut grams, Part::Name, &name);
    push_grams(&mut grams, Part::Number, &number);
    push_grams(&mut grams, Part::Phone, &phone);
    push_grams(&mut grams, Part::Reading, &reading);
    grams.extend(start_grams(Part::NameStart, &name));
    grams.extend(start_grams(Part::NumberStart, &number));
    grams.push(whole_gram(&name));
    grams.extend(reading.split(DIVIDER).filter(|reading| !reading.is_empty()).map(whole_reading_gram));
    reading.push(FORM);
    Document { id, customer_id: id, of_contact: false, name, number, phone, reading, grams: sorted(grams) }
}

pub fn contact_document(id: Uuid, customer_id: Uuid, name: &str, phone: &str) -> Document {
    let mut grams = word_grams(Part::ContactWord, name);
    let (name, phone) = (normalize(name), phone_digits(phone));
    let mut reading = reading(&name);
    push_grams(&mut grams, Part::ContactName, &name);
    push_grams(&mut grams, Part::ContactPhone, &phone);
    push_grams(&mut grams, Part::ContactReading, &reading);
    reading.push(FORM);
    Document { id, customer_id, of_contact: true, name, number: String::new(), phone, reading, grams: sorted(grams) }
}

/// The readings of a name that say more than the name itself.
fn reading(name: &str) -> String {
    let mut texts: Vec<String> = Vec::new();
    for reading in readings(name) {
        for text in [reading.full, reading.initials] {
            if !text.is_empty() && text != name && !texts.contains(&text) {
                texts.push(text);
            }
        }
    }
    texts.join("\u{1f}")
}

fn push_grams(grams: &mut Vec<i32>, part: Part, text: &str) {
    for text in text.split(DIVIDER) {
        let characters: Vec<char> = text.chars().collect();
        grams.extend(characters.iter().filter(|c| part.has_single(**c)).map(|c| gram(part, &[*c])));
        grams.extend(characters.windows(part.width()).map(|neighbours| gram(part, neighbours)));
    }
}

fn word_grams(part: Part, name: &str) -> Vec<i32> {
    words(name).iter().flat_map(|word| spelling_grams(part, word)).collect()
}

/// Of these a word and what was meant by it have one in common.
pub fn spelling_grams(part: Part, word: &str) -> Vec<i32> {
    spellings(word).iter().map(|spelling| hash(part, spelling.bytes())).collect()
}

fn sorted(mut grams: Vec<i32>) -> Vec<i32> {
    grams.sort_unstable();
    grams.dedup();
    grams
}

/// The grams that a part must have to contain the text. None for a text that is too short for the part to have any.
pub fn grams(part: Part, text: &str) -> Vec<i32> {
    let characters: Vec<char> = text.chars().collect();
    sorted(match characters.as_slice() {
        [only] if part.has_single(*only) => vec![gram(part, &[*only])],
        more => more.windows(part.width()).map(|neighbours| gram(part, neighbours)).collect(),
    })
}

/// What a name or number begins with, by length.
pub fn start_grams(part: Part, text: &str) -> Vec<i32> {
    let lengths = if part == Part::NameStart { 1..=2 } else { 3..=9 };
    let characters: Vec<char> = text.chars().take(*lengths.end()).collect();
    lengths.filter_map(|length| Some(gram(part, characters.get(..length)?))).collect()
}

pub fn whole_gram(name: &str) -> i32 {
    hash(Part::WholeName, name.bytes())
}

pub fn whole_reading_gram(reading: &str) -> i32 {
    hash(Part::WholeReading, reading.bytes())
}

fn gram(part: Part, characters: &[char]) -> i32 {
    hash(part, characters.iter().flat_map(|character| (*character as u32).to_le_bytes()))
}

fn hash(part: Part, bytes: impl Iterator<Item = u8>) -> i32 {
    // FNV-1a; a collision costs a look at one more row.
    let bytes = std::iter::once(part as u8).chain(bytes);
    mix(bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)))
}

/// The finaliser of SplitMix64. Grams are stored, so all this stays as it is.
fn mix(value: u64) -> i32 {
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((value ^ value >> 31) as u32).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_holds_all_grams_of_its_parts_and_no_others() {
        let document = customer_document(Uuid::now_v7(), "张三 贸易", "C00000012", "138-0013-8000");
        assert_eq!((document.name.as_str(), document.number.as_str()), ("张三贸易", "c00000012"));
        assert_eq!(document.phone, "13800138000");
        assert!(
            document.reading.ends_with(FORM)
                && document.reading.split([DIVIDER, FORM]).any(|reading| reading == "zsmy")
        );
        let holds = |grams: &[i32]| grams.iter().all(|gram| document.grams.contains(gram));
        assert!(
            holds(&grams(Part::Name, "三贸"))
                && holds(&grams(Part::Reading, "sanmaoyi"))
                && holds(&grams(Part::Phone, "0013"))
        );
        assert!(holds(&[whole_gram("张三贸易")]) && holds(&start_grams(Part::NameStart, "张三")));
        // Readings don't run into one another, and parts don't mix.
        assert!(
            !holds(&grams(Part::Reading, "iz"))
                && !holds(&grams(Part::Number, "38"))
                && !holds(&grams(Part::ContactName, "张"))
        );
    }

    #[test]
    fn grams_stay_as_they_are_stored() {
        assert_eq!(grams(Part::Name, "张三"), [5_955_453]);
        assert_eq!(whole_gram("张三"), -1_191_742_412);
    }
}
