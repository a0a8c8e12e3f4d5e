//! Where a group may stand, and who may put it there.

use std::collections::HashMap;

use contracts::options::Permission;
use platform::access::Caller;
use platform::error::{Error, Result};
use uuid::Uuid;

use crate::error;

/// Levels of the tree, the root among them.
pub const MAX_DEPTH: usize = 16;

/// Parents by group; the root has none.
pub type Parents = HashMap<Uuid, Option<Uuid>>;

/// Whether the caller may manage a group. Groups are no secret, so the answer says what is wrong.
pub fn permit(caller: &Caller, field: &str, group_id: Uuid) -> Result<()> {
    if caller.rows(Permission::GroupsManage).covers(None, Some(group_id)) {
        return Ok(());
    }
    Err(Error::permission_denied(&error::OUTSIDE_SCOPE).field(field, &error::OUTSIDE_SCOPE))
}

/// Whether a new group may stand below a parent.
pub fn check_new(parents: &Parents, parent_id: Uuid) -> Result<()> {
    if !parents.contains_key(&parent_id) {
        return Err(Error::invalid("parent_id", &error::GROUP_UNKNOWN));
    }
    check_depth(depth(parents, parent_id) + 1)
}

/// Whether a group may move below another.
pub fn check_move(parents: &Parents, id: Uuid, parent_id: Option<Uuid>) -> Result<()> {
    let (Some(Some(_)), Some(parent_id)) = (parents.get(&id), parent_id) else {
        return Err(Error::failed_precondition(&error::GROUP_IS_ROOT));
    };
    if !parents.contains_key(&parent_id) {
        return Err(Error::invalid("group.parent_id", &error::GROUP_UNKNOWN));
    }
    if path(parents, parent_id).contains(&id) {
        return Err(Error::failed_precondition(&error::GROUP_CYCLE));
    }
    check_depth(depth(parents, parent_id) + height(parents, id))
}

/// What a move of a group changes: the groups above that gain it, and the group with those below.
pub fn gained(parents: &Parents, id: Uuid, parent_id: Uuid) -> (Vec<Uuid>, Vec<Uuid>) {
    let before = path(parents, id);
    let above = path(parents, parent_id).into_iter().filter(|group| !before.contains(group)).collect();
    (above, parents.keys().copied().filter(|group| path(parents, *group).contains(&id)).collect())
}

fn check_depth(depth: usize) -> Result<()> {
    if depth <= MAX_DEPTH {
        return Ok(());
    }
    Err(Error::failed_precondition(&error::GROUP_TOO_DEEP).arg("max_depth", MAX_DEPTH))
}

/// The group and those above it, up to the root.
fn path(parents: &Parents, id: Uuid) -> Vec<Uuid> {
    let mut path = vec![id];
    while let Some(Some(parent)) = path.last().and_then(|last| parents.get(last))
        && path.len() <= parents.len()
    {
        path.push(*parent);
    }
    path
}

fn depth(parents: &Parents, id: Uuid) -> usize {
    path(parents, id).len()
}

/// Levels from the group down to its lowest descendant.
fn height(parents: &Parents, id: Uuid) -> usize {
    let below = |group: &Uuid| path(parents, *group).iter().position(|above| *above == id);
    parents.keys().filter_map(below).max().map_or(1, |levels| levels + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A root and a chain of groups below it.
    fn chain(length: usize) -> (Parents, Vec<Uuid>) {
        let ids: Vec<Uuid> = (0..length).map(|_| Uuid::now_v7()).collect();
        let above = std::iter::once(None).chain(ids.iter().copied().map(Some));
        (ids.iter().copied().zip(above).collect(), ids)
    }

    fn reason(result: Result<()>) -> &'static str {
        result.map_or_else(|error| error.violations().first().map_or(error.reason(), |v| v.reason).id, |()| "")
    }

    #[test]
    fn a_group_never_stands_below_itself() {
        let (mut parents, ids) = chain(4);
        let aside = Uuid::now_v7();
        parents.insert(aside, Some(ids[0]));
        assert_eq!(reason(check_move(&parents, ids[1], Some(ids[3]))), "GROUP_CYCLE");
        assert_eq!(reason(check_move(&parents, ids[1], Some(ids[1]))), "GROUP_CYCLE");
        assert_eq!(reason(check_move(&parents, ids[2], Some(aside))), "");
        assert_eq!(reason(check_move(&parents, ids[3], Some(ids[0]))), "");
        assert_eq!(reason(check_move(&parents, ids[3], Some(Uuid::now_v7()))), "GROUP_UNKNOWN");
    }

    #[test]
    fn a_move_gives_a_group_with_all_below_to_those_newly_above() {
        let (mut parents, ids) = chain(4);
        let [aside, below] = [Uuid::now_v7(), Uuid::now_v7()];
        parents.extend([(aside, Some(ids[0])), (below, Some(aside))]);
        let (mut above, mut moved) = gained(&parents, ids[2], below);
        above.sort_unstable();
        moved.sort_unstable();
        assert_eq!((above, moved), (vec![aside, below], vec![ids[2], ids[3]]));
        // Nobody gains what they are above of already.
        assert!(gained(&parents, ids[3], ids[1]).0.is_empty());
    }

    #[test]
    fn the_root_stays_where_it_is_and_nothing_becomes_a_second_one() {
        let (parents, ids) = chain(2);
        assert_eq!(reason(check_move(&parents, ids[0], Some(ids[1]))), "GROUP_IS_ROOT");
        assert_eq!(reason(check_move(&parents, ids[1], None)), "GROUP_IS_ROOT");
    }

    #[test]
    fn the_tree_has_a_bottom() {
        let (mut parents, ids) = chain(MAX_DEPTH);
        assert_eq!(reason(check_new(&parents, ids[MAX_DEPTH - 1])), "GROUP_TOO_DEEP");
        assert_eq!(reason(check_new(&parents, ids[MAX_DEPTH - 2])), "");
        assert_eq!(reason(check_new(&parents, Uuid::now_v7())), "GROUP_UNKNOWN");
        let (top, bottom) = (Uuid::now_v7(), Uuid::now_v7());
        parents.insert(top, Some(ids[0]));
        parents.insert(bottom, Some(top));
        assert_eq!(height(&parents, top), 2);
        assert_eq!(reason(check_move(&parents, top, Some(ids[MAX_DEPTH - 2]))), "GROUP_TOO_DEEP");
        assert_eq!(reason(check_move(&parents, top, Some(ids[MAX_DEPTH - 3]))), "");
    }
}
