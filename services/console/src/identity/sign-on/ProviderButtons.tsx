import { LoginOutlined } from "@ant-design/icons";
import { useMutation } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useNotices } from "@/shared/notices";
import { startSignOn, useSignOnOptions } from "./api";
import { beginJourney } from "./journey";

/** One button a provider; without providers, or while they can't be asked for, there is nothing to see. */
export function ProviderButtons({ next }: { next: string }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const options = useSignOnOptions();
  const start = useMutation({
    mutationFn: (providerId: string) => startSignOn(providerId, next),
    onSuccess: ({ authorizationUrl, browserSecret }) => {
      beginJourney({ purpose: "signIn", browserSecret });
      location.assign(authorizationUrl);
    },
    onError: notices.fault,
  });
  return options.data?.map(({ providerId, name }) => (
    <Button
      key={providerId}
      size="large"
      block
      icon={<LoginOutlined />}
      loading={start.isPending && start.variables === providerId}
      disabled={start.isPending}
      onClick={() => start.mutate(providerId)}
      data-testid="sign-on"
    >
      {t("security.signOn.with", { name })}
    </Button>
  ));
}
