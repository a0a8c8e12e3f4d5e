import { Avatar } from "antd";
import { pictureMissing, usePicture } from "./pictures";

const colors = ["#1d4ed8", "#0f766e", "#b45309", "#7c3aed", "#be185d", "#4d7c0f", "#0369a1", "#a21caf"];

/** A person or a firm by what one would call it: the last two characters of a Chinese name, initials otherwise. */
export function initialsOf(name: string): string {
  const trimmed = name.trim();
  if (/[\u4e00-\u9fff]/.test(trimmed)) return trimmed.length > 3 ? trimmed.slice(0, 2) : trimmed.slice(-2);
  const words = trimmed.split(/[\s._-]+/).filter(Boolean);
  return words.slice(0, 2).map((word) => word[0]?.toUpperCase()).join("");
}

interface PersonAvatarProps {
  name: string;
  size?: number;
  square?: boolean;
  /** Whose picture to show, if there is one. */
  employeeId?: string;
}

export function PersonAvatar({ name, size = 32, square = false, employeeId }: PersonAvatarProps) {
  const sum = [...name].reduce((total, character) => total + (character.codePointAt(0) ?? 0), 0);
  const picture = usePicture(employeeId);
  // Off the screen nothing is fetched; the colour below shows until the picture is there.
  const image = picture && <img src={picture} alt="" loading="lazy" onError={() => pictureMissing(employeeId ?? "")} />;
  return (
    <Avatar
      size={size}
      shape={square ? "square" : "circle"}
      src={image}
      style={{ background: colors[sum % colors.length], flex: "none", fontSize: size * 0.4 }}
      aria-hidden
    >
      {initialsOf(name)}
    </Avatar>
  );
}
