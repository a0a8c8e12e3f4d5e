import { CarOutlined, CommentOutlined, MailOutlined, MessageOutlined, PhoneOutlined, ReadOutlined, TeamOutlined, WechatOutlined } from "@ant-design/icons";
import type { InteractionType, InteractionTypeInput } from "@/api/types";

export const interactionTypes: InteractionTypeInput[] = [
  "INTERACTION_TYPE_VISIT",
  "INTERACTION_TYPE_CALL",
  "INTERACTION_TYPE_WECHAT",
  "INTERACTION_TYPE_MEETING",
  "INTERACTION_TYPE_SMS",
  "INTERACTION_TYPE_EMAIL",
  "INTERACTION_TYPE_LETTER",
];

const icons: Record<InteractionType, React.ReactNode> = {
  INTERACTION_TYPE_UNSPECIFIED: <CommentOutlined />,
  INTERACTION_TYPE_VISIT: <CarOutlined />,
  INTERACTION_TYPE_CALL: <PhoneOutlined />,
  INTERACTION_TYPE_SMS: <MessageOutlined />,
  INTERACTION_TYPE_EMAIL: <MailOutlined />,
  INTERACTION_TYPE_LETTER: <ReadOutlined />,
  INTERACTION_TYPE_WECHAT: <WechatOutlined />,
  INTERACTION_TYPE_MEETING: <TeamOutlined />,
};

export function InteractionIcon({ type }: { type: InteractionType | undefined }) {
  return icons[type ?? "INTERACTION_TYPE_UNSPECIFIED"];
}
