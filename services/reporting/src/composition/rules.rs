//! Dimensions as SQL expressions, and slices as expressions of the filter language. Pure.

use chrono::NaiveDate;
use chrono_tz::Tz;
use contracts::reporting::Dimension;
use platform::filter::{Column, FieldType, Schema};

/// The expression that groups rows by the dimension. The zone is bound where the month asks for it.
pub fn grouping(dimension: Dimension, region_level: i32) -> &'static str {
    match dimension {
        Dimension::Unspecified => "''",
        Dimension::Region => match region_level {
            2 => "CASE WHEN length(d.region) >= 4 THEN rpad(left(d.region, 4), 6, '0') ELSE d.region END",
            3 => "d.region",
            _ => "CASE WHEN length(d.region) >= 2 THEN rpad(left(d.region, 2), 6, '0') ELSE d.region END",
        },
        Dimension::Industry => "d.industry",
        Dimension::Level => "d.level",
        Dimension::Source => "d.source",
        Dimension::Month => "to_char(d.create_time AT TIME ZONE $1, 'YYYY-MM')",
        Dimension::Grade => "d.grade",
        Dimension::Kind => "CASE d.kind WHEN 1 THEN 'PERSON' ELSE 'ORGANIZATION' END",
        Dimension::Owner => "coalesce(d.owner_id::text, '')",
    }
}

/// What the report's filter may speak of; the same names as in the list of customers.
pub fn schema() -> Schema {
    let kinds = FieldType::int_enum([("PERSON", 1), ("ORGANIZATION", 2)]);
    let states = FieldType::int_enum([("ACTIVE", 1), ("INVALID", 2)]);
    Schema::new()
        .field("kind", kinds, Column::sql("d.kind"))
        .field("state", states, Column::sql("d.state"))
        .field("region", FieldType::CodePrefix, Column::sql("d.region"))
        .field("industry", FieldType::String, Column::sql("d.industry"))
        .field("source", FieldType::String, Column::sql("d.source"))
        .field("level", FieldType::String, Column::sql("d.level"))
        .field("grade", FieldType::String, Column::sql("d.grade"))
        .field("status", FieldType::String, Column::sql("d.status"))
        .field("owner_id", FieldType::Uuid, Column::sql("d.owner_id"))
        .field("group_id", FieldType::Uuid, Column::sql("d.group_id"))
        .field("create_time", FieldType::Timestamp, Column::sql("d.create_time"))
}

/// The restriction that holds for the customers of one slice.
pub fn restriction(dimension: Dimension, key: &str, region_level: i32, zone: Tz) -> String {
    let equals = |field: &str| format!("{field} = {}", quoted(key));
    match dimension {
        Dimension::Unspecified => String::new(),
        Dimension::Region => {
            let digits = match region_level {
                3 => key.len(),
                2 => 4,
                _ => 2,
            };
            match key.get(..digits) {
                Some(prefix) if !key.is_empty() && region_level != 3 => format!("region : {}", quoted(prefix)),
                _ => equals("region"),
            }
        }
        Dimension::Industry => equals("industry"),
        Dimension::Level => equals("level"),
        Dimension::Source => equals("source"),
        Dimension::Grade => equals("grade"),
        Dimension::Kind => format!("kind = {key}"),
        Dimension::Owner if key.is_empty() => "NOT owner_id:*".to_owned(),
        Dimension::Owner => equals("owner_id"),
        Dimension::Month => month(key, zone).unwrap_or_default(),
    }
}

/// The instants between which a month lies in a zone.
fn month(key: &str, zone: Tz) -> Option<String> {
    let first = NaiveDate::parse_from_str(&format!("{key}-01"), "%Y-%m-%d").ok()?;
    let next = first.checked_add_months(chrono::Months::new(1))?;
    let start = |date: NaiveDate| {
        let midnight = date.and_hms_opt(0, 0, 0)?.and_local_timezone(zone).earliest()?;
        Some(midnight.to_rfc3339_opts(chrono::SecondsFormat::Secs, false))
    };
    Some(format!("create_time >= \"{}\" AND create_time < \"{}\"", start(first)?, start(next)?))
}

/// A slice's filter: the request's, and the slice's own restrictions.
pub fn slice_filter(request: &str, restrictions: &[String]) -> String {
    let mut parts: Vec<String> = Vec::new();
    if !request.trim().is_empty() {
        parts.push(format!("({})", request.trim()));
    }
    parts.extend(restrictions.iter().filter(|restriction| !restriction.is_empty()).cloned());
    parts.join(" AND ")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use chrono_tz::Asia::Shanghai;

    use super::*;

    #[test]
    fn a_slice_names_its_customers() {
        assert_eq!(restriction(Dimension::Region, "330000", 1, Shanghai), "region : \"33\"");
        assert_eq!(restriction(Dimension::Region, "330100", 2, Shanghai), "region : \"3301\"");
        assert_eq!(restriction(Dimension::Region, "330106", 3, Shanghai), "region = \"330106\"");
        assert_eq!(restriction(Dimension::Region, "", 1, Shanghai), "region = \"\"");
        assert_eq!(restriction(Dimension::Level, "a\"b", 0, Shanghai), "level = \"a\\\"b\"");
        assert_eq!(
            restriction(Dimension::Month, "2026-12", 0, Shanghai),
            "create_time >= \"2026-12-01T00:00:00+08:00\" AND create_time < \"2027-01-01T00:00:00+08:00\""
        );
        assert_eq!(
            slice_filter("a = 1 OR b = 2", &["level = \"vip\"".into(), String::new()]),
            "(a = 1 OR b = 2) AND level = \"vip\""
        );
    }

    #[test]
    fn every_restriction_fits_the_schema() {
        for dimension in (1..=8).filter_map(|number| Dimension::try_from(number).ok()) {
            let key = match dimension {
                Dimension::Month => "2026-02",
                Dimension::Kind => "PERSON",
                Dimension::Owner => "01890a5d-ac96-774b-bcce-b302099a8057",
                _ => "330100",
            };
            for key in [key, if dimension == Dimension::Kind { "ORGANIZATION" } else { "" }] {
                let text = restriction(dimension, key, 2, Shanghai);
                assert!(
                    text.is_empty() || platform::filter::compile(&text, &schema()).is_ok(),
                    "{dimension:?}: {text}"
                );
            }
        }
    }
}
