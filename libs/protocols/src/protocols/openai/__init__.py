"""The chat completions of OpenAI's API: a graph is a model."""
