//! Which pool a customer lies in, decided the same way in memory and in SQL: a row of conditions, the closest first, of
//! which the first that holds names the pool.

use contracts::customers::Pool;
use platform::access::Policy;
use platform::filter::branch;
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

/// All pools, with the tree of groups worked into them.
pub struct Sources {
    pools: Vec<Pool>,
    conditions: Vec<Condition>,
    rest: Uuid,
}

/// Where a pool takes customers from, as closely as it says.
struct Condition {
    pool_id: Uuid,
    /// How far down the named groups are, and how long the named regions.
    closeness: (usize, usize),
    /// The named groups with those below them, sorted; all when there are none.
    groups: Vec<Uuid>,
    /// What codes of the named regions begin with; all when there are none.
    regions: Vec<String>,
}

impl Sources {
    pub fn new(pools: Vec<Pool>, policy: &Policy) -> Self {
        let mut conditions: Vec<Condition> =
            pools.iter().filter(|pool| !pool.takes_rest).flat_map(|pool| conditions(pool, policy)).collect();
        // Two that are as close name the same group and region, which `clash` keeps out.
        conditions.sort_by(|a, b| b.closeness.cmp(&a.closeness).then(a.pool_id.cmp(&b.pool_id)));
        let rest = pools.iter().find(|pool| pool.takes_rest).map(id).unwrap_or_default();
        Self { pools, conditions, rest }
    }

    pub fn pools(&self) -> &[Pool] {
        &self.pools
    }

    pub fn by_id(&self, id: Uuid) -> Option<&Pool> {
        let id = id.to_string();
        self.pools.iter().find(|pool| pool.id == id)
    }

    /// The pools that an employee manages.
    pub fn managed_by(&self, employee_id: Uuid) -> Vec<Uuid> {
        let manager = employee_id.to_string();
        self.pools.iter().filter(|pool| pool.manager_ids.contains(&manager)).map(id).collect()
    }

    /// The pool of a customer of this group and region.
    pub fn of(&self, group_id: Option<Uuid>, region: &str) -> Uuid {
        self.conditions.iter().find(|one| one.holds(group_id, region)).map_or(self.rest, |one| one.pool_id)
    }

    /// The id of the pool of the customer `c`, as an expression.
    pub fn push_id(&self, sql: &mut QueryBuilder<Postgres>) {
        if self.conditions.is_empty() {
            sql.push_bind(self.rest).push("::uuid");
            return;
        }
        sql.push("CASE");
        for condition in &self.conditions {
            sql.push(" WHEN ");
            condition.push_sql(sql);
            sql.push(" THEN ").push_bind(condition.pool_id).push("::uuid");
        }
        sql.push(" ELSE ").push_bind(self.rest).push("::uuid END");
    }

    /// Whether the customer `c` lies in one of these pools, as one operand.
    pub fn push_is_in(&self, sql: &mut QueryBuilder<Postgres>, pool_ids: &[Uuid]) {
        sql.push("((");
        self.push_id(sql);
        sql.push(") = ANY(").push_bind(pool_ids.to_vec()).push(")");
        // Says nothing new, but lets an index on groups find the few of a small pool.
        let own: Vec<&Condition> = self.conditions.iter().filter(|one| pool_ids.contains(&one.pool_id)).collect();
        if !pool_ids.contains(&self.rest) && !own.is_empty() {
            sql.push(" AND (");
            for (index, condition) in own.into_iter().enumerate() {
                sql.push(if index > 0 { " OR " } else { "" });
                condition.push_sql(sql);
            }
            sql.push(")");
        }
        sql.push(")");
    }
}

impl Condition {
    fn holds(&self, group_id: Option<Uuid>, region: &str) -> bool {
        let group = self.groups.is_empty() || group_id.is_some_and(|id| self.groups.binary_search(&id).is_ok());
        group && (self.regions.is_empty() || self.regions.iter().any(|prefix| region.starts_with(prefix)))
    }

    fn push_sql(&self, sql: &mut QueryBuilder<Postgres>) {
        sql.push("(TRUE");
        if !self.groups.is_empty() {
            sql.push(" AND c.group_id = ANY(").push_bind(self.groups.clone()).push(")");
        }
        if !self.regions.is_empty() {
            sql.push(" AND c.region ^@ ANY(").push_bind(self.regions.clone()).push(")");
        }
        sql.push(")");
    }
}

fn id(pool: &Pool) -> Uuid {
    pool.id.parse().unwrap_or_default()
}

pub fn ids(texts: &[String]) -> Vec<Uuid> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

/// One for each depth of groups and each length of regions that the pool names.
fn conditions(pool: &Pool, policy: &Policy) -> Vec<Condition> {
    let mut groups: Vec<(usize, Vec<Uuid>)> = Vec::new();
    for group in ids(&pool.group_ids) {
        let depth = depth(policy, group);
        let below = policy.group_and_below(group);
        match groups.iter_mut().find(|(known, _)| *known == depth) {
            Some((_, all)) => all.extend_from_slice(&below),
            None => groups.push((depth, below.to_vec())),
        }
    }
    if groups.is_empty() {
        groups.push((0, Vec::new()));
    }
    let mut regions: Vec<(usize, Vec<String>)> = Vec::new();
    for prefix in pool.regions.iter().map(|region| branch(region)) {
        match regions.iter_mut().find(|(length, _)| *length == prefix.len()) {
            Some((_, all)) => all.push(prefix.to_owned()),
            None => regions.push((prefix.len(), vec![prefix.to_owned()])),
        }
    }
    if regions.is_empty() {
        regions.push((0, Vec::new()));
    }
    let pool_id = id(pool);
    let mut conditions = Vec::new();
    for (depth, mut groups) in groups {
        groups.sort_unstable();
        groups.dedup();
        for (length, regions) in &regions {
            let closeness = (depth, *length);
            conditions.push(Condition { pool_id, closeness, groups: groups.clone(), regions: regions.clone() });
        }
    }
    conditions
}

/// 1 at the top.
fn depth(policy: &Policy, mut group: Uuid) -> usize {
    let mut depth = 1;
    while let Some(parent) = policy.group(group).and_then(|group| group.parent_id)
        && depth < 100
    {
        (group, depth) = (parent, depth + 1);
    }
    depth
}

/// Whether two pools take the same group in the same region, so that neither would be closer.
pub fn clash(one: &Pool, other: &Pool) -> bool {
    let meet = |a: &[String], b: &[String]| {
        (a.is_empty() && b.is_empty()) || a.iter().any(|one| b.iter().any(|other| branch(one) == branch(other)))
    };
    meet(&one.group_ids, &other.group_ids) && meet(&one.regions, &other.regions)
}

#[cfg(test)]
mod tests {
    use contracts::identity as proto;

    use super::*;

    fn a_pool(groups: &[Uuid], regions: &[&str]) -> Pool {
        Pool {
            id: Uuid::now_v7().to_string(),
            group_ids: groups.iter().map(Uuid::to_string).collect(),
            regions: regions.iter().map(|region| (*region).to_owned()).collect(),
            takes_rest: groups.is_empty() && regions.is_empty(),
            ..Pool::default()
        }
    }

    fn policy(groups: &[(Uuid, Option<Uuid>)]) -> Policy {
        let groups = groups.iter().map(|(id, parent)| proto::PolicyGroup {
            id: id.to_string(),
            parent_id: parent.map(|id| id.to_string()).unwrap_or_default(),
            ..Default::default()
        });
        let update = proto::PolicyUpdate { snapshot: true, groups: groups.collect(), ..Default::default() };
        Policy::default().with(update, 0)
    }

    #[test]
    fn the_closest_group_wins_and_then_the_closest_region() {
        let [root, east, hangzhou, north] = std::array::from_fn(|_| Uuid::now_v7());
        let policy = policy(&[(root, None), (east, Some(root)), (hangzhou, Some(east)), (north, Some(root))]);
        let rest = a_pool(&[], &[]);
        let of_east = a_pool(&[east], &[]);
        let of_hangzhou = a_pool(&[hangzhou], &[]);
        let zhejiang = a_pool(&[], &["330000"]);
        let city = a_pool(&[], &["330100", "310000"]);
        let east_in_zhejiang = a_pool(&[east], &["330000"]);
        let all = [&city, &rest, &of_east, &zhejiang, &of_hangzhou, &east_in_zhejiang];
        let sources = Sources::new(all.into_iter().cloned().collect(), &policy);
        let name = |pool: &Pool| pool.id.parse::<Uuid>().unwrap();
        for (group, region, expected) in [
            (Some(hangzhou), "330106", &of_hangzhou),
            (Some(east), "330106", &east_in_zhejiang),
            (Some(east), "310115", &of_east),
            (Some(north), "330106", &city),
            (Some(north), "330200", &zhejiang),
            (None, "310115", &city),
            (Some(north), "110000", &rest),
            (None, "", &rest),
        ] {
            assert_eq!(sources.of(group, region), name(expected), "{region}");
        }
    }

    #[test]
    fn pools_clash_when_neither_is_closer() {
        let [a, b] = std::array::from_fn(|_| Uuid::now_v7());
        assert!(clash(&a_pool(&[a, b], &[]), &a_pool(&[b], &[])));
        assert!(!clash(&a_pool(&[a], &[]), &a_pool(&[b], &[])));
        assert!(!clash(&a_pool(&[a], &[]), &a_pool(&[a], &["330000"])));
        assert!(clash(&a_pool(&[a], &["330000", "310000"]), &a_pool(&[a, b], &["310000"])));
        assert!(!clash(&a_pool(&[], &["330000"]), &a_pool(&[], &["330100"])));
        assert!(clash(&a_pool(&[], &[]), &a_pool(&[], &[])));
    }
}
