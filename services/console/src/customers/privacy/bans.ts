// Whether a way of contact is forbidden; pure, so that it is tested without a browser.
import type { ContactBan, ContactChannel, InteractionType } from "@/api/types";

const channels: Partial<Record<InteractionType, ContactChannel>> = {
  INTERACTION_TYPE_CALL: "CONTACT_CHANNEL_CALL",
  INTERACTION_TYPE_SMS: "CONTACT_CHANNEL_SMS",
  INTERACTION_TYPE_EMAIL: "CONTACT_CHANNEL_EMAIL",
  INTERACTION_TYPE_WECHAT: "CONTACT_CHANNEL_WECHAT",
  INTERACTION_TYPE_LETTER: "CONTACT_CHANNEL_LETTER",
  INTERACTION_TYPE_VISIT: "CONTACT_CHANNEL_VISIT",
};

/** The first ban that forbids this way to the customer, or to one of the contacts. */
export function forbidden(bans: readonly ContactBan[], type: InteractionType | undefined, contactIds: readonly string[]): ContactBan | undefined {
  const channel = type && channels[type];
  if (!channel) return undefined;
  return bans.find(
    (ban) =>
      ban.active &&
      (ban.channel === "CONTACT_CHANNEL_UNSPECIFIED" || ban.channel === channel) &&
      (ban.contactId === "" || contactIds.includes(ban.contactId)),
  );
}
