"""Pyrometer's speed and accuracy beside its peers': see bench/README.md."""
