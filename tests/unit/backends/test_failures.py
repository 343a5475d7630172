"""Every failure that a real server was seen to answer with, replayed byte for byte."""

import json

import pytest

from tests.support.recordings import names, recording
from tests.support.scripted_server import Reply, ScriptedServer
from tui.backends import failures
from tui.backends.failures import Subject
from tui.backends.ollama import OllamaBackend
from tui.domain.errors import (
    AnswerInterrupted,
    BadRequest,
    CapabilityMissing,
    ContextOverflow,
    ModelMissing,
    NotAnOllamaServer,
    ServerBusy,
    ServerFailed,
    ServerRefused,
    SightMissing,
    ThinkingRefused,
    TuiError,
)
from tui.domain.generation import ChatMessage, ChatRequest

REQUEST = ChatRequest("gemma3:270m", (ChatMessage("user", "hi"),))

SUBJECT = Subject("127.0.0.1:11434", "gemma3:270m")

RECORDED: dict[str, tuple[type[TuiError], str, str]] = {
    "chat_bad_host": (ServerRefused, "refused the request (403)", "IP address"),
    "chat_bad_keep_alive": (BadRequest, 'time: invalid duration "soon"', "5m"),
    "chat_bad_model_name": (BadRequest, "invalid model name", "Ctrl+L"),
    "chat_bad_option_type": (BadRequest, 'option "num_ctx" must be of type integer', "option"),
    "chat_bad_think": (ThinkingRefused, 'invalid think value: "enormous"', "amount of thinking"),
    "chat_cancel_midstream": (AnswerInterrupted, "before the answer was complete", "kept"),
    "chat_cloud_model": (ServerRefused, "ollama cloud is disabled", "runs locally"),
    "chat_content_wrong_type": (BadRequest, "json: cannot unmarshal array", "options"),
    "chat_empty_body": (BadRequest, "missing request body", "options"),
    "chat_format_bad": (BadRequest, "invalid format", "option"),
    "chat_get_405": (NotAnOllamaServer, "has no /api/chat (405)", "address"),
    "chat_images_bad_base64": (BadRequest, "illegal base64 data", "PNG"),
    "chat_images_no_vision": (SightMissing, "Multimodal data provided, but model", "sees images"),
    "chat_images_not_an_image": (SightMissing, "Multimodal data provided", "sees images"),
    "chat_malformed_json": (BadRequest, "unexpected EOF", "options"),
    "chat_malformed_json2": (BadRequest, "invalid character 'g'", "options"),
    "chat_messages_wrong_type": (BadRequest, "json: cannot unmarshal string", "options"),
    "chat_model_file_missing": (ModelMissing, "try pulling it first", "ollama pull gemma3:270m"),
    "chat_name_without_tag": (ModelMissing, "model 'gemma3' not found", "ollama pull gemma3:270m"),
    "chat_no_model": (BadRequest, "model is required", "Ctrl+L"),
    "chat_no_template_tools": (CapabilityMissing, "does not support tools", "use tools"),
    "chat_prompt_over_num_ctx_shift_false": (ContextOverflow, "the prompt is longer than", "Shorten"),
    "chat_prompt_over_num_ctx_truncate_false": (ContextOverflow, "request (1211 tokens)", "num_ctx"),
    "chat_runner_killed_midstream": (ServerFailed, "while running the model: unexpected EOF", "anew"),
    "chat_runner_killed_nostream": (ServerFailed, "while running the model: unexpected EOF", "anew"),
    "chat_server_killed_midstream": (AnswerInterrupted, "before the answer was complete", "kept"),
    "chat_think_high_no_thinking": (ThinkingRefused, '"gemma3:270m" does not support', "thinking off"),
    "chat_think_no_thinking": (ThinkingRefused, '"gemma3:270m" does not support', "thinking off"),
    "chat_tools_arguments_as_string": (BadRequest, "Value looks like object", "options"),
    "chat_tools_no_tools": (CapabilityMissing, "does not support tools", "use tools"),
    "chat_tools_think_true": (ThinkingRefused, "does not support thinking", "thinking off"),
    "chat_unknown_model": (ModelMissing, "model 'nope:1b' not found", "ollama pull gemma3:270m"),
    "chat_unknown_model_nostream": (ModelMissing, "model 'nope:1b' not found", "Ctrl+L"),
    "chat_unload_unknown": (ModelMissing, "model 'nope:1b' not found", "ollama pull"),
    "show_empty": (BadRequest, "model is required", "Ctrl+L"),
    "show_model_file_missing": (ModelMissing, "model 'gemma3:270m' not found", "Ctrl+L"),
    "show_unknown": (ModelMissing, "model 'nope:1b' not found", "Ctrl+L"),
    "unknown_path_404": (NotAnOllamaServer, "has no /api/chat (404)", "address"),
}


def _failed(name: str) -> bool:
    kept = recording(name)
    stated = any('{"error"' in line[:10] for _, line in kept.lines)
    return kept.status != 200 or stated or (name.startswith("chat") and not kept.complete)


def test_no_recorded_failure_is_left_out() -> None:
    elsewhere = ("pull", "create", "copy", "delete")
    failed = {name for name in names() if _failed(name) and not name.startswith(elsewhere)}
    assert failed == set(RECORDED)


@pytest.mark.parametrize("name", RECORDED)
async def test_recorded_failures(name: str, server: ScriptedServer, backend: OllamaBackend) -> None:
    kind, message, hint = RECORDED[name]
    server.script(Reply(recording=name))
    # A pull begins with a line of its own kind, which is no line of an answer.
    if name.startswith("pull") and recording(name).status == 200:
        last = recording(name).json_lines()[-1]["error"]
        error: TuiError = failures.from_line(last, SUBJECT)
    else:
        with pytest.raises(TuiError) as caught:
            _ = [delta async for delta in backend.chat(REQUEST)]
        error = caught.value

    assert type(error) is kind
    assert message in error.message
    assert hint in error.hint
    assert "\n" not in error.message and len(error.message) <= 400


@pytest.mark.parametrize("name", ["chat_runner_killed_midstream", "chat_server_killed_midstream"])
async def test_text_before_a_failure_arrives(
    name: str, server: ScriptedServer, backend: OllamaBackend
) -> None:
    server.script(Reply(recording=name))
    text = ""
    with pytest.raises(TuiError):
        async for delta in backend.chat(REQUEST):
            text += delta.content

    assert text == " So the fox looks like this"


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (
            503,
            b'{"error":"server busy, please try again.  maximum pending requests exceeded"}',
            ServerBusy,
            "busy",
        ),
        (503, b"<html>Service Unavailable</html>", ServerBusy, "is busy (503)"),
        (429, b'{"error":"too many requests"}', ServerBusy, "too many"),
        (401, b'{"error":"unauthorized"}', ServerRefused, "who is asking (401): unauthorized"),
        (401, b"", ServerRefused, "who is asking (401)"),
        (403, b"<html>", ServerRefused, "(403)"),
        (413, b"", BadRequest, "too large"),
        (418, b"", BadRequest, "(418)"),
        (404, b"", NotAnOllamaServer, "/api/chat"),
        (404, b'{"error":"gone"}', ModelMissing, "gone"),
        (500, b'{"error":""}', ServerFailed, "(500)"),
        (500, b'{"error":"model requires more system memory (9.1 GiB)"}', ServerFailed, "9.1"),
        (500, b'{"error":"llama runner process has terminated: exit status 2"}', ServerFailed, "exit status"),
        (400, b'{"error":"\\"nomic\\" does not support chat"}', CapabilityMissing, "nomic"),
        (502, b"Bad Gateway", TuiError, "proxy"),
        (504, b"", TuiError, "in time"),
        (599, b"[[[", ServerFailed, "(599)"),
    ],
)
def test_answers_that_were_not_recorded(status: int, body: bytes, kind: type[TuiError], message: str) -> None:
    error = failures.from_response(status, {}, body, SUBJECT, path="/api/chat")

    assert isinstance(error, kind)
    assert message in error.message
    assert error.hint


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://ann:secret@elsewhere.example/x?token=secret", "https://elsewhere.example"),
        ("/login", "another address."),
        ("http://[::bad", "another address."),
    ],
)
def test_redirects_are_told_and_not_followed(location: str, shown: str) -> None:
    error = failures.from_response(302, {"location": location}, b"", SUBJECT, path="/")

    assert isinstance(error, NotAnOllamaServer)
    assert shown in error.message
    assert "secret" not in error.message


def test_the_embedded_engine_does_not_advise_to_pull() -> None:
    error = failures.from_line("model 'x' not found", Subject("127.0.0.1:1", "x", embedded=True))

    assert isinstance(error, ModelMissing)
    assert "pull" not in error.hint


def test_hostile_errors_become_plain_short_lines() -> None:
    error = failures.from_line("\x1b]0;owned\x07[red]{oops}\n" + "x" * 5000, SUBJECT)
    missing = failures.from_line("model '{a}' not found", Subject("h", "\x1b[31m{model}"))

    assert "\x1b" not in error.message + missing.hint
    assert "\n" not in error.message
    assert len(error.message) <= 400


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("{not json", "{not json"),
        (json.dumps({"error": json.dumps({"error": {"code": 400, "message": "deep"}})}), "deep"),
        ({"message": "m"}, "m"),
        ({"code": 7}, '{"code": 7}'),
        (["a"], '["a"]'),
        (None, ""),
        (True, "true"),
        ("{" * 50_000, "{" * 50_000),
    ],
)
def test_innermost(value: object, text: str) -> None:
    assert failures.innermost(value) == text
