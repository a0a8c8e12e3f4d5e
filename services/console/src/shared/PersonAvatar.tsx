import { Avatar } from "antd";

const colors = ["#1d4ed8", "#0f766e", "#b45309", "#7c3aed", "#be185d", "#4d7c0f", "#0369a1", "#a21caf"];

/** A person or a firm by what one would call it: the last two characters of a Chinese name, initials otherwise. */
export function initialsOf(name: string): string {
  const trimmed = name.trim();
  if (/[\u4e00-\u9fff]/.test(trimmed)) return trimmed.length > 3 ? trimmed.slice(0, 2) : trimmed.slice(-2);
  const words = trimmed.split(/[\s._-]+/).filter(Boolean);
  return words.slice(0, 2).map((word) => word[0]?.toUpperCase()).join("");
}

export function PersonAvatar({ name, size = 32, square = false }: { name: string; size?: number; square?: boolean }) {
  const sum = [...name].reduce((total, character) => total + (character.codePointAt(0) ?? 0), 0);
  return (
    <Avatar
      size={size}
      shape={square ? "square" : "circle"}
      style={{ background: colors[sum % colors.length], flex: "none", fontSize: size * 0.4 }}
      aria-hidden
    >
      {initialsOf(name)}
    </Avatar>
  );
}
