//! By what customers are compared, and how likely it is that two are one and the same. The same table serves a comparison at
//! hand and the SQL that compares all of them. Pure.

use std::fmt::Write;

use chrono::{Datelike, NaiveDate};
use contracts::customers::{CustomerKind, DuplicateReason as Reason};
use contracts::options::{PersonalData, Visibility};
use sha2::{Digest, Sha256};

use crate::search::pinyin;
use crate::search::text::{normalize, without_legal_form};

/// Less likely pairs of a search are not worth a look.
pub const LEAST: i16 = 50;
/// At entry little is known yet.
pub const LEAST_AT_ENTRY: i16 = 40;
/// What more customers than this share is no sign that they are one; it would also make a pair of each two.
pub const LARGEST_BLOCK: i64 = 50;

/// What a customer is compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Part {
    IdNumber,
    Phone,
    PhoneEnd,
    Email,
    Name,
    Company,
    Sound,
    Birthday,
    SoundPhoneEnd,
    SoundBirthday,
}

impl Part {
    pub const ALL: [Self; 10] = [
        Self::IdNumber,
        Self::Phone,
        Self::PhoneEnd,
        Self::Email,
        Self::Name,
        Self::Company,
        Self::Sound,
        Self::Birthday,
        Self::SoundPhoneEnd,
        Self::SoundBirthday,
    ];

    pub fn column(self) -> &'static str {
        match self {
            Self::IdNumber => "id_number",
            Self::Phone => "phone",
            Self::PhoneEnd => "phone_end",
            Self::Email => "email",
            Self::Name => "name",
            Self::Company => "company",
            Self::Sound => "sound",
            Self::Birthday => "birthday",
            Self::SoundPhoneEnd => "sound_phone_end",
            Self::SoundBirthday => "sound_birthday",
        }
    }
}

/// What two may have in common: of each line the first that they do.
const COMPARED: [&[(Reason, Part)]; 5] = [
    &[(Reason::SameIdNumber, Part::IdNumber)],
    &[(Reason::SamePhone, Part::Phone), (Reason::SamePhoneEnd, Part::PhoneEnd)],
    &[(Reason::SameEmail, Part::Email)],
    &[(Reason::SameName, Part::Name), (Reason::SameCompanyName, Part::Company), (Reason::NameSoundsAlike, Part::Sound)],
    &[(Reason::SameBirthday, Part::Birthday)],
];

/// By what pairs are found: enough of a sign by itself, and shared by few. With the reason that speaks for it.
pub const BLOCKS: [(Reason, Part); 6] = [
    (Reason::SameIdNumber, Part::IdNumber),
    (Reason::SamePhone, Part::Phone),
    (Reason::SameEmail, Part::Email),
    (Reason::SameCompanyName, Part::Company),
    (Reason::SamePhoneEnd, Part::SoundPhoneEnd),
    (Reason::NameSoundsAlike, Part::SoundBirthday),
];

const REASONS: [Reason; 9] = [
    Reason::SameIdNumber,
    Reason::SamePhone,
    Reason::SameEmail,
    Reason::SameName,
    Reason::SameCompanyName,
    Reason::NameSoundsAlike,
    Reason::SameBirthday,
    Reason::SamePhoneEnd,
    Reason::DifferentIdNumber,
];

fn weight(reason: Reason) -> i16 {
    match reason {
        Reason::SameIdNumber => 90,
        Reason::SameCompanyName => 70,
        Reason::SamePhone => 60,
        Reason::SameEmail => 50,
        Reason::SameName => 40,
        Reason::NameSoundsAlike | Reason::SameBirthday => 30,
        Reason::SamePhoneEnd => 20,
        // Two firms of one name have numbers of their own, as have two of one household.
        Reason::DifferentIdNumber => -50,
        Reason::Unspecified => 0,
    }
}

/// The personal data that a reason rests on.
fn personal(reason: Reason) -> Option<PersonalData> {
    match reason {
        Reason::SameIdNumber | Reason::DifferentIdNumber => Some(PersonalData::IdNumber),
        Reason::SamePhone | Reason::SamePhoneEnd => Some(PersonalData::Phone),
        Reason::SameEmail => Some(PersonalData::Email),
        _ => None,
    }
}

/// Whether somebody sees what a reason rests on. To who doesn't, a pair is what the other reasons make it: otherwise the pairs
/// of a customer that one has made oneself would tell the phones of others.
pub fn is_seen(reason: Reason, visibility: impl Fn(PersonalData) -> Visibility) -> bool {
    personal(reason).is_none_or(|kind| visibility(kind) == Visibility::Clear)
}

/// Reasons as they are stored: a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reasons(pub i32);

impl Reasons {
    pub fn bit(reason: Reason) -> i32 {
        if reason == Reason::Unspecified { 0 } else { 1 << (reason as i32 - 1) }
    }

    pub fn list(self) -> Vec<Reason> {
        REASONS.into_iter().filter(|reason| self.0 & Self::bit(*reason) != 0).collect()
    }

    pub const ALL: Self = Self((1 << REASONS.len()) - 1);

    /// All that somebody sees.
    pub fn seen(visibility: impl Fn(PersonalData) -> Visibility) -> Self {
        Self(REASONS.into_iter().filter(|reason| is_seen(*reason, &visibility)).map(Self::bit).sum())
    }

    pub fn among(self, seen: Self) -> Self {
        Self(self.0 & seen.0)
    }

    /// 0 to 100.
    pub fn score(self) -> i16 {
        self.list().into_iter().map(weight).sum::<i16>().clamp(0, 100)
    }

    /// The scores of all reasons there can be, by their bits.
    pub fn scores() -> Vec<i16> {
        (0..=Self::ALL.0).map(|bits| Self(bits).score()).collect()
    }

    /// The same to whoever sees nothing that speaks against it.
    pub fn best_scores() -> Vec<i16> {
        let against = Self::bit(Reason::DifferentIdNumber);
        (0..=Self::ALL.0).map(|bits| Self(bits & !against).score()).collect()
    }

    /// The bits as an expression over two rows of subjects.
    pub fn sql(one: &str, other: &str) -> String {
        let number = Part::IdNumber.column();
        let different = Self::bit(Reason::DifferentIdNumber);
        let mut sql = format!("CASE WHEN {one}.{number} <> {other}.{number} THEN {different} ELSE 0 END");
        for line in COMPARED {
            sql.push_str(" | CASE");
            for (reason, part) in line {
                let (column, bit) = (part.column(), Self::bit(*reason));
                // A String takes everything.
                let _ = write!(sql, " WHEN {one}.{column} = {other}.{column} THEN {bit}");
            }
            sql.push_str(" ELSE 0 END");
        }
        sql
    }
}

/// What is known of a customer; blank where it isn't.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    pub kind: CustomerKind,
    pub name: &'a str,
    /// As `search::text` has them.
    pub phone_digits: &'a str,
    pub id_number: &'a str,
    pub email: &'a str,
    pub birthday: Option<NaiveDate>,
}

/// What a customer is compared by, as hashes.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject([Option<i64>; Part::ALL.len()]);

/// Shorter ones are extensions, and numbers of services.
const PHONE_DIGITS: usize = 7;
const PHONE_END: usize = 4;

impl Subject {
    pub fn of(facts: &Facts<'_>) -> Self {
        let mut subject = Self(Default::default());
        subject.put(Part::IdNumber, &[facts.id_number]);
        subject.put(Part::Email, &[&facts.email.to_lowercase()]);
        let phone = facts.phone_digits;
        let end = if phone.len() >= PHONE_DIGITS { &phone[phone.len() - PHONE_END..] } else { "" };
        if !end.is_empty() {
            subject.put(Part::Phone, &[phone]);
            subject.put(Part::PhoneEnd, &[end]);
        }
        let birthday = facts.birthday.map(|day| day.num_days_from_ce().to_string()).unwrap_or_default();
        subject.put(Part::Birthday, &[&birthday]);
        let name = match facts.kind {
            CustomerKind::Organization => without_legal_form(facts.name).unwrap_or_else(|| normalize(facts.name)),
            _ => normalize(facts.name),
        };
        // A surname or a letter alone is shared by too many.
        if name.chars().count() >= 2 {
            let part = if facts.kind == CustomerKind::Organization { Part::Company } else { Part::Name };
            subject.put(part, &[&name]);
            let sound = pinyin::usual(&name);
            subject.put(Part::Sound, &[&sound]);
            subject.put(Part::SoundPhoneEnd, &[&sound, end]);
            subject.put(Part::SoundBirthday, &[&sound, &birthday]);
        }
        subject
    }

    /// Nothing where one of the texts is blank.
    fn put(&mut self, part: Part, texts: &[&str]) {
        if texts.iter().any(|text| text.is_empty()) {
            return;
        }
        let digest = Sha256::digest(texts.join("\u{1f}"));
        let head: [u8; 8] = std::array::from_fn(|index| digest[index]);
        self.0[part as usize] = Some(i64::from_be_bytes(head));
    }

    pub fn get(&self, part: Part) -> Option<i64> {
        self.0[part as usize]
    }

    /// What speaks for and against this and another of the same kind being one.
    pub fn compare(&self, other: &Self) -> Reasons {
        let both = |part: Part| self.get(part).zip(other.get(part));
        let same = |part: Part| both(part).is_some_and(|(one, other)| one == other);
        let shared = COMPARED.iter().filter_map(|line| line.iter().find(|(_, part)| same(*part)));
        let mut bits = shared.map(|(reason, _)| Reasons::bit(*reason)).sum();
        if both(Part::IdNumber).is_some_and(|(one, other)| one != other) {
            bits |= Reasons::bit(Reason::DifferentIdNumber);
        }
        Reasons(bits)
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
