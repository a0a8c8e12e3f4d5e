//! What rules can ask of a customer beyond its fields. Each is an expression over what is there, so that none can be out of
//! date; only rules know them, since they tell of records that a reader of the customer need not see.

use platform::filter::{Column, Field, FieldType, Schema};

/// In the order in which people are shown them.
const METRICS: [(&str, &str); 9] = [
    ("age_days", "(extract(day FROM now() - c.create_time)::int8)"),
    ("owned_days", "(extract(day FROM now() - c.owner_time)::int8)"),
    // Nothing, and so no comparison holds, when there was none.
    ("days_since_contact", "(extract(day FROM now() - c.last_contact_time)::int8)"),
    ("contact_count", "(SELECT count(*) FROM contact m WHERE m.customer_id = c.id AND NOT m.invalid)"),
    ("interaction_count", "(SELECT count(*) FROM interaction m WHERE m.customer_id = c.id AND m.state = 2)"),
    (
        "interaction_count_90d",
        "(SELECT count(*) FROM interaction m
          WHERE m.customer_id = c.id AND m.state = 2 AND m.occur_time > now() - interval '90 days')",
    ),
    (
        "overdue_step_count",
        "(SELECT count(*) FROM interaction m WHERE m.customer_id = c.id AND m.next_step_time < now())",
    ),
    // What has run out and is not written off yet does not count.
    (
        "points",
        "(coalesce((SELECT m.balance FROM point_account m WHERE m.customer_id = c.id), 0)
          - coalesce((SELECT sum(m.remaining) FROM point_lot m
                      WHERE m.customer_id = c.id AND m.remaining > 0 AND m.expire_time <= now()), 0)::int8)",
    ),
    ("attachment_count", "(SELECT count(*) FROM attachment m WHERE m.customer_id = c.id)"),
];

pub fn with(schema: Schema) -> Schema {
    METRICS.into_iter().fold(schema, |schema, (key, sql)| {
        schema.with(Field::new(format!("metrics.{key}"), FieldType::Int, Column::sql(sql)))
    })
}
