"""The third floor: what a person sees and types. Never imports torch."""
