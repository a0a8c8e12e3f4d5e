// A record's form in a drawer: submits, marks what was refused, keeps what was typed until it is accepted.
import { useRef, useState, type ReactNode } from "react";
import { App, Button, Drawer, Flex, Form, type FormInstance } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import { Authors, type Authored } from "./Authors";
import { focusFirstField, keepPopupEscape, useFocusReturn } from "./drawer";
import { FormFault } from "./FormFault";
import { usePhone } from "./usePhone";
import { showViolations } from "./violations";

interface FormDrawerProps<V> {
  open: boolean;
  title: string;
  initialValues?: Partial<V>;
  submitText?: string;
  size?: number;
  onClose: () => void;
  onSubmit: (values: V, form: FormInstance<V>) => Promise<unknown>;
  /** Handles a fault itself and answers true, as the comparison after a conflict does. */
  onFault?: (fault: unknown, values: V) => boolean;
  /** What is edited, where it is there already: who made and changed it stands below the form. */
  record?: Authored;
  children: ReactNode;
  testId?: string;
}

export function FormDrawer<V extends object>(props: FormDrawerProps<V>) {
  // The body is mounted with the drawer, so that every opening starts from fresh values.
  return props.open ? <OpenFormDrawer {...props} /> : null;
}

function OpenFormDrawer<V extends object>(props: FormDrawerProps<V>) {
  const { title, initialValues, submitText, size = 520, onClose, onSubmit, onFault, record, children, testId } = props;
  const { t } = useTranslation();
  const { modal } = App.useApp();
  const phone = usePhone();
  const [form] = Form.useForm<V>();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>();
  const body = useRef<HTMLDivElement>(null);
  useFocusReturn();

  const submit = async (values: V) => {
    setBusy(true);
    setFault(undefined);
    try {
      await onSubmit(values, form);
      onClose();
    } catch (error) {
      if (onFault?.(error, values)) return;
      if (!showViolations(form, asProblem(error))) setFault(error);
    } finally {
      setBusy(false);
    }
  };
  const close = () => {
    if (!form.isFieldsTouched()) return onClose();
    modal.confirm({
      title: t("common.discard.title"),
      content: t("common.discard.text"),
      okText: t("common.discard.ok"),
      cancelText: t("common.discard.stay"),
      onOk: onClose,
    });
  };
  return (
    <Drawer
      open
      title={title}
      size={phone ? window.innerWidth : size}
      onClose={close}
      // On a phone the focus would bring up the keyboard, which hides half of the form.
      afterOpenChange={(open) => open && !phone && focusFirstField(body.current)}
      data-testid={testId}
      footer={
        <Flex justify="flex-end" gap={8}>
          <Button onClick={close}>{t("common.cancel")}</Button>
          <Button type="primary" loading={busy} onClick={() => form.submit()} data-testid="submit">
            {submitText ?? t("common.save")}
          </Button>
        </Flex>
      }
    >
      <div ref={body} onKeyDown={keepPopupEscape}>
        <FormFault fault={fault} />
        <Form<V>
          form={form}
          layout="vertical"
          initialValues={initialValues}
          onFinish={submit}
          scrollToFirstError={{ focus: true }}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.submit();
          }}
        >
          {children}
          {record && <Authors record={record} />}
          {/* The visible button stands in the footer, outside of the form; this one lets Enter submit. */}
          <button type="submit" hidden tabIndex={-1} aria-hidden />
        </Form>
      </div>
    </Drawer>
  );
}
