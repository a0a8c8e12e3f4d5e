// Checking in: the position of the browser, put down with a visit. No map is asked for it.
import { useState } from "react";
import { EnvironmentOutlined } from "@ant-design/icons";
import { App, Button, Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Interaction } from "@/api/types";
import { useNotices } from "@/shared/notices";
import { Time } from "@/shared/Time";
import { updateInteraction, useCustomerChanged } from "../api";
import { NotLocated, locate, type Position } from "./position";

interface CheckInButtonProps {
  again: boolean;
  onLocated: (position: Position) => Promise<void> | void;
}

function CheckInButton({ again, onLocated }: CheckInButtonProps) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const notices = useNotices();
  const [busy, setBusy] = useState(false);
  const checkIn = async () => {
    setBusy(true);
    try {
      await onLocated(await locate());
    } catch (fault) {
      if (fault instanceof NotLocated) void message.warning({ content: t(`attachments.checkIn.${fault.fault}`), duration: 8 });
      else notices.fault(fault);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button size="small" icon={<EnvironmentOutlined />} loading={busy} onClick={() => void checkIn()} data-testid="check-in">
      {t(busy ? "attachments.checkIn.locating" : again ? "attachments.checkIn.again" : "attachments.checkIn.here")}
    </Button>
  );
}

/** A field of a form. */
export function CheckInField({ value, onChange }: { value?: Position; onChange?: (position: Position) => void }) {
  return (
    <Flex gap={8} align="center" wrap>
      <CheckInButton again={value !== undefined} onLocated={(position) => onChange?.(position)} />
      {value && <PositionText position={value} />}
    </Flex>
  );
}

/** On a planned visit: whoever has arrived says so at once. */
export function VisitCheckIn({ interaction }: { interaction: Interaction }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useCustomerChanged();
  return (
    <CheckInButton
      again={positionOf(interaction) !== undefined}
      onLocated={async (position) => {
        await updateInteraction(interaction.id, { ...position, etag: interaction.etag }, ["latitude", "longitude", "accuracy_meters"]);
        notices.done(t("attachments.checkIn.done"));
        await changed();
      }}
    />
  );
}

export function positionOf({ latitude, longitude, accuracyMeters }: Interaction): Position | undefined {
  if (latitude === undefined || longitude === undefined) return undefined;
  return { latitude, longitude, accuracyMeters: accuracyMeters ?? 0 };
}

/** Where and when a visit was checked in. */
export function CheckedIn({ interaction }: { interaction: Interaction }) {
  const { t } = useTranslation();
  const position = positionOf(interaction);
  if (!position) return null;
  return (
    <Typography.Text type="secondary" style={{ fontSize: 13 }} data-testid="checked-in">
      <EnvironmentOutlined /> {t("attachments.checkIn.at")} {interaction.checkInTime && <Time value={interaction.checkInTime} />} · <PositionText position={position} />
    </Typography.Text>
  );
}

function PositionText({ position }: { position: Position }) {
  const { t } = useTranslation();
  return (
    <span className="tabular">
      {t("attachments.checkIn.position", {
        latitude: position.latitude.toFixed(5),
        longitude: position.longitude.toFixed(5),
        accuracy: Math.round(position.accuracyMeters),
      })}
    </span>
  );
}
