import { administration } from "./administration";
import { app } from "./app";
import { attachments } from "./attachments";
import { common } from "./common";
import { customers } from "./customers";
import { enums } from "./enums";
import { identity } from "./identity";
import { imports } from "./imports";
import { levels } from "./levels";
import { lists } from "./lists";
import { privacy } from "./privacy";
import { provisioning } from "./provisioning";
import { reporting } from "./reporting";
import { security } from "./security";
import { settings } from "./settings";

export const zh = { administration, app, attachments, common, customers, enums, identity, imports, levels, lists, privacy, provisioning, reporting, security, settings };
