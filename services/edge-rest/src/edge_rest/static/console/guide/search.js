// A search over all documents: sections that have every word, those with a word in the heading first. Pure.
import { slug } from "./page.js";

const MOST = 40;
const AROUND = 60;

export function find(pages, wanted) {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [];
  for (const { path, title, text } of pages) {
    for (const { heading, body } of sections(text)) {
      const [head, all] = [`${title} ${heading}`.toLowerCase(), `${title} ${heading} ${body}`.toLowerCase()];
      if (!words.every((word) => all.includes(word))) continue;
      const score = words.filter((word) => head.includes(word)).length;
      found.push({ path, heading: heading && slug(heading), title: heading ? `${title} › ${heading}` : title, text: around(body, words), score });
    }
  }
  return found.sort((one, other) => other.score - one.score).slice(0, MOST);
}

// The parts of a page by its headings; what stands in blocks of code is no heading.
function* sections(text) {
  let heading = "";
  let body = [];
  let isCode = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("```")) isCode = !isCode;
    const next = isCode ? null : /^#{1,4} (.+)/.exec(line);
    if (next) {
      if (body.join("").trim()) yield { heading, body: body.join(" ") };
      heading = next[1].replace(/[`*]/g, "");
      body = [];
    } else body.push(line.replace(/[`*|]/g, " ").replace(/\]\([^)]*\)/g, "").replace(/\[/g, ""));
  }
  yield { heading, body: body.join(" ") };
}

function around(body, words) {
  const at = Math.max(0, Math.min(...words.map((word) => body.toLowerCase().indexOf(word)).filter((each) => each >= 0), body.length) - AROUND);
  const piece = body.slice(at === body.length ? 0 : at, at + 3 * AROUND).replace(/\s+/g, " ").trim();
  return `${at > 0 ? "… " : ""}${piece} …`;
}
