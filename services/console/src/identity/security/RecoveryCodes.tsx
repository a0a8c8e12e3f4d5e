import { CopyOutlined, DownloadOutlined } from "@ant-design/icons";
import { Alert, Button, Flex, Modal, theme } from "antd";
import { useTranslation } from "react-i18next";
import { saveBlob } from "@/api/download";
import { useNotices } from "@/shared/notices";

interface RecoveryCodesProps {
  /** Nothing is shown while it is left out. */
  codes: string[] | undefined;
  onClose: () => void;
}

/** The way in when the phone is lost: shown this once, to be kept elsewhere. */
export function RecoveryCodes({ codes, onClose }: RecoveryCodesProps) {
  const { t } = useTranslation();
  const { token } = theme.useToken();
  const notices = useNotices();
  const text = codes?.join("\n") ?? "";
  const copy = () => navigator.clipboard.writeText(text).then(() => notices.done(t("common.copied")), notices.fault);
  return (
    <Modal
      open={codes !== undefined}
      title={t("security.recovery.title")}
      closable={false}
      keyboard={false}
      mask={{ closable: false }}
      footer={
        <Button type="primary" onClick={onClose} data-testid="recovery-saved">
          {t("security.recovery.saved")}
        </Button>
      }
    >
      <Flex vertical gap={16}>
        <Alert type="warning" showIcon title={t("security.recovery.once")} />
        <ol
          style={{
            display: "grid",
            gridTemplateColumns: "1fr 1fr",
            gap: "8px 24px",
            margin: 0,
            padding: 16,
            listStyle: "none",
            fontFamily: token.fontFamilyCode,
            fontSize: 15,
            background: token.colorFillQuaternary,
            borderRadius: token.borderRadius,
          }}
          data-testid="recovery-codes"
        >
          {codes?.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ol>
        <Flex gap={8}>
          <Button icon={<CopyOutlined />} onClick={() => void copy()}>
            {t("common.copy")}
          </Button>
          <Button icon={<DownloadOutlined />} onClick={() => saveBlob(new Blob([`${text}\n`], { type: "text/plain" }), "changke-recovery-codes.txt")}>
            {t("common.download")}
          </Button>
        </Flex>
      </Flex>
    </Modal>
  );
}
