// The flat, depth-first list of groups as a tree; pure.
import type { Group } from "@/api/types";

export interface GroupNode {
  group: Group;
  children: GroupNode[];
  /** Employees here and below. */
  total: number;
}

export function groupTree(groups: readonly Group[]): GroupNode[] {
  const nodes = new Map<string, GroupNode>();
  for (const group of groups) nodes.set(group.id, { group, children: [], total: group.memberCount });
  const roots: GroupNode[] = [];
  for (const node of nodes.values()) {
    const parent = nodes.get(node.group.parentId);
    // A group admin sees a part of the tree; its top has a parent that isn't in the list.
    if (parent) parent.children.push(node);
    else roots.push(node);
  }
  roots.forEach(sumUp);
  return roots;
}

function sumUp(node: GroupNode): number {
  node.total = node.group.memberCount + node.children.reduce((sum, child) => sum + sumUp(child), 0);
  return node.total;
}

/** A group and everything below it: where it can't be moved to. */
export function withDescendants(groups: readonly Group[], id: string): Set<string> {
  const inside = new Set([id]);
  // Parents come before their children.
  for (const group of groups) if (inside.has(group.parentId)) inside.add(group.id);
  return inside;
}
