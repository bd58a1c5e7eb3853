// Opens pages of a server in a real browser and says of each what it shows and what its policy refused.
// Arguments: Chromium, the server's address, then pairs of a path and a selector of what must come to be there.
import { chromium } from "playwright-core";

const [program, server, ...pairs] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: program,
  args: ["--no-sandbox"],
});
try {
  const found = [];
  for (let at = 0; at < pairs.length; at += 2) {
    const [path, selector] = pairs.slice(at, at + 2);
    const tab = await browser.newPage();
    const refused = [];
    const loaded = [];
    tab.on("response", (response) => loaded.push(response.url()));
    await tab.addInitScript(() => {
      window.refused = [];
      document.addEventListener("securitypolicyviolation", (event) => {
        window.refused.push(`${event.effectiveDirective} ${event.blockedURI}`);
      });
    });
    tab.on("pageerror", (error) => refused.push(error.message));
    await tab.goto(server + path);
    await tab.waitForSelector(selector);
    refused.push(...(await tab.evaluate(() => window.refused)));
    found.push({
      path,
      refused,
      elsewhere: loaded.filter(
        (url) => !url.startsWith(server) && !/^(data|blob):/.test(url),
      ),
      shown: (await tab.textContent("body")).includes("/api/sessions"),
    });
  }
  console.log(JSON.stringify(found));
} finally {
  await browser.close();
}
