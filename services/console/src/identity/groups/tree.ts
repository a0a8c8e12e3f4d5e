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

/** So many groups are readable at once; larger trees show as many whole levels as fit. */
const readable = 40;

/** The groups that are open in a picture of the tree when nobody has opened or closed any. */
export function firstOpen(roots: readonly GroupNode[]): Set<string> {
  const open = new Set<string>();
  let level = [...roots];
  let shown = level.length;
  while (level.length > 0) {
    const next = level.flatMap((node) => node.children);
    if (shown + next.length > readable) break;
    level.forEach((node) => open.add(node.group.id));
    shown += next.length;
    level = next;
  }
  return open;
}

/** What leads from the top to a group, itself left out. */
export function ancestorsOf(roots: readonly GroupNode[], id: string): string[] {
  for (const node of roots) {
    if (node.group.id === id) return [];
    const below = ancestorsOf(node.children, id);
    if (below.length > 0 || node.children.some((child) => child.group.id === id)) return [node.group.id, ...below];
  }
  return [];
}

export function everyId(node: GroupNode): string[] {
  return [node.group.id, ...node.children.flatMap(everyId)];
}

const mostMatches = 20;

/** Groups whose names hold the text. */
export function matching(roots: readonly GroupNode[], text: string): GroupNode[] {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  const every = (node: GroupNode): GroupNode[] => [node, ...node.children.flatMap(every)];
  return roots.flatMap(every).filter(({ group }) => group.name.toLowerCase().includes(wanted)).slice(0, mostMatches);
}
