// Which picture of an employee to show. Most people have none, so those who turned out to have none aren't asked for again.
import { useSyncExternalStore } from "react";

const absent = new Set<string>();
const versions = new Map<string, number>();
const listeners = new Set<() => void>();
let revision = 0;

function announce() {
  revision += 1;
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function pictureOf(employeeId: string): string | undefined {
  if (!employeeId || absent.has(employeeId)) return undefined;
  return `/v1/employees/${employeeId}/avatar${versions.has(employeeId) ? `?version=${versions.get(employeeId)}` : ""}`;
}

export function pictureMissing(employeeId: string) {
  absent.add(employeeId);
  announce();
}

/** A new picture, or none any more: the browser's copy is of yesterday. */
export function pictureChanged(employeeId: string, there: boolean) {
  versions.set(employeeId, revision + 1);
  if (there) absent.delete(employeeId);
  else absent.add(employeeId);
  announce();
}

export function usePicture(employeeId: string | undefined): string | undefined {
  useSyncExternalStore(subscribe, () => revision);
  return employeeId ? pictureOf(employeeId) : undefined;
}
