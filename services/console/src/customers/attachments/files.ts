// What can be said of a file before it is sent, and how sizes and lengths read.
import type { AttachmentLimits } from "@/api/types";

export type Refusal = { reason: "tooLarge"; size: string } | { reason: "wrongType"; ending: string } | { reason: "noEnding" } | { reason: "emptyFile" };

/** Why the service would not take the file, as far as its name and its size tell. */
export function refusalOf(file: Pick<File, "name" | "size">, limits: AttachmentLimits | undefined): Refusal | undefined {
  if (file.size === 0) return { reason: "emptyFile" };
  if (!limits) return undefined;
  const most = Number(limits.maxSize);
  if (file.size > most) return { reason: "tooLarge", size: sizeText(most) };
  const dot = file.name.lastIndexOf(".");
  if (dot < 0) return { reason: "noEnding" };
  const ending = file.name.slice(dot + 1).toLowerCase();
  return limits.endings.includes(ending) ? undefined : { reason: "wrongType", ending };
}

const sounds = new Set(["mp3", "m4a", "wav", "ogg", "oga", "opus", "aac", "flac", "amr"]);

export const soundEndings = (limits: AttachmentLimits | undefined) => (limits?.endings ?? []).filter((ending) => sounds.has(ending));

/** For the `accept` of a file chooser. */
export const acceptOf = (endings: readonly string[]) => endings.map((ending) => `.${ending}`).join(",");

const units = ["B", "KB", "MB", "GB"];

export function sizeText(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${size >= 10 || unit === 0 || Number.isInteger(size) ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** `1:05`, `1:02:03`. */
export function lengthText(seconds: number): string {
  const two = (part: number) => String(part).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** How long a recording lasts, as the browser reads it; 0 when it can't. */
export function secondsOf(file: File): Promise<number> {
  return new Promise((resolve) => {
    const url = URL.createObjectURL(file);
    const sound = new Audio();
    const end = (seconds: number) => {
      window.clearTimeout(patience);
      URL.revokeObjectURL(url);
      resolve(Number.isFinite(seconds) ? Math.min(86_400, Math.max(0, Math.round(seconds))) : 0);
    };
    const patience = window.setTimeout(() => end(0), 3_000);
    sound.preload = "metadata";
    sound.onloadedmetadata = () => end(sound.duration);
    sound.onerror = () => end(0);
    sound.src = url;
  });
}
