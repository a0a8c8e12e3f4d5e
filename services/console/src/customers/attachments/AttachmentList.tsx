import { useState } from "react";
import {
  AudioOutlined,
  DeleteOutlined,
  EditOutlined,
  FileExcelOutlined,
  FileImageOutlined,
  FileOutlined,
  FilePdfOutlined,
  FileTextOutlined,
  FileWordOutlined,
} from "@ant-design/icons";
import { Button, Flex, Form, Input, Tag, Tooltip, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Attachment } from "@/api/types";
import { useActs } from "@/shared/acts";
import { changedFields } from "@/shared/changes";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { Time } from "@/shared/Time";
import { deleteAttachment, downloadAttachment, updateAttachment, useAttachmentsChanged } from "./api";
import { lengthText, sizeText } from "./files";
import { Player } from "./Player";

interface AttachmentListProps {
  customerId: string;
  files: Attachment[];
  /** Whether the caller may change this one. */
  writes: (file: Attachment) => boolean;
}

interface Values {
  name: string;
  description: string;
}

export function AttachmentList({ customerId, files, writes }: AttachmentListProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useAttachmentsChanged(customerId);
  const [editing, setEditing] = useState<Attachment>();
  return (
    <>
      <Flex vertical gap={10} component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }}>
        {files.map((file) => (
          <Row key={file.id} customerId={customerId} file={file} writes={writes(file)} onEdit={() => setEditing(file)} />
        ))}
      </Flex>
      <FormDrawer<Values>
        open={editing !== undefined}
        title={t("attachments.editTitle")}
        initialValues={{ name: editing?.name ?? "", description: editing?.description ?? "" }}
        onClose={() => setEditing(undefined)}
        onSubmit={async (values) => {
          if (!editing) return;
          const changes = changedFields({ name: editing.name, description: editing.description }, values);
          if (Object.keys(changes).length === 0) return;
          await updateAttachment(editing.id, { ...changes, etag: editing.etag });
          notices.done(t("common.saved"));
          await changed();
        }}
        testId="attachment-form"
      >
        <Form.Item name="name" label={t("attachments.name")} rules={[{ required: true, whitespace: true, message: t("common.required") }]}>
          <Input maxLength={200} />
        </Form.Item>
        <Form.Item name="description" label={t("attachments.description")}>
          <Input.TextArea maxLength={500} autoSize={{ minRows: 2, maxRows: 6 }} />
        </Form.Item>
      </FormDrawer>
    </>
  );
}

function Row({ customerId, file, writes, onEdit }: { customerId: string; file: Attachment; writes: boolean; onEdit: () => void }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const { askToDelete } = useActs(useAttachmentsChanged(customerId));
  const clean = file.state === "ATTACHMENT_STATE_CLEAN";
  const recording = file.kind === "ATTACHMENT_KIND_RECORDING";
  const facts = [sizeText(Number(file.size)), file.durationSeconds > 0 && lengthText(file.durationSeconds), file.employeeName];
  const give = async () => {
    try {
      await downloadAttachment(file);
    } catch (fault) {
      notices.fault(fault);
    }
  };
  return (
    <li data-testid="attachment">
      <Flex gap={10} align="center">
        <Icon type={file.contentType} />
        <Flex vertical style={{ flex: 1, minWidth: 0 }}>
          <Flex gap={8} align="center">
            {clean ? (
              <Button type="link" onClick={() => void give()} title={t("attachments.downloadName", { name: file.name })} style={{ padding: 0, height: "auto", minWidth: 0 }}>
                <span style={{ overflow: "hidden", textOverflow: "ellipsis" }}>{file.name}</span>
              </Button>
            ) : (
              <Typography.Text ellipsis type="secondary">
                {file.name}
              </Typography.Text>
            )}
            <State file={file} />
          </Flex>
          <Typography.Text type="secondary" style={{ fontSize: 12 }}>
            {facts.filter(Boolean).join(" · ")} · <Time value={file.createTime} />
            {file.contactId && <> · {t("attachments.ofContact")}</>}
          </Typography.Text>
          {file.description && <Typography.Text style={{ fontSize: 13 }}>{file.description}</Typography.Text>}
        </Flex>
        {writes && (
          <Flex>
            <Button type="text" size="small" icon={<EditOutlined />} onClick={onEdit} aria-label={`${t("attachments.edit")} ${file.name}`} title={t("attachments.edit")} />
            <Button
              type="text"
              size="small"
              icon={<DeleteOutlined />}
              aria-label={`${t("common.delete")} ${file.name}`}
              title={t("common.delete")}
              onClick={() =>
                askToDelete({ title: t("attachments.deleteTitle", { name: file.name }), content: t("attachments.deleteText"), work: () => deleteAttachment(file.id) })
              }
            />
          </Flex>
        )}
      </Flex>
      {recording && clean && <Player file={file} />}
    </li>
  );
}

function State({ file }: { file: Attachment }) {
  const { t } = useTranslation();
  if (file.state === "ATTACHMENT_STATE_SCANNING") return <Tag color="blue">{t("attachments.scanning")}</Tag>;
  if (file.state !== "ATTACHMENT_STATE_REFUSED") return null;
  const text = t("attachments.refused", { finding: file.finding });
  return (
    <Tooltip title={text}>
      <Tag color="red">{text}</Tag>
    </Tooltip>
  );
}

function Icon({ type }: { type: string }) {
  const style = { fontSize: 20, opacity: 0.7 };
  if (type.startsWith("image/")) return <FileImageOutlined style={style} />;
  if (type.startsWith("audio/")) return <AudioOutlined style={style} />;
  if (type === "application/pdf") return <FilePdfOutlined style={style} />;
  if (type.includes("excel") || type.includes("spreadsheet")) return <FileExcelOutlined style={style} />;
  if (type.includes("word")) return <FileWordOutlined style={style} />;
  if (type.startsWith("text/")) return <FileTextOutlined style={style} />;
  return <FileOutlined style={style} />;
}
