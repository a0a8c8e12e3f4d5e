import type { ReactNode } from "react";
import { Alert, Button, Flex, Modal, Typography } from "antd";
import { useTranslation } from "react-i18next";

export interface ShownItem {
  label: string;
  value: string;
  /** The secret itself stands out; the rest says what it belongs to. */
  secret?: boolean;
  testId?: string;
}

interface ShownOnceProps {
  title: string;
  /** What to do with it, and why now. */
  hint: string;
  /** Nothing is shown while it is left out. */
  items: ShownItem[] | undefined;
  onClose: () => void;
  children?: ReactNode;
}

/** Secrets that the server answers once: to be copied before the dialog is closed. */
export function ShownOnce({ title, hint, items, onClose, children }: ShownOnceProps) {
  const { t } = useTranslation();
  const tooltips: [string, string] = [t("common.copy"), t("common.copied")];
  return (
    <Modal
      open={items !== undefined}
      title={title}
      onCancel={onClose}
      // A closed dialog would keep the secret in the page.
      destroyOnHidden
      // A click beside it must not lose what is never shown again.
      mask={{ closable: false }}
      footer={
        <Button type="primary" onClick={onClose} data-testid="secret-close">
          {t("common.done")}
        </Button>
      }
    >
      <Flex vertical gap={16}>
        <Alert type="warning" showIcon title={hint} />
        {items?.map(({ label, value, secret, testId }) => (
          <div key={label}>
            <Typography.Text type="secondary">{label}</Typography.Text>
            <div>
              <Typography.Text copyable={{ tooltips }} code={secret} strong={!secret} style={secret ? { display: "block", wordBreak: "break-all", fontSize: value.length > 24 ? 14 : 18 } : undefined} data-testid={testId}>
                {value}
              </Typography.Text>
            </div>
          </div>
        ))}
        {children}
      </Flex>
    </Modal>
  );
}
