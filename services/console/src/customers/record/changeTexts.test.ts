import i18n from "i18next";
import { describe, expect, it } from "vitest";
import { changeFieldName, changeValue, isMoment } from "./changeTexts";

describe("a change in the history", () => {
  const t = i18n.getFixedT("zh-CN");

  it("calls fields by their names", () => {
    expect(changeFieldName(t, "import")).toBe("导入文件");
    expect(changeFieldName(t, "relationship_strength")).toBe("关系程度");
    expect(changeFieldName(t, "custom_fields.budget")).toBe("budget");
  });

  it("reads what the service spells", () => {
    expect(changeValue(t, "type", "RELATION_TYPE_AGENT")).toBe(t("enums.RelationType.RELATION_TYPE_AGENT"));
    expect(changeValue(t, "decision_role", "DECISION_ROLE_DECISION_MAKER")).not.toMatch(/ROLE/);
    expect(changeValue(t, "primary", "true")).toBe("是");
    expect(changeValue(t, "remark", "true")).toBe("true");
    expect(["2027-03-01T23:59:59Z", "2027-03-01T23:59:59.123456Z"].every(isMoment)).toBe(true);
    expect(["2027-03-01", "am 2027-03-01T23:59:59Z"].some(isMoment)).toBe(false);
  });
});
