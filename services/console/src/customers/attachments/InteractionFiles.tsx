import { AudioOutlined, PaperClipOutlined } from "@ant-design/icons";
import { Button, Flex, Upload } from "antd";
import { useTranslation } from "react-i18next";
import type { Customer, Interaction } from "@/api/types";
import { useAttachments } from "./api";
import { AttachmentList } from "./AttachmentList";
import { acceptOf, soundEndings } from "./files";
import { Progresses } from "./Progresses";
import { useUploads } from "./useUploads";

interface InteractionFilesProps {
  customer: Customer;
  interaction: Interaction;
  writes: boolean;
}

/** The files of one interaction below its text. A call asks for its recording first. */
export function InteractionFiles({ customer, interaction, writes }: InteractionFilesProps) {
  const { t } = useTranslation();
  const attachments = useAttachments(customer.id).data;
  const limits = attachments?.limits;
  const { uploads, send } = useUploads(customer.id, `interactions/${interaction.id}`, limits);
  const files = attachments?.files.filter((file) => file.interactionId === interaction.id) ?? [];
  const open = writes && customer.state !== "CUSTOMER_STATE_INVALID" && limits !== undefined && !limits.closed;
  const sounds = soundEndings(limits);
  const spoken = interaction.type === "INTERACTION_TYPE_CALL" || interaction.type === "INTERACTION_TYPE_MEETING";
  const chooser = (asRecording: boolean, endings: readonly string[]) => ({
    multiple: true,
    accept: acceptOf(endings),
    showUploadList: false,
    beforeUpload: (file: File) => {
      void send(file, asRecording);
      return false;
    },
  });
  return (
    <Flex vertical gap={8}>
      {files.length > 0 && <AttachmentList customerId={customer.id} files={files} writes={() => open} />}
      <Progresses uploads={uploads} />
      {open && (
        <Flex gap={8} wrap>
          {spoken && sounds.length > 0 && (
            <span data-testid="add-recording">
              <Upload {...chooser(true, sounds)}>
                <Button size="small" type="text" icon={<AudioOutlined />}>
                  {t("attachments.addRecording")}
                </Button>
              </Upload>
            </span>
          )}
          <Upload {...chooser(false, limits.endings)}>
            <Button size="small" type="text" icon={<PaperClipOutlined />} aria-label={t("attachments.addTo", { subject: interaction.subject })}>
              {t("attachments.add")}
            </Button>
          </Upload>
        </Flex>
      )}
    </Flex>
  );
}
