// The services that can be deployed, each with operations of its own under the same addresses.
import { useDeployment } from "@/app/access";

export const services = ["identity", "customers", "reporting"] as const;
export type Service = (typeof services)[number];

export const isService = (name: string | null): name is Service => services.some((service) => service === name);

/** Those of this deployment; all while it isn't known, because a call to an absent one explains itself. */
export function usePresentServices(): Service[] {
  const { data } = useDeployment();
  if (!data) return [...services];
  return services.filter((name) => data.services.some((service) => service.name === name && service.present));
}
