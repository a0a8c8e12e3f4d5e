import { TeamOutlined } from "@ant-design/icons";
import { useTranslation } from "react-i18next";
import { MemberHover } from "./MemberHover";
import type { GroupNode } from "./tree";
import "./chart.css";

interface GroupChartProps {
  roots: GroupNode[];
  selectedId: string;
  onSelect: (id: string) => void;
}

/** The tree as a picture: nested lists, so that a screen reader hears the same structure. */
export function GroupChart({ roots, selectedId, onSelect }: GroupChartProps) {
  const { t } = useTranslation();
  const branch = (node: GroupNode) => (
    <li key={node.group.id}>
      <MemberHover node={node}>
        <button type="button" className="group-box" aria-pressed={node.group.id === selectedId} onClick={() => onSelect(node.group.id)}>
          <strong>{node.group.name}</strong>
          <span>
            <TeamOutlined aria-hidden /> {node.total}
          </span>
        </button>
      </MemberHover>
      {node.children.length > 0 && <ul>{node.children.map(branch)}</ul>}
    </li>
  );
  return (
    <div className="group-chart" role="group" aria-label={t("identity.group.asChart")} data-testid="group-chart">
      <ul>{roots.map(branch)}</ul>
    </div>
  );
}
