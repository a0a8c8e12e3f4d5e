//! The language of the call under way, from `accept-language`, for texts that leave the service.

use std::future::Future;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Locale {
    #[default]
    En,
    Zh,
}

impl Locale {
    /// Picks from an `Accept-Language` value (RFC 9110): the first of zh and en by weight; English otherwise.
    pub fn negotiate(accept_language: &str) -> Self {
        let mut best = (0.0_f32, Self::En);
        for range in accept_language.split(',').take(20) {
            let (tag, weight) = match range.split_once(';') {
                Some((tag, parameter)) => {
                    let weight = parameter.trim().strip_prefix("q=").and_then(|q| q.trim().parse().ok());
                    (tag.trim(), weight.unwrap_or(0.0))
                }
                None => (range.trim(), 1.0),
            };
            let language = tag.split('-').next().unwrap_or_default();
            let locale = match language.to_ascii_lowercase().as_str() {
                "zh" => Self::Zh,
                "en" => Self::En,
                _ => continue,
            };
            if weight > best.0 {
                best = (weight, locale);
            }
        }
        best.1
    }

    /// BCP 47.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }
}

tokio::task_local! {
    static CURRENT: Locale;
}

/// The language of the call that this task answers; English outside of calls.
pub fn current() -> Locale {
    CURRENT.try_with(|locale| *locale).unwrap_or_default()
}

pub async fn scope<F: Future>(locale: Locale, call: F) -> F::Output {
    CURRENT.scope(locale, call).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heavier_language_wins_and_english_stands_in() {
        assert_eq!(Locale::negotiate("zh-CN,zh;q=0.9,en;q=0.8"), Locale::Zh);
        assert_eq!(Locale::negotiate("fr, en;q=0.5, zh-Hant;q=0.7"), Locale::Zh);
        assert_eq!(Locale::negotiate("en-GB, zh;q=0.9"), Locale::En);
        assert_eq!(Locale::negotiate("zh;q=0"), Locale::En);
        assert_eq!(Locale::negotiate(""), Locale::En);
        assert_eq!(Locale::negotiate("*;q=x,,;"), Locale::En);
    }
}
