//! Where network addresses are, from a database in MaxMind's format that the operator brings.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;

use anyhow::Context as _;
use maxminddb::Reader;
use platform::locale::Locale;
use serde::Deserialize;

/// Knows of private addresses alone where there is no database.
#[derive(Default)]
pub struct Places(Option<Reader<Vec<u8>>>);

/// What the databases of cities and of countries have in common.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Record {
    city: Named,
    country: Named,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Named {
    names: HashMap<String, String>,
}

impl Places {
    pub fn open(file: &Path) -> anyhow::Result<Self> {
        if file.as_os_str().is_empty() {
            return Ok(Self::default());
        }
        let reader =
            Reader::open_readfile(file).with_context(|| format!("identity.place_database: {}", file.display()))?;
        Ok(Self(Some(reader)))
    }

    /// Country and city in a language, or English where the language is missing; empty where nothing is known.
    pub fn name(&self, address: &str, locale: Locale) -> String {
        let Ok(address) = address.parse::<IpAddr>() else { return String::new() };
        let address = address.to_canonical();
        if is_internal(address) {
            return match locale {
                Locale::Zh => "内部网络".to_owned(),
                Locale::En => "internal network".to_owned(),
            };
        }
        let record = self.0.as_ref().and_then(|reader| reader.lookup(address).ok()?.decode::<Record>().ok()?);
        let Record { city, country } = record.unwrap_or_default();
        let name = |named: &Named| named.names.get(locale.tag()).or_else(|| named.names.get("en")).cloned();
        match (name(&country), name(&city)) {
            (Some(country), Some(city)) if country != city => match locale {
                Locale::Zh => format!("{country}{city}"),
                Locale::En => format!("{city}, {country}"),
            },
            (country, city) => city.or(country).unwrap_or_default(),
        }
    }
}

fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Vec<u8> {
        [&[2 << 5 | text.len() as u8], text.as_bytes()].concat()
    }

    fn map(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let body: Vec<u8> = entries.iter().flat_map(|(key, value)| [text(key), value.clone()].concat()).collect();
        [vec![7 << 5 | entries.len() as u8], body].concat()
    }

    /// The smallest database that knows one address: a tree of one node for each of its bits, all other ways ending.
    fn database(known: [u8; 4], record: Vec<u8>) -> Vec<u8> {
        const NODES: u32 = 32;
        let mut tree = Vec::new();
        for bit in 0..NODES {
            let next = if bit + 1 == NODES { NODES + 16 } else { bit + 1 };
            let one = u32::from_be_bytes(known) >> (31 - bit) & 1 == 1;
            for side in [if one { NODES } else { next }, if one { next } else { NODES }] {
                tree.extend(&side.to_be_bytes()[1..]);
            }
        }
        let number = |value: u16| [vec![5 << 5 | 2], value.to_be_bytes().to_vec()].concat();
        let wide = |kind: u8, value: u32| [vec![4, kind - 7], value.to_be_bytes().to_vec()].concat();
        let metadata = map(&[
            ("node_count", [vec![6 << 5 | 4], NODES.to_be_bytes().to_vec()].concat()),
            ("record_size", number(24)),
            ("ip_version", number(4)),
            ("binary_format_major_version", number(2)),
            ("binary_format_minor_version", number(0)),
            ("build_epoch", wide(9, 1)),
            ("database_type", text("Test")),
            ("languages", vec![0, 4]),
            ("description", map(&[])),
        ]);
        [tree, vec![0; 16], record, b"\xab\xcd\xefMaxMind.com".to_vec(), metadata].concat()
    }

    #[test]
    fn an_address_has_a_place_in_both_languages() {
        let names = |en: &str, zh: &str| map(&[("names", map(&[("en", text(en)), ("zh-CN", text(zh))]))]);
        let record = map(&[("city", names("Hangzhou", "杭州")), ("country", names("China", "中国"))]);
        let places = Places(Some(Reader::from_source(database([203, 0, 113, 7], record)).unwrap()));
        assert_eq!(places.name("203.0.113.7", Locale::Zh), "中国杭州");
        assert_eq!(places.name("::ffff:203.0.113.7", Locale::En), "Hangzhou, China");
        assert_eq!(places.name("203.0.113.8", Locale::Zh), "");
        assert_eq!(places.name("10.1.2.3", Locale::Zh), "内部网络");
        assert_eq!(places.name("", Locale::En), "");
        assert_eq!(Places::default().name("fe80::1", Locale::En), "internal network");
        assert!(Places::open(Path::new("/nowhere.mmdb")).is_err());
    }
}
