"""Fine-tuning: what a model is trained on, and that none of it is tested."""
