"""Synthetic recordings with exact annotations: pieces of a corpus, played and recorded in many ways."""
