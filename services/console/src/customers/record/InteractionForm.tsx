import { Alert, Col, DatePicker, Form, Input, InputNumber, Row, Segmented, Select } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useTranslation } from "react-i18next";
import type { Interaction, InteractionState, InteractionTypeInput } from "@/api/types";
import { useAccess } from "@/app/access";
import { changedFields } from "@/shared/changes";
import { FormDrawer } from "@/shared/FormDrawer";
import { useNotices } from "@/shared/notices";
import { createInteraction, updateInteraction, useContacts, useCustomerChanged } from "../api";
import { snakeCase } from "../attributes";
import { customChanges, customInputs, CustomItems, useCustomAttributes, type CustomInputs } from "../fields/CustomFields";
import { useBans } from "../privacy/api";
import { forbidden } from "../privacy/bans";
import { CheckInField, positionOf } from "./CheckIn";
import { InteractionIcon, interactionTypes } from "./interactions";
import type { Position } from "./position";

interface InteractionFormProps {
  customerId: string;
  /** Left out: a new one. */
  interaction: Interaction | undefined;
  open: boolean;
  /** Turns a planned interaction into a done one, with what came of it. */
  complete?: boolean;
  onClose: () => void;
}

interface Values {
  type: InteractionTypeInput;
  state: InteractionState;
  subject: string;
  content: string;
  occurTime: Dayjs;
  durationMinutes: number;
  contactIds: string[];
  nextStep: string;
  nextStepTime: Dayjs | null;
  place: string;
  position?: Position;
}

type FormValues = Values & { customFields?: CustomInputs };

export function InteractionForm({ customerId, interaction, open, complete = false, onClose }: InteractionFormProps) {
  const { t } = useTranslation();
  const notices = useNotices();
  const changed = useCustomerChanged();
  const attributes = useCustomAttributes("RECORD_KIND_INTERACTION");
  const before = valuesOf(interaction, complete);
  const customBefore = customInputs(attributes, interaction);

  const save = async ({ customFields: inputs, ...values }: FormValues) => {
    const body = inputOf({ ...before, ...values });
    const { customFields, mask } = customChanges(attributes, interaction ? customBefore : {}, { ...customBefore, ...inputs });
    if (interaction) {
      const changes = changedFields(inputOf(valuesOf(interaction, false)), body);
      const paths = [...Object.keys(changes).map(snakeCase), ...mask];
      if (paths.length === 0) return;
      await updateInteraction(interaction.id, { ...changes, customFields, etag: interaction.etag }, paths);
    } else {
      await createInteraction(customerId, { ...body, customFields });
    }
    notices.done(t("customers.interaction.saved"));
    await changed();
  };
  const title = complete ? "customers.interaction.complete" : interaction ? "customers.interaction.edit" : "customers.interaction.add";
  return (
    <FormDrawer<FormValues> open={open} record={interaction} title={t(title)} initialValues={{ ...before, customFields: customBefore }} size={560} onClose={onClose} onSubmit={save} testId="interaction-form">
      <Fields customerId={customerId} isNew={!interaction} stateFixed={interaction !== undefined} />
      <CustomItems attributes={attributes} />
    </FormDrawer>
  );
}

function Fields({ customerId, isNew, stateFixed }: { customerId: string; isNew: boolean; stateFixed: boolean }) {
  const { t } = useTranslation();
  const { can } = useAccess();
  const form = Form.useFormInstance<Values>();
  const planned = Form.useWatch("state", form) === "INTERACTION_STATE_PLANNED";
  const type = Form.useWatch("type", form);
  const contacts = useContacts(customerId).data;
  const contactIds = Form.useWatch("contactIds", form);
  const ban = forbidden(useBans(customerId).data ?? [], type, contactIds ?? []);
  const required = { required: true, message: t("common.required") };
  return (
    <>
      <Form.Item name="state" hidden={stateFixed} noStyle={stateFixed}>
        {stateFixed ? (
          <Input type="hidden" />
        ) : (
          <Segmented
            block
            options={[
              { value: "INTERACTION_STATE_DONE", label: t("customers.interaction.happened") },
              { value: "INTERACTION_STATE_PLANNED", label: t("customers.interaction.planned") },
            ]}
            onChange={(state) => {
              // A plan lies ahead, a report behind; the proposed time follows.
              if (isNew && !form.isFieldTouched("occurTime")) form.setFieldValue("occurTime", proposedTime(state === "INTERACTION_STATE_PLANNED"));
            }}
          />
        )}
      </Form.Item>
      <Form.Item name="type" label={t("customers.interaction.type")} rules={[required]}>
        <Select
          options={interactionTypes.map((value) => ({ value, label: t(`enums.InteractionType.${value}`) }))}
          optionRender={({ value, label }) => (
            <>
              <InteractionIcon type={value as InteractionTypeInput} /> {label}
            </>
          )}
        />
      </Form.Item>
      {ban && <Alert type="warning" showIcon title={t("privacy.warning", { reason: ban.reason })} style={{ marginBottom: 16 }} data-testid="ban-warning" />}
      <Form.Item name="subject" label={t("customers.interaction.subject")} rules={[{ ...required, whitespace: true }]}>
        <Input maxLength={200} />
      </Form.Item>
      <Row gutter={16}>
        <Col xs={24} sm={14}>
          <Form.Item name="occurTime" label={t("customers.interaction.occurTime")} rules={[required]}>
            <DatePicker showTime={{ format: "HH:mm" }} format="YYYY-MM-DD HH:mm" style={{ width: "100%" }} allowClear={false} />
          </Form.Item>
        </Col>
        <Col xs={24} sm={10}>
          <Form.Item name="durationMinutes" label={t("customers.interaction.duration")}>
            <InputNumber min={0} max={1440} precision={0} suffix={t("customers.interaction.minutes")} style={{ width: "100%" }} />
          </Form.Item>
        </Col>
      </Row>
      {can("PERMISSION_CONTACTS_READ") && (
        <Form.Item name="contactIds" label={t("customers.interaction.contacts")}>
          <Select
            mode="multiple"
            showSearch={{ optionFilterProp: "label" }}
            options={contacts?.map((contact) => ({ value: contact.id, label: [contact.name, contact.post].filter(Boolean).join(" · ") }))}
            placeholder={t("common.optional")}
            notFoundContent={t("customers.contact.empty")}
          />
        </Form.Item>
      )}
      {type === "INTERACTION_TYPE_VISIT" && (
        <>
          <Form.Item name="place" label={t("customers.interaction.place")}>
            <Input maxLength={200} />
          </Form.Item>
          <Form.Item name="position">
            <CheckInField />
          </Form.Item>
        </>
      )}
      {!planned && (
        <Form.Item name="content" label={t("customers.interaction.content")}>
          <Input.TextArea maxLength={10000} autoSize={{ minRows: 4, maxRows: 14 }} />
        </Form.Item>
      )}
      <Row gutter={16}>
        <Col xs={24} sm={14}>
          <Form.Item name="nextStep" label={t("customers.interaction.nextStep")}>
            <Input maxLength={500} />
          </Form.Item>
        </Col>
        <Col xs={24} sm={10}>
          <Form.Item name="nextStepTime" label={t("customers.interaction.nextStepTime")}>
            <DatePicker showTime={{ format: "HH:mm" }} format="YYYY-MM-DD HH:mm" style={{ width: "100%" }} />
          </Form.Item>
        </Col>
      </Row>
    </>
  );
}

function proposedTime(planned: boolean): Dayjs {
  return planned ? dayjs().add(1, "day").hour(10).minute(0).second(0).millisecond(0) : dayjs().millisecond(0);
}

function valuesOf(interaction: Interaction | undefined, complete: boolean): Values {
  const time = (value: string | undefined) => (value ? dayjs(value) : null);
  return {
    type: interaction && interaction.type !== "INTERACTION_TYPE_UNSPECIFIED" ? interaction.type : "INTERACTION_TYPE_CALL",
    state: complete ? "INTERACTION_STATE_DONE" : (interaction?.state ?? "INTERACTION_STATE_DONE"),
    subject: interaction?.subject ?? "",
    content: interaction?.content ?? "",
    // What is done has happened: a plan for tomorrow that is reported today happened now.
    occurTime: complete && dayjs(interaction?.occurTime).isAfter(dayjs()) ? proposedTime(false) : (time(interaction?.occurTime) ?? proposedTime(false)),
    durationMinutes: interaction?.durationMinutes ?? 0,
    contactIds: interaction?.contactIds ?? [],
    nextStep: interaction?.nextStep ?? "",
    nextStepTime: time(interaction?.nextStepTime),
    place: interaction?.place ?? "",
    position: interaction && positionOf(interaction),
  };
}

function inputOf({ position, ...values }: Values) {
  return {
    ...values,
    ...position,
    occurTime: values.occurTime.toISOString(),
    nextStepTime: values.nextStepTime?.toISOString(),
    durationMinutes: values.durationMinutes ?? 0,
  };
}
