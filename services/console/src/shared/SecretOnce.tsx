import { useTranslation } from "react-i18next";
import { ShownOnce } from "./ShownOnce";

interface SecretOnceProps {
  title: string;
  loginName: string;
  password: string | undefined;
  onClose: () => void;
}

/** An initial password: shown this once, to be copied and handed over. */
export function SecretOnce({ title, loginName, password, onClose }: SecretOnceProps) {
  const { t } = useTranslation();
  const items = password === undefined ? undefined : [
    { label: t("identity.employee.loginName"), value: loginName },
    { label: t("identity.secret.password"), value: password, secret: true, testId: "initial-password" },
  ];
  return <ShownOnce title={title} hint={t("identity.secret.once")} items={items} onClose={onClose} />;
}
