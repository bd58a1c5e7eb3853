// Reads PromQL expressions, a JSON list, and prints those that Prometheus' own grammar does not understand.
import { parser } from "@prometheus-io/lezer-promql";

let text = "";
for await (const chunk of process.stdin) text += chunk;
const wrong = JSON.parse(text).filter((expression) => {
  let isWrong = false;
  parser.parse(expression).iterate({
    enter: (node) => {
      isWrong ||= node.type.isError;
    },
  });
  return isWrong;
});
console.log(JSON.stringify(wrong));
