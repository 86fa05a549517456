"""The client of ``rollscope score``, which runs on TRL and jobs for verl share. Standard library only."""
