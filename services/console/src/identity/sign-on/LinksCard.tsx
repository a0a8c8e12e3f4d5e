import { LinkOutlined } from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Card, Flex, Popconfirm, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { useNotices } from "@/shared/notices";
import { Loaded, Nothing } from "@/shared/states";
import { Time } from "@/shared/Time";
import { deleteSignOnLink, startSignOnLink, useSignOnLinks, useSignOnOptions } from "./api";
import { beginJourney } from "./journey";

const here = "/profile?tab=security";

/** The identities at providers that sign the caller in. Without providers there is nothing to link. */
export function LinksCard() {
  const { t } = useTranslation();
  const notices = useNotices();
  const queries = useQueryClient();
  const options = useSignOnOptions();
  const links = useSignOnLinks();
  const start = useMutation({
    mutationFn: (providerId: string) => startSignOnLink(providerId, here),
    onSuccess: ({ authorizationUrl, browserSecret }) => {
      beginJourney({ purpose: "link", browserSecret });
      location.assign(authorizationUrl);
    },
    onError: notices.fault,
  });
  const remove = useMutation({
    mutationFn: deleteSignOnLink,
    onSuccess: () => notices.done(t("security.links.removed")),
    onError: notices.fault,
    onSettled: () => queries.invalidateQueries({ queryKey: ["signOnLinks"] }),
  });
  if (!options.data?.length && !links.data?.length) return null;
  const linked = new Set(links.data?.map(({ providerId }) => providerId));
  const free = options.data?.filter(({ providerId }) => !linked.has(providerId)) ?? [];
  return (
    <Card title={t("security.links.title")} data-testid="sign-on-links">
      <Typography.Paragraph type="secondary">{t("security.links.text")}</Typography.Paragraph>
      <Loaded query={links} small>
        {(list) => (
          <Flex vertical gap={12}>
            {list.length === 0 && <Nothing small text={t("security.links.empty")} />}
            {list.map((link) => (
              <Flex key={link.id} align="center" gap={12}>
                <LinkOutlined />
                <Flex vertical flex={1} style={{ minWidth: 0 }}>
                  <span>{link.providerName}</span>
                  <Typography.Text type="secondary" style={{ fontSize: 12 }}>
                    {link.email} {link.lastUseTime && t("identity.sessions.lastUse")}{" "}
                    {link.lastUseTime && <Time value={link.lastUseTime} as="relative" />}
                  </Typography.Text>
                </Flex>
                <Popconfirm title={t("security.links.removeTitle", { name: link.providerName })} onConfirm={() => remove.mutateAsync(link.id).catch(() => undefined)}>
                  <Button size="small" danger>
                    {t("common.remove")}
                  </Button>
                </Popconfirm>
              </Flex>
            ))}
            <Flex gap={8} wrap>
              {free.map(({ providerId, name }) => (
                <Button key={providerId} icon={<LinkOutlined />} loading={start.isPending && start.variables === providerId} onClick={() => start.mutate(providerId)}>
                  {t("security.links.add", { name })}
                </Button>
              ))}
            </Flex>
          </Flex>
        )}
      </Loaded>
    </Card>
  );
}
