// The frame of every signed-in screen: menu, top bar, content. It lets nobody in who is not signed in, and nobody past
// an initial password or a second factor that has yet to be set up.
import { Suspense, useEffect, useState } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { Drawer, Layout, theme } from "antd";
import { useTranslation } from "react-i18next";
import { Navigate, Outlet, useLocation, useNavigate, useNavigation } from "react-router";
import { asProblem } from "@/api/problem";
import { onSecondFactorMissing, onSessionLost } from "@/api/session";
import { usePhone } from "@/shared/usePhone";
import { Fault } from "@/shared/states";
import { profileKey, useProfileQuery } from "./access";
import { Brand } from "./Brand";
import { Navigation } from "./Navigation";
import { setPreferences, usePreferences } from "./preferences";
import { ProgressLine } from "./ProgressLine";
import { StartUp } from "./StartUp";
import { TopBar } from "./TopBar";

export function Shell() {
  const { t } = useTranslation();
  const { token } = theme.useToken();
  const { menuCollapsed } = usePreferences();
  const location = useLocation();
  const navigate = useNavigate();
  const navigation = useNavigation();
  const phone = usePhone();
  const [menuOpen, setMenuOpen] = useState(false);
  const queries = useQueryClient();
  const profile = useProfileQuery();
  const here = location.pathname + location.search;

  useEffect(
    () =>
      onSessionLost(() => {
        if (window.location.pathname === "/sign-in") return;
        // What was loaded is forgotten at the next sign-in; forgetting it here would only fetch it again in vain.
        void navigate(signInPath(window.location.pathname + window.location.search), { replace: true });
      }),
    [navigate],
  );

  // A role may come to ask for one while the console is open; the profile knows by now.
  useEffect(() => onSecondFactorMissing(() => void queries.invalidateQueries({ queryKey: profileKey })), [queries]);

  if (profile.isPending) return <StartUp />;
  if (profile.isError && asProblem(profile.error).status === 401) return <Navigate to={signInPath(here)} replace />;
  if (profile.isError) return <Fault fault={profile.error} retry={() => void profile.refetch()} />;
  if (profile.data.passwordChangeRequired) {
    return <Navigate to={`/change-password?next=${encodeURIComponent(here)}`} replace />;
  }

  if (profile.data.secondFactorRequired && !profile.data.secondFactorSet) {
    return <Navigate to={`/set-up-second-factor?next=${encodeURIComponent(here)}`} replace />;
  }

  const menu = (collapsed: boolean) => (
    <>
      <Brand collapsed={collapsed} />
      <Navigation collapsed={collapsed} onNavigate={() => setMenuOpen(false)} />
    </>
  );
  return (
    <Layout style={{ minHeight: "100vh" }}>
      <a href="#main" className="skip-link">
        {t("app.skipToContent")}
      </a>
      {phone ? (
        <Drawer
          open={menuOpen}
          onClose={() => setMenuOpen(false)}
          placement="left"
          size={264}
          closable={false}
          styles={{ body: { padding: 0 } }}
        >
          {menu(false)}
        </Drawer>
      ) : (
        <Layout.Sider
          width={224}
          collapsedWidth={64}
          collapsed={menuCollapsed}
          theme="light"
          style={{
            position: "sticky",
            top: 0,
            height: "100vh",
            overflowY: "auto",
            background: token.colorBgContainer,
            borderInlineEnd: `1px solid ${token.colorBorderSecondary}`,
          }}
        >
          {menu(menuCollapsed)}
        </Layout.Sider>
      )}
      <Layout style={{ minWidth: 0 }}>
        <TopBar
          phone={phone}
          menuCollapsed={menuCollapsed}
          onMenu={() => (phone ? setMenuOpen(true) : setPreferences({ menuCollapsed: !menuCollapsed }))}
        />
        <ProgressLine active={navigation.state === "loading"} />
        <Layout.Content id="main" tabIndex={-1} style={{ padding: phone ? 12 : 24, outline: "none", minWidth: 0 }}>
          <Suspense fallback={<StartUp />}>
            <Outlet />
          </Suspense>
        </Layout.Content>
      </Layout>
    </Layout>
  );
}

function signInPath(here: string) {
  return here === "/" ? "/sign-in" : `/sign-in?next=${encodeURIComponent(here)}`;
}
