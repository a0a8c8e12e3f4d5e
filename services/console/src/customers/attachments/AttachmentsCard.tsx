import { Card, Flex, Typography, Upload } from "antd";
import { useTranslation } from "react-i18next";
import type { Attachment, Customer } from "@/api/types";
import { useAccess } from "@/app/access";
import { Loaded, Nothing } from "@/shared/states";
import { useAttachments, type Attachments } from "./api";
import { AttachmentList } from "./AttachmentList";
import { acceptOf, sizeText } from "./files";
import { Progresses } from "./Progresses";
import { useUploads } from "./useUploads";

/** The files of the customer and of its contacts; those of interactions stand with these in the timeline. */
export function AttachmentsCard({ customer }: { customer: Customer }) {
  const { t } = useTranslation();
  const attachments = useAttachments(customer.id);
  return (
    <Card title={t("attachments.title")} data-testid="attachments">
      <Loaded query={attachments} small>
        {(data) => <Files customer={customer} data={data} />}
      </Loaded>
    </Card>
  );
}

function Files({ customer, data }: { customer: Customer; data: Attachments }) {
  const { t } = useTranslation();
  const { reaches } = useAccess();
  const files = data.files.filter((file) => !file.interactionId);
  const usable = customer.state !== "CUSTOMER_STATE_INVALID";
  const writes = (file: Attachment) => usable && reaches(file.contactId ? "PERMISSION_CONTACTS_WRITE" : "PERMISSION_CUSTOMERS_UPDATE", customer);
  return (
    <Flex vertical gap={12}>
      {files.length === 0 && <Nothing small text={t(data.limits?.closed ? "attachments.closed" : "attachments.empty")} />}
      {files.length > 0 && <AttachmentList customerId={customer.id} files={files} writes={writes} />}
      {usable && !data.limits?.closed && reaches("PERMISSION_CUSTOMERS_UPDATE", customer) && <Drop customer={customer} data={data} />}
    </Flex>
  );
}

function Drop({ customer, data }: { customer: Customer; data: Attachments }) {
  const { t } = useTranslation();
  const { limits } = data;
  const { uploads, send } = useUploads(customer.id, `customers/${customer.id}`, limits);
  return (
    <>
      <Progresses uploads={uploads} />
      <Upload.Dragger
        multiple
        accept={acceptOf(limits?.endings ?? [])}
        showUploadList={false}
        beforeUpload={(file) => {
          void send(file, false);
          return false;
        }}
        data-testid="attachment-drop"
      >
        <Typography.Text>{t("attachments.drop")}</Typography.Text>
        <br />
        <Typography.Text type="secondary" style={{ fontSize: 12 }}>
          {t("attachments.limits", { size: sizeText(Number(limits?.maxSize ?? 0)) })}
        </Typography.Text>
      </Upload.Dragger>
    </>
  );
}
