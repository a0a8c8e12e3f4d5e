// The least that a spreadsheet program and we call a workbook (ECMA-376): one sheet of texts.
import { strToU8, zipSync } from "fflate";

const spreadsheet = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const packaged = "http://schemas.openxmlformats.org/package/2006";
const content = "application/vnd.openxmlformats-officedocument.spreadsheetml";

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const cell = (text) => `<c t="inlineStr"><is><t>${escaped(text)}</t></is></c>`;
const row = (texts) => `<row>${texts.map(cell).join("")}</row>`;
const related = (type, target) => `<Relationships xmlns="${packaged}/relationships"><Relationship Id="r1" Type="${relations}/${type}" Target="${target}"/></Relationships>`;

/** An XLSX file with these rows. */
export function workbook(rows) {
  const parts = {
    "[Content_Types].xml":
      `<Types xmlns="${packaged}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
      `<Override PartName="/xl/workbook.xml" ContentType="${content}.sheet.main+xml"/><Override PartName="/xl/sheet.xml" ContentType="${content}.worksheet+xml"/></Types>`,
    "_rels/.rels": related("officeDocument", "xl/workbook.xml"),
    "xl/workbook.xml": `<workbook xmlns="${spreadsheet}" xmlns:r="${relations}"><sheets><sheet name="1" sheetId="1" r:id="r1"/></sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": related("worksheet", "sheet.xml"),
    "xl/sheet.xml": `<worksheet xmlns="${spreadsheet}"><sheetData>${rows.map(row).join("")}</sheetData></worksheet>`,
  };
  const files = Object.entries(parts).map(([name, text]) => [name, strToU8(`<?xml version="1.0" encoding="UTF-8"?>${text}`)]);
  return Buffer.from(zipSync(Object.fromEntries(files)));
}
