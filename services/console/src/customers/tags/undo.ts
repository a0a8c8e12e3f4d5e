// What it takes to take a change of tags back: customers to which the same happened go together.
import type { TagChange } from "./api";

interface Tagged {
  customerId: string;
  addedTags: string[];
  removedTags: string[];
}

export function undoing(customers: Tagged[]): { ids: string[]; change: TagChange }[] {
  const parts = new Map<string, { ids: string[]; change: TagChange }>();
  for (const { customerId, addedTags, removedTags } of customers) {
    if (addedTags.length + removedTags.length === 0) continue;
    const key = JSON.stringify([addedTags.toSorted(), removedTags.toSorted()]);
    const part = parts.get(key);
    if (part) part.ids.push(customerId);
    else parts.set(key, { ids: [customerId], change: { addTags: removedTags, removeTags: addedTags } });
  }
  return [...parts.values()];
}
