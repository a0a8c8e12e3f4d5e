//! What people choose first, and so do those who guess: a list of common passwords, and the habits that lists know only
//! examples of, among them the name in pinyin with a number and the number that sounds like a vow.

use std::collections::HashSet;
use std::sync::LazyLock;

/// In lower case: the most frequent of leaked lists (from zxcvbn, MIT licence), and what stands on Chinese ones.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// Of the hundred most frequent family names.
const SURNAMES: &str = "wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he lin gao luo zheng liang xie \
    song tang feng deng ye cheng cai peng pan yuan yu dong su lv lu jiang wei jia ding xue yan fu zhong du dai xia tian \
    ren fan fang shi yao tan liao zou xiong jin hao kong bai cui kang mao qiu qin gu hou shao meng long wan duan lei qian \
    yin yi chang qiao lai gong wen han cao xiao zeng";

const INITIALS: &str = "zh ch sh b p m f d t n l g k h j q x r z c s y w";

const FINALS: &str =
    "iang iong uang ang eng ing ong iao ian uai uan ai ei ui ao ou iu ie ue er an en in un ia ua uo a o e i u v";

/// As it is, without the digits and signs that people hang on, with its look-alikes read as letters, or by habit.
pub fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let letters = |c: char| !c.is_alphabetic();
    let [bare, core] = [lower.trim_end_matches(letters), lower.trim_matches(letters)];
    let read: String = bare.chars().map(look_alike).collect();
    [lower.as_str(), bare, core, read.as_str()].into_iter().any(|form| COMMON.contains(form))
        || is_name(core)
        || around_digits(&lower)
}

fn look_alike(character: char) -> char {
    match character {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// A family name and a given name of one or two syllables, and nothing else.
fn is_name(letters: &str) -> bool {
    let given = SURNAMES.split_whitespace().filter_map(|surname| letters.strip_prefix(surname));
    given.filter(|given| !given.is_empty()).any(|given| is_syllables(given, 2))
}

/// At most so many syllables of pinyin, which may be cut in more than one way.
fn is_syllables(letters: &str, most: usize) -> bool {
    if letters.is_empty() {
        return true;
    }
    let initials = INITIALS.split_whitespace().chain([""]).filter_map(|initial| letters.strip_prefix(initial));
    most > 0
        && initials
            .flat_map(|rest| FINALS.split_whitespace().filter_map(|last| rest.strip_prefix(last)))
            .any(|rest| is_syllables(rest, most - 1))
}

/// A common number with next to nothing around it, such as `Aa123456!`.
fn around_digits(lower: &str) -> bool {
    let runs = lower.split(|c: char| !c.is_ascii_digit());
    let Some(longest) = runs.max_by_key(|run| run.len()) else { return false };
    longest.len() >= 6 && lower.chars().count() - longest.len() <= 3 && COMMON.contains(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn habits_are_caught_whatever_is_hung_on() {
        for password in [
            "5201314",
            "Aa5201314!",
            "Woaini1314!",
            "1314Woaini!",
            "Woaini@520",
            "1qaz2wsx",
            "1Qaz2wsx!",
            "!QAZ2wsx",
            "Qweasdzxc1!",
            "Aa123456",
            "A123456789!",
            "Zhangwei1990!",
            "Wangfang@123",
            "LiMing2024#",
            "Zhaoxiaohua8.",
            "Mima1234!",
            "P@ssw0rd",
            "Passw0rd2024!",
            "123Password!",
            "Iloveyou-1",
        ] {
            assert!(is_common(password), "{password}");
        }
    }

    #[test]
    fn what_nobody_would_try_first_is_left_alone() {
        for password in [
            "Quiet-river-7",
            "Correct-Horse-7",
            "安静的河流 A7",
            "Tea8house-Kettle",
            "zhangwei-likes-tea-4",
            "Xk7-20240131-pq",
            "",
        ] {
            assert!(!is_common(password), "{password}");
        }
    }

    #[test]
    fn the_list_is_long_and_can_match() {
        assert!(COMMON.len() >= 10_000, "{}", COMMON.len());
        for entry in COMMON.iter() {
            assert!(is_common(entry) && *entry == entry.to_lowercase() && *entry == entry.trim(), "{entry}");
        }
    }
}
