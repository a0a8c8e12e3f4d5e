// Which picture of an employee to show. Most people have none, so those who turned out to have none aren't asked for again.
import { useSyncExternalStore } from "react";

const absent = new Set<string>();
/** What was uploaded from this page, which has no need to ask for it; the address of the picture is always the same. */
const uploaded = new Map<string, string>();
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
  return uploaded.get(employeeId) ?? `/v1/employees/${employeeId}/avatar`;
}

export function pictureMissing(employeeId: string) {
  absent.add(employeeId);
  announce();
}

/** A new picture, or none any more. */
export function pictureChanged(employeeId: string, picture: Blob | undefined) {
  const before = uploaded.get(employeeId);
  if (before) URL.revokeObjectURL(before);
  uploaded.delete(employeeId);
  if (picture) uploaded.set(employeeId, URL.createObjectURL(picture));
  if (picture) absent.delete(employeeId);
  else absent.add(employeeId);
  announce();
}

export function usePicture(employeeId: string | undefined): string | undefined {
  useSyncExternalStore(subscribe, () => revision);
  return employeeId ? pictureOf(employeeId) : undefined;
}
