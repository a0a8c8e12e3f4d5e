import { CloseOutlined } from "@ant-design/icons";
import { Button, Flex, Progress, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { OnItsWay } from "./useUploads";

export function Progresses({ uploads }: { uploads: OnItsWay[] }) {
  const { t } = useTranslation();
  return uploads.map(({ key, name, part, stop }) => (
    <Flex key={key} vertical role="status" data-testid="attachment-progress">
      <Flex gap={8} align="center">
        <Typography.Text ellipsis style={{ flex: 1 }}>
          {t("attachments.uploading", { name })}
        </Typography.Text>
        <Button type="text" size="small" icon={<CloseOutlined />} onClick={stop} aria-label={`${t("common.cancel")} ${name}`} />
      </Flex>
      <Progress percent={Math.round(part * 100)} size="small" status="active" />
    </Flex>
  ));
}
