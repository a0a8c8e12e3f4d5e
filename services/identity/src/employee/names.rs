//! How a person is found by a part of the name, in characters, pinyin or initials, and where the name stands in a list.

use pinyin::{ToPinyin, ToPinyinMulti};
use unicode_normalization::UnicodeNormalization;

/// Readings of one name that are kept; names with more polyphones are rarer than people with them.
const READINGS: usize = 16;

/// Surnames that are read otherwise than the same character in a word.
const SURNAMES: [(char, &str); 14] = [
    ('单', "shan"),
    ('曾', "zeng"),
    ('仇', "qiu"),
    ('解', "xie"),
    ('查', "zha"),
    ('区', "ou"),
    ('任', "ren"),
    ('朴', "piao"),
    ('盖', "ge"),
    ('尉', "yu"),
    ('冼', "xian"),
    ('覃', "qin"),
    ('种', "chong"),
    ('乐', "yue"),
];

/// Full and half width alike, lower case, no spaces: the form in which parts are looked for.
pub fn search_key(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).filter(|character| !character.is_whitespace()).collect()
}

/// What a part is looked for in, one line each so that no part reaches over two.
pub fn search_text(display_name: &str, login_name: &str) -> String {
    let name = search_key(display_name);
    let mut lines = vec![name.clone(), search_key(login_name)];
    for (full, initials) in readings(&name) {
        for line in [full, initials] {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines.join("\n")
}

/// The likeliest reading, which lists of people are sorted by; syllables apart, so that 李安 comes before 连杰.
pub fn sort_name(display_name: &str) -> String {
    let name = search_key(display_name);
    let mut sorted = String::new();
    for (index, character) in name.chars().enumerate() {
        let surname = SURNAMES.iter().find(|(surname, _)| index == 0 && *surname == character);
        match (surname, character.to_pinyin()) {
            (Some((_, reading)), _) => sorted.push_str(reading),
            (None, Some(pinyin)) => sorted.push_str(pinyin.plain()),
            (None, None) => {
                sorted.push(character);
                continue;
            }
        }
        sorted.push(' ');
    }
    sorted
}

/// Full pinyin and initials of each reading; other characters stand for themselves.
fn readings(name: &str) -> Vec<(String, String)> {
    let mut readings = vec![(String::new(), String::new())];
    for character in name.chars() {
        let syllables = syllables(character);
        let mut longer = Vec::with_capacity(readings.len() * syllables.len());
        for syllable in &syllables {
            for (full, initials) in &readings {
                let initial = syllable.chars().next().unwrap_or(character);
                longer.push((format!("{full}{syllable}"), format!("{initials}{initial}")));
            }
        }
        longer.truncate(READINGS);
        readings = longer;
    }
    readings
}

fn syllables(character: char) -> Vec<String> {
    let Some(readings) = character.to_pinyin_multi() else { return vec![character.to_string()] };
    let mut syllables = Vec::new();
    for syllable in readings.into_iter().map(pinyin::Pinyin::plain) {
        // People type ü as v, passports write u.
        let spellings = match syllable.contains('ü') {
            true => vec![syllable.replace('ü', "v"), syllable.replace('ü', "u")],
            false => vec![syllable.to_owned()],
        };
        for spelling in spellings {
            if !syllables.contains(&spelling) {
                syllables.push(spelling);
            }
        }
    }
    syllables
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(name: &str, part: &str) -> bool {
        search_text(name, "u7").lines().any(|line| line.contains(&search_key(part)))
    }

    #[test]
    fn a_person_is_found_by_characters_pinyin_and_initials() {
        for part in ["张", "三丰", "zhang", "Zhang San", "zsf", "zhangsanf", "ＺＳＦ", "u7"] {
            assert!(finds("张三丰", part), "{part}");
        }
        for part in ["李", "zf", "sanzhang", "u8", "fu7"] {
            assert!(!finds("张三丰", part), "{part}");
        }
        assert!(finds("Mary O'Neil", "ry o'n"));
    }

    #[test]
    fn polyphones_are_found_by_each_reading() {
        for (name, part) in [
            ("单雄信", "shanxiongxin"),
            ("单雄信", "danxiong"),
            ("曾国藩", "zengguofan"),
            ("曾国藩", "cgf"),
            ("曾国藩", "zgf"),
        ] {
            assert!(finds(name, part), "{name} {part}");
        }
        for part in ["lvbu", "lubu", "lb"] {
            assert!(finds("吕布", part), "{part}");
        }
        let many = "单曾解行重乐长".repeat(3);
        assert!(search_text(&many, "x").len() < 10_000);
    }

    #[test]
    fn names_stand_in_the_order_of_their_pinyin() {
        let mut names = ["张三", "单雄信", "连杰", "李安", "Anna", "曾国藩"];
        names.sort_by_key(|name| sort_name(name));
        assert_eq!(names, ["Anna", "李安", "连杰", "单雄信", "曾国藩", "张三"]);
    }
}
