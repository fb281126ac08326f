"""Sellers and buyers who are to be forgotten, and what is left of them: nothing but a keyed mark."""
