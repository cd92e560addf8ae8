"""Whether a step is one of those that should follow."""

from collections.abc import Iterator

from internvl_vpr.agent.calls import ARGUMENTS, Call
from internvl_vpr.agent.dialogue.next_step import NextStep
from internvl_vpr.agent.grounding.reply import reply_languages

from .conversations import Conversation, ExpectedCall, ReplyProperties


def what_is_wrong(step: NextStep, conversation: Conversation) -> str:
    """Say why a step is none of those expected, by the one it comes nearest to; empty if it is one."""
    reasons = [
        _differs(step, one) if isinstance(one, ExpectedCall) else "; ".join(_lacking(step, one.reply))
        for one in conversation.expected
    ]
    return "" if "" in reasons else reasons[0]


def in_words(step: NextStep) -> str:
    """Write a step on one line."""
    return "; ".join(map(_call_in_words, step.calls)) or f"says {step.reply!r}"


def _differs(step: NextStep, expected: ExpectedCall) -> str:
    wanted = ARGUMENTS[expected.tool].model_validate(expected.arguments)
    given = [ARGUMENTS[call.name].model_validate(call.arguments) for call in step.calls if call.name == expected.tool]
    if len(step.calls) == 1 and given == [wanted]:
        return ""
    return f"not {_call_in_words(Call(name=expected.tool, arguments=expected.arguments))}"


def _call_in_words(call: Call) -> str:
    arguments = ", ".join(f"{name} {value}" for name, value in call.arguments.items())
    return f"{call.name} ({arguments})" if arguments else call.name


def _lacking(step: NextStep, wanted: ReplyProperties) -> Iterator[str]:
    if step.calls:
        yield "not a reply"
        return
    text = step.reply.casefold()
    languages = [language.name for language in reply_languages(step.reply)] or ["English"]
    if wanted.language not in languages:
        yield f"not in {wanted.language}"
    for one in wanted.has:
        forms = (one,) if isinstance(one, str) else one
        if not any(form.casefold() in text for form in forms):
            yield f"says nothing like {forms[0]!r}"
    yield from (f"says {one!r}" for one in wanted.lacks if one.casefold() in text)
