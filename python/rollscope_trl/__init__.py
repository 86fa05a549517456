"""The Python side of Rollscope's runs on TRL: rewards by whole groups, rollouts as JSON lines, commands."""
