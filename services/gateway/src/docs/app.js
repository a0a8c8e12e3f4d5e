// Draws the OpenAPI document: operations by service on the left, one of them on the right, chosen by the fragment.
"use strict";

const texts = {
  en: {
    search: "Search operations and fields", parameters: "Parameters", body: "Body", answer: "Answer", name: "Name",
    type: "Type", meaning: "Meaning", in_path: "path", in_query: "query", in_header: "header", nothing: "Nothing fits.",
    permission: "needs", open: "open to everybody", signedIn: "any signed-in user", failed: "The document can't be loaded.",
    choose: "Choose an operation.", other: "中文", file: "A file.", stream: "A stream, one object a line or an event.",
  },
  zh: {
    search: "搜索接口与字段", parameters: "参数", body: "请求体", answer: "响应", name: "名称", type: "类型", meaning: "说明",
    in_path: "路径", in_query: "查询", in_header: "请求头", nothing: "没有匹配的接口。", permission: "需要权限",
    open: "无需登录", signedIn: "登录用户均可", failed: "无法加载接口文档。", choose: "请选择一个接口。", other: "English",
    file: "文件。", stream: "数据流，每行或每个事件一个对象。",
  },
};

let language = localStorage.getItem("changke.docs.language") || (navigator.language.startsWith("zh") ? "zh" : "en");
let spec = null;
let operations = [];
const byId = (id) => document.getElementById(id);
const text = (key) => texts[language][key];

function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children) node.append(child);
  return node;
}

function resolve(schema) {
  return schema && schema.$ref ? spec.components.schemas[schema.$ref.split("/").pop()] || {} : schema || {};
}

function typeOf(schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.type === "array") return `${typeOf(schema.items || {})}[]`;
  if (schema.type === "object" && schema.additionalProperties && schema.additionalProperties !== true) {
    return `map<${typeOf(schema.additionalProperties)}>`;
  }
  if (schema.anyOf) return typeOf(schema.anyOf[schema.anyOf.length - 1]);
  return schema.format || schema.type || "";
}

function limits(schema) {
  const rule = schema.anyOf ? schema.anyOf[schema.anyOf.length - 1] : schema;
  const parts = [];
  const range = (least, most, unit) => {
    if (least !== undefined || most !== undefined) parts.push(`${least ?? ""}…${most ?? ""}${unit}`);
  };
  range(rule.minLength, rule.maxLength, language === "zh" ? " 字" : " characters");
  range(rule.minimum, rule.maximum, "");
  range(rule.minItems, rule.maxItems, "×");
  if (rule.enum) parts.push(rule.enum.filter((value) => value !== "").join(" | "));
  return parts.join(" · ");
}

function rows(schema, level, seen) {
  const resolved = resolve(schema);
  const required = new Set(resolved.required || []);
  const out = [];
  for (const [name, property] of Object.entries(resolved.properties || {})) {
    out.push(row(name, property, required.has(name) && resolved.additionalProperties === false, level));
    const inner = property.type === "array" ? property.items : property;
    const reference = inner && inner.$ref;
    if (reference && level < 3 && !seen.includes(reference)) out.push(...rows(inner, level + 1, [...seen, reference]));
  }
  return out;
}

function row(name, schema, required, level, place) {
  const label = element("td", { class: `level-${level}` }, name);
  if (required) label.append(element("span", { class: "required", title: "required" }, " *"));
  const type = element("td", {}, element("code", {}, typeOf(schema)));
  if (place) type.append(element("div", { class: "type" }, text(`in_${place}`)));
  const meaning = element("td", {}, schema.description || "");
  const bounds = limits(schema);
  if (bounds) meaning.append(element("div", { class: "type" }, bounds));
  return element("tr", {}, label, type, meaning);
}

function table(body) {
  const head = element("tr", {}, ...["name", "type", "meaning"].map((key) => element("th", {}, text(key))));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
}

function show(operation) {
  const main = byId("operation");
  main.replaceChildren();
  if (!operation) {
    main.append(element("p", { class: "empty" }, text("choose")), element("p", { class: "text" }, spec.info.description));
    return;
  }
  const { verb, path, detail } = operation;
  const access = detail["x-permission"]
    ? `${text("permission")} ${detail["x-permission"]}`
    : detail.security && !detail.security.length ? text("open") : text("signedIn");
  main.append(
    element("h1", {}, detail.summary || detail.operationId),
    element("div", { class: "route" }, element("span", { class: `verb ${verb}` }, verb.toUpperCase()), path),
    element("div", { class: "chips" }, element("span", { class: "chip" }, access), element("span", { class: "chip" }, detail["x-grpc-method"] || "HTTP")),
  );
  if (detail.description) main.append(element("p", { class: "text" }, detail.description));
  const parameters = (detail.parameters || []).map((parameter) =>
    parameter.$ref ? spec.components.parameters[parameter.$ref.split("/").pop()] : parameter);
  if (parameters.length) {
    const body = parameters.map((parameter) =>
      row(parameter.name, { ...parameter.schema, description: parameter.description || parameter.schema.description }, parameter.required, 0, parameter.in));
    main.append(element("h2", {}, text("parameters")), table(body));
  }
  section(main, "body", detail.requestBody && detail.requestBody.content);
  section(main, "answer", detail.responses["200"].content);
}

function section(main, key, content) {
  if (!content) return;
  const [kind, media] = Object.entries(content)[0];
  main.append(element("h2", {}, `${text(key)} `, element("span", { class: "type" }, Object.keys(content).join(", "))));
  const schema = media["x-item-schema"] || media.schema;
  if (media["x-item-schema"]) main.append(element("p", { class: "empty" }, text("stream")));
  if (kind !== "application/json" && !media["x-item-schema"]) {
    main.append(element("p", { class: "empty" }, text("file")));
    return;
  }
  main.append(table(rows(schema, 0, [schema.$ref])));
}

function list() {
  const wanted = byId("search").value.trim().toLowerCase();
  const nav = byId("list");
  const current = decodeURIComponent(location.hash.slice(1));
  nav.replaceChildren();
  let group = "";
  for (const operation of operations) {
    if (wanted && !operation.haystack.includes(wanted)) continue;
    if (operation.tag !== group) {
      group = operation.tag;
      nav.append(element("h2", {}, group));
    }
    const id = operation.detail.operationId;
    nav.append(element("a", { href: `#${id}`, title: operation.detail.summary, "aria-current": id === current && "true" },
      element("span", { class: `verb ${operation.verb}` }, operation.verb.toUpperCase()),
      element("span", { class: "path" }, operation.path)));
  }
  if (!nav.children.length) nav.append(element("p", { class: "empty" }, text("nothing")));
}

function draw() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  byId("search").placeholder = text("search");
  byId("language").textContent = text("other");
  if (!spec) return;
  const id = decodeURIComponent(location.hash.slice(1));
  list();
  show(operations.find((operation) => operation.detail.operationId === id));
}

byId("search").addEventListener("input", list);
byId("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem("changke.docs.language", language);
  draw();
});
addEventListener("hashchange", () => {
  draw();
  byId("operation").focus();
});
draw();
fetch("/v1/openapi.json")
  .then((answer) => answer.json())
  .then((document) => {
    spec = document;
    for (const [path, item] of Object.entries(spec.paths)) {
      for (const [verb, detail] of Object.entries(item)) {
        const haystack = `${path} ${detail.operationId} ${detail.summary} ${detail.description || ""}`.toLowerCase();
        operations.push({ verb, path, detail, tag: detail.tags[0], haystack });
      }
    }
    operations.sort((a, b) => a.tag.localeCompare(b.tag) || a.path.localeCompare(b.path));
    draw();
  })
  .catch(() => byId("operation").replaceChildren(element("p", { class: "empty" }, text("failed"))));
