"""Names of OpenTelemetry's semantic conventions, as they are now, and of our own attributes.

Source: semantic conventions 1.37, "Messaging" and "Generative AI".
"""

from typing import Final

MESSAGING_SYSTEM: Final = "messaging.system"
MESSAGING_DESTINATION: Final = "messaging.destination.name"
MESSAGING_OPERATION_NAME: Final = "messaging.operation.name"
MESSAGING_OPERATION_TYPE: Final = "messaging.operation.type"
MESSAGING_MESSAGE_ID: Final = "messaging.message.id"
MESSAGING_CONVERSATION: Final = "messaging.message.conversation_id"
MESSAGING_BATCH_COUNT: Final = "messaging.batch.message_count"
NATS: Final = "nats"

HTTP_METHOD: Final = "http.request.method"
HTTP_STATUS: Final = "http.response.status_code"
HTTP_ROUTE: Final = "http.route"
ERROR_TYPE: Final = "error.type"

GEN_AI_OPERATION: Final = "gen_ai.operation.name"
GEN_AI_PROVIDER: Final = "gen_ai.provider.name"
GEN_AI_MODEL: Final = "gen_ai.request.model"
GEN_AI_RESPONSE_MODEL: Final = "gen_ai.response.model"
GEN_AI_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
GEN_AI_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
GEN_AI_CONVERSATION: Final = "gen_ai.conversation.id"
GEN_AI_AGENT: Final = "gen_ai.agent.name"
GEN_AI_TOOL: Final = "gen_ai.tool.name"
GEN_AI_TOOL_CALL: Final = "gen_ai.tool.call.id"

INVOKE_AGENT: Final = "invoke_agent"
CHAT: Final = "chat"
EXECUTE_TOOL: Final = "execute_tool"

EVENT_TYPE: Final = "parley.event.type"
ATTEMPT: Final = "parley.run.attempt"
NODE: Final = "parley.node"
