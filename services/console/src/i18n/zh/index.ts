import { administration } from "./administration";
import { app } from "./app";
import { attachments } from "./attachments";
import { common } from "./common";
import { customers } from "./customers";
import { enums } from "./enums";
import { identity } from "./identity";
import { imports } from "./imports";
import { privacy } from "./privacy";
import { provisioning } from "./provisioning";
import { reporting } from "./reporting";
import { security } from "./security";
import { settings } from "./settings";

export const zh = { administration, app, attachments, common, customers, enums, identity, imports, privacy, provisioning, reporting, security, settings };
