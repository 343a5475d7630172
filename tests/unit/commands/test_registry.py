"""The command table: complete, without clashes, and every action has an owner."""

import importlib
import re
from collections import Counter

import pytest
from textual.actions import parse
from textual.keys import Keys
from textual.widgets import Input, TextArea

from tui.commands.bindings import bindings_for
from tui.commands.keydocs import WHERE
from tui.commands.registry import COMMANDS, Command, Scope, commands_of

OWNERS: dict[Scope, tuple[str, ...]] = {
    Scope.APP: ("tui.app:ChatApp",),
    Scope.CHAT: ("tui.screens.chat:ChatScreen",),
    Scope.TRANSCRIPT: ("tui.widgets.transcript:Transcript",),
    Scope.PROMPT: ("tui.widgets.prompt:Prompt",),
    Scope.SIDEBAR: ("tui.widgets.conversation_list:ConversationList",),
    Scope.MODELS: ("tui.widgets.model_picker:ModelPicker",),
    Scope.LIBRARY: ("tui.screens.models:ModelsScreen",),
    Scope.DIALOG: ("tui.screens.dialogs:ConfirmScreen",),
    Scope.HELP: ("tui.screens.help:HelpScreen",),
    Scope.SEARCH: ("tui.screens.search:SearchScreen",),
    Scope.TRASH: ("tui.screens.trash:TrashScreen",),
    Scope.ATTACHMENTS: ("tui.widgets.attachment_row:AttachmentRow",),
    Scope.IMAGE: ("tui.screens.image:ImageScreen",),
    Scope.PICKER: ("tui.screens.file_picker:FilePicker",),
    Scope.SETTINGS: ("tui.screens.conversation_settings:SettingsScreen",),
    Scope.PRESETS: ("tui.screens.presets:PresetsScreen",),
    Scope.SUMMARY: ("tui.screens.summary_note:SummaryScreen",),
    Scope.COMPLETION: ("tui.widgets.completion_menu:CompletionMenu",),
}

UNSENDABLE = {"ctrl+m", "ctrl+i", "ctrl+h", "ctrl+enter", "ctrl+left_square_bracket"}
"""Keys that terminals cannot tell from others."""


def owner(name: str) -> type | None:
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise
        return None
    assert isinstance(found, type)
    return found


def keys_of(command: Command) -> list[str]:
    return [key.strip() for key in command.keys.split(",") if key.strip()]


def test_ids_are_unique_and_well_formed() -> None:
    ids = [command.id for command in COMMANDS]
    assert [each for each, count in Counter(ids).items() if count > 1] == []
    assert [each for each in ids if not re.fullmatch(r"[a-z]+\.[a-z_]+", each)] == []


def test_every_scope_has_an_owner_and_a_place() -> None:
    assert set(OWNERS) == set(Scope)
    assert set(WHERE) == set(Scope)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)
def test_the_owner_of_every_command_has_its_action(command: Command) -> None:
    for name in OWNERS[command.scope]:
        cls = owner(name)
        if cls is None:
            pytest.skip(f"{name} is not there")
        _, action, _ = parse(command.action)
        assert hasattr(cls, f"action_{action}")


@pytest.mark.parametrize("scope", Scope)
def test_every_owner_binds_what_the_table_says(scope: Scope) -> None:
    expected = {binding.id for binding in bindings_for(scope)}
    assert expected
    for name in OWNERS[scope]:
        cls = owner(name)
        if cls is None:
            pytest.skip(f"{name} is not there")
        assert expected <= {getattr(binding, "id", None) for binding in getattr(cls, "BINDINGS", ())}


@pytest.mark.parametrize("scope", Scope)
def test_no_key_clashes_within_a_scope(scope: Scope) -> None:
    keys = Counter(key for command in commands_of(scope) for key in keys_of(command))
    assert [key for key, count in keys.items() if count > 1] == []


def test_the_screens_and_the_apps_keys_do_not_clash() -> None:
    keys = Counter(
        key for scope in (Scope.APP, Scope.CHAT) for command in commands_of(scope) for key in keys_of(command)
    )
    assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)
def test_words_and_keys_are_fit_to_be_shown(command: Command) -> None:
    assert command.title and len(command.title) <= 24
    assert command.help.endswith(".") and len(command.help) <= 110
    assert command.keys or command.palette, "it could never be reached"
    known = {key.value for key in Keys}
    for key in keys_of(command):
        assert key not in UNSENDABLE
        last = key.rpartition("+")[2]
        assert len(last) == 1 or key in known or last in known or last in {"slash", "space"}, key
    if command.footer:
        assert len(command.title) <= 10
        assert command.keys


def test_keys_that_work_from_anywhere_take_no_editing_key() -> None:
    editing = {
        key
        for widget in (TextArea, Input)
        for binding in widget.BINDINGS
        for key in (binding[0] if isinstance(binding, tuple) else binding.key).split(",")
    }
    # Page keys do nothing useful in a few lines of input: they scroll the transcript.
    editing -= {"pageup", "pagedown"}
    for command in (*commands_of(Scope.APP), *commands_of(Scope.CHAT)):
        assert not editing & set(keys_of(command)), command.id


def test_keys_with_priority_are_few_and_never_a_bare_letter() -> None:
    for command in COMMANDS:
        if command.priority:
            assert not [key for key in keys_of(command) if len(key) == 1], command.id


def test_commands_of_a_scope_cover_the_table() -> None:
    listed = [command for scope in Scope for command in commands_of(scope)]
    assert sorted(command.id for command in listed) == sorted(command.id for command in COMMANDS)
