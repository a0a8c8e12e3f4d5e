import { useEffect, type ReactNode } from "react";
import { Breadcrumb, Flex, Typography, theme } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

interface PageHeaderProps {
  title: string;
  subtitle?: ReactNode;
  /** Screens above this one. */
  parents?: { title: string; path: string }[];
  avatar?: ReactNode;
  tags?: ReactNode;
  actions?: ReactNode;
}

export function PageHeader({ title, subtitle, parents, avatar, tags, actions }: PageHeaderProps) {
  const { t } = useTranslation();
  const { token } = theme.useToken();
  useEffect(() => {
    document.title = `${title} · ${t("app.name")}`;
  }, [title, t]);
  return (
    <Flex vertical gap={8} style={{ marginBottom: 16 }}>
      {parents && (
        <Breadcrumb items={[...parents.map(({ title, path }) => ({ title: <Link to={path}>{title}</Link> })), { title }]} />
      )}
      <Flex justify="space-between" align="center" wrap gap={12}>
        <Flex align="center" gap={14} style={{ minWidth: 0 }}>
          {avatar}
          <div style={{ minWidth: 0 }}>
            <Flex align="center" gap={10} wrap>
              <Typography.Title level={1} style={{ fontSize: 22, lineHeight: "30px", margin: 0 }}>
                {title}
              </Typography.Title>
              {tags}
            </Flex>
            {subtitle && <div style={{ marginTop: 4, color: token.colorTextSecondary }}>{subtitle}</div>}
          </div>
        </Flex>
        {actions && (
          <Flex gap={8} wrap align="center">
            {actions}
          </Flex>
        )}
      </Flex>
    </Flex>
  );
}
