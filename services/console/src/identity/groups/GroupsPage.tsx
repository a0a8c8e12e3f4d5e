import { useMemo, useState } from "react";
import { ApartmentOutlined, PlusOutlined, UnorderedListOutlined } from "@ant-design/icons";
import { Button, Card, Col, Flex, Row, Segmented } from "antd";
import { useTranslation } from "react-i18next";
import type { Group } from "@/api/types";
import { useAccess } from "@/app/access";
import { readStored, store } from "@/app/preferences";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded, Nothing } from "@/shared/states";
import { useGroups } from "../api";
import { CreateGroup } from "./CreateGroup";
import { GroupCard } from "./GroupCard";
import { GroupChart } from "./GroupChart";
import { GroupSearch } from "./GroupSearch";
import { GroupTree } from "./GroupTree";
import { groupTree } from "./tree";
import { useOpenGroups } from "./useOpenGroups";

type Picture = "tree" | "chart";
const pictureKey = "changke.groups.picture";

export function GroupsPage() {
  const { t } = useTranslation();
  const { can } = useAccess();
  const groups = useGroups();
  const [picture, setPicture] = useState<Picture>(() => readStored<Picture>(pictureKey, "tree"));
  const [selectedId, setSelectedId] = useState<string>();
  const [found, setFound] = useState<{ id: string }>();
  const [creatingUnder, setCreatingUnder] = useState<string>();
  const roots = useMemo(() => groupTree(groups.data ?? []), [groups.data]);
  const open = useOpenGroups(roots);
  const manages = can("PERMISSION_GROUPS_MANAGE");
  const find = (id: string) => {
    open.leadTo(id);
    setSelectedId(id);
    setFound({ id });
  };
  const show = ({ id, parentId }: Group) => {
    open.unfold(parentId);
    setSelectedId(id);
    setFound({ id });
  };

  return (
    <>
      <PageHeader
        title={t("app.menu.groups")}
        subtitle={t("identity.group.subtitle")}
        actions={
          <>
            <Segmented<Picture>
              value={picture}
              onChange={(value) => {
                setPicture(value);
                store(pictureKey, value);
              }}
              options={[
                { value: "tree", icon: <UnorderedListOutlined />, label: t("identity.group.asTree") },
                { value: "chart", icon: <ApartmentOutlined />, label: t("identity.group.asChart") },
              ]}
            />
            {manages && (
              <Button
                type="primary"
                icon={<PlusOutlined />}
                onClick={() => setCreatingUnder(selectedId ?? groups.data?.[0]?.id)}
                data-testid="create-group"
              >
                {t("identity.group.create")}
              </Button>
            )}
          </>
        }
      />
      <Loaded query={groups}>
        {(list) => {
          const selected = list.find((group) => group.id === selectedId) ?? list[0];
          if (!selected) return <Nothing text={t("identity.group.empty")} />;
          const common = { roots, open, found, selectedId: selected.id, onSelect: setSelectedId };
          const search = <GroupSearch roots={roots} onFind={find} />;
          return (
            <Row gutter={[16, 16]}>
              <Col xs={24} lg={picture === "chart" ? 24 : 14}>
                <Card styles={{ body: { overflowX: "auto" } }}>
                  {picture === "chart" ? (
                    <GroupChart {...common} search={search} />
                  ) : (
                    <Flex vertical gap={12}>
                      {search}
                      <GroupTree {...common} groups={list} movable={manages} />
                    </Flex>
                  )}
                </Card>
              </Col>
              <Col xs={24} lg={picture === "chart" ? 24 : 10}>
                <GroupCard key={selected.id} group={selected} groups={list} manages={manages} onCreate={setCreatingUnder} onDeleted={() => setSelectedId(undefined)} />
              </Col>
            </Row>
          );
        }}
      </Loaded>
      <CreateGroup parentId={creatingUnder} onCreated={show} onClose={() => setCreatingUnder(undefined)} />
    </>
  );
}
