import { useEffect, useState } from "react";
import { UploadOutlined } from "@ant-design/icons";
import { useMutation } from "@tanstack/react-query";
import { Avatar, Button, Card, Flex, Modal, Typography, Upload } from "antd";
import { useTranslation } from "react-i18next";
import { Problem } from "@/api/problem";
import type { Profile } from "@/api/types";
import { FormFault } from "@/shared/FormFault";
import { useNotices } from "@/shared/notices";
import { PersonAvatar } from "@/shared/PersonAvatar";
import { pictureChanged, usePicture } from "@/shared/pictures";
import { deleteAvatar, uploadAvatar } from "../api";
import { squareOf } from "./square";

const largest = 10 * 1024 * 1024;

export function PictureCard({ profile }: { profile: Profile }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const [chosen, setChosen] = useState<File>();
  const there = usePicture(profile.id) !== undefined;
  const remove = useMutation({
    mutationFn: deleteAvatar,
    onSuccess: () => {
      pictureChanged(profile.id, undefined);
      notices.done(t("security.picture.removed"));
    },
    onError: notices.fault,
  });
  const choose = async (file: File) => {
    try {
      if (file.size > largest) throw new Error("too large");
      setChosen(await squareOf(file));
    } catch {
      notices.fault(new Problem({ status: 400, reason: "AVATAR_BROKEN", detail: t("security.picture.unreadable") }));
    }
  };
  return (
    <Card title={t("security.picture.title")}>
      <Flex align="center" gap={20} wrap>
        <PersonAvatar name={profile.displayName} employeeId={profile.id} size={72} />
        <Flex vertical gap={8}>
          <Typography.Text type="secondary">{t("security.picture.text")}</Typography.Text>
          <Flex gap={8} wrap>
            <Upload
              accept="image/png,image/jpeg,image/webp"
              showUploadList={false}
              beforeUpload={(file) => {
                void choose(file);
                return false;
              }}
            >
              <Button icon={<UploadOutlined />}>{t("security.picture.choose")}</Button>
            </Upload>
            {there && (
              <Button danger loading={remove.isPending} onClick={() => remove.mutate()}>
                {t("security.picture.remove")}
              </Button>
            )}
          </Flex>
        </Flex>
      </Flex>
      {chosen && <Preview picture={chosen} profile={profile} onClose={() => setChosen(undefined)} />}
    </Card>
  );
}

/** As it will be seen, before anybody else sees it. */
function Preview({ picture, profile, onClose }: { picture: File; profile: Profile; onClose: () => void }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const [address] = useState(() => URL.createObjectURL(picture));
  useEffect(() => () => URL.revokeObjectURL(address), [address]);
  const save = useMutation({
    mutationFn: () => uploadAvatar(picture),
    onSuccess: () => {
      pictureChanged(profile.id, picture);
      notices.done(t("common.saved"));
      onClose();
    },
  });
  return (
    <Modal open title={t("security.picture.preview")} okText={t("security.picture.use")} okButtonProps={{ loading: save.isPending }} onOk={() => save.mutate()} onCancel={onClose}>
      <FormFault fault={save.error} />
      <Flex align="center" justify="center" gap={32} style={{ padding: 16 }}>
        {[128, 48, 26].map((size) => (
          <Avatar key={size} size={size} src={address} alt="" />
        ))}
      </Flex>
    </Modal>
  );
}
