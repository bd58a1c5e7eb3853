// Speaks every protocol on the playground by what stands there, and takes the programs that it writes.
// Arguments: Chromium, the server's address.
import { withBrowser } from "./page.mjs";

const [program, server] = process.argv.slice(2); // and by protocol what an answer has
const HEARD = JSON.parse(process.argv[4]);

await withBrowser(program, server, async (open) => {
  const shown = {};
  const page = await open();
  await page.goto(`${server}/ui/#playground/`);
  for (const [protocol, text] of Object.entries(HEARD)) {
    await page.locator(".segments label", { hasText: protocol }).click();
    const connect = page.getByRole("button", { name: "Connect", exact: true });
    const isSocket = await connect.isVisible();
    if (isSocket) {
      await connect.click();
      await page.getByRole("button", { name: "Disconnect" }).waitFor();
    }
    await page.getByRole("button", { name: "Send" }).click();
    await page.locator(".frames .in", { hasText: text }).first().waitFor();
    if (isSocket) {
      await page.getByRole("button", { name: "Disconnect" }).click();
      await page.locator(".frames .end", { hasText: "1005" }).last().waitFor();
    }
    const programs = {};
    for (const language of await page.locator(".card .segments label").allInnerTexts()) {
      await page.locator(".card .segments label", { hasText: language }).click();
      programs[language] = await page.locator(".program").textContent();
    }
    shown[protocol] = programs;
    await page.reload();
  }
  return shown;
});
