import { useState } from "react";
import { Flex, Tree, Typography, type TreeDataNode } from "antd";
import { useTranslation } from "react-i18next";
import type { Group } from "@/api/types";
import { useNotices } from "@/shared/notices";
import { updateGroup, useOrganizationChanged } from "../api";
import { MemberHover } from "./MemberHover";
import { withDescendants, type GroupNode } from "./tree";

interface GroupTreeProps {
  roots: GroupNode[];
  groups: Group[];
  selectedId: string;
  onSelect: (id: string) => void;
  /** Groups can be dragged onto a new parent; the card beside the tree does the same without a mouse. */
  movable: boolean;
}

export function GroupTree({ roots, groups, selectedId, onSelect, movable }: GroupTreeProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useOrganizationChanged();
  // What was closed is remembered, not what is open: a new group shows at once.
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());

  const node = (item: GroupNode): TreeDataNode => ({
    key: item.group.id,
    title: (
      <MemberHover node={item}>
        <Flex align="center" gap={8} style={{ paddingBlock: 3 }} component="span">
          {item.group.name}
          <Typography.Text type="secondary" className="tabular" style={{ fontSize: 12 }}>
            {item.total}
          </Typography.Text>
        </Flex>
      </MemberHover>
    ),
    children: item.children.map(node),
  });

  const move = async (id: string, parentId: string) => {
    const group = groups.find((candidate) => candidate.id === id);
    if (!group || group.parentId === parentId) return;
    try {
      await updateGroup(id, { parentId, etag: group.etag });
      notices.done(t("identity.group.moved"));
    } catch (fault) {
      notices.fault(fault);
    } finally {
      await changed();
    }
  };
  return (
    <Tree
      treeData={roots.map(node)}
      expandedKeys={groups.map((group) => group.id).filter((id) => !closed.has(id))}
      onExpand={(_, { expanded, node: toggled }) => setClosed(withToggled(closed, String(toggled.key), !expanded))}
      blockNode
      showLine
      selectedKeys={[selectedId]}
      onSelect={(keys) => keys[0] !== undefined && onSelect(String(keys[0]))}
      draggable={movable ? { icon: false, nodeDraggable: ({ key }) => groups.find((group) => group.id === key)?.parentId !== "" } : false}
      allowDrop={({ dropNode, dropPosition, dragNode }) =>
        dropPosition === 0 && !withDescendants(groups, String(dragNode.key)).has(String(dropNode.key))
      }
      onDrop={({ dragNode, node: target }) => void move(String(dragNode.key), String(target.key))}
      aria-label={t("app.menu.groups")}
      data-testid="group-tree"
    />
  );
}

function withToggled(set: ReadonlySet<string>, id: string, inside: boolean): ReadonlySet<string> {
  const next = new Set(set);
  if (inside) next.add(id);
  else next.delete(id);
  return next;
}
