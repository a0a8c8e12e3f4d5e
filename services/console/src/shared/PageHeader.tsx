import { useEffect, type ReactNode } from "react";
import { Breadcrumb, Flex, Typography } from "antd";
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
              <Typography.Title level={1} style={{ fontSize: 22, margin: 0 }}>
                {title}
              </Typography.Title>
              {tags}
            </Flex>
            {subtitle && <Typography.Text type="secondary">{subtitle}</Typography.Text>}
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
