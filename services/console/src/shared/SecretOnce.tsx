import { Alert, Button, Flex, Modal, Typography } from "antd";
import { useTranslation } from "react-i18next";

interface SecretOnceProps {
  title: string;
  loginName: string;
  password: string | undefined;
  onClose: () => void;
}

/** An initial password: shown this once, to be copied and handed over. */
export function SecretOnce({ title, loginName, password, onClose }: SecretOnceProps) {
  const { t } = useTranslation();
  return (
    <Modal
      open={password !== undefined}
      title={title}
      onCancel={onClose}
      mask={{ closable: false }}
      footer={
        <Button type="primary" onClick={onClose} data-testid="secret-close">
          {t("common.done")}
        </Button>
      }
    >
      <Flex vertical gap={16}>
        <Alert type="warning" showIcon title={t("identity.secret.once")} />
        <div>
          <Typography.Text type="secondary">{t("identity.employee.loginName")}</Typography.Text>
          <div>
            <Typography.Text copyable strong>
              {loginName}
            </Typography.Text>
          </div>
        </div>
        <div>
          <Typography.Text type="secondary">{t("identity.secret.password")}</Typography.Text>
          <div>
            <Typography.Text
              copyable={{ tooltips: [t("common.copy"), t("common.copied")] }}
              code
              style={{ fontSize: 18 }}
              data-testid="initial-password"
            >
              {password ?? ""}
            </Typography.Text>
          </div>
        </div>
      </Flex>
    </Modal>
  );
}
