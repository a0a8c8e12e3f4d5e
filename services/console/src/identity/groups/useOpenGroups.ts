import { useState } from "react";
import { ancestorsOf, everyId, firstOpen, type GroupNode } from "./tree";

export interface OpenGroups {
  isOpen: (id: string) => boolean;
  toggle: (id: string) => void;
  /** Opens all that leads to a group, so that it can be seen. */
  leadTo: (id: string) => void;
  /** Opens a group too, so that what stands below it can be seen. */
  unfold: (id: string) => void;
  closeAll: () => void;
}

/** Which branches are open: at first as many as can be read at once, afterwards as somebody has left them. */
export function useOpenGroups(roots: readonly GroupNode[]): OpenGroups {
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map());
  const first = firstOpen(roots);
  const isOpen = (id: string) => toggled.get(id) ?? first.has(id);
  const set = (ids: string[], open: boolean) => setToggled((before) => new Map([...before, ...ids.map((id): [string, boolean] => [id, open])]));
  return {
    isOpen,
    toggle: (id) => set([id], !isOpen(id)),
    leadTo: (id) => set(ancestorsOf(roots, id), true),
    unfold: (id) => set([...ancestorsOf(roots, id), id], true),
    closeAll: () => set(roots.flatMap(everyId), false),
  };
}
