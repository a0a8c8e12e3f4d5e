import { useEffect, useRef, useState, type ComponentRef, type HTMLAttributes } from "react";
import { Flex, Tree, Typography, theme, type TreeDataNode } from "antd";
import { useTranslation } from "react-i18next";
import type { Group } from "@/api/types";
import { useActs } from "@/shared/acts";
import { updateGroup, useOrganizationChanged } from "../api";
import { MemberHover } from "./MemberHover";
import { withDescendants, type GroupNode } from "./tree";
import type { OpenGroups } from "./useOpenGroups";

interface GroupTreeProps {
  roots: GroupNode[];
  groups: Group[];
  open: OpenGroups;
  /** The group that was looked for, which comes into view. */
  found: { id: string } | undefined;
  selectedId: string;
  onSelect: (id: string) => void;
  /** Groups can be dragged onto a new parent; the card beside the tree does the same without a mouse. */
  movable: boolean;
}

/** The group that is dragged, and the one that it is held over. */
interface Drag {
  id: string;
  over?: string;
}

/** What stands above and below the tree on a page, and above a group that was found in it. */
const around = 300;
const above = 120;

export function GroupTree({ roots, groups, open, found, selectedId, onSelect, movable }: GroupTreeProps) {
  const { t } = useTranslation();
  const { attempt } = useActs(useOrganizationChanged());
  const { token } = theme.useToken();
  const [drag, setDrag] = useState<Drag>();
  const tree = useRef<ComponentRef<typeof Tree>>(null);
  useEffect(() => {
    if (found) tree.current?.scrollTo({ key: found.id, align: "top", offset: above });
  }, [found]);

  // A group can't go below itself.
  const dragged = drag?.id;
  const inside = dragged === undefined ? undefined : withDescendants(groups, dragged);
  const takes = (id: string) => inside !== undefined && !inside.has(id);

  const move = async (id: string, parentId: string) => {
    const group = groups.find((candidate) => candidate.id === id);
    if (!group || group.parentId === parentId) return;
    const work = () => updateGroup(id, { parentId, etag: group.etag }).then(() => open.unfold(parentId));
    await attempt(work, t("identity.group.moved"));
  };
  const dragging = (group: Group): HTMLAttributes<HTMLElement> => ({
    draggable: group.parentId !== "",
    onDragStart: (event) => {
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", group.name);
      setDrag({ id: group.id });
    },
    onDragOver: (event) => {
      if (!takes(group.id)) return;
      event.preventDefault();
      if (drag?.over !== group.id) setDrag({ id: drag?.id ?? "", over: group.id });
    },
    onDragLeave: () => drag && setDrag({ id: drag.id }),
    onDrop: (event) => {
      event.preventDefault();
      if (drag && takes(group.id)) void move(drag.id, group.id);
    },
    onDragEnd: () => setDrag(undefined),
  });
  const node = (item: GroupNode): TreeDataNode => ({
    key: item.group.id,
    title: (
      <MemberHover node={item}>
        <Flex
          align="center"
          gap={8}
          component="span"
          style={{ paddingBlock: 3, boxShadow: drag?.over === item.group.id ? `0 0 0 2px ${token.colorPrimary}` : undefined, borderRadius: token.borderRadius }}
          {...(movable && dragging(item.group))}
        >
          {item.group.name}
          <Typography.Text type="secondary" className="tabular" style={{ fontSize: 12 }}>
            {item.total}
          </Typography.Text>
        </Flex>
      </MemberHover>
    ),
    children: item.children.map(node),
  });
  return (
    <Tree
      ref={tree}
      treeData={roots.map(node)}
      // Only what is on the screen is drawn of a tree that is higher.
      height={Math.max(360, window.innerHeight - around)}
      // A branch that is still unfolding can't be scrolled to.
      motion={false}
      expandedKeys={groups.map((group) => group.id).filter(open.isOpen)}
      onExpand={(_, { node: toggled }) => open.toggle(String(toggled.key))}
      blockNode
      showLine
      selectedKeys={[selectedId]}
      onSelect={(keys) => keys[0] !== undefined && onSelect(String(keys[0]))}
      aria-label={t("app.menu.groups")}
      data-testid="group-tree"
    />
  );
}
