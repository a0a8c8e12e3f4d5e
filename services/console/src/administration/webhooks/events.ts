// The events that an endpoint takes, chosen from a tree: all, those of a service, or single ones; pure.

export interface EventNode {
  value: string;
  service?: string;
  type?: string;
  description?: string;
  children?: EventNode[];
}

/** `*` at the top, `customers.*` for a service, the types below it. */
export function eventTree(types: readonly { type: string; description: string }[]): EventNode[] {
  const services = new Map<string, EventNode[]>();
  for (const { type, description } of types) {
    const service = type.slice(0, type.indexOf("."));
    services.set(service, [...(services.get(service) ?? []), { value: type, type, description }]);
  }
  const children = [...services].map(([service, below]) => ({ value: `${service}.*`, service, children: below }));
  return [{ value: "*", children }];
}

/** What is covered by something wider that is chosen as well says nothing. */
export function withoutCovered(chosen: readonly string[]): string[] {
  if (chosen.includes("*")) return ["*"];
  const services = new Set(chosen.filter((type) => type.endsWith(".*")).map((type) => type.slice(0, -2)));
  return chosen.filter((type) => type.endsWith(".*") || !services.has(type.slice(0, type.indexOf("."))));
}
