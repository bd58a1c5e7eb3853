// A browser for the scripts beside this file: pages of one server, what went wrong in them, what axe finds serious.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// `use` gets the function `open` and gives what is to be printed; what went wrong is printed beside it.
export async function withBrowser(program, server, use, more = []) {
  const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-gpu", ...more] });
  const trouble = [];
  const loaded = new Map();
  const pages = [];
  // A connection that a test breaks, or a refusal that it wants, is said on the console by Chromium itself.
  async function open({ width = 1280, height = 800, locale = "en-US", colorScheme = "light", deviceScaleFactor = 1, isBroken = false } = {}) {
    const page = await browser.newPage({ viewport: { width, height }, locale, colorScheme, deviceScaleFactor });
    page.on("console", (said) => {
      const isOfBreak = isBroken && /ERR_|WebSocket connection|status of (401|50)/.test(said.text());
      if (["error", "warning"].includes(said.type()) && !isOfBreak) trouble.push(`${said.type()}: ${said.text()}`);
    });
    page.on("pageerror", (error) => trouble.push(error.message));
    page.on("response", async (response) => {
      const url = response.url();
      if (!url.startsWith(server) && !/^(data|blob):/.test(url)) trouble.push(`elsewhere: ${url}`);
      if (url.includes("/ui/") && response.ok()) loaded.set(url, (await response.request().sizes().catch(() => ({}))).responseBodySize ?? 0);
    });
    page.setDefaultTimeout(20000);
    pages.push(page);
    return page;
  }
  try {
    const shown = await use(open, () => [...loaded.values()].reduce((sum, each) => sum + each, 0));
    console.log(JSON.stringify({ shown, trouble }));
  } catch (error) {
    const texts = await Promise.all(pages.map((page) => page.locator("body").innerText()));
    console.error([error.stack, ...trouble, ...texts].join("\n"));
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
}

export async function serious(page) {
  const found = await page.evaluate(`${axe}; axe.run({ resultTypes: ["violations"] })`);
  return found.violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
}

// Says something, as the person who uses the console does.
export async function say(page, text) {
  const box = page.locator(".composer textarea");
  await box.fill(text);
  await box.press("Enter");
}
