import { CloudUploadOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Flex } from "antd";
import { useTranslation } from "react-i18next";
import { usePhone } from "@/shared/usePhone";

/** How entries come into a dictionary: one by one, or from a sheet. */
export function EntryButtons({ addText, onAdd, onImport }: { addText: string; onAdd: () => void; onImport: () => void }) {
  const { t } = useTranslation();
  const phone = usePhone();
  const text = t("settings.dictionaryImport.open");
  return (
    <Flex gap={8}>
      <Button icon={<CloudUploadOutlined />} onClick={onImport} aria-label={text} title={text} data-testid="import-dictionary">
        {phone ? undefined : text}
      </Button>
      <Button icon={<PlusOutlined />} onClick={onAdd} data-testid="add-entry">
        {addText}
      </Button>
    </Flex>
  );
}
