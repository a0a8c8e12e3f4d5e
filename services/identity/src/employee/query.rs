//! What lists of employees are filtered and sorted by.

use std::sync::LazyLock;

use chrono::FixedOffset;
use contracts::identity::EmployeeState;
use platform::filter::{Column, Field, FieldType, Schema};

/// Where days begin for filters that name a date: China has one zone.
pub const ZONE: FixedOffset = FixedOffset::east_opt(8 * 60 * 60).expect("eight hours are less than a day");

pub static FILTER: LazyLock<Schema> = LazyLock::new(|| {
    let states = [EmployeeState::Active, EmployeeState::Disabled].into_iter().flat_map(|state| {
        let name = state.as_str_name();
        [name, name.trim_start_matches("EMPLOYEE_STATE_")].map(|name| (name, state.into()))
    });
    let roles = "ARRAY(SELECT h.role_id::text FROM employee_role h WHERE h.employee_id = e.id)";
    Schema::new()
        .field("login_name", FieldType::Text, Column::sql("e.login_name"))
        .field("display_name", FieldType::Text, Column::sql("e.display_name"))
        .field("state", FieldType::int_enum(states), Column::sql("e.state"))
        .field("group_id", FieldType::Uuid, Column::sql("e.group_id"))
        .field("role_id", FieldType::StringList, Column::sql(roles))
        .field("create_time", FieldType::Timestamp, Column::sql("e.create_time"))
});

/// People are sorted by how their names are read.
pub static ORDER: LazyLock<Schema> = LazyLock::new(|| {
    let field = |name, field_type, column| Field::new(name, field_type, Column::sql(column)).sortable();
    Schema::new()
        .with(field("id", FieldType::Uuid, "e.id").not_null())
        .with(field("login_name", FieldType::Text, "e.login_name").not_null())
        .with(field("display_name", FieldType::String, "e.sort_name").not_null())
        .with(field("create_time", FieldType::Timestamp, "e.create_time").not_null())
        .with(field("last_sign_in_time", FieldType::Timestamp, "e.last_sign_in_time"))
});
