// Which stage may follow which, as the service has it, and which cases are late.
import dayjs from "dayjs";
import type { ChurnCase, CustomerStageInput } from "@/api/types";

const following: Record<string, CustomerStageInput[]> = {
  CUSTOMER_STAGE_ACQUIRE: ["CUSTOMER_STAGE_RETAIN", "CUSTOMER_STAGE_ENDED"],
  CUSTOMER_STAGE_RETAIN: ["CUSTOMER_STAGE_ENDED"],
  CUSTOMER_STAGE_ENDED: ["CUSTOMER_STAGE_WIN_BACK"],
  CUSTOMER_STAGE_WIN_BACK: ["CUSTOMER_STAGE_RETAIN", "CUSTOMER_STAGE_ENDED"],
};

export const stagesAfter = (stage: string): CustomerStageInput[] => following[stage] ?? [];

export const isOpen = ({ state }: Pick<ChurnCase, "state">) => state === "CHURN_STATE_WARNED" || state === "CHURN_STATE_REPRIEVED";

export const isOverdue = (churn: Pick<ChurnCase, "state" | "dueDate">, today = dayjs().format("YYYY-MM-DD")) => isOpen(churn) && churn.dueDate < today;
