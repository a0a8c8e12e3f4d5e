// Files on their way to a record: several at once, each with its progress, each refused for itself.
import { useRef, useState } from "react";
import { App } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import { isAbort } from "@/api/progress";
import type { AttachmentLimits } from "@/api/types";
import { uploadAttachment, useAttachmentsChanged, type RecordPath } from "./api";
import { refusalOf, secondsOf } from "./files";

export interface OnItsWay {
  key: number;
  name: string;
  part: number;
  stop: () => void;
}

export function useUploads(customerId: string, record: RecordPath, limits: AttachmentLimits | undefined) {
  const { t } = useTranslation();
  const { notification } = App.useApp();
  const changed = useAttachmentsChanged(customerId);
  const [uploads, setUploads] = useState<OnItsWay[]>([]);
  const last = useRef(0);

  const refuse = (name: string, why: string) =>
    notification.error({ key: `attachment-${name}`, title: t("attachments.failed", { name }), description: why });

  const send = async (file: File, asRecording: boolean) => {
    const refusal = refusalOf(file, limits);
    if (refusal) {
      const { reason, ...values } = refusal;
      return void refuse(file.name, t(`attachments.${reason}`, values));
    }
    const key = (last.current += 1);
    const abort = new AbortController();
    setUploads((all) => [...all, { key, name: file.name, part: 0, stop: () => abort.abort() }]);
    const progress = (part: number) => setUploads((all) => all.map((upload) => (upload.key === key ? { ...upload, part } : upload)));
    try {
      const recordingSeconds = asRecording ? await secondsOf(file) : undefined;
      await uploadAttachment({ record, file, recordingSeconds }, progress, abort.signal);
    } catch (fault) {
      if (!isAbort(fault)) {
        const problem = asProblem(fault);
        refuse(file.name, problem.fieldViolations.map((violation) => violation.description).join(" ") || problem.detail);
      }
    } finally {
      setUploads((all) => all.filter((upload) => upload.key !== key));
      await changed();
    }
  };
  return { uploads, send };
}
