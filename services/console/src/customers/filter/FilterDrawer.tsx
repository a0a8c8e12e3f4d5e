// The filter builder and, under it, the expression it makes. Either can be edited; the other follows.
import { useState } from "react";
import { Alert, Button, Drawer, Flex, Input, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { keepPopupEscape, useFocusReturn } from "@/shared/drawer";
import { usePhone } from "@/shared/usePhone";
import type { Attribute } from "../attributes";
import { GroupEditor } from "./GroupEditor";
import { conditionOn, emptyFilter, type Group } from "./model";
import { fromText } from "./parse";
import { toText, type KindOf } from "./text";

interface FilterDrawerProps {
  open: boolean;
  filter: string;
  attributes: Attribute[];
  onApply: (filter: string) => void;
  onClose: () => void;
}

export function FilterDrawer(props: FilterDrawerProps) {
  return props.open ? <OpenFilterDrawer {...props} /> : null;
}

export function kindLookup(attributes: readonly Attribute[]): KindOf {
  const kinds = new Map(attributes.map((attribute) => [attribute.path, attribute.kind]));
  return (path) => kinds.get(path);
}

function OpenFilterDrawer({ filter, attributes, onApply, onClose }: FilterDrawerProps) {
  const { t } = useTranslation();
  const phone = usePhone();
  const filterable = attributes.filter((attribute) => attribute.filterable);
  const kindOf = kindLookup(filterable);
  const [text, setText] = useState(filter);
  useFocusReturn();
  // A first, empty condition saves the first click.
  const [group, setGroup] = useState<Group | undefined>(() => {
    const read = fromText(filter, kindOf);
    return read?.children.length === 0 && filterable[0] ? { ...read, children: [conditionOn(filterable[0])] } : read;
  });

  const build = (next: Group) => {
    setGroup(next);
    setText(toText(next, kindOf));
  };
  const type = (next: string) => {
    setText(next);
    setGroup(fromText(next, kindOf));
  };
  const apply = () => {
    onApply(text.trim());
    onClose();
  };
  return (
    <Drawer
      open
      title={t("customers.filter.title")}
      size={phone ? window.innerWidth : 680}
      onClose={onClose}
      data-testid="filter-drawer"
      footer={
        <Flex justify="space-between">
          <Button onClick={() => build(emptyFilter)}>{t("customers.filter.clear")}</Button>
          <Flex gap={8}>
            <Button onClick={onClose}>{t("common.cancel")}</Button>
            <Button type="primary" onClick={apply} data-testid="apply-filter">
              {t("common.apply")}
            </Button>
          </Flex>
        </Flex>
      }
    >
      <Flex vertical gap={20} onKeyDown={keepPopupEscape}>
        {group ? (
          <GroupEditor group={group} attributes={filterable} onChange={build} />
        ) : (
          <Alert type="info" showIcon title={t("customers.filter.onlyText")} />
        )}
        <div>
          <Typography.Text type="secondary">
            <label htmlFor="filter-text">{t("customers.filter.expression")}</label>
          </Typography.Text>
          <Input.TextArea
            id="filter-text"
            value={text}
            onChange={(event) => type(event.target.value)}
            autoSize={{ minRows: 2, maxRows: 8 }}
            maxLength={4000}
            spellCheck={false}
            style={{ fontFamily: "ui-monospace, monospace", marginTop: 4 }}
            placeholder='level = "vip" AND region : "33"'
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) apply();
            }}
          />
        </div>
      </Flex>
    </Drawer>
  );
}
