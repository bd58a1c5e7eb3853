// What a question asks for, by its value: decisions about actions, one of some options, a form, or a yes, a no or words. Pure.
import { blank } from "./fields.js";

// The actions of LangChain's approval middleware, each with what is allowed and how its decision is written.
// Source: langchain.agents.middleware.HumanInTheLoopMiddleware
function reviewed({ action_requests: requests, review_configs: configs }) {
  const actions = requests.map(({ name, args = {}, description = "" }, index) => ({
    name, args, description,
    allowed: (configs.find((each) => each.action_name === name) ?? configs[index])?.allowed_decisions ?? ["approve", "reject"],
  }));
  return { actions, answer: (decisions) => ({ decisions: decisions.map((each, index) => decision(each, actions[index])) }) };
}

// One of its calls, asked about by itself: the schema of the answer has what is allowed.
function called({ name, args, description }, schema) {
  const kinds = schema?.discriminator?.mapping ? Object.keys(schema.discriminator.mapping) : [schema?.properties?.type?.const].filter(Boolean);
  const actions = [{ name, args, description, allowed: kinds.length ? kinds : ["approve", "reject"] }];
  return { actions, answer: ([made]) => decision(made, actions[0]) };
}

function decision({ kind, args, words }, { name }) {
  if (kind === "edit") return { type: "edit", edited_action: { name, args } };
  return words ? { type: kind, message: words } : { type: kind };
}

// An action as Agent Inbox has it, alone or in a list. Source: langgraph.prebuilt.interrupt
const INBOX = { approve: "accept", edit: "edit", respond: "response", reject: "ignore" };
const ALLOWS = { approve: "allow_accept", edit: "allow_edit", respond: "allow_respond", reject: "allow_ignore" };

function inbox(value) {
  const requests = [value].flat();
  const actions = requests.map(({ action_request: { action, args = {} }, config, description = "" }) => ({
    name: action, args, description, allowed: Object.keys(ALLOWS).filter((kind) => config[ALLOWS[kind]]),
  }));
  const one = ({ kind, args, words }, { name }) => ({
    type: INBOX[kind], args: kind === "edit" ? { action: name, args } : kind === "respond" ? words : null,
  });
  return {
    actions,
    answer: (decisions) => {
      const all = decisions.map((each, index) => one(each, actions[index]));
      return Array.isArray(value) ? all : all[0];
    },
  };
}

const isInbox = (value) => Boolean(value?.action_request && value.config);
const isTexts = (value) => Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === "string");

export function asked({ value, response_schema: schema }) {
  if (Array.isArray(value?.action_requests) && Array.isArray(value.review_configs)) return reviewed(value);
  if (value?.type === "tool_approval") return called(value, schema);
  if (isInbox(value) || (Array.isArray(value) && value.length && value.every(isInbox))) return inbox(value);
  const options = value?.options ?? value?.choices;
  if (isTexts(options)) return { options };
  const form = schema && blank(schema);
  if (form && typeof form === "object" && !Array.isArray(form)) return { form, schema };
  if (schema?.enum) return { options: schema.enum };
  return {};
}

// Whether an answer may be an object: what the question is about, changed.
export const takesObject = ({ response_schema: schema }) => !schema || [schema.type ?? "object"].flat().includes("object");
