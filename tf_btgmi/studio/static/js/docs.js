// Shows the API from its own description, /openapi.json.

import { element } from "./dom.js";

const METHODS = ["get", "post", "delete"];

function typeOf(schema) {
  if (!schema) return "";
  if (schema.anyOf) return schema.anyOf.map(typeOf).filter((type) => type !== "null").join(" or ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.format === "binary" || schema.format === "byte") return "file";
  if (schema.type === "array") return `list of ${typeOf(schema.items) || "values"}`;
  if (schema.$ref) return schema.$ref.split("/").pop();
  return schema.type ?? "";
}

function table(rows, heads) {
  const body = rows.map((cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, cell))));
  const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col", textContent: text })));
  return element("div", { className: "table", tabIndex: 0 }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)));
}

const code = (text) => element("code", { textContent: text });

function fields(schema) {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const fallback = field.default === undefined || field.default === null ? "" : `; ${JSON.stringify(field.default)} by default`;
    return [code(name), `${typeOf(field)}${required.has(name) ? ", required" : fallback}`, field.description ?? ""];
  });
}

function section(path, method, call, schemas) {
  const made = element("section", {}, element("h2", {}, element("b", { textContent: method.toUpperCase() }), ` ${path}`));
  made.append(element("p", { textContent: [call.summary, call.description].filter(Boolean).join(". ").replace("..", ".") }));
  const body = call.requestBody?.content["multipart/form-data"]?.schema;
  if (body) {
    made.append(table(fields(body), ["Field", "Type", "Meaning"]));
    const files = (body.required ?? []).map((name) => `-F ${name}=${body.properties[name].format === "binary" ? `@${name}.png` : "0"}`);
    made.append(element("pre", {}, code(`curl ${location.origin}${path} ${files.join(" ")} -o result`)));
  }
  const answer = call.responses["200"]?.content?.["application/json"]?.schema;
  const named = schemas[answer?.$ref?.split("/").pop()];
  if (named && !body) made.append(table(fields(named), ["Answer", "Type", "Meaning"]));
  return made;
}

const api = await (await fetch("/openapi.json")).json();
const schemas = api.components.schemas;
const main = document.querySelector("main");
main.append(element("p", { textContent: api.info.description }));
for (const [path, methods] of Object.entries(api.paths)) {
  for (const method of METHODS) {
    if (methods[method]) main.append(section(path, method, methods[method], schemas));
  }
}
main.append(
  element("h2", { textContent: "Errors" }),
  element("p", { textContent: "Every other answer has this body." }),
  table(fields(schemas.ErrorText), ["Field of error", "Type", "Meaning"]),
);
