import { Flex, Radio, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { FieldVisibility, PersonalData, Visibility } from "@/api/types";

const personalData: PersonalData[] = [
  "PERSONAL_DATA_PHONE",
  "PERSONAL_DATA_EMAIL",
  "PERSONAL_DATA_ID_NUMBER",
  "PERSONAL_DATA_ADDRESS",
  "PERSONAL_DATA_BANK_ACCOUNT",
];
const visibilities: Visibility[] = ["VISIBILITY_CLEAR", "VISIBILITY_MASKED", "VISIBILITY_HIDDEN"];

interface VisibilityTableProps {
  visibilities: readonly FieldVisibility[];
  onChoose: (kind: PersonalData, visibility: Visibility) => void;
  editable: boolean;
}

/** How the role's holders see each kind of personal data. */
export function VisibilityTable({ visibilities: chosen, onChoose, editable }: VisibilityTableProps) {
  const { t } = useTranslation();
  // A kind that isn't listed is masked.
  const current = (kind: PersonalData) => chosen.find((entry) => entry.personalData === kind)?.visibility ?? "VISIBILITY_MASKED";
  return (
    <section>
      <Typography.Title level={5} style={{ marginTop: 0 }}>
        {t("identity.role.personalData")}
      </Typography.Title>
      <Typography.Paragraph type="secondary">{t("identity.role.personalDataHint")}</Typography.Paragraph>
      <Flex vertical gap={10}>
        {personalData.map((kind) => (
          <Flex key={kind} align="center" gap={16} wrap>
            <span style={{ width: 110 }}>{t(`enums.PersonalData.${kind}`)}</span>
            <Radio.Group
              aria-label={t(`enums.PersonalData.${kind}`)}
              value={current(kind)}
              disabled={!editable}
              onChange={(event) => onChoose(kind, event.target.value as Visibility)}
              optionType="button"
              size="small"
              options={visibilities.map((visibility) => ({ value: visibility, label: t(`enums.Visibility.${visibility}`) }))}
            />
          </Flex>
        ))}
      </Flex>
    </section>
  );
}
