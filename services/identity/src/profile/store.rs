//! SQL of the directory; an employee's own record is read through `employee::store`.

use contracts::identity::DirectoryEntry;
use platform::error::Result;
use sqlx::{PgExecutor, QueryBuilder};
use uuid::Uuid;

use crate::employee::store::push_part;

/// Everybody of these ids whose name holds a part, in the order of their names, behind a place in it. Served by
/// `employee_sort_name`.
pub async fn directory_list(
    executor: impl PgExecutor<'_>,
    part: &str,
    ids: &[Uuid],
    after: Option<(String, Uuid)>,
    limit: i64,
) -> Result<Vec<(DirectoryEntry, String, Uuid)>> {
    type Row = (Uuid, String, Option<Uuid>, Option<String>, bool, String);
    let mut query = QueryBuilder::new(
        "SELECT e.id, e.display_name, e.group_id, g.name, e.state = 1 AND e.kind = 1, e.sort_name
         FROM employee e LEFT JOIN employee_group g ON g.id = e.group_id WHERE TRUE",
    );
    push_part(&mut query, part);
    if ids.is_empty() {
        // Service accounts are nobody to choose, but what they did bears their names.
        query.push(" AND e.kind = 1");
    } else {
        query.push(" AND e.id = ANY(").push_bind(ids.to_vec()).push(")");
    }
    if let Some((sort_name, id)) = after {
        query.push(" AND (e.sort_name, e.id) > (").push_bind(sort_name).push(", ").push_bind(id).push(")");
    }
    query.push(" ORDER BY e.sort_name, e.id LIMIT ").push_bind(limit);
    let rows: Vec<Row> = query.build_query_as().fetch_all(executor).await?;
    let entry = |(id, display_name, group_id, group_name, active, sort_name): Row| {
        let entry = DirectoryEntry {
            id: id.to_string(),
            display_name,
            group_id: group_id.map(|id| id.to_string()).unwrap_or_default(),
            group_name: group_name.unwrap_or_default(),
            active,
        };
        (entry, sort_name, id)
    };
    Ok(rows.into_iter().map(entry).collect())
}
