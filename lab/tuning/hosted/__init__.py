"""Training at a provider with OpenAI's fine-tuning API."""
