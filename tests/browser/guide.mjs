// Reads the guide and the description of the WebSockets. Arguments: Chromium, the server's address, a folder for pictures.
import { serious, withBrowser } from "./page.mjs";

const [program, server, pictures] = process.argv.slice(2);

await withBrowser(program, server, async (open) => {
  const shown = {};
  const page = await open();
  await page.goto(`${server}/docs/guide`);
  await page.getByRole("heading", { name: "In a minute" }).waitFor();
  await page.getByRole("searchbox").fill("Last-Event-ID quote");
  await page.locator(".found a").first().click();
  await page.waitForFunction(() => document.querySelector("article").textContent.includes("Last-Event-ID"));
  shown.found = new URL(page.url()).hash.split(":")[0];
  await page.screenshot({ path: `${pictures}/guide.png` });
  shown.serious = await serious(page);
  // Every page, every link within the guide and every picture is there.
  const pages = await (await page.request.get(`${server}/docs/guide/pages.json`)).json();
  shown.broken = [];
  for (const { path } of pages) {
    await page.goto(`${server}/docs/guide/#${path}`);
    await page.waitForFunction((title) => document.title === `${title} · Parley`, pages.find((each) => each.path === path).title);
    const links = await page.locator("article a[href^='#']").evaluateAll((all) => all.map((each) => each.getAttribute("href")));
    shown.broken.push(...links.filter((href) => !pages.some((each) => href.slice(1).split(":")[0] === each.path)).map((href) => `${path} ${href}`));
    const files = await page.locator("article a[href^='/'], article img").evaluateAll((all) => all.map((each) => each.getAttribute("href") ?? each.getAttribute("src")));
    for (const file of files) {
      const answer = await page.request.get(server + file);
      if (!answer.ok() && file.startsWith("/docs/guide")) shown.broken.push(`${path} ${file}`);
    }
  }
  shown.pages = pages.length;
  await page.goto(`${server}/asyncapi`);
  const octo = page.locator("section", { hasText: "/ws/{id}" }).first();
  await octo.getByText("HitlRequest").click();
  await octo.locator("details[open] td", { hasText: "context" }).first().waitFor();
  await page.screenshot({ path: `${pictures}/asyncapi.png` });
  shown.seriousInAsyncApi = await serious(page);
  await page.getByRole("button", { name: "Between the services" }).click();
  await page.locator("section").first().waitFor();
  return shown;
});
