//! When a relation holds, and what a change of it is.

use contracts::customers::{Relation, RelationType};
use platform::db::FieldChange;
use platform::error::{Error, Result};
use uuid::Uuid;

use crate::audit::Changes;
use crate::error::reason as own;
use crate::period::{Period, text};

pub const MUTABLE: [&str; 3] = ["remark", "valid_from", "valid_until"];

/// What a relation says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub id: Uuid,
    pub relation_type: RelationType,
    pub customer_id: Uuid,
    pub related_id: Uuid,
    pub remark: String,
    pub period: Period,
}

/// Takes the fields at `paths`, all of `MUTABLE`, from `wanted`.
pub fn apply(stored: &Stored, wanted: &Relation, paths: &[&str]) -> Result<Stored> {
    let mut after = stored.clone();
    let days = [stored.period.from, stored.period.until].map(text);
    let chosen = |path: &str, wanted: &str, before: &str| {
        if paths.contains(&path) { wanted.to_owned() } else { before.to_owned() }
    };
    let from = chosen("valid_from", &wanted.valid_from, &days[0]);
    let until = chosen("valid_until", &wanted.valid_until, &days[1]);
    after.period = Period::read("relation.", &from, &until, &own::PERIOD_REVERSED).map_err(Error::invalid_fields)?;
    after.remark = chosen("remark", wanted.remark.trim(), &stored.remark);
    Ok(after)
}

/// For each end the other one and what changed as seen from there. An update names the other end too, though it stays.
pub fn changes(before: Option<&Stored>, after: Option<&Stored>) -> Vec<(Uuid, Vec<FieldChange>)> {
    let Some(any) = before.or(after) else { return Vec::new() };
    let ends = [(any.customer_id, any.related_id), (any.related_id, any.customer_id)];
    let of_end = |(subject_id, other_id): (Uuid, Uuid)| {
        let inverse = any.relation_type != RelationType::Household && subject_id == any.related_id;
        let values = |stored: Option<&Stored>| {
            let value = |text: String| if stored.is_some() { text } else { String::new() };
            [
                value(any.relation_type.as_str_name().to_owned()),
                value(if inverse { "true".to_owned() } else { String::new() }),
                stored.map(|stored| text(stored.period.from)).unwrap_or_default(),
                stored.map(|stored| text(stored.period.until)).unwrap_or_default(),
                stored.map(|stored| stored.remark.clone()).unwrap_or_default(),
            ]
        };
        let other = |stored: Option<&Stored>| stored.map(|_| other_id.to_string()).unwrap_or_default();
        let mut changes = Changes::default();
        for ((field, before), after) in ["type", "inverse", "valid_from", "valid_until", "remark"]
            .into_iter()
            .zip(values(before))
            .zip(values(after))
        {
            changes.add(field, before, after);
        }
        let mut changes: Vec<FieldChange> = changes.into();
        let related = FieldChange { field: "related_customer_id".into(), before: other(before), after: other(after) };
        changes.insert(usize::from(before.is_none() || after.is_none()), related);
        (subject_id, changes)
    };
    ends.map(of_end).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent() -> Stored {
        Stored {
            id: Uuid::from_u128(1),
            relation_type: RelationType::Agent,
            customer_id: Uuid::from_u128(2),
            related_id: Uuid::from_u128(3),
            remark: "总代".into(),
            period: Period { from: "2024-01-01".parse().ok(), until: None },
        }
    }

    #[test]
    fn an_update_is_checked_with_what_it_leaves() {
        let wanted = Relation { valid_until: "2023-12-31".into(), remark: "x".into(), ..Relation::default() };
        assert!(apply(&agent(), &wanted, &["valid_until"]).is_err());
        let wanted = Relation { valid_until: "2024-12-31".into(), remark: "x".into(), ..Relation::default() };
        let after = apply(&agent(), &wanted, &["valid_until"]).unwrap();
        assert_eq!((text(after.period.from).as_str(), after.remark.as_str()), ("2024-01-01", "总代"));
    }

    #[test]
    fn each_end_is_told_from_where_it_stands() {
        let (before, after) = (agent(), apply(&agent(), &Relation::default(), &["remark"]).unwrap());
        let told = |changes: &[FieldChange]| {
            changes.iter().map(|c| format!("{} {} {}", c.field, c.before, c.after)).collect::<Vec<_>>().join("; ")
        };
        let [(first, one), (second, other)] = changes(Some(&before), Some(&after)).try_into().unwrap();
        assert_eq!((first, second), (before.customer_id, before.related_id));
        let (two, three) = (before.customer_id.to_string(), before.related_id.to_string());
        assert_eq!(told(&one), format!("related_customer_id {three} {three}; remark 总代 "));
        assert_eq!(told(&other), format!("related_customer_id {two} {two}; remark 总代 "));
        let made = changes(None, Some(&before)).pop().unwrap().1;
        let expected = format!(
            "type  RELATION_TYPE_AGENT; related_customer_id  {two}; inverse  true; valid_from  2024-01-01; remark  总代"
        );
        assert_eq!(told(&made), expected);
    }
}
