import { app } from "./app";
import { common } from "./common";
import { customers } from "./customers";
import { enums } from "./enums";
import { identity } from "./identity";
import { imports } from "./imports";
import { reporting } from "./reporting";
import { settings } from "./settings";

export const en = { app, common, customers, enums, identity, imports, reporting, settings };
