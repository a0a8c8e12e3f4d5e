// News of what a call did: quiet for success, with detail and request id for a fault.
import { useMemo } from "react";
import { App, Button, Flex } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import { RequestId } from "./states";

export function useNotices() {
  const { t } = useTranslation();
  const { message, notification } = App.useApp();
  return useMemo(
    () => ({
      done: (text: string) => void message.success(text),
      /** Tells of a change and lets it be taken back for a while; a later notice of the same key takes its place. */
      undoable: (text: string, undo: () => void, key = `undo-${text}`) => {
        notification.success({
          key,
          title: text,
          duration: 10,
          actions: (
            <Button
              type="primary"
              size="small"
              onClick={() => {
                notification.destroy(key);
                undo();
              }}
            >
              {t("common.undo")}
            </Button>
          ),
        });
      },
      /** Tells of what went only in part, with a line for each reason. */
      partly: (text: string, lines: string[]) =>
        notification.warning({
          key: `partly-${text}`,
          title: text,
          duration: 15,
          description: (
            <Flex vertical gap={4}>
              {lines.map((line) => (
                <span key={line}>{line}</span>
              ))}
            </Flex>
          ),
        }),
      fault: (fault: unknown) => {
        const problem = asProblem(fault);
        // The frame takes the caller to the sign-in; a second message would only be in the way.
        if (problem.status === 401) return;
        notification.error({
          key: problem.requestId || problem.reason,
          title: problem.isOffline ? t("common.fault.offline") : t("common.fault.refused"),
          description: (
            <Flex vertical gap={4}>
              <span>{problem.isOffline ? t("common.fault.offlineHint") : problem.detail}</span>
              {problem.fieldViolations.map((violation) => (
                <span key={violation.field + violation.reason}>
                  <code>{violation.field}</code>: {violation.description}
                </span>
              ))}
              {problem.requestId && <RequestId id={problem.requestId} />}
            </Flex>
          ),
        });
      },
    }),
    [message, notification, t],
  );
}
