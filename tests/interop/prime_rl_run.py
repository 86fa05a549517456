"""Writes a prime-rl run folder: episodes of `verifiers`, committed turn by turn and recorded by the package's own code.

The folders and the metrics are prime-rl's: its file monitor appends `Episode.to_record()` to
`rollouts/step_<n>/{train,eval}/{all,effective}/traces.jsonl`.

usage: python prime_rl_run.py <folder>     needs verifiers, orjson
"""

import json
import sys
import time
from pathlib import Path

import orjson
import verifiers.v1 as vf
from verifiers.v1.configs.agent import WireAgentConfig
from verifiers.v1.episode import Episode, EnvInfo, EvalWorkInfo, GroupInfo, PolicySpan, TrainRunInfo, TrainWorkInfo
from verifiers.v1.graph import prepare_turn
from verifiers.v1.task import Task, WireTaskData
from verifiers.v1.trace import AgentInfo, ModelCall, Trace, TraceTask
from verifiers.v1.types import AssistantMessage, Response, ToolCall, ToolMessage, TurnTokens, Usage, UserMessage

PROBLEMS = [("What is 2 + 3?", "5"), ("What is 7 x 8?", "56")]
VOCABULARY: dict[str, int] = {}


def ids_of(text: str) -> list[int]:
    """A token for each word."""
    return [VOCABULARY.setdefault(word, len(VOCABULARY) + 1) for word in text.split()]


def task_of(index: int) -> TraceTask:
    question, answer = PROBLEMS[index]
    data = WireTaskData(idx=index, prompt=question, system_prompt=None, answer=answer)
    task = Task(data)
    return TraceTask(type="SumTask", data=data, key=task.key, hash=task.hash)


def trace_of(task: TraceTask, turns: list[tuple[str, str | None]], finish: str = "stop") -> Trace:
    """A trace in which the model says each turn, and a tool answers where there is something to answer."""
    config = WireAgentConfig(model="tiny/sums", sampling=vf.SamplingConfig(temperature=1.0, max_tokens=64))
    trace = Trace(task=task, agent=AgentInfo(config=config))
    messages = [UserMessage(content=task.data.prompt)]
    prompt_ids = ids_of(f"<user> {task.data.prompt} <assistant>")
    for turn, (said, result) in enumerate(turns):
        words = ids_of(said) + ids_of("<end>")
        calls = None if result is None else [ToolCall(id="call-1", name="calculator", arguments='{"sum": "2 + 3"}')]
        message = AssistantMessage(content=said, tool_calls=calls)
        reason = finish if turn == len(turns) - 1 else "tool_calls"
        response = Response(
            id=f"response-{turn}",
            created=0,
            model="tiny/sums",
            message=message,
            finish_reason=reason,
            usage=Usage(prompt_tokens=len(prompt_ids), completion_tokens=len(words)),
            tokens=TurnTokens(
                prompt_ids=prompt_ids,
                completion_ids=words,
                completion_logprobs=[-0.1 * (i + 1) for i in range(len(words))],
            ),
        )
        node = prepare_turn(trace, messages).commit(response)
        trace.calls.append(ModelCall(node=node, model="tiny/sums", finish_reason=reason, usage=response.usage))
        messages.append(message)
        prompt_ids = prompt_ids + words
        if result is not None:
            messages.append(ToolMessage(tool_call_id="call-1", content=result, name="calculator"))
            prompt_ids = prompt_ids + ids_of(f"<tool> {result} <assistant>")
    return trace


def scored(trace: Trace, said: str, is_wrong_grader: bool = False) -> Trace:
    right = f"\\boxed{{{trace.task.data.answer}}}" in said
    trace.record_reward("correct", float(right != is_wrong_grader))
    trace.record_reward("brevity", 0.5, weight=0.2)
    trace.record_metric("words", len(said.split()))
    trace.ok = True
    trace.stop("agent_completed")
    return trace


def credited(trace: Trace, advantage: float) -> Trace:
    """As prime-rl does once the group is whole: credit for each sampled token, and their mean in the batch."""
    for node in trace.nodes:
        if any(node.mask):
            node.advantages = [advantage] * sum(node.mask)
            node.entropies = [0.25] * sum(node.mask)
    return trace.model_copy(update={"info": {**trace.info, "advantage": advantage}})


def episode_of(trace: Trace | None, task: TraceTask, group: str, step: int, kind: str) -> Episode:
    episode = Episode(env=EnvInfo(id="sums", name="sums"), task=task, group=GroupInfo(id=group), ok=trace is not None)
    episode.traces = [] if trace is None else [trace]
    work = (TrainWorkInfo if kind == "train" else EvalWorkInfo)(step=step, policy=PolicySpan(start=step, end=step))
    episode.record_run(TrainRunInfo(id="run-1", name="sums--tiny", work=work))
    return episode


def append(folder: Path, step: int, kind: str, subset: str, episodes: list[Episode]):
    file = folder / "rollouts" / f"step_{step}" / kind / subset / "traces.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    options = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY
    with open(file, "ab") as out:
        for episode in episodes:
            out.write(orjson.dumps(episode.to_record(), default=str, option=options))


def train(folder: Path, step: int):
    every, batch = [], []
    for rollout in range(4):
        for i, (_, answer) in enumerate(PROBLEMS):
            task = task_of(i)
            given = answer if rollout < 3 and not (i == 1 and step > 1) else "54"
            said = f"Step {step}. The answer is \\boxed{{{given}}}"
            turns = [(said, None)]
            if i == 0 and rollout == 1:
                # in two turns, of which the first has a box of its own, and so has what the tool says
                turns = [("Is it \\boxed{1}?", "\\boxed{2}"), (said, None)]
            cut = rollout == 3 and i == 0
            trace = scored(trace_of(task, turns, "length" if cut else "stop"), said, step == 3 and i + rollout == 0)
            every.append(episode_of(trace, task, f"group-{step}-{i}", step, "train"))
            # zero-mean within the group
            advantage = trace.reward - (3 if not (i == 1 and step > 1) else 0) / 4 - 0.1
            batch.append(episode_of(credited(trace, advantage), task, f"group-{step}-{i}", step, "train"))
    failed = episode_of(None, task_of(0), f"group-{step}-x", step, "train")
    failed.errors = [vf.Error(type="SandboxError", message="the sandbox went away")]
    append(folder, step, "train", "all", [*every, failed])
    # The last batch had not been finished when the run was stopped.
    if step < 4:
        append(folder, step, "train", "effective", batch)


def evaluate(folder: Path, step: int):
    episodes = []
    for i, (_, answer) in enumerate(PROBLEMS):
        task = task_of(i)
        said = f"\\boxed{{{answer}}}"
        episodes.append(episode_of(scored(trace_of(task, [(said, None)]), said), task, f"eval-{i}", step, "eval"))
    for subset in ("all", "effective"):
        append(folder, step, "eval", subset, episodes)


def main():
    folder = Path(sys.argv[1])
    for step in range(1, 5):
        train(folder, step)
    evaluate(folder, 3)
    with open(folder / "metrics.jsonl", "a", buffering=1) as metrics:
        for step in range(1, 4):
            # the orchestrator and the trainer each write what they know
            orchestrator = {"train/agg/effective/reward/mean": 0.85, "time/step": 2.5}
            trainer = {"optim/lr": 1e-6, "optim/grad_norm": 0.5 * step, "step": step}
            losses = {"loss/mean": 0.1 * step, "entropy/all/mean": 0.3, "mismatch_kl/all/mean": 0.001, "step": step}
            for values in (orchestrator, trainer, losses):
                metrics.write(json.dumps({"step": step, "time": time.time(), **values}) + "\n")


main()
