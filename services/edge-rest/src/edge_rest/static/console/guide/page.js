// One document as safe HTML: headings with ids, links within the guide, pictures from this server alone.
import { marked } from "../vendor/marked.js";

const FILES = "/docs/guide/files/";
const HERE = "http://guide/";

// As GitHub names headings.
export function slug(text) {
  return text.trim().toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");
}

export function drawn({ path, text }) {
  const body = document.createElement("div");
  body.innerHTML = window.DOMPurify.sanitize(marked.parse(text), { FORBID_TAGS: ["style", "form"], FORBID_ATTR: ["style"] });
  const taken = new Map();
  for (const heading of body.querySelectorAll("h1, h2, h3, h4")) {
    const name = slug(heading.textContent);
    const count = taken.get(name) ?? 0;
    taken.set(name, count + 1);
    heading.id = count ? `${name}-${count}` : name;
  }
  for (const image of body.querySelectorAll("img")) image.src = FILES + below(path, image.getAttribute("src"));
  for (const link of body.querySelectorAll("a[href]")) lead(link, path);
  for (const wide of body.querySelectorAll("table, pre")) wide.tabIndex = 0;
  return body;
}

function lead(link, path) {
  const href = link.getAttribute("href");
  if (/^[a-z]+:/.test(href)) return Object.assign(link, { target: "_blank", rel: "noreferrer" });
  const [file, heading = ""] = href.split("#");
  const target = file ? below(path, file) : path;
  if (target === null) return link.replaceWith(...link.childNodes); // it is elsewhere in the repository
  if (target.endsWith(".md")) link.setAttribute("href", `#${target}${heading && `:${heading}`}`);
  else link.setAttribute("href", FILES + target);
}

// A relative address as a path below the documents' folder; null where it leads out of it.
function below(path, relative) {
  const depth = path.split("/").length - 1;
  const ups = relative.match(/^(\.\.\/)*/)[0].length / 3;
  return ups > depth ? null : new URL(relative, HERE + path).pathname.slice(1);
}
