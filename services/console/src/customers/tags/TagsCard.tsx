// The tags of a customer: whose they are, why, and until when.
import { useState } from "react";
import { PlusOutlined } from "@ant-design/icons";
import { Button, Card, Flex, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Customer } from "@/api/types";
import { useAccess } from "@/app/access";
import { Loaded, Nothing } from "@/shared/states";
import { Time } from "@/shared/Time";
import { useCustomerTags } from "./api";
import { TagChips } from "./TagChips";
import { TagDialog } from "./TagDialog";

export function TagsCard({ customer }: { customer: Customer }) {
  const { t } = useTranslation();
  const { reaches } = useAccess();
  const [open, setOpen] = useState(false);
  const tags = useCustomerTags(customer.id, customer.etag);
  const writes = reaches("PERMISSION_CUSTOMERS_UPDATE", customer) && customer.state === "CUSTOMER_STATE_ACTIVE";
  return (
    <Card
      title={t("levels.tag.title")}
      data-testid="tags"
      extra={
        writes && (
          <Button type="text" icon={<PlusOutlined />} onClick={() => setOpen(true)} aria-label={t("levels.tag.put")} data-testid="put-tags">
            {t("levels.tag.put")}
          </Button>
        )
      }
    >
      <Loaded query={tags} small>
        {(list) =>
          list.length === 0 ? (
            <Nothing text={t("levels.tag.none")} small />
          ) : (
            <Flex vertical gap={8}>
              {list.map((tag) => (
                <Flex key={tag.tag} gap={8} wrap align="center">
                  <TagChips tags={[tag.tag]} />
                  {tag.automatic && <Tag style={{ margin: 0 }}>{t("levels.tag.automatic")}</Tag>}
                  {tag.reason && <span>{tag.reason}</span>}
                  <Typography.Text type="secondary">
                    {tag.createUserName} <Time value={tag.createTime} as="date" />
                    {tag.expireTime && (
                      <>
                        {" "}
                        {t("levels.tag.until")} <Time value={tag.expireTime} as="date" />
                      </>
                    )}
                  </Typography.Text>
                </Flex>
              ))}
            </Flex>
          )
        }
      </Loaded>
      <TagDialog open={open} ids={[customer.id]} onClose={() => setOpen(false)} />
    </Card>
  );
}
