//! The newest rows of a scope without reading those of others in between. Ordered by time alone, an index holds everybody's
//! rows: behind somebody's import of a hundred thousand, the first page of all others would read these through.

use sqlx::{Postgres, QueryBuilder};

use super::{RowColumns, RowPredicate};

/// From so many groups on, the newest rows of all are tried first: a wide scope has most of them.
const WIDE: usize = 16;

/// How many of the newest rows of all are tried.
const TRIED: usize = 500;

/// Which rows are listed; the table is `c`, with the columns `id` and `create_time`.
pub struct Newest<'a> {
    pub table: &'static str,
    pub columns: RowColumns,
    /// What else holds for them: a boolean expression.
    pub also: &'a dyn Fn(&mut QueryBuilder<Postgres>),
    pub limit: i64,
}

const ORDER: &str = " ORDER BY c.create_time DESC, c.id DESC LIMIT ";

impl Newest<'_> {
    /// Narrows a query of the first rows by `create_time desc, id desc` to the ids that can be among them; it keeps its own
    /// condition, order and limit. Needs indexes of owner and of group that go on with this order. Nothing for scopes that
    /// the order's own index serves.
    pub fn push_sql(&self, query: &mut QueryBuilder<Postgres>, rows: &RowPredicate) {
        let RowPredicate::Scoped { group_ids, .. } = rows else { return };
        let wide = group_ids.len() > WIDE;
        query.push(" AND c.id = ANY(");
        if wide {
            query.push("(WITH tried AS MATERIALIZED (SELECT c.id FROM (SELECT * FROM ").push(self.table);
            query.push(" c WHERE ");
            (self.also)(query);
            query.push(ORDER).push(TRIED).push(") c WHERE ");
            rows.push_sql(query, self.columns);
            query.push(ORDER).push(self.limit);
            query.push(") SELECT CASE WHEN (SELECT count(*) FROM tried) = ").push(self.limit);
            query.push(" THEN ARRAY(SELECT id FROM tried) ELSE ");
        }
        self.push_branches(query, rows);
        query.push(if wide { " END)::uuid[])" } else { ")" });
    }

    /// An array of the newest of each group, of the employee's own and of what is shared, the newest of these. A row may be
    /// in each of the three; of those that are sorted already, the copies are left out at little cost.
    fn push_branches(&self, query: &mut QueryBuilder<Postgres>, rows: &RowPredicate) {
        let RowPredicate::Scoped { employee_id, group_ids, .. } = rows else { return };
        query.push("ARRAY(SELECT c.id FROM (SELECT DISTINCT c.create_time, c.id FROM (SELECT * FROM (");
        if !group_ids.is_empty() {
            // Behind a subquery the planner does not see how many there are: it would plan anew for each number of them, which
            // takes longer than the query.
            query.push("SELECT c.id, c.create_time FROM unnest((SELECT ").push_bind(group_ids.to_vec());
            query.push("::uuid[])) AS covered(id) CROSS JOIN LATERAL ");
            self.push_branch(query, |query| _ = query.push(self.columns.group).push(" = covered.id"));
            query.push(" AS c UNION ALL ");
        }
        self.push_branch(query, |query| _ = query.push(self.columns.owner).push(" = ").push_bind(*employee_id));
        if let Some((id, _)) = self.columns.shares {
            query.push(" UNION ALL ");
            self.push_branch(query, |query| {
                query.push(id).push(" = ANY(");
                rows.push_shared_sql(query, self.columns);
                query.push(")");
            });
        }
        query.push(") AS c").push(ORDER).push(3 * self.limit);
        query.push(") AS c").push(ORDER).push(self.limit).push(") AS c)");
    }

    fn push_branch(&self, query: &mut QueryBuilder<Postgres>, of: impl FnOnce(&mut QueryBuilder<Postgres>)) {
        query.push("(SELECT c.id, c.create_time FROM ").push(self.table).push(" c WHERE ");
        of(query);
        query.push(" AND ");
        (self.also)(query);
        query.push(ORDER).push(self.limit).push(")");
    }
}
