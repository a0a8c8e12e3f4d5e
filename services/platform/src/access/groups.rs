//! The tree of groups, with what lies below each worked out once for all decisions of a policy.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use uuid::Uuid;

#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub id: Uuid,
    pub name: String,
    pub parent_id: Option<Uuid>,
}

#[derive(Default)]
pub struct Groups {
    by_id: HashMap<Uuid, Group>,
    /// Each group with all groups below it, in the order of ids.
    below: HashMap<Uuid, Arc<[Uuid]>>,
}

impl Groups {
    pub fn new(by_id: HashMap<Uuid, Group>) -> Self {
        let mut children: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
        for group in by_id.values() {
            if let Some(parent) = group.parent_id {
                children.entry(parent).or_default().push(group.id);
            }
        }
        let below = by_id.keys().map(|id| (*id, below(*id, &children))).collect();
        Self { by_id, below }
    }

    pub fn by_id(&self) -> &HashMap<Uuid, Group> {
        &self.by_id
    }

    /// The group and all groups below it, sorted; of a group that is not there, itself.
    pub fn and_below(&self, id: Uuid) -> Arc<[Uuid]> {
        self.below.get(&id).cloned().unwrap_or_else(|| Arc::from([id]))
    }

    /// Whether a group is another or lies below it.
    pub fn stands_in(&self, id: Uuid, above: Uuid) -> bool {
        id == above || self.below.get(&above).is_some_and(|below| below.binary_search(&id).is_ok())
    }
}

fn below(id: Uuid, children: &HashMap<Uuid, Vec<Uuid>>) -> Arc<[Uuid]> {
    let mut seen = HashSet::from([id]);
    let mut found = vec![id];
    let mut next = 0;
    while let Some(group) = found.get(next).copied() {
        next += 1;
        found.extend(children.get(&group).into_iter().flatten().filter(|child| seen.insert(**child)));
    }
    found.sort_unstable();
    found.into()
}
