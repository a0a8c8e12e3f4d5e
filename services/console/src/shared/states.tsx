// What a screen shows while it has nothing to show: loading, empty, failed, not permitted.
import type { ReactNode } from "react";
import { Button, Card, Empty, Flex, Result, Skeleton, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem, type Problem } from "@/api/problem";
import type { Permission } from "@/api/types";

interface FaultProps {
  fault: unknown;
  retry?: () => void;
  /** Fits into a card instead of filling a page. */
  small?: boolean;
}

export function Fault({ fault, retry, small = false }: FaultProps) {
  const { t } = useTranslation();
  const problem = asProblem(fault);
  if (problem.isForbidden) return <NoPermission detail={problem.detail} />;
  const title = problem.isOffline
    ? t("common.fault.offline")
    : problem.isNotFound
      ? t("common.fault.notFound")
      : t("common.fault.title");
  const again = retry && !problem.isNotFound && (
    <Button onClick={retry} type={small ? "default" : "primary"}>
      {t("common.retry")}
    </Button>
  );
  if (small) {
    return (
      <Flex vertical align="center" gap={8} style={{ padding: 24 }} role="alert">
        <Typography.Text type="danger">{title}</Typography.Text>
        <Typography.Text type="secondary">{problem.detail}</Typography.Text>
        <Violations problem={problem} />
        {again}
      </Flex>
    );
  }
  return (
    <div role="alert">
      <Result
        status={problem.isNotFound ? "404" : "warning"}
        title={title}
        subTitle={
          <>
            <div>{problem.detail}</div>
            <Violations problem={problem} />
            {problem.requestId && <RequestId id={problem.requestId} />}
          </>
        }
        extra={problem.isNotFound ? <WayHome /> : again}
      />
    </div>
  );
}

/** Outside of a form there is no field to mark, so the texts stand by themselves. */
export function Violations({ problem }: { problem: Problem }) {
  return problem.fieldViolations.map((violation) => (
    <Typography.Paragraph key={violation.field + violation.reason} strong style={{ margin: 0 }}>
      {violation.description}
    </Typography.Paragraph>
  ));
}

export function RequestId({ id }: { id: string }) {
  const { t } = useTranslation();
  return (
    <Typography.Text type="secondary" copyable={{ text: id }} style={{ fontSize: 12 }}>
      {t("common.fault.requestId", { id })}
    </Typography.Text>
  );
}

/** A plain link: these states also stand where there is no router any more. */
function WayHome() {
  const { t } = useTranslation();
  return (
    <Button type="primary" href="/">
      {t("app.notFound.home")}
    </Button>
  );
}

export function NoPermission({ permission, detail }: { permission?: Permission; detail?: string }) {
  const { t } = useTranslation();
  const text = permission
    ? t("common.noPermission.missing", { permission: t(`enums.Permission.${permission}`) })
    : detail || t("common.noPermission.text");
  return <Result status="403" title={t("common.noPermission.title")} subTitle={text} extra={<WayHome />} data-testid="no-permission" />;
}

/** `small`: one line, for a card among others, where a picture would only take room. */
export function Nothing({ text, children, small = false }: { text: string; children?: ReactNode; small?: boolean }) {
  if (small) return <Typography.Text type="secondary">{text}</Typography.Text>;
  return (
    <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={text} style={{ padding: "24px 0" }}>
      {children}
    </Empty>
  );
}

export function LoadingCard({ rows = 6 }: { rows?: number }) {
  const { t } = useTranslation();
  return (
    <Card role="status" aria-label={t("common.loading")}>
      <Skeleton active paragraph={{ rows }} />
    </Card>
  );
}

interface QueryState<T> {
  data: T | undefined;
  isPending: boolean;
  error: unknown;
  refetch: () => unknown;
}

/** Loading and failure of one query; the children get the data. What was loaded before outlives a failed refresh. */
export function Loaded<T>({ query, children, small }: { query: QueryState<T>; children: (data: T) => ReactNode; small?: boolean }) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <Fault fault={query.error} retry={() => void query.refetch()} small={small} />;
  return small ? <Skeleton active style={{ padding: 16 }} /> : <LoadingCard />;
}
