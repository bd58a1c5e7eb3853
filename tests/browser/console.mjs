// Uses the console as a person does and says what it showed.
// Arguments: Chromium, the server's address, a folder for pictures.
import { say, serious, withBrowser } from "./page.mjs";

const [program, server, pictures] = process.argv.slice(2);

await withBrowser(program, server, async (open, bytes) => {
  const shown = {};
  const desk = await open();
  await desk.goto(`${server}/ui/`);
  await desk.getByText("Pick a conversation").waitFor();
  shown.bytes = bytes();
  shown.paint = await desk.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null);
  await desk.getByRole("button", { name: "New conversation" }).click();
  await say(desk, "2023년 매출 데이터를 분석해주세요");
  await desk.getByText("실행 요약").waitFor();
  await desk.screenshot({ path: `${pictures}/analysis.png` });
  await say(desk, "계약서를 작성해주세요");
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
  await desk.getByText('"type": "final"').waitFor();

  const phone = await open({ width: 390, locale: "ko-KR", colorScheme: "dark" });
  await phone.goto(`${server}/ui/`);
  await phone.getByRole("button", { name: "새 대화" }).click();
  await phone.getByRole("combobox", { name: "형식" }).selectOption("graph");
  await say(phone, "프로젝트 진행 상황을 그래프로 보여줘");
  await phone.locator(".canvas canvas").first().waitFor();
  await phone.waitForTimeout(300); // what is drawn has no event of its own
  await phone.screenshot({ path: `${pictures}/phone-graph.png` });
  shown.seriousOnPhone = await serious(phone);
  return shown;
});
