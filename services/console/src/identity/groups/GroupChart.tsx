import { useEffect, useRef, useState, type ReactNode } from "react";
import { CompressOutlined, MinusOutlined, PlusOutlined, TeamOutlined } from "@ant-design/icons";
import { Button, Flex, Space } from "antd";
import { useTranslation } from "react-i18next";
import { MemberHover } from "./MemberHover";
import type { GroupNode } from "./tree";
import type { OpenGroups } from "./useOpenGroups";
import "./chart.css";

interface GroupChartProps {
  roots: GroupNode[];
  open: OpenGroups;
  /** The group that was looked for, which comes into view. */
  found: { id: string } | undefined;
  search: ReactNode;
  selectedId: string;
  onSelect: (id: string) => void;
}

const scales = [0.4, 0.55, 0.7, 0.85, 1, 1.2];
const plain = scales.indexOf(1);

/** The tree as a picture: nested lists, so that a screen reader hears the same structure. Branches of large trees start closed. */
export function GroupChart({ roots, open, found, search, selectedId, onSelect }: GroupChartProps) {
  const { t } = useTranslation();
  const [scale, setScale] = useState(plain);
  const picture = useRef<HTMLDivElement>(null);
  const drag = useDragging(picture);
  useEffect(() => {
    const box = found && document.getElementById(`group-${found.id}`);
    if (box && picture.current) centre(picture.current, box);
  }, [found]);

  const branch = (node: GroupNode) => (
    <li key={node.group.id}>
      <div className="group-node">
        <MemberHover node={node}>
          <button type="button" id={`group-${node.group.id}`} className="group-box" aria-pressed={node.group.id === selectedId} onClick={() => onSelect(node.group.id)}>
            <strong>{node.group.name}</strong>
            <span>
              <TeamOutlined aria-hidden /> {node.total}
            </span>
          </button>
        </MemberHover>
        {node.children.length > 0 && (
          <button
            type="button"
            className="group-toggle"
            aria-expanded={open.isOpen(node.group.id)}
            aria-label={t(open.isOpen(node.group.id) ? "security.chart.close" : "security.chart.open", { name: node.group.name })}
            onClick={() => open.toggle(node.group.id)}
          >
            {open.isOpen(node.group.id) ? "−" : node.children.length}
          </button>
        )}
      </div>
      {node.children.length > 0 && open.isOpen(node.group.id) && <ul>{node.children.map(branch)}</ul>}
    </li>
  );
  return (
    <Flex vertical gap={12}>
      <Flex gap={8} wrap justify="space-between">
        {search}
        <Space.Compact>
          <Button icon={<MinusOutlined />} disabled={scale === 0} onClick={() => setScale(scale - 1)} aria-label={t("security.chart.smaller")} title={t("security.chart.smaller")} />
          <Button onClick={() => setScale(plain)} className="tabular">{`${Math.round((scales[scale] ?? 1) * 100)} %`}</Button>
          <Button icon={<PlusOutlined />} disabled={scale === scales.length - 1} onClick={() => setScale(scale + 1)} aria-label={t("security.chart.larger")} title={t("security.chart.larger")} />
          <Button icon={<CompressOutlined />} onClick={open.closeAll}>
            {t("security.chart.closeAll")}
          </Button>
        </Space.Compact>
      </Flex>
      <div className="group-picture" ref={picture} {...drag}>
        <div className="group-chart" role="group" aria-label={t("identity.group.asChart")} data-testid="group-chart" style={{ zoom: scales[scale] }}>
          <ul>{roots.map(branch)}</ul>
        </div>
      </div>
    </Flex>
  );
}

/** The picture's own box scrolls; the page stays where it is. */
function centre(picture: Element, box: Element) {
  const [around, within] = [picture.getBoundingClientRect(), box.getBoundingClientRect()];
  picture.scrollBy(within.left + within.width / 2 - around.left - around.width / 2, within.top + within.height / 2 - around.top - around.height / 2);
}

/** The picture follows the mouse that holds it; touch scrolls by itself. */
function useDragging(picture: React.RefObject<HTMLDivElement | null>) {
  const [from, setFrom] = useState<{ x: number; y: number; left: number; top: number }>();
  return {
    style: { cursor: from ? "grabbing" : "grab" },
    onPointerDown: (event: React.PointerEvent) => {
      const element = picture.current;
      if (!element || event.pointerType !== "mouse" || event.button !== 0 || (event.target as HTMLElement).closest("button")) return;
      setFrom({ x: event.clientX, y: event.clientY, left: element.scrollLeft, top: element.scrollTop });
      element.setPointerCapture(event.pointerId);
    },
    onPointerMove: (event: React.PointerEvent) => {
      if (from) picture.current?.scrollTo(from.left + from.x - event.clientX, from.top + from.y - event.clientY);
    },
    onPointerUp: () => setFrom(undefined),
    onPointerCancel: () => setFrom(undefined),
  };
}
