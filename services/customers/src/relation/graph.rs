//! Who is related to a customer, and to whom these are, step by step. A step goes on from customers that the caller sees
//! alone: what lies behind others can't be told from what isn't there.

use std::collections::HashMap;

use chrono::NaiveDate;
use contracts::customers::{RelatedCustomer, RelationEdge, RelationGraph};
use platform::access::RowPredicate;
use platform::error::Result;
use sqlx::PgConnection;
use uuid::Uuid;

use super::store;
use crate::period::text;

/// Customers of one graph.
const MOST: usize = 200;
/// Relations that one step looks at.
const EDGES: i64 = 2_000;

/// From a customer that the caller sees.
pub async fn graph(
    connection: &mut PgConnection,
    rows: &RowPredicate,
    start: Uuid,
    depth: i32,
    today: Option<NaiveDate>,
) -> Result<RelationGraph> {
    let mut found = vec![(start, 0)];
    let mut known = HashMap::from([(start, 0)]);
    let mut relations = HashMap::new();
    let mut truncated = false;
    let mut frontier = vec![start];
    // One step more than there are customers to find: those of the last step may be related among themselves.
    for distance in 1..=depth + 1 {
        let edges = store::edges(connection, rows, &frontier, today, EDGES).await?;
        truncated |= edges.len() as i64 == EDGES;
        frontier.clear();
        for edge in edges {
            for end in [edge.customer_id, edge.related_id] {
                if distance > depth || known.contains_key(&end) {
                    continue;
                }
                if found.len() == MOST {
                    truncated = true;
                    continue;
                }
                known.insert(end, distance);
                found.push((end, distance));
                frontier.push(end);
            }
            relations.insert(edge.id, edge);
        }
        if frontier.is_empty() && distance <= depth {
            break;
        }
    }
    let mut heads = store::customer_heads(connection, &found.iter().map(|(id, _)| *id).collect::<Vec<_>>()).await?;
    let customers = found.into_iter().filter_map(|(id, distance)| {
        let (name, kind, level) = heads.remove(&id)?;
        Some(RelatedCustomer { id: id.to_string(), name, kind: kind.into(), level, distance })
    });
    let mut relations: Vec<_> = relations.into_values().collect();
    relations.sort_unstable_by_key(|edge| edge.id);
    let among =
        |edge: &super::rules::Stored| known.contains_key(&edge.customer_id) && known.contains_key(&edge.related_id);
    let relations = relations.into_iter().filter(among).map(|edge| RelationEdge {
        id: edge.id.to_string(),
        r#type: edge.relation_type as i32,
        customer_id: edge.customer_id.to_string(),
        related_customer_id: edge.related_id.to_string(),
        remark: edge.remark,
        valid_from: text(edge.period.from),
        valid_until: text(edge.period.until),
    });
    Ok(RelationGraph { customers: customers.collect(), relations: relations.collect(), truncated })
}
