import { Flex, Statistic, theme } from "antd";
import { useTranslation } from "react-i18next";
import type { Import } from "@/api/types";
import { figures } from "./progress";

/** How many rows came to what; `dry` says what would come. */
export function Figures({ item, dry = false }: { item: Import; dry?: boolean }) {
  const { t } = useTranslation();
  const { token } = theme.useToken();
  const colors: Record<(typeof figures)[number], string | undefined> = {
    created: token.green7,
    updated: token.colorPrimary,
    unchanged: undefined,
    skipped: token.gold7,
    failed: token.red7,
  };
  return (
    <Flex gap={32} wrap justify={dry || item.state !== "IMPORT_STATE_RUNNING" ? "start" : "center"}>
      {figures.map((figure) => {
        const value = Number(item.progress?.[figure] ?? 0);
        return (
          <Statistic
            key={figure}
            title={t(dry ? `imports.dry.${figure}` : `imports.result.${figure}`)}
            value={value}
            styles={{ content: { color: value > 0 ? colors[figure] : token.colorTextTertiary, fontSize: 22 } }}
            data-testid={`figure-${figure}`}
          />
        );
      })}
    </Flex>
  );
}
