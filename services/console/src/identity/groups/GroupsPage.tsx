import { useState } from "react";
import { ApartmentOutlined, PlusOutlined, UnorderedListOutlined } from "@ant-design/icons";
import { Button, Card, Col, Row, Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { useAccess } from "@/app/access";
import { readStored, store } from "@/app/preferences";
import { PageHeader } from "@/shared/PageHeader";
import { Loaded, Nothing } from "@/shared/states";
import { useGroups } from "../api";
import { CreateGroup } from "./CreateGroup";
import { GroupCard } from "./GroupCard";
import { GroupChart } from "./GroupChart";
import { GroupTree } from "./GroupTree";
import { groupTree } from "./tree";

type Picture = "tree" | "chart";
const pictureKey = "changke.groups.picture";

export function GroupsPage() {
  const { t } = useTranslation();
  const { can } = useAccess();
  const groups = useGroups();
  const [picture, setPicture] = useState<Picture>(() => readStored<Picture>(pictureKey, "tree"));
  const [selectedId, setSelectedId] = useState<string>();
  const [creatingUnder, setCreatingUnder] = useState<string>();
  const manages = can("PERMISSION_GROUPS_MANAGE");

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
          const roots = groupTree(list);
          const selected = list.find((group) => group.id === selectedId) ?? list[0];
          if (!selected) return <Nothing text={t("identity.group.empty")} />;
          const common = { roots, selectedId: selected.id, onSelect: setSelectedId };
          return (
            <Row gutter={[16, 16]}>
              <Col xs={24} lg={picture === "chart" ? 24 : 14}>
                <Card styles={{ body: { overflowX: "auto" } }}>
                  {picture === "tree" ? <GroupTree {...common} groups={list} movable={manages} /> : <GroupChart {...common} />}
                </Card>
              </Col>
              <Col xs={24} lg={picture === "chart" ? 24 : 10}>
                <GroupCard key={selected.id} group={selected} groups={list} manages={manages} onCreate={setCreatingUnder} onDeleted={() => setSelectedId(undefined)} />
              </Col>
            </Row>
          );
        }}
      </Loaded>
      <CreateGroup parentId={creatingUnder} onClose={() => setCreatingUnder(undefined)} />
    </>
  );
}
