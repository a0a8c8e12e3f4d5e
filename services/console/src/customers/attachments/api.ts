// Calls of attachments. All files of a customer come at once, with those of its contacts and interactions, so that the card
// and every entry of the timeline take theirs from one answer.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { client, unwrap } from "@/api/client";
import { download } from "@/api/download";
import { uploadWithProgress } from "@/api/progress";
import type { Attachment, AttachmentLimits, AttachmentPatch } from "@/api/types";

export interface Attachments {
  files: Attachment[];
  limits: AttachmentLimits | undefined;
}

/** How long until a file that is being scanned is looked at again. */
const scanning = 3_000;

export function useAttachments(customerId: string) {
  return useQuery({
    queryKey: ["attachments", customerId],
    queryFn: async (): Promise<Attachments> => {
      const files: Attachment[] = [];
      let limits: AttachmentLimits | undefined;
      let pageToken: string | undefined;
      do {
        const query = { includeBelow: true, pageSize: 200, pageToken };
        const page = await unwrap(client.GET("/v1/customers/{customerId}/attachments", { params: { path: { customerId }, query } }));
        files.push(...page.attachments);
        limits = page.limits;
        pageToken = page.nextPageToken;
      } while (pageToken);
      return { files, limits };
    },
    refetchInterval: ({ state }) => (state.data?.files.some((file) => file.state === "ATTACHMENT_STATE_SCANNING") ? scanning : false),
  });
}

/** What was attached shows on the card and in the timeline. */
export function useAttachmentsChanged(customerId: string) {
  const queries = useQueryClient();
  return () => Promise.all(["attachments", "timeline"].map((kind) => queries.invalidateQueries({ queryKey: [kind, customerId] })));
}

/** `customers/…` or `interactions/…`. */
export type RecordPath = `${"customers" | "contacts" | "interactions"}/${string}`;

export interface Upload {
  record: RecordPath;
  file: File;
  /** Of a recording, where it is known. */
  recordingSeconds?: number;
}

export function uploadAttachment({ record, file, recordingSeconds }: Upload, onProgress: (part: number) => void, signal: AbortSignal): Promise<Attachment> {
  const query = new URLSearchParams({ name: file.name });
  if (recordingSeconds !== undefined) {
    query.set("kind", "ATTACHMENT_KIND_RECORDING");
    query.set("durationSeconds", String(recordingSeconds));
  }
  return uploadWithProgress<Attachment>(`/v1/${record}/attachments?${query}`, file, onProgress, signal);
}

export const contentPath = (id: string) => `/v1/attachments/${id}:download`;

export const downloadAttachment = ({ id, name }: Attachment) => download(contentPath(id), {}, name);

export const updateAttachment = (id: string, body: AttachmentPatch) =>
  // The document has one shape for all changes; the mask follows from what is given.
  unwrap(client.PATCH("/v1/attachments/{id}", { params: { path: { id } }, body: body as Required<AttachmentPatch> }));

export const deleteAttachment = (id: string) => unwrap(client.DELETE("/v1/attachments/{id}", { params: { path: { id } } }));
