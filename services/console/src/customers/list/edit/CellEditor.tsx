// The editor that a cell becomes: Enter saves, Escape leaves, Tab saves and goes on, and so does a click elsewhere.
import { useEffect, useEffectEvent, useRef, useState, type KeyboardEvent } from "react";
import { AttributeInput } from "../../AttributeInput";
import type { Attribute, AttributeKind } from "../../attributes";
import type { PlainValue } from "../../fields/values";

interface CellEditorProps {
  attribute: Attribute;
  value: PlainValue;
  onSave: (value: PlainValue) => void;
  leave: (direction?: 1 | -1) => void;
}

/** What is chosen is what is meant: the choice saves. */
const chosenAtOnce = new Set<AttributeKind>(["enum", "dictionary", "tree", "date", "timestamp", "boolean", "satisfaction"]);
const popups = ".ant-select-dropdown, .ant-picker-dropdown, .ant-cascader-dropdown";

export function CellEditor({ attribute, value: before, onSave, leave }: CellEditorProps) {
  const [value, setValue] = useState(before);
  const box = useRef<HTMLDivElement>(null);
  const atOnce = chosenAtOnce.has(attribute.kind);
  const save = (next: PlainValue, direction?: 1 | -1) => {
    onSave(next);
    leave(direction);
  };
  const settle = useEffectEvent(() => save(value));

  useEffect(() => {
    const elsewhere = (event: MouseEvent) => {
      const target = event.target as HTMLElement;
      if (!box.current?.contains(target) && !target.closest(popups)) settle();
    };
    document.addEventListener("mousedown", elsewhere);
    return () => document.removeEventListener("mousedown", elsewhere);
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    // A character is still being put together.
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      leave();
    } else if (event.key === "Tab") {
      event.preventDefault();
      save(value, event.shiftKey ? -1 : 1);
    } else if (event.key === "Enter" && !event.shiftKey && takesEnter(attribute.kind)) {
      event.preventDefault();
      save(value);
    }
  };
  return (
    <div ref={box} className="grid-editing" style={{ minWidth: attribute.kind === "longText" ? 240 : undefined }} onKeyDown={onKeyDown} data-testid="cell-editor">
      <AttributeInput
        inCell
        attribute={attribute}
        value={value}
        onChange={(next) => {
          setValue(next);
          if (atOnce) save(next);
        }}
      />
    </div>
  );
}

/** Where Enter chooses from a list, it does not save as well; a switch and stars save what they show. */
const takesEnter = (kind: AttributeKind) => !chosenAtOnce.has(kind) && kind !== "dictionaries";
