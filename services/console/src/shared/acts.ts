// What a person does to a record: done, told of, and asked about first where others feel it or nothing takes it back.
import type { ReactNode } from "react";
import { App } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem, type Problem } from "@/api/problem";
import { useNotices } from "./notices";

type Work = () => Promise<unknown>;
/** Deals with a fault itself and answers true. */
type OnFault = (problem: Problem) => boolean;

interface Question {
  title: string;
  content?: ReactNode;
  okText: string;
  danger?: boolean;
  work: Work;
}

interface Deletion extends Omit<Question, "okText" | "danger"> {
  onFault?: OnFault;
}

/** `changed` fetches anew what the act has made stale, whether it went well or not. */
export function useActs(changed: () => Promise<unknown>) {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  const notices = useNotices();

  const attempt = async (work: Work, text?: string, onFault?: OnFault) => {
    try {
      await work();
      if (text) notices.done(text);
    } catch (fault) {
      if (!onFault?.(asProblem(fault))) notices.fault(fault);
    } finally {
      await changed();
    }
  };
  const ask = ({ title, content, okText, danger = true, work }: Question) =>
    void modal.confirm({ title, content, okText, okButtonProps: { danger }, onOk: work });
  const askToDelete = ({ title, content, work, onFault }: Deletion) =>
    ask({ title, content, okText: t("common.delete"), work: () => attempt(work, t("common.deleted"), onFault) });
  return { attempt, ask, askToDelete };
}
