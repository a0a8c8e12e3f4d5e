// Names for what the services write into the trail. What this console doesn't know is shown as the service spells it.
import type { TFunction } from "i18next";
import { zh } from "@/i18n/zh";

const { kinds, verbs } = zh.administration.audit;

type Kind = keyof typeof kinds;
type Verb = keyof typeof verbs;

/** What there is to search for; an action is a kind of record and what was done to it. */
export const knownActions: Readonly<Record<string, readonly string[]>> = {
  customer: ["created", "updated", "assigned", "followed_owner", "claimed", "returned", "recycled", "handed_over", "handed_back", "invalidated", "restored", "shared", "unshared", "imported", "import_undone", "export_started", "exported", "revealed", "merged", "merged_away", "merge_undone", "parted", "graded", "grade_set", "tagged", "points_changed", "stage_moved"],
  contact: ["created", "updated", "invalidated", "revealed"],
  interaction: ["created", "updated", "cancelled", "handed_over", "handed_back"],
  relation: ["created", "updated", "deleted"],
  attachment: ["added", "updated", "removed", "downloaded", "scanned", "refused"],
  import: ["uploaded", "started", "completed", "cancelled", "undo_started", "undone"],
  consent: ["given", "withdrawn"],
  contact_ban: ["created", "lifted"],
  privacy_request: ["created", "approved", "refused", "archive_made", "downloaded", "erased"],
  erasure_hold: ["created", "released"],
  field: ["created", "updated"],
  dictionary: ["created", "imported"],
  dictionary_entry: ["created", "updated", "deleted"],
  pool: ["created", "updated", "deleted"],
  pool_rule: ["updated"],
  duplicate_search: ["started"],
  duplicate_pair: ["dismissed", "reopened"],
  tag_rule: ["created", "updated", "deleted"],
  grade_scheme: ["created", "updated", "published"],
  churn_rule: ["created", "updated", "deleted"],
  churn_case: ["opened", "reprieved", "confirmed", "saved"],
  handover: ["started", "completed", "undo_started", "undone", "report_downloaded"],
  bulk_change: ["started", "completed", "undo_started", "undone"],
  view: ["created", "updated", "deleted"],
  employee: [
    "signed_in",
    "sign_in_failed",
    "signed_on",
    "sign_on_failed",
    "signed_out",
    "identity_confirmed",
    "identity_not_confirmed",
    "session_revoked",
    "sessions_revoked",
    "refresh_token_reused",
    "created",
    "invited",
    "updated",
    "profile_updated",
    "disabled",
    "enabled",
    "deleted",
    "revealed",
    "password_changed",
    "password_reset",
    "password_link_made",
    "password_set_by_link",
    "credential_added",
    "credential_removed",
    "credential_renamed",
    "recovery_codes_replaced",
    "second_factors_reset",
    "avatar_changed",
    "avatar_deleted",
    "deprovisioned",
    "roles_synchronised",
    "sign_on_linked",
    "sign_on_unlinked",
  ],
  group: ["created", "updated", "deleted"],
  role: ["created", "updated", "deleted"],
  service_account: ["created", "updated", "disabled", "enabled", "deleted"],
  api_key: ["created", "signed_in", "revoked", "refused"],
  identity_provider: ["created", "updated", "deleted"],
  webhook_endpoint: ["created", "updated", "disabled", "secret_rotated", "tested", "deleted"],
  webhook_delivery: ["redelivered", "replayed"],
  parameter: ["updated", "reset"],
  feedback: ["created", "answered", "closed"],
  signing_key: ["rotated"],
  installation: ["restored"],
  audit: ["export_started", "exported", "pruned", "entry_removed", "erased"],
  job: ["retried"],
  event: ["retried"],
  star_schema: ["rebuilt"],
};

export function kindName(t: TFunction, kind: string): string {
  return kind in kinds ? t(`administration.audit.kinds.${kind as Kind}`) : kind;
}

export function verbName(t: TFunction, action: string): string {
  const verb = action.slice(action.indexOf(".") + 1);
  return verb in verbs ? t(`administration.audit.verbs.${verb as Verb}`) : verb;
}

export function actionName(t: TFunction, action: string): string {
  return `${kindName(t, action.slice(0, action.indexOf(".")))} · ${verbName(t, action)}`;
}

/** What the entries at hand tell to be gone. */
export const deletedRecords = (entries: readonly { action: string; recordId: string }[]): ReadonlySet<string> =>
  new Set(entries.filter(({ action }) => action.endsWith(".deleted")).map(({ recordId }) => recordId));

const screens: Readonly<Record<string, string>> = { customer: "customers", import: "imports", webhook_endpoint: "webhooks" };
const partsOfCustomers = new Set(["contact", "interaction", "relation", "customer_share", "churn_case"]);

/** The screen that shows the record; none for those that have no screen of their own, or are gone. */
export function recordPath(entry: { recordKind: string; recordId: string; subjectId: string }, deleted: ReadonlySet<string>): string | undefined {
  const { recordKind, recordId, subjectId } = entry;
  if (partsOfCustomers.has(recordKind) && subjectId) return `/customers/${subjectId}`;
  const screen = screens[recordKind];
  return screen && recordId && !deleted.has(recordId) ? `/${screen}/${recordId}` : undefined;
}
