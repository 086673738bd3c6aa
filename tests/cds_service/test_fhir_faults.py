"""Servers that are slow, down, broken or malicious: the answer comes in time, is honest, and the token stays at home."""
