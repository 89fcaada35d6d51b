"""The RAG store at work: promoting, finding, measuring."""
