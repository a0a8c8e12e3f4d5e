//! What a timeline shows of a change: personal data as the caller sees them, other customers only to who sees those.

use std::collections::HashMap;

use contracts::customers::{CustomerChange, FieldChange};
use contracts::options::{PersonalData, Visibility};
use platform::audit::personal::{Kind, kind_of};
use uuid::Uuid;

use super::store::Change;
use crate::operations::KnownFields;

/// The field of a relation's change that names another customer.
const OTHER_CUSTOMER: &str = "related_customer_id";

/// Who looks.
pub struct Looker<'a> {
    pub fields: &'a KnownFields,
    pub visibility: &'a dyn Fn(PersonalData) -> Visibility,
    /// Names of the other customers that the caller sees.
    pub customer_names: &'a HashMap<Uuid, String>,
}

/// The customers that the changes speak of, besides their own.
pub fn other_customers(changes: &[Change]) -> Vec<Uuid> {
    let fields = changes.iter().filter(|change| change.record_kind == "relation").flat_map(|change| &change.fields);
    let values = fields.filter(|field| field.field == OTHER_CUSTOMER).flat_map(|field| [&field.before, &field.after]);
    let mut ids: Vec<Uuid> = values.filter_map(|value| value.parse().ok()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

pub fn shown(change: Change, looker: &Looker<'_>) -> CustomerChange {
    let Change { action, record_kind, fields, .. } = change;
    let shown = fields.into_iter().filter_map(|field| {
        let platform::db::FieldChange { field, before, after } = field;
        if record_kind == "relation" && field == OTHER_CUSTOMER {
            let name = |id: &str| id.parse().ok().and_then(|id: Uuid| looker.customer_names.get(&id)).cloned();
            let (before, after) = (name(&before), name(&after));
            // Neither the name nor the id of a customer that the caller doesn't see.
            if before.is_none() && after.is_none() {
                return None;
            }
            let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
            return Some(FieldChange { field: "related_customer".into(), before, after });
        }
        // A person knows a file by its name.
        if record_kind == "attachment" && matches!(field.as_str(), "sha256" | "contact_id" | "interaction_id") {
            return None;
        }
        // Whose word it was, the contact's own page tells.
        if matches!(record_kind.as_str(), "consent" | "contact_ban") && field == "contact_id" {
            return None;
        }
        let known = looker.fields.kind_of(&record_kind, &field, [&before, &after]);
        let kind = known.unwrap_or_else(|| kind_of(crate::NAME, &record_kind, &field));
        if kind == Kind::Withheld {
            return None;
        }
        let seen = |text: String| kind.seen(text, looker.visibility);
        Some(FieldChange { before: seen(before), after: seen(after), field })
    });
    CustomerChange { fields: shown.collect(), action }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use contracts::customers::{Field, FieldType};

    use super::*;
    use crate::dictionary::cache::Dictionaries;
    use crate::field::Fields;

    fn a_change(record_kind: &str, fields: &[(&str, &str, &str)]) -> Change {
        let fields = fields.iter().map(|(field, before, after)| platform::db::FieldChange {
            field: (*field).into(),
            before: (*before).into(),
            after: (*after).into(),
        });
        Change {
            id: Uuid::now_v7(),
            time: Utc::now(),
            actor_name: "李雷".into(),
            action: "customer.updated".into(),
            record_kind: record_kind.into(),
            fields: fields.collect(),
        }
    }

    fn seen(change: Change, visibility: Visibility, names: &HashMap<Uuid, String>) -> Vec<(String, String, String)> {
        let secret = Field {
            key: "licence".into(),
            r#type: FieldType::Text as i32,
            personal_data: PersonalData::IdNumber as i32,
            ..Field::default()
        };
        let plain = Field { key: "motto".into(), r#type: FieldType::Text as i32, ..Field::default() };
        let fields = Fields::new(1, vec![secret, plain], Dictionaries::default());
        let fields = KnownFields::all(&fields);
        let looker = Looker { fields: &fields, visibility: &|_| visibility, customer_names: names };
        let shown = shown(change, &looker);
        shown.fields.into_iter().map(|field| (field.field, field.before, field.after)).collect()
    }

    fn texts(rows: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
        rows.iter().map(|(a, b, c)| ((*a).into(), (*b).into(), (*c).into())).collect()
    }

    const ROWS: [(&str, &str, &str); 6] = [
        ("name", "张三", "张四"),
        ("phone", "", "13812345678"),
        ("addresses", "", "浙江省杭州市西湖区文三路 1 号"),
        ("custom_fields.licence", "330106199001011234", ""),
        ("custom_fields.motto", "", "诚信"),
        ("reason", "", "重复"),
    ];

    #[test]
    fn personal_data_look_as_the_caller_may_see_them() {
        let none = HashMap::new();
        assert_eq!(seen(a_change("customer", &ROWS), Visibility::Clear, &none), texts(&ROWS));
        let mut masked = ROWS;
        masked[1].2 = "138****5678";
        masked[2].2 = "浙江省杭州市**********";
        masked[3].1 = "330***********1234";
        let found = seen(a_change("customer", &ROWS), Visibility::Masked, &none);
        assert_eq!(found, texts(&masked));
        let mut hidden = ROWS;
        (hidden[1].2, hidden[2].2, hidden[3].1) = ("", "", "");
        assert_eq!(seen(a_change("customer", &ROWS), Visibility::Hidden, &none), texts(&hidden));
    }

    #[test]
    fn contacts_are_masked_by_their_own_fields() {
        let change = a_change("contact", &[("wechat", "", "lisi_2026_hangzhou"), ("hobby", "", "钓鱼")]);
        let expected = texts(&[("wechat", "", "lis***********zhou"), ("hobby", "", "钓鱼")]);
        assert_eq!(seen(change, Visibility::Masked, &HashMap::new()), expected);
    }

    #[test]
    fn a_custom_field_that_nobody_knows_shows_nothing() {
        let change = a_change("customer", &[("custom_fields.gone", "13812345678", "")]);
        assert_eq!(seen(change, Visibility::Clear, &HashMap::new()), texts(&[("custom_fields.gone", "", "")]));
    }

    #[test]
    fn a_relation_names_only_customers_that_the_caller_sees() {
        let [visible, invisible] = [Uuid::now_v7(), Uuid::now_v7()];
        let names = HashMap::from([(visible, "大华集团".to_owned())]);
        let related = |id: Uuid| a_change("relation", &[("type", "", "AGENT"), (OTHER_CUSTOMER, "", &id.to_string())]);
        assert_eq!(other_customers(&[related(visible), related(visible)]), [visible]);
        let expected = texts(&[("type", "", "AGENT"), ("related_customer", "", "大华集团")]);
        assert_eq!(seen(related(visible), Visibility::Clear, &names), expected);
        assert_eq!(seen(related(invisible), Visibility::Clear, &names), texts(&[("type", "", "AGENT")]));
    }
}
