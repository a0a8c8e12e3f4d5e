import {
  AlertOutlined,
  ApartmentOutlined,
  ApiOutlined,
  AuditOutlined,
  BookOutlined,
  CloudUploadOutlined,
  ClusterOutlined,
  CommentOutlined,
  ContactsOutlined,
  ControlOutlined,
  CrownOutlined,
  DashboardOutlined,
  FormOutlined,
  GlobalOutlined,
  HomeOutlined,
  IdcardOutlined,
  LockOutlined,
  LoginOutlined,
  MergeCellsOutlined,
  MessageOutlined,
  PieChartOutlined,
  RobotOutlined,
  SafetyCertificateOutlined,
  SwapOutlined,
  TableOutlined,
  TagsOutlined,
  TeamOutlined,
} from "@ant-design/icons";
import { Menu, type MenuProps } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "react-router";
import { useAccess } from "./access";
import { currentEntry, visibleEntries, type MenuEntry } from "./menu";

const icons: Record<MenuEntry["key"], React.ReactNode> = {
  workbench: <HomeOutlined />,
  customers: <TeamOutlined />,
  contacts: <ContactsOutlined />,
  interactions: <CommentOutlined />,
  pool: <GlobalOutlined />,
  duplicates: <MergeCellsOutlined />,
  imports: <CloudUploadOutlined />,
  composition: <PieChartOutlined />,
  employees: <IdcardOutlined />,
  handovers: <SwapOutlined />,
  privacyRequests: <LockOutlined />,
  groups: <ApartmentOutlined />,
  roles: <SafetyCertificateOutlined />,
  dictionaries: <BookOutlined />,
  fields: <FormOutlined />,
  tags: <TagsOutlined />,
  grades: <CrownOutlined />,
  valueMatrix: <TableOutlined />,
  churn: <AlertOutlined />,
  audit: <AuditOutlined />,
  serviceAccounts: <RobotOutlined />,
  provisioning: <ClusterOutlined />,
  identityProviders: <LoginOutlined />,
  webhooks: <ApiOutlined />,
  parameters: <ControlOutlined />,
  feedback: <MessageOutlined />,
  status: <DashboardOutlined />,
};

const sections: MenuEntry["section"][] = ["work", "reports", "organization", "settings", "administration"];

export function Navigation({ collapsed, onNavigate }: { collapsed: boolean; onNavigate: () => void }) {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  const entries = visibleEntries(useAccess());
  const items: MenuProps["items"] = sections
    .map((section) => ({
      key: section,
      type: "group" as const,
      label: collapsed || section === "work" ? null : t(`app.sections.${section}`),
      children: entries
        .filter((entry) => entry.section === section)
        .map((entry) => ({
          key: entry.path,
          icon: icons[entry.key],
          label: <Link to={entry.path}>{t(`app.menu.${entry.key}`)}</Link>,
          title: t(`app.menu.${entry.key}`),
        })),
    }))
    .filter((section) => section.children.length > 0);
  return (
    <nav aria-label={t("app.menuLabel")}>
      <Menu
        mode="inline"
        inlineCollapsed={collapsed}
        items={items}
        selectedKeys={[currentEntry(pathname) ?? ""]}
        onClick={onNavigate}
        style={{ borderInlineEnd: "none", background: "transparent" }}
        data-testid="menu"
      />
    </nav>
  );
}
