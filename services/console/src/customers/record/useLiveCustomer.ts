// The page of a customer follows what others do with it.
import { useQueryClient } from "@tanstack/react-query";
import type { Customer } from "@/api/types";
import { isFresh } from "../live/fresh";
import { useLiveCustomers } from "../live/useLiveCustomers";

export function useLiveCustomer(id: string) {
  const queries = useQueryClient();
  const key = ["customer", id];
  // A timeline is one of chosen kinds.
  const load = (...kinds: string[]) => kinds.forEach((kind) => void queries.invalidateQueries({ queryKey: [kind, id], exact: kind !== "timeline" }));
  // One that is out of use has a page as well.
  useLiveCustomers(`id = "${id}" AND (state = ACTIVE OR state = INVALID)`, {
    onBegin: () => {
      if (!isFresh(queries.getQueryState(key))) load("customer", "timeline", "attachments");
    },
    onUpdate: ({ customer }) => {
      if (!customer) return load("customer", "timeline", "attachments");
      queries.setQueryData<Customer>(key, customer);
      load("timeline", "attachments");
    },
  });
}
