import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const gateway = process.env.CHANGKE_DEV_GATEWAY ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    proxy: { "/v1": gateway, "/docs": gateway },
    // A test reads what the services write.
    fs: { allow: [".."] },
  },
  build: {
    target: "es2022",
    // ECharts and Ant Design are large by nature and load as chunks of their own.
    chunkSizeWarningLimit: 1500,
  },
  test: {
    environment: "jsdom",
    setupFiles: ["src/test-setup.ts"],
    include: ["src/**/*.test.{ts,tsx}"],
    // Components render slowly on a machine that builds something else meanwhile.
    testTimeout: 20_000,
  },
});
