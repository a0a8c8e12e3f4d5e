// Whoever may be the customer that is being typed in, shown while one types.
import { useQuery } from "@tanstack/react-query";
import { Alert, Flex, Form } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { CustomerKind } from "@/api/types";
import { useDebounced } from "@/shared/useDebounced";
import type { CustomerValues } from "../record/formValues";
import { checkDuplicates } from "./api";
import { Reasons } from "./Reasons";

const settleMillis = 500;
const known = ["name", "phone", "idNumber", "birthday", "number"] as const;

const text = (value: unknown) => (typeof value === "string" ? value.trim() : "");

export function Candidates({ customerId }: { customerId: string | undefined }) {
  const { t } = useTranslation();
  const form = Form.useFormInstance<CustomerValues>();
  const kind = Form.useWatch("kind", form) as CustomerKind | undefined;
  const values = Form.useWatch((all: CustomerValues) => JSON.stringify(known.map((key) => text(all[key]))), form);
  const [name = "", phone = "", idNumber = "", birthday = "", number = ""] = JSON.parse(useDebounced(values ?? "[]", settleMillis)) as string[];
  const typed = [...name].length > 1 || phone.length > 6 || idNumber.length > 6 || number !== "";
  // Of a customer that is being changed only what is new is asked about.
  const asking = typed && (customerId === undefined || form.isFieldsTouched([...known]));
  const found = useQuery({
    queryKey: ["duplicates", "check", kind, name, phone, idNumber, birthday, number, customerId],
    queryFn: () => checkDuplicates({ kind, name, phone, idNumber, birthday, number, customerId }),
    enabled: asking,
    // A form works without it.
    retry: false,
    gcTime: 0,
  });
  const answer = asking ? found.data : undefined;
  const candidates = answer?.candidates ?? [];
  const numberTaken = answer?.numberTaken ?? false;
  if (candidates.length === 0 && !numberTaken) return null;
  return (
    <Alert
      type="warning"
      showIcon
      style={{ marginBottom: 16 }}
      data-testid="candidates"
      title={candidates.length > 0 ? t("customers.duplicates.maybeThere") : t("customers.duplicates.numberTaken")}
      description={
        candidates.length > 0 && (
          <Flex vertical gap={8}>
            {candidates.map(
              ({ customer, score, reasons }) =>
                customer && (
                  <Flex key={customer.id} vertical gap={2}>
                    <Link to={`/customers/${customer.id}`} target="_blank">
                      {[customer.name, customer.number, customer.ownerName].filter(Boolean).join(" · ")}
                      {customer.state === "CUSTOMER_STATE_INVALID" && ` · ${t("enums.CustomerState.CUSTOMER_STATE_INVALID")}`}
                    </Link>
                    <Reasons score={score} reasons={reasons} />
                  </Flex>
                ),
            )}
            {numberTaken && <span>{t("customers.duplicates.numberTaken")}</span>}
          </Flex>
        )
      }
    />
  );
}
