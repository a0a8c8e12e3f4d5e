import { listContacts } from "../api";
import { useContactAttributes } from "./attributes";
import { RecordListPage } from "./RecordListPage";

const standard = ["name", "customer_name", "post", "decision_role", "phone", "email", "relationship_strength", "create_time"];

/** 联系人: the people of all customers that one sees. */
export function ContactsPage() {
  const attributes = useContactAttributes();
  return (
    <RecordListPage
      kind="RECORD_KIND_CONTACT"
      name="contacts"
      attributes={attributes}
      standard={standard}
      lead="name"
      load={async (query) => {
        const { contacts, nextPageToken } = await listContacts(query);
        return { rows: contacts, nextPageToken };
      }}
    />
  );
}
