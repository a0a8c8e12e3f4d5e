import { useTranslation } from "react-i18next";
import type { Dimension } from "@/api/types";
import { pathName, useEntries, useEntryName } from "@/customers/dictionaries/entries";
import type { Namer } from "./figures";

const dictionaries: Partial<Record<Dimension, string>> = {
  DIMENSION_REGION: "region",
  DIMENSION_INDUSTRY: "industry",
  DIMENSION_LEVEL: "level",
  DIMENSION_SOURCE: "source",
  DIMENSION_GRADE: "grade",
};

/** Names for the keys of a dimension: by its dictionary, the enum's text, or the label that came along. */
export function useNamer(dimension: Dimension | undefined): Namer {
  const { t } = useTranslation();
  const { index, isPending } = useEntries(dimension && dictionaries[dimension]);
  const nameOf = useEntryName();
  return (key, label) => {
    if (!key) return dimension === "DIMENSION_OWNER" ? t("customers.inPool") : dimension && dimension !== "DIMENSION_UNSPECIFIED" ? t("reporting.noValue") : "";
    if (label) return label;
    if (dimension === "DIMENSION_KIND") {
      return t(key.includes("ORGANIZATION") ? "enums.CustomerKind.CUSTOMER_KIND_ORGANIZATION" : "enums.CustomerKind.CUSTOMER_KIND_PERSON");
    }
    if (!dimension || !dictionaries[dimension]) return key;
    return isPending ? "…" : pathName(index, key, nameOf);
  };
}
