// Plays a recording. It is fetched whole when somebody wants to hear it: then every place in it can be gone to, and its
// being heard stands once in the trail.
import { useEffect, useState } from "react";
import { PlayCircleOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { fetchFile } from "@/api/download";
import type { Attachment } from "@/api/types";
import { useNotices } from "@/shared/notices";
import { contentPath } from "./api";
import { lengthText } from "./files";

export function Player({ file }: { file: Attachment }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const [busy, setBusy] = useState(false);
  const [url, setUrl] = useState<string>();
  useEffect(() => () => (url === undefined ? undefined : URL.revokeObjectURL(url)), [url]);

  const load = async () => {
    setBusy(true);
    try {
      const answer = await fetchFile(contentPath(file.id));
      setUrl(URL.createObjectURL(await answer.blob()));
    } catch (fault) {
      notices.fault(fault);
    } finally {
      setBusy(false);
    }
  };
  if (url !== undefined) {
    // What was said in a call has no captions.
    return <audio controls autoPlay src={url} aria-label={t("attachments.playing", { name: file.name })} style={{ width: "100%", marginTop: 6 }} data-testid="recording" />;
  }
  return (
    <Button size="small" icon={<PlayCircleOutlined />} loading={busy} onClick={() => void load()} aria-label={t("attachments.play", { name: file.name })} style={{ marginTop: 6 }}>
      {t("attachments.recording")}
      {file.durationSeconds > 0 && ` ${lengthText(file.durationSeconds)}`}
    </Button>
  );
}
