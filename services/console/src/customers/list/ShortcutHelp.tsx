// What the keyboard can do in lists; `?` shows it.
import { useEffect, useState } from "react";
import { QuestionOutlined } from "@ant-design/icons";
import { Button, Modal } from "antd";
import { useTranslation } from "react-i18next";

const shortcuts = [
  ["↑ ↓ ← →", "move"],
  ["PageUp PageDown", "page"],
  ["Home End", "ends"],
  ["Enter F2", "edit"],
  ["Tab", "next"],
  ["Esc", "leave"],
  ["Ctrl Z", "undo"],
  ["Space", "select"],
  ["Shift ↑ ↓", "range"],
  ["Ctrl A", "all"],
  ["/", "search"],
  ["?", "help"],
] as const;

export function ShortcutHelp() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const show = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      const typing = target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
      if (event.key !== "?" || typing) return;
      event.preventDefault();
      setOpen(true);
    };
    document.addEventListener("keydown", show);
    return () => document.removeEventListener("keydown", show);
  }, []);
  return (
    <>
      <Button icon={<QuestionOutlined />} onClick={() => setOpen(true)} aria-label={t("lists.shortcuts.title")} title={t("lists.shortcuts.title")} />
      <Modal open={open} title={t("lists.shortcuts.title")} onCancel={() => setOpen(false)} footer={null} data-testid="shortcuts">
        <dl style={{ display: "grid", gridTemplateColumns: "auto 1fr", gap: "8px 16px", margin: 0 }}>
          {shortcuts.map(([keys, what]) => (
            <div key={what} style={{ display: "contents" }}>
              <dt>
                {keys.split(" ").map((key) => (
                  <kbd key={key} style={{ marginInlineEnd: 4 }}>
                    {key}
                  </kbd>
                ))}
              </dt>
              <dd style={{ margin: 0 }}>{t(`lists.shortcuts.${what}`)}</dd>
            </div>
          ))}
        </dl>
      </Modal>
    </>
  );
}
