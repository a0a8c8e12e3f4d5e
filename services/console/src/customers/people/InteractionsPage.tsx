import { listInteractions } from "../api";
import { useInteractionAttributes } from "./attributes";
import { InteractionCalendar } from "./InteractionCalendar";
import { RecordListPage } from "./RecordListPage";

const standard = ["subject", "customer_name", "type", "state", "occur_time", "employee_id", "next_step", "next_step_time"];
const days = ["occur_time", "next_step_time"];

/** 交往: what was and will be done with all customers that one sees, as a list or by its days. */
export function InteractionsPage() {
  const attributes = useInteractionAttributes();
  return (
    <RecordListPage
      kind="RECORD_KIND_INTERACTION"
      name="interactions"
      attributes={attributes}
      standard={standard}
      lead="subject"
      load={async (query) => {
        const { interactions, nextPageToken } = await listInteractions(query);
        return { rows: interactions, nextPageToken };
      }}
      calendar={{
        fields: attributes.filter(({ path, field, kind }) => days.includes(path) || (field && (kind === "date" || kind === "timestamp"))),
        render: (by, filter) => <InteractionCalendar by={by} filter={filter} />,
      }}
    />
  );
}
