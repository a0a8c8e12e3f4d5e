import { useState } from "react";
import { EyeInvisibleOutlined, EyeOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { ReasonDialog } from "./ReasonDialog";

interface RevealButtonProps {
  /** Whose data they are. */
  name: string;
  revealed: boolean;
  onReveal: (reason: string) => Promise<unknown>;
  onHide: () => void;
  /** An icon alone, for rows. */
  small?: boolean;
}

/** Asks why, because every look is audited, and shows masked personal data for this view only. */
export function RevealButton({ name, revealed, onReveal, onHide, small = false }: RevealButtonProps) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const label = revealed ? t("common.reveal.hide") : small ? t("common.reveal.showOf", { name }) : t("common.reveal.show");
  return (
    <>
      <Button
        type="text"
        size={small ? "small" : "middle"}
        icon={revealed ? <EyeInvisibleOutlined /> : <EyeOutlined />}
        onClick={() => (revealed ? onHide() : setAsking(true))}
        aria-label={label}
        title={label}
        data-testid="reveal"
      >
        {small ? undefined : label}
      </Button>
      <ReasonDialog
        open={asking}
        title={t("common.reveal.title", { name })}
        text={t("common.reveal.text")}
        okText={t("common.reveal.show")}
        maxLength={400}
        onClose={() => setAsking(false)}
        onSubmit={onReveal}
      />
    </>
  );
}
