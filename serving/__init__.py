"""What page and API share: who may come in, what they work with, and how a refusal is said."""
