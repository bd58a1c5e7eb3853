// The words of the console, English and Korean.
const WORDS = {
  chat: ["Chat", "대화"], graph: ["Graph", "그래프"], quote: ["Quote", "명언"], voice: ["Voice", "음성"],
  playground: ["Playground", "플레이그라운드"], system: ["System", "시스템"],
  newChat: ["New conversation", "새 대화"], search: ["Search", "검색"], anyStatus: ["Any status", "모든 상태"], anyProtocol: ["Any protocol", "모든 프로토콜"],
  noConversations: ["No conversations yet. Say something to begin one.", "아직 대화가 없습니다. 먼저 말을 걸어 보세요."],
  noMatches: ["Nothing matches.", "일치하는 대화가 없습니다."],
  undelivered: ["The message could not be sent. Try again when the server answers.", "메시지를 보내지 못했습니다. 서버가 응답하면 다시 시도하세요."],
  forkedFrom: ["Forked from the conversation above", "위 대화에서 분기됨"],
  pick: ["Pick a conversation, or begin a new one.", "대화를 고르거나 새로 시작하세요."],
  write: ["Write a message", "메시지를 입력하세요"], send: ["Send", "보내기"], stop: ["Stop", "중지"],
  retry: ["Retry", "다시 시도"], edit: ["Edit and fork", "수정하여 분기"], fork: ["Fork from here", "여기서 분기"],
  copy: ["Copy", "복사"], copied: ["Copied", "복사됨"], remove: ["Delete", "삭제"], log: ["Log", "로그"],
  approve: ["Approve", "승인"], refuse: ["Refuse", "거절"], answer: ["Answer", "답하기"], asks: ["Your decision is needed", "결정이 필요합니다"],
  working: ["Working", "작업 중"], step: ["step", "단계"], steps: ["steps", "단계"], tool: ["Tool", "도구"],
  failed: ["The run failed", "실행에 실패했습니다"], cancelled: ["Stopped", "중지됨"], empty: ["The reply is empty.", "응답이 비어 있습니다."],
  active: ["new", "새 대화"], in_progress: ["running", "실행 중"], waiting_human: ["waiting for you", "응답 대기"], completed: ["done", "완료"],
  format: ["Form", "형식"], asChat: ["Text", "텍스트"], asGraph: ["Graph", "그래프"], asReport: ["Report", "보고서"],
  download: ["Download Markdown", "마크다운 내려받기"], print: ["Print or save as PDF", "인쇄 또는 PDF 저장"],
  lost: ["Connection lost, trying again…", "연결이 끊겨 다시 시도하는 중…"],
  signIn: ["Sign in", "로그인"], apiKey: ["API key", "API 키"], token: ["User token", "사용자 토큰"], tokenHint: ["Made by parley token; needed for your own conversations, and for an operator's work.", "parley token으로 만듭니다. 본인의 대화를 보거나 운영 작업을 할 때 필요합니다."],
  connecting: ["Connecting", "연결 중"], listening: ["Listening", "듣는 중"], hearing: ["Hearing you", "말씀을 듣는 중"], thinking: ["Thinking", "생각하는 중"], speaking: ["Speaking", "말하는 중"],
  microphone: ["Microphone", "마이크"], speech: ["Speech", "음성 출력"], youSpoke: ["You spoke", "사용자 발화"], lasted: ["The talk lasted", "대화 시간"], lines: ["Messages", "메시지"], seconds: ["s", "초"],
  keyHint: ["Kept in this page's memory only.", "이 페이지의 메모리에만 보관됩니다."],
  at: ["As it was at event", "이 이벤트 시점"], events: ["events", "이벤트"], eventsTab: ["Events", "이벤트"], state: ["State", "상태"],
  live: ["Now", "현재로"], filter: ["Filter", "필터"], noState: ["The graph had no state yet.", "아직 그래프의 상태가 없습니다."],
  tokens: ["tokens", "토큰"], given: ["in", "입력"], made: ["out", "출력"], calls: ["calls", "회 호출"],
  reason: ["Reason or answer", "이유 또는 답"], change: ["Change", "수정"], sendChanged: ["Send as changed", "수정하여 보내기"], orWords: ["Or answer in words", "또는 말로 답하기"],
  services: ["Services", "서비스"], ready: ["ready", "준비됨"], away: ["does not answer", "응답 없음"],
  position: ["Log position", "로그 위치"], waiting: ["Waiting", "대기"], conversations: ["Conversations", "대화 수"],
  connections: ["Open connections", "열린 연결"], lag: ["Lists are behind by", "목록 지연(이벤트)"], takeovers: ["Takeovers, last hour", "최근 1시간 이어받은 실행"],
  turnsHour: ["Turns, last hour", "최근 1시간 응답 수"], latencyHour: ["Time of a turn, last hour", "최근 1시간 응답 시간"], turns: ["turns", "응답"], failures: ["failed", "실패"],
  firstToken: ["first word", "첫 단어"], half: ["half within", "절반 이내"], most: ["95 % within", "95% 이내"],
  service: ["Service", "서비스"], version: ["Version", "버전"], processes: ["Processes", "프로세스"], waitingNow: ["Waiting", "대기"], held: ["Being answered", "응답 중"],
  deadLetters: ["Dead letters", "처리하지 못한 메시지"], noLetters: ["None: everything was handled.", "없습니다. 모두 처리되었습니다."], event: ["event", "이벤트"], drop: ["Drop", "버리기"],
  confirmDrop: ["Drop this letter?", "이 메시지를 버릴까요?"], operatorsOnly: ["Sign in with an operator's token to see them: parley token --user NAME --operator", "운영자 토큰으로 로그인하면 볼 수 있습니다: parley token --user 이름 --operator"],
  suggestions: ["What would you like to do?", "무엇을 도와드릴까요?"],
  about_analysis: ["Analyse data", "데이터 분석"], try_analysis: ["Analyse the sales of 2023", "2023년 매출 데이터를 분석해주세요"],
  about_approval: ["Decide before it acts", "실행 전 승인"], try_approval: ["Draft a contract", "계약서를 작성해주세요"],
  about_people: ["Look something up", "정보 찾기"], try_people: ["Who is Mia Tanaka?", "연락처를 보여줘"],
  about_graph: ["See the plan as a graph", "계획을 그래프로"], try_graph: ["Show the progress of the projects", "프로젝트 진행 상황을 보여줘"],
  guide: ["Guide", "안내서"], pages: ["Pages", "문서"], noPage: ["There is no such page.", "없는 문서입니다."],
  badToken: ["The token is not accepted.", "유효하지 않은 토큰입니다."],
  say: ["How are you feeling?", "지금 기분이 어떠세요?"], beginVoice: ["Start talking", "말하기 시작"], endVoice: ["End", "종료"],
  voiceHint: ["Press, allow the microphone, and speak.", "버튼을 누르고 마이크를 허용한 뒤 말씀하세요."], speaksAs: ["It speaks as", "목소리"],
  connect: ["Connect", "연결"], disconnect: ["Disconnect", "연결 끊기"], protocol: ["Protocol", "프로토콜"], frame: ["Frame", "프레임"],
  aboutProtocol: ["How it works", "프로토콜 설명"], frames: ["Frames", "프레임"], way_in: ["received", "받음"], way_out: ["sent", "보냄"], way_end: ["ended", "종료"],
  noFrames: ["What goes out and what comes in stands here.", "보낸 것과 받은 것이 여기에 표시됩니다."],
  copyAs: ["Copy as", "복사 형식"], theme: ["Light or dark", "밝게/어둡게"], language: ["한국어", "English"], back: ["Back", "뒤로"],
  key: ["Conversation key", "대화 키"], pickGraph: ["Graph and model", "그래프와 모델"], visits: ["visits", "방문"], idle: ["not running", "실행 중 아님"], followed: ["Follow a conversation", "따라갈 대화"], cost: ["Turn", "대화"],
  spoken: ["spoken", "음성"], confirmDelete: ["Delete this conversation?", "이 대화를 삭제할까요?"], again: ["Try again", "다시 시도"],
};

let language = navigator.language?.startsWith("ko") ? 1 : 0;

export const t = (name) => WORDS[name]?.[language] ?? name;
export const isKorean = () => language === 1;
export function switchLanguage() {
  language = 1 - language;
  document.documentElement.lang = isKorean() ? "ko" : "en";
}
export const clock = (at) => new Date(at).toLocaleTimeString(isKorean() ? "ko" : "en", { hour: "2-digit", minute: "2-digit" });
export const exactly = (at) => {
  const moment = new Date(at);
  return `${moment.toLocaleTimeString("en-GB")}.${`${moment.getMilliseconds()}`.padStart(3, "0")}`;
};
export const span = (ms) => (ms === null ? "" : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
export const size = (bytes) => (bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} KB`);
