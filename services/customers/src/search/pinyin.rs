//! Reads names aloud: every way to read a name in pinyin, without tones, and the initials of each way.

use ::pinyin::ToPinyinMulti;

/// The polyphones that are read in more than one way in names of firms and places. In a long name others are read in their
/// usual way, since hardly any character has just one reading in the dictionaries.
const POLYPHONES: &str = "重长行乐单曾朝车石解查盖区朴覃翟缪牟晟贾厦蚌六番都调传藏会系校奇参沈员召佛薄柏堡埔盛弹阿冯谷和角劲卡娜莎\
                          拓屯蔚巷叶省曲广仇尉任万种折洞吕率绿宿降强数丽大什";
/// Up to so many Han characters a name is read in all ways of all of them.
const SHORT: usize = 4;
/// A name with many polyphones is read in this many ways at most, the likeliest first.
const WAYS: usize = 16;
/// A long name is read in fewer ways: its readings together stay below this many bytes, but for the first.
const BYTES: usize = 800;

/// One way to read a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// `zhangsan`
    pub full: String,
    /// `zs`
    pub initials: String,
}

pub fn is_han(character: char) -> bool {
    character.to_pinyin_multi().is_some()
}

/// The ways to read a normalised text. Latin letters and digits stand for themselves, other signs are silent.
pub fn readings(text: &str) -> Vec<Reading> {
    let mut syllables: Vec<Vec<&'static str>> = Vec::new();
    let mut letters: Vec<Option<char>> = Vec::new();
    let short = text.chars().filter(|c| is_han(*c)).count() <= SHORT;
    for character in text.chars() {
        let mut ways = syllables_of(character);
        if !short && !POLYPHONES.contains(character) {
            ways.truncate(1);
        }
        if !ways.is_empty() {
            syllables.push(ways);
            letters.push(None);
        } else if character.is_ascii_alphanumeric() {
            syllables.push(Vec::new());
            letters.push(Some(character));
        }
    }
    let mut found: Vec<Reading> = Vec::new();
    let mut bytes = 0;
    // The likeliest reading of each character comes first, so readings that depart from it in few places come first.
    for departures in 0..=syllables.len() {
        let before = found.len();
        let mut choice = vec![0; syllables.len()];
        depart(&syllables, 0, departures, &mut choice, &mut |choice| {
            let reading = read(&syllables, &letters, choice);
            bytes += reading.full.len() + reading.initials.len();
            let room = found.len() < WAYS && (found.is_empty() || bytes <= BYTES);
            if room && !found.contains(&reading) {
                found.push(reading);
            }
            room
        });
        if found.len() == before {
            break;
        }
    }
    found
}

/// The likeliest way to read a normalised text, as [`readings`] spells it.
pub fn usual(text: &str) -> String {
    let mut full = String::new();
    for character in text.chars() {
        match syllables_of(character).first() {
            Some(syllable) => full.push_str(syllable),
            None if character.is_ascii_alphanumeric() => full.push(character),
            None => {}
        }
    }
    full
}

/// The syllables of a Han character without tones, each once; ü as `v` and, as passports and many writers have it, `u`.
fn syllables_of(character: char) -> Vec<&'static str> {
    let mut syllables = Vec::new();
    for way in character.to_pinyin_multi().into_iter().flatten() {
        let plain = way.plain();
        let spellings = match plain {
            "lü" => ["lv", "lu"],
            "nü" => ["nv", "nu"],
            "lüe" => ["lve", "lue"],
            "nüe" => ["nve", "nue"],
            other => [other, other],
        };
        for spelling in spellings {
            if spelling.is_ascii() && !syllables.contains(&spelling) {
                syllables.push(spelling);
            }
        }
    }
    syllables
}

/// Visits the choices that depart from the first syllable in exactly so many places, until the visitor has enough.
fn depart(
    syllables: &[Vec<&'static str>],
    from: usize,
    departures: usize,
    choice: &mut [usize],
    visit: &mut impl FnMut(&[usize]) -> bool,
) -> bool {
    if departures == 0 {
        return visit(choice);
    }
    for place in from..syllables.len() {
        for way in 1..syllables[place].len() {
            choice[place] = way;
            if !depart(syllables, place + 1, departures - 1, choice, visit) {
                return false;
            }
        }
        choice[place] = 0;
    }
    true
}

fn read(syllables: &[Vec<&'static str>], letters: &[Option<char>], choice: &[usize]) -> Reading {
    let mut reading = Reading { full: String::new(), initials: String::new() };
    for ((ways, letter), way) in syllables.iter().zip(letters).zip(choice) {
        match letter {
            Some(letter) => {
                reading.full.push(*letter);
                reading.initials.push(*letter);
            }
            None => {
                let syllable = ways[*way];
                reading.full.push_str(syllable);
                reading.initials.extend(syllable.chars().next());
            }
        }
    }
    reading
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(name: &str) -> Vec<String> {
        readings(name).into_iter().map(|reading| reading.full).collect()
    }

    fn initials(name: &str) -> Vec<String> {
        readings(name).into_iter().map(|reading| reading.initials).collect()
    }

    #[test]
    fn a_name_is_read_in_all_its_ways() {
        assert_eq!(full("张三")[0], "zhangsan");
        assert_eq!(initials("张三")[0], "zs");
        for (name, ways) in [
            ("重庆", ["chongqing", "zhongqing"].as_slice()),
            ("单", &["dan", "shan", "chan"]),
            ("曾", &["ceng", "zeng"]),
            ("曾国藩", &["zengguofan", "cengguofan"]),
            ("吕布", &["lvbu", "lubu"]),
            ("女娲", &["nvwa"]),
            ("重庆长安", &["chongqingchangan", "zhongqingchangan", "chongqingzhangan"]),
        ] {
            let read = full(name);
            for way in ways {
                assert!(read.iter().any(|read| read == way), "{name} is not read {way}: {read:?}");
            }
        }
    }

    #[test]
    fn the_usual_way_is_the_first() {
        for name in ["张三", "重庆恒智建材有限公司", "abc公司", "3m·中国", "---", ""] {
            assert_eq!(usual(name), full(name)[0], "{name}");
        }
    }

    #[test]
    fn latin_stands_for_itself_and_signs_are_silent() {
        assert_eq!(full("abc公司")[0], "abcgongsi");
        assert_eq!(initials("abc公司")[0], "abcgs");
        assert_eq!(full("3m·中国")[0], "3mzhongguo");
        assert_eq!(readings("---"), [Reading { full: String::new(), initials: String::new() }]);
    }

    #[test]
    fn a_name_of_polyphones_stays_within_bounds() {
        let long = "重长单曾行乐".repeat(20);
        let read = readings(&long);
        assert!(read.len() <= WAYS);
        // What nobody says is not looked for.
        assert_eq!(
            full("重庆恒智建材有限公司"),
            [
                "zhongqinghengzhijiancaiyouxiangongsi",
                "chongqinghengzhijiancaiyouxiangongsi",
                "tongqinghengzhijiancaiyouxiangongsi"
            ]
        );
        assert!(read.iter().map(|reading| reading.full.len()).sum::<usize>() < 2 * BYTES);
        assert_eq!(readings("重长单曾行乐").len(), WAYS);
    }
}
