"""Whether answers have the form that was asked for."""

import json
from pathlib import Path

import pytest

from tests.support.desk import Desk
from tests.support.fake_backend import said
from tui.domain.conversation import MessageStatus
from tui.domain.errors import BadRequest
from tui.domain.setup import Setup
from tui.json_forms import check_schema, violation
from tui.storage.conversations import SqliteConversationStore

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"name": {"type": "string"}, "ages": {"type": "array", "items": {"type": "integer"}}},
        "required": ["name"],
    }
)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ('{"name": "Ada", "ages": [1, 2]}', ""),
        ('{"ages": []}', "at the top: 'name' is a required property"),
        ('{"name": "Ada", "ages": [1, "two"]}', "at ages[1]: 'two' is not of type 'integer'"),
        ('{"name": "Ada"', "not JSON: line 1, column 15"),
        ("Of course! Here it is:", "not JSON: line 1, column 1"),
        ("  ", "it is empty"),
        ("[" * 100_000, "not JSON that can be read"),
        ("\x1b[31m", "not JSON"),
    ],
)
def test_a_violation_is_said_with_its_place(answer: str, says: str) -> None:
    found = violation(answer, SCHEMA)
    assert found == says or (says and found.startswith(says))
    assert "\x1b" not in found


def test_json_of_any_shape_is_only_json() -> None:
    assert violation("[1]", "json") == ""
    assert violation("[1", "json").startswith("not JSON")
    assert violation("anything", "") == ""


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ("", "Write a JSON schema"),
        ("{", "Not JSON in line 1, column 2"),
        ("[]", "A schema is an object"),
        ('{"type": "objekt"}', "At type"),
        ('{"properties": {"x": {"minimum": "a"}}}', "At properties.x.minimum"),
        ('{"pattern": "("}', "At pattern"),
        ('{"$schema": 5}', "At "),
        ('{"$ref": "http://127.0.0.1:9/x"}', "is elsewhere"),
        ("[" * 100_000, "Not JSON"),
        ("{" + " " * 200_000 + "}", "longer than"),
    ],
)
def test_what_is_no_schema_is_refused_with_the_place(schema: str, why: str) -> None:
    with pytest.raises(BadRequest) as refused:
        check_schema(schema)
    assert why in refused.value.message


def test_a_schema_that_cannot_be_followed_is_said_and_nothing_is_fetched() -> None:
    assert "cannot be checked" in violation("1", '{"$ref": "#/nowhere"}')
    assert "cannot be checked" in violation("1", '{"$ref": "#"}')
    assert "elsewhere" in violation("1", '{"$ref": "http://127.0.0.1:9/x"}')


async def test_a_pattern_that_would_take_for_ever_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.services.answer_check.PATIENCE", 1.0)
    desk = Desk(await SqliteConversationStore.open(tmp_path / "conversations.db"))
    try:
        conversation = await desk.begin()
        await desk.conversations.set_setup(conversation.id, Setup(answer_format='{"pattern": "^(a+)+$"}'))
        said_so = json.dumps("a" * 60 + "!")
        desk.backend.answers = [said(said_so)]
        await desk.ask(conversation, "Who?")
        answer = (await desk.path(conversation))[-1]
        assert (answer.status, answer.content) == (MessageStatus.COMPLETE, said_so)
        assert "is not known: it cannot be checked: the schema asks for too much." in answer.error
    finally:
        await desk.aclose()


async def test_an_answer_that_breaks_its_form_says_so_and_what_waits_goes_on(tmp_path: Path) -> None:
    desk = Desk(await SqliteConversationStore.open(tmp_path / "conversations.db"))
    try:
        conversation = await desk.begin()
        await desk.conversations.set_setup(conversation.id, Setup(answer_format=SCHEMA))
        desk.backend.answers = [said('{"ages": [1]}'), said('{"name": "Ada"}')]
        await desk.ask(conversation, "Who?")
        await desk.ask(conversation, "Again")
        answers = (await desk.path(conversation))[1::2]
        assert [answer.status for answer in answers] == [MessageStatus.COMPLETE] * 2
        assert answers[0].error == (
            "Not the form that was asked for: at the top: 'name' is a required property."
        )
        assert answers[1].error == ""
        assert [request.format for request in desk.backend.requests] == [SCHEMA, SCHEMA]
        assert all(answers[0].error not in each.content for each in desk.backend.requests[1].messages)
    finally:
        await desk.aclose()
