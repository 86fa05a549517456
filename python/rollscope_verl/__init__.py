"""Rewards by whole groups for runs on verl: a reward manager, and the Ray actor that it shares with its siblings."""
