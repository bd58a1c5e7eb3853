"""The agents that come with Parley: two graphs with their model, tools and prompts."""
