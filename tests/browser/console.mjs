// Uses the console as a person does and says what it showed.
// Arguments: Chromium, the server's address, a folder for pictures.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [program, server, pictures] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-gpu"] });
const trouble = [];
const loaded = new Map();

async function open(width, locale, colorScheme) {
  const page = await browser.newPage({ viewport: { width, height: 800 }, locale, colorScheme });
  page.on("console", (said) => ["error", "warning"].includes(said.type()) && trouble.push(`${said.type()}: ${said.text()}`));
  page.on("pageerror", (error) => trouble.push(error.message));
  page.on("response", async (response) => {
    if (!response.url().startsWith(server)) trouble.push(`elsewhere: ${response.url()}`);
    if (response.url().includes("/ui/") && response.ok()) loaded.set(response.url(), (await response.body().catch(() => "")).length);
  });
  page.setDefaultTimeout(20000);
  return page;
}

async function serious(page) {
  const found = await page.evaluate(`${axe}; axe.run({ resultTypes: ["violations"] })`);
  return found.violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
}

try {
  const shown = {};
  const desk = await open(1280, "en-US", "light");
  const began = Date.now();
  await desk.goto(`${server}/ui/`);
  await desk.getByText("Pick a conversation").waitFor();
  shown.bytes = [...loaded.values()].reduce((sum, each) => sum + each, 0);
  shown.paint = await desk.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null);
  await desk.getByRole("button", { name: "New conversation" }).click();
  const box = desk.getByRole("textbox", { name: "Write a message" });
  await box.fill("2023년 매출 데이터를 분석해주세요");
  await box.press("Enter");
  await desk.getByText("실행 요약").waitFor();
  await desk.screenshot({ path: `${pictures}/analysis.png` });
  await box.fill("계약서를 작성해주세요");
  await box.press("Enter");
  await desk.getByRole("button", { name: "Approve" }).waitFor();
  await desk.screenshot({ path: `${pictures}/approval.png` });
  shown.seriousInChat = await serious(desk);
  await desk.getByRole("button", { name: "Approve" }).click();
  await desk.locator(".reply").nth(2).getByText("실행 요약").waitFor();
  await desk.getByRole("button", { name: "Log", exact: true }).click();
  const slider = desk.getByRole("slider");
  shown.events = Number(await slider.getAttribute("max"));
  await slider.fill("2");
  shown.turnsAtSecondEvent = await desk.locator(".turns .said, .turns .reply").count();
  await desk.screenshot({ path: `${pictures}/log.png` });

  await desk.goto(`${server}/ui/#quote/`);
  await desk.getByRole("textbox").fill("요즘 회사 일이 너무 힘들어요");
  await desk.keyboard.press("Enter");
  await desk.locator(".reply").getByText("?").waitFor();
  await desk.goto(`${server}/ui/#playground/`);
  await desk.getByRole("button", { name: "Connect", exact: true }).click();
  await desk.getByRole("button", { name: "Send" }).click();
  await desk.getByText('"type":"final"').waitFor();
  await desk.goto(`${server}/ui/#system/`);
  await desk.getByText("history-store").waitFor();
  shown.away = await desk.getByText("does not answer").count();
  await desk.screenshot({ path: `${pictures}/system.png` });
  shown.seriousInSystem = await serious(desk);

  const phone = await open(390, "ko-KR", "dark");
  await phone.goto(`${server}/ui/`);
  await phone.getByRole("button", { name: "새 대화" }).click();
  await phone.getByRole("combobox", { name: "형식" }).selectOption("graph");
  await phone.getByRole("textbox", { name: "메시지를 입력하세요" }).fill("프로젝트 진행 상황을 그래프로 보여줘");
  await phone.getByRole("textbox", { name: "메시지를 입력하세요" }).press("Enter");
  await phone.locator(".canvas canvas").first().waitFor();
  await phone.waitForTimeout(300); // what is drawn has no event of its own
  await phone.screenshot({ path: `${pictures}/phone-graph.png` });
  shown.seriousOnPhone = await serious(phone);
  shown.seconds = (Date.now() - began) / 1000;
  console.log(JSON.stringify({ shown, trouble }));
} catch (error) {
  console.error(`${error.stack}\n${trouble.join("\n")}`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
