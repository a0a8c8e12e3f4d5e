import { Tag, TreeSelect, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { isService } from "../services";
import { useEventTypes } from "./api";
import { eventTree, withoutCovered, type EventNode } from "./events";

interface EventTypesInputProps {
  id?: string;
  value?: string[];
  onChange?: (types: string[]) => void;
}

interface Option {
  value: string;
  title: React.ReactNode;
  plain: string;
  children?: Option[];
}

export function EventTypesInput({ id, value, onChange }: EventTypesInputProps) {
  const { t } = useTranslation();
  const types = useEventTypes();
  const nameOf = useEventName();
  const option = (node: EventNode): Option => ({
    value: node.value,
    plain: `${nameOf(node.value)} ${node.description ?? ""}`,
    title: node.type ? (
      <span title={node.description}>
        <code>{node.type}</code>{" "}
        <Typography.Text type="secondary" style={{ fontSize: 12 }}>
          {node.description}
        </Typography.Text>
      </span>
    ) : (
      nameOf(node.value)
    ),
    children: node.children?.map(option),
  });
  return (
    <TreeSelect<string[]>
      id={id}
      multiple
      value={value}
      onChange={(chosen) => onChange?.(withoutCovered(chosen))}
      treeData={eventTree(types.data ?? []).map(option)}
      // Opened as a whole, which it can be only once the types are there.
      key={String(types.isPending)}
      treeDefaultExpandAll
      treeNodeLabelProp="value"
      showSearch={{ treeNodeFilterProp: "plain" }}
      tagRender={({ value: type, closable, onClose }) => (
        <Tag closable={closable} onClose={onClose} style={{ marginInlineEnd: 4 }}>
          {nameOf(String(type))}
        </Tag>
      )}
      loading={types.isPending}
      placeholder={t("administration.webhook.chooseEvents")}
      style={{ width: "100%" }}
    />
  );
}

export function useEventName(): (type: string) => string {
  const { t } = useTranslation();
  return (type) => {
    if (type === "*") return t("administration.webhook.allEvents");
    const service = type.endsWith(".*") ? type.slice(0, -2) : undefined;
    if (service === undefined) return type;
    return t("administration.webhook.allOfService", { service: isService(service) ? t(`identity.services.${service}`) : service });
  };
}
